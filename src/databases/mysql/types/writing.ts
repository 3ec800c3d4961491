import type { ColumnWriting } from '../../../engine/ports/type-map.ts';
import { digitLimits, endOfSecond, type Limits, wholeLimits } from '../../../model/limits.ts';
import type { LogicalKind, LogicalType } from '../../../model/logical-type.ts';
import { list, literal, quote } from '../sql/names.ts';
import { isBinary, isBytes, isGeometry, PRODUCT, renderNative } from './reading.ts';
import {
  renderBare,
  renderBits,
  renderBoolean,
  renderBytes,
  renderDouble,
  renderFraction,
  renderUuidBytes,
} from './render-text.ts';
import { CAPACITY, INT_BITS, isBoolean, parseType, type TypeText } from './type-text.ts';

interface Extra {
  readonly load?: string;
  readonly note?: string;
}
const exactly = (render: string, { load, note }: Extra = {}): ColumnWriting => ({
  load: load ?? null,
  render,
  exact: true,
  note: note ?? null,
});
const roughly = (render: string, note: string, load: string | null = null): ColumnWriting => ({
  load,
  render,
  exact: false,
  note,
});
/** One of whose values two may become one. */
const merging = (render: string, note: string, load: string | null = null): ColumnWriting => ({
  ...roughly(render, note, load),
  merges: true,
});
const within = (limits: Limits, known: ColumnWriting): ColumnWriting => ({ ...known, limits });

const LOAD_BYTES = 'UNHEX(SUBSTR($value, 3))';
// A BIT takes the bytes of a text; what is no number becomes one that it has not, and NULL stays.
const NUMBER_FOR_BIT = "IF($value IS NULL OR $value REGEXP '^[0-9]+$', $value + 0, 1e30)";
const LOAD_BOOLEAN = "CASE $value WHEN 't' THEN 1 WHEN 'f' THEN 0 ELSE $value END";
// Whatever does not end in the zone stays as it is, and is refused: ` BC` must not be lost.
const LOAD_MOMENT = "IF(RIGHT($value, 3) = '+00', LEFT($value, CHAR_LENGTH($value) - 3), $value)";
// As numbers 1 to 99 are years of two digits, and as texts 0 too: they become one that YEAR has not.
const LOAD_YEAR = 'IF($value + 0 BETWEEN 1 AND 99, 9999, $value + 0)';
const LOAD_YEAR_TEXT = 'IF(CHAR_LENGTH($value) < 4, 9999, $value)';
// A number that is no label is taken for the place of one: it becomes what is longer than every label.
const loadLabel = ({ labels }: TypeText): string => {
  const numbers = labels.filter((label) => /^[-+]?\d+$/.test(label));
  const unless = numbers.length === 0 ? '' : ` AND $value NOT IN (${list(numbers.map(literal))})`;
  return `IF($value REGEXP '^[[:space:]]*[-+]?[0-9]+[[:space:]]*$'${unless}, REPEAT('?', 256), $value)`;
};
// Shorter ones would be filled up: they become longer ones, which are refused.
const loadFixedBytes = (length: number): string =>
  `UNHEX(IF(CHAR_LENGTH($value) <> ${2 + 2 * length}, REPEAT('00', ${length + 1}), SUBSTR($value, 3)))`;
// CONV reads as far as it understands: what are not so many bits becomes a number that no BIT has.
const loadBits = (length: number): string =>
  `IF($value REGEXP '^[01]{${length}}$', CAST(CONV($value, 2, 10) AS UNSIGNED), IF($value IS NULL, NULL, 18446744073709551616))`;

