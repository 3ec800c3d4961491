import type { ColumnFitting, TypeMap } from '../../../engine/ports/type-map.ts';
import { GREATEST_DOUBLE, greatestDecimal, type Limits } from '../../../model/limits.ts';
import type { LogicalType } from '../../../model/logical-type.ts';
import { literal, quote } from '../sql/names.ts';
import { renderFixed, renderWhole } from './render-text.ts';
import { argsOf, isLob, isNational, parseType, type TypeText } from './type-text.ts';

/** What a value becomes: cases in their order, and what is written of all that fits. */
interface Cases {
  /** Conditions, each with the nearest value as SQL; null: there is none. */
  readonly unfit: readonly (readonly [condition: string, nearest: string | null])[];
  readonly usual: string;
  /** Digits that are cut make another value. */
  readonly cut: string | null;
  /** Values with more digits have no nearest one: see docs/reference/types.md. */
  readonly rounds: boolean;
}

const always = (unfit: Cases['unfit'], usual: string): Cases => ({ unfit, usual, cut: null, rounds: true });

const wholeCases = (column: string, usual: string, { from, upto }: Limits & { kind: 'whole' }): Cases =>
  always(
    [
      [`${column} < ${from}`, literal(from)],
      [`${column} > ${upto}`, literal(upto)],
    ],
    usual,
  );

function decimalCases(column: string, { digits, scale }: Limits & { kind: 'decimal' }): Cases | null {
  const most = greatestDecimal(digits, scale);
  const rounded = `ROUND(${column}, ${scale})`;
  const usual = scale === 0 ? renderWhole(rounded) : renderFixed(rounded, digits + scale, scale);
  // Of more digits a literal would lose some, as a number does.
  if (usual === null || scale < 0 || digits + scale > MOST_DIGITS) return null;
  return {
    unfit: [
      [`${rounded} > ${most}`, literal(most)],
      [`${rounded} < -${most}`, literal(`-${most}`)],
    ],
    usual,
    cut: `${rounded} <> ${column}`,
    rounds: true,
  };
}
const MOST_DIGITS = 38;

/** The driver makes a text of a float: its cases are floats too. */
function finiteCases(column: string, { kind }: LogicalType): Cases {
  // The greatest double is none of a single float.
  const nearest = (sign: string): string | null => (kind === 'float64' ? `${sign}${GREATEST_DOUBLE}d` : null);
  return always(
    [
      [`${column} IS NAN`, null],
      [`${column} IS INFINITE AND ${column} > 0`, nearest('')],
      [`${column} IS INFINITE AND ${column} < 0`, nearest('-')],
    ],
    column,
  );
}

/** A canonical text as a moment; the session is in UTC. */
function momentOf(text: string): string {
  const bare = text.replace('+00', '');
  const [day = '', time = '00:00:00'] = bare.replace(' BC', '').split(' ');
  const model = `YYYY-MM-DD HH24:MI:SS${time.includes('.') ? '.FF' : ''}${bare.endsWith(' BC') ? ' BC' : ''}`;
  const said = `${day} ${time}${bare.endsWith(' BC') ? ' BC' : ''}`;
  const moment = `TO_TIMESTAMP(${literal(said)}, '${model}')`;
  return text.includes('+00') ? `FROM_TZ(${moment}, '+00:00')` : moment;
}

/** Oracle has no moment beyond these, and no text of one can be read. */
const isBefore = (text: string): boolean => text.endsWith(' BC') && Number.parseInt(text, 10) >= 4_712;
const isAfter = (text: string): boolean => !text.endsWith(' BC') && Number.parseInt(text, 10) > 9_999;

function momentCases(
  column: string,
  { type, usual }: { readonly type: TypeText; readonly usual: string },
  { from, upto, digits }: Limits & { kind: 'moment' },
): Cases {
  const [precision = 6] = type.base === 'DATE' ? [0] : argsOf(type);
  const shorter = type.base.replace('TIMESTAMP', `TIMESTAMP(${digits})`);
  return {
    unfit: [
      ...(isBefore(from) ? [] : [[`${column} < ${momentOf(from)}`, literal(from)] as const]),
      ...(isAfter(upto) ? [] : [[`${column} > ${momentOf(upto)}`, literal(upto)] as const]),
    ],
    usual,
    cut: digits < precision ? `${column} <> CAST(${column} AS ${shorter})` : null,
    rounds: false,
  };
}

function textCases(
  column: string,
  { base }: TypeText,
  { maxChars, nul }: Limits & { kind: 'text' },
): Cases | null {
  const four = isNational(base) ? '4' : '';
  // Of a large object nobody counts letters of four bytes as one.
  if (maxChars !== null && isLob(base)) return null;
  return always(
    [
      ...(nul ? [] : [[`INSTR(${column}, CHR(0)) > 0`, null] as const]),
      ...(maxChars === null
        ? []
        : [[`LENGTH${four}(${column}) > ${maxChars}`, `SUBSTR${four}(${column}, 1, ${maxChars})`] as const]),
    ],
    column,
  );
}

function casesOf(
  column: string,
  {
    type,
    logical,
    render,
  }: { readonly type: TypeText; readonly logical: LogicalType; readonly render: string },
  limits: Limits,
): Cases | null {
  switch (limits.kind) {
    case 'whole':
      return wholeCases(column, render, limits);
    case 'decimal':
      return decimalCases(column, limits);
    case 'finite':
      return finiteCases(column, logical);
    case 'moment':
      return type.base === 'DATE' || type.base.startsWith('TIMESTAMP')
        ? momentCases(column, { type, usual: render }, limits)
        : null;
    case 'text':
      return textCases(column, type, limits);
    default:
      return null;
  }
}

/** See TypeMap.fit. An empty text is none of this database's. */
export const fit: NonNullable<TypeMap['fit']> = ({
  column,
  reading,
  limits,
  policy,
}): ColumnFitting | null => {
  const { logical, render } = reading;
  const type = parseType(column.type);
  if (limits === null || (logical.kind === 'text' && logical.padded)) return null;
  const cases = casesOf(quote(column.name), { type, logical, render }, limits);
  if (cases === null) return null;
  const { unfit, usual, cut, rounds } = cases;
  if (policy === 'clamp' && cut !== null && !rounds) return null;
  const chosen = policy === 'null' ? unfit : unfit.filter(([, nearest]) => nearest !== null);
  const conditions = [...chosen.map(([condition]) => condition), ...(cut === null ? [] : [cut])];
  if (conditions.length === 0) return null;
  const altered = conditions.map((condition) => `(${condition})`).join(' OR ');
  if (policy === 'null') return { render: `CASE WHEN ${altered} THEN NULL ELSE ${usual} END`, altered };
  const steps = chosen.map(([condition, nearest]) => `WHEN ${condition} THEN ${nearest}`);
  return { render: `CASE ${steps.join(' ')} ELSE ${usual} END`, altered };
};