function writeInt(logical: LogicalType & { kind: 'int' }, to: TypeText, column: string) {
  const bits = INT_BITS[to.base];
  const unsigned = logical.unsigned ?? false;
  if (bits !== undefined) {
    const fits = to.unsigned ? unsigned && logical.bits <= bits : logical.bits + (unsigned ? 1 : 0) <= bits;
    const render = unfilled(to, column);
    const limits = wholeLimits(bits, to.unsigned);
    return fits
      ? exactly(render)
      : within(limits, roughly(render, `values that ${to.base} does not have are refused`));
  }
  if (to.base === 'decimal') {
    const [precision = 10, scale = 0] = to.args;
    const fits = precision - scale >= ({ 8: 3, 16: 5, 32: 10 }[logical.bits as 8] ?? 20);
    const render = scale === 0 ? unfilled(to, column) : `CAST(${column} AS DECIMAL(65,0))`;
    const rough = roughly(render, 'values with more digits are refused');
    return fits ? exactly(render) : within(digitLimits(precision - scale), rough);
  }
  if (to.base === 'year') return roughly(`${column} + 0`, 'other numbers than years are refused', LOAD_YEAR);
  if (to.base !== 'double') return null;
  return merging(`CAST(${column} AS DECIMAL(65,0))`, 'integers beyond 2^53 lose digits');
}

const NOT_A_NUMBER = 'NaN and infinities are refused';

/** A fraction is rounded without a word: it becomes what is no number. */
const LOAD_WHOLE =
  "IF($value IS NULL OR $value REGEXP '^[[:space:]]*[-+]?[0-9]+([.]0*)?[[:space:]]*$', $value, 'not whole')";

/** The same for a `double(M,D)`, which rounds too. A text that is no number stays one. */
const loadPlaces = ({ args: [, places] }: TypeText): string | null =>
  places === undefined
    ? null
    : `IF($value IS NULL OR ROUND($value + 0e0, ${places}) = $value + 0e0 OR FLOOR($value + 0e0) = $value + 0e0, $value, 'too many places')`;

/** A number without the zeros that a zerofill puts before it. */
const unfilled = ({ zerofill }: TypeText, column: string): string => (zerofill ? `(${column} + 0)` : column);

/**
 * A number with the places of the source, of which a cast has 30 at most, and 38 in MariaDB: only there a column has more
 * than 30 of its own. Where they cannot be had it is without zeros at the end.
 */
function placed(column: string, own: number, places: number): Pick<ColumnWriting, 'render' | 'dropsZeros'> {
  if (places === own) return { render: column };
  if (places > (own > 30 ? 38 : 30)) return { render: renderBare(column), dropsZeros: true };
  return { render: `CAST(${column} AS DECIMAL(65,${places}))` };
}

function writeWhole({ scale }: LogicalType & { kind: 'decimal' }, column: string): ColumnWriting {
  const rough = roughly(column, 'values with a fraction are refused', LOAD_WHOLE);
  return scale === null
    ? { ...rough, dropsZeros: true }
    : { ...rough, ...placed(column, 0, Math.max(scale, 0)) };
}

function writeDecimal(logical: LogicalType & { kind: 'decimal' }, to: TypeText, name: string) {
  const column = unfilled(to, name);
  if (INT_BITS[to.base] !== undefined) return writeWhole(logical, column);
  if (to.base === 'double')
    return merging(renderDouble(column, '1e15'), 'decimals become binary fractions', loadPlaces(to));
  if (to.base !== 'decimal') return null;
  const [precision = 10, scale = 0] = to.args;
  const limits: Limits = { kind: 'decimal', digits: precision - scale, scale, nan: false, infinity: false };
  if (logical.precision === null || logical.scale === null) {
    const rough = roughly(
      renderBare(column),
      `at most ${precision} digits, ${scale} of them after the point`,
    );
    return { ...within(limits, rough), renderFitted: column, dropsZeros: true };
  }
  // The scale of the source is the one that is compared.
  const shown = placed(column, scale, Math.max(logical.scale, 0));
  const fits = scale >= logical.scale && precision - scale >= logical.precision - logical.scale;
  if (fits)
    return within({ ...limits, scale: logical.scale }, { ...roughly(column, NOT_A_NUMBER), ...shown });
  const rough = roughly(column, `more than ${scale} places, or ${precision} digits, are refused`);
  return { ...within(limits, rough), ...shown, renderFitted: column };
}

function writeFloat(kind: 'float32' | 'float64', to: TypeText, column: string) {
  const value = to.args.length > 0 || to.zerofill ? `(${column} - 0e0)` : column;
  const from = kind === 'float32' ? '1e6' : '1e15';
  const load = loadPlaces(to);
  const tooLong = load === null ? '' : `more than ${to.args[1]} places are refused; `;
  const note = `${tooLong}${NOT_A_NUMBER}, minus zero becomes zero`;
  if (to.base === 'double') return within({ kind: 'finite' }, roughly(renderDouble(value, from), note, load));
  if (to.base !== 'float' || kind === 'float32') return null;
  return merging(renderDouble(`(${column} - 0e0)`, from), `rounded to 24 bits; ${note}`, load);
}

function writeBoolean(to: TypeText, column: string) {
  if (INT_BITS[to.base] === undefined && to.base !== 'bit') return null;
  const value = to.base === 'bit' ? `(${column} + 0)` : column;
  const load =
    to.base === 'bit' ? LOAD_BOOLEAN.replace('ELSE $value', () => `ELSE ${NUMBER_FOR_BIT}`) : LOAD_BOOLEAN;
  return exactly(renderBoolean(value), isBoolean(to) ? { load } : { load, note: 'true is 1, false is 0' });
}

const isLabelled = ({ base }: TypeText): boolean => base === 'enum' || base === 'set';

/** Characters that a text column surely holds. */
const charsOf = (to: TypeText): number | null => {
  if (to.base === 'varchar') return to.args[0] ?? 0;
  const bytes = to.base.endsWith('text') ? CAPACITY[to.base] : undefined;
  return bytes === undefined ? null : to.base === 'longtext' ? Infinity : Math.floor(bytes / 4);
};

function loadText(to: TypeText): string | null {
  if (to.base === 'year') return LOAD_YEAR_TEXT;
  if (isLabelled(to)) return loadLabel(to);
  if (INT_BITS[to.base] !== undefined) return LOAD_WHOLE;
  return to.base === 'double' || to.base === 'float' ? loadPlaces(to) : null;
}

function writeText(logical: LogicalType & { kind: 'text' }, to: TypeText, column: string) {
  const chars = charsOf(to);
  if (chars !== null) {
    const fits = chars === Infinity || (logical.maxChars !== null && logical.maxChars <= chars);
    if (fits) return exactly(column);
    const rough = roughly(column, `texts longer than ${to.base} holds are refused`);
    return to.base === 'varchar' ? within({ kind: 'text', maxChars: chars, nul: true }, rough) : rough;
  }
  if (to.base === 'char') {
    const [length = 1] = to.args;
    if (logical.padded === true && logical.maxChars === length)
      return exactly(`RPAD(${column}, ${length}, ' ')`);
    const note = `blanks at the end are lost, texts longer than ${length} characters are refused`;
    return merging(column, note);
  }
  if (isBytes(to.base) || isGeometry(to.base) || to.base === 'bit') return null;
  const hasFraction = to.base === 'time' || to.base === 'datetime';
  const render = hasFraction ? renderFraction(column, to.args[0] ?? 0) : column;
  return merging(
    render,
    `texts that are no ${to.base} are refused, others take its usual form`,
    loadText(to),
  );
}

function writeBytes(logical: LogicalType & { kind: 'bytes' }, to: TypeText, column: string) {
  if (!isBytes(to.base)) return null;
  const render = renderBytes(column);
  const [length] = to.args;
  if (to.base === 'binary') {
    const same = logical.maxBytes === (length ?? 1);
    const note = `filled up with zero bytes to ${length ?? 1}`;
    return same ? exactly(render, { load: loadFixedBytes(length ?? 1) }) : merging(render, note, LOAD_BYTES);
  }
  const capacity = to.base === 'varbinary' ? (length ?? 0) : (CAPACITY[to.base] ?? 0);
  const fits = to.base === 'longblob' || (logical.maxBytes !== null && logical.maxBytes <= capacity);
  return fits
    ? exactly(render, { load: LOAD_BYTES })
    : roughly(render, `more than ${capacity} bytes are refused`, LOAD_BYTES);
}

const OUT_OF_RANGE = 'years before 1 or after 9999 and infinity are refused';

function writeDate(to: TypeText, column: string) {
  const limits: Limits = { kind: 'moment', from: '0001-01-01', upto: '9999-12-31', digits: 0 };
  if (to.base === 'date') return within(limits, roughly(column, OUT_OF_RANGE));
  return to.base === 'datetime' ? roughly(`CAST(${column} AS DATE)`, OUT_OF_RANGE) : null;
}

const lostDigits = (precision: number, to: TypeText): string =>
  Math.min(precision, 6) > (to.args[0] ?? 0)
    ? `; fractions of a second are cut to ${to.args[0] ?? 0} digits`
    : '';

function writeTime(logical: LogicalType & { kind: 'time' }, to: TypeText, column: string) {
  if (to.base !== 'time' || logical.zone) return null;
  const lost = lostDigits(logical.precision, to);
  const render = renderFraction(column, to.args[0] ?? 0);
  const limits: Limits = { kind: 'moment', from: '-838:59:59', upto: '838:59:59', digits: to.args[0] ?? 0 };
  return lost === '' ? exactly(render) : within(limits, merging(render, lost.slice(2)));
}

function momentLimits(to: TypeText, zone: string): Limits {
  const [from, upto] =
    to.base === 'datetime'
      ? ['0001-01-01 00:00:00', '9999-12-31 23:59:59']
      : ['1970-01-01 00:00:01', '2038-01-19 03:14:07'];
  const digits = to.args[0] ?? 0;
  return { kind: 'moment', from: from + zone, upto: endOfSecond(upto, digits) + zone, digits };
}

function writeMoment(
  { kind, precision }: LogicalType & { kind: 'timestamp' | 'timestamptz' },
  to: TypeText,
  column: string,
) {
  if (to.base !== 'datetime' && to.base !== 'timestamp') return null;
  const lost = lostDigits(precision, to);
  const years = to.base === 'datetime' ? OUT_OF_RANGE : 'moments before 1970 or after 2038 are refused';
  const text = renderFraction(column, to.args[0] ?? 0);
  const limits = momentLimits(to, kind === 'timestamptz' ? '+00' : '');
  const made = lost === '' ? roughly : merging;
  if (kind === 'timestamp') return within(limits, made(text, `${years}${lost}`));
  const note = to.base === 'datetime' ? `kept as UTC; ${years}${lost}` : `${years}${lost}`;
  return within(limits, made(`CONCAT(${text}, '+00')`, note, LOAD_MOMENT));
}

function writeBits(logical: LogicalType & { kind: 'bits' }, to: TypeText, column: string) {
  const [length = 1] = to.args;
  if (to.base !== 'bit' || logical.varying || logical.length !== length) return null;
  return exactly(renderBits(column, length), { load: loadBits(length) });
}

/** MariaDB keeps those of a time in the order of it, and has no place left for these. */
const ODD_UUIDS = 'uuids whose third group begins with 8 to f and whose fourth with 0 to 7 are refused';

function writeUuid(to: TypeText, column: string) {
  const [length = 1] = to.args;
  if (to.base === 'uuid') return roughly(column, ODD_UUIDS);
  if ((to.base === 'char' || to.base === 'varchar') && length >= 36) return exactly(column);
  if (to.base !== 'binary' || length !== 16) return null;
  return exactly(renderUuidBytes(column), { load: "UNHEX(REPLACE($value, '-', ''))" });
}

function writeEnum({ labels }: LogicalType & { kind: 'enum' }, to: TypeText, column: string) {
  if (to.base !== 'enum') return null;
  return labels.every((label) => to.labels.includes(label))
    ? exactly(column)
    : roughly(column, 'labels that the target type lacks are refused', loadLabel(to));
}

const REWRITTEN = 'MySQL keeps neither blanks, order of keys nor repeated keys';

function writeNative(logical: LogicalType & { kind: 'native' }, to: TypeText, column: string) {
  if (logical.product !== PRODUCT) return null;
  const from = parseType(logical.type);
  if (from.base !== to.base) return null;
  const render = renderNative(to, column);
  const load = isBinary(to.base) ? LOAD_BYTES : to.base === 'year' ? '$value + 0' : undefined;
  if (from.args.join() === to.args.join()) {
    const sameLabels = from.labels.every((label) => to.labels.includes(label));
    if (sameLabels) return exactly(render, load === undefined ? {} : { load });
  }
  const last = isLabelled(to) ? loadLabel(to) : (load ?? null);
  return merging(render, 'values that do not fit are refused or rounded', last);
}

type ByKind = {
  readonly [K in LogicalKind]: (
    logical: Extract<LogicalType, { kind: K }>,
    to: TypeText,
    column: string,
  ) => ColumnWriting | null;
};

const none = (): null => null;

const WRITTEN: ByKind = {
  int: writeInt,
  decimal: writeDecimal,
  float64: ({ kind }, to, column) => writeFloat(kind, to, column),
  float32: ({ kind }, to, column) => writeFloat(kind, to, column),
  boolean: (_, to, column) => writeBoolean(to, column),
  text: writeText,
  bytes: writeBytes,
  date: (_, to, column) => writeDate(to, column),
  time: writeTime,
  timestamp: writeMoment,
  timestamptz: writeMoment,
  interval: none,
  json: (_, to, column) => (to.base === 'json' ? merging(column, REWRITTEN) : null),
  jsonb: (_, to, column) => (to.base === 'json' ? merging(column, REWRITTEN) : null),
  xml: none,
  uuid: (_, to, column) => writeUuid(to, column),
  enum: writeEnum,
  bits: writeBits,
  native: writeNative,
  any: none,
};

const writeByKind = WRITTEN as Readonly<
  Record<LogicalKind, (logical: LogicalType, to: TypeText, column: string) => ColumnWriting | null>
>;

/** Kinds whose text says all; of the others a reader must know what the text is of. */
const PLAIN_TEXTS: ReadonlySet<LogicalKind> = new Set(['enum', 'json', 'jsonb', 'xml', 'text']);

function asTextNote(logical: LogicalType): string | null {
  if (PLAIN_TEXTS.has(logical.kind)) return null;
  if (logical.kind === 'native') return `kept as the text of ${logical.type}`;
  if (logical.kind === 'any')
    return String.raw`each value is kept as text behind the letter of its storage class (i1, r1.5, ttext, b\x00): the column holds any`;
  return `kept as text, in the form of ${logical.kind}`;
}

export function writing(
  logical: LogicalType,
  target: { readonly name: string; readonly type: string },
): ColumnWriting | null {
  const column = quote(target.name);
  const to = parseType(target.type);
  const direct = writeByKind[logical.kind](logical, to, column);
  if (direct) return direct;
  const chars = charsOf(to);
  if (chars === null) return null;
  const note = asTextNote(logical);
  // Intervals are short: the longest that PostgreSQL prints has some sixty letters.
  if (chars === Infinity || (logical.kind === 'interval' && chars >= 255))
    return exactly(column, note === null ? {} : { note });
  return logical.kind === 'any' ? null : roughly(column, `texts longer than ${to.base} holds are refused`);
}
