import type { ColumnFitting, TypeMap } from '../../../engine/ports/type-map.ts';
import { greatestDecimal, type Limits } from '../../../model/limits.ts';
import { literal, quote } from '../sql/names.ts';
import { renderFraction } from './render-text.ts';

interface Cases {
  /** Conditions, each with the text of the nearest value; null: there is none. */
  readonly unfit: readonly (readonly [condition: string, nearest: string | null])[];
  readonly usual: string;
  readonly cut: string | null;
}

/** Null: a cast to so many places, of which MySQL and MariaDB have 30 both. */
function decimalCases(column: string, limits: Limits & { kind: 'decimal' }): Cases | null {
  if (limits.scale > 30) return null;
  const most = greatestDecimal(limits.digits, limits.scale);
  const usual = `CAST(ROUND(${column}, ${limits.scale}) AS DECIMAL(65,${Math.max(limits.scale, 0)}))`;
  return {
    unfit: [
      [`ROUND(${column}, ${limits.scale}) > ${most}`, literal(most)],
      [`ROUND(${column}, ${limits.scale}) < -${most}`, literal(`-${most}`)],
    ],
    usual,
    cut: `ROUND(${column}, ${limits.scale}) <> ${column}`,
  };
}

/** Without a day, or without a month, a date is none elsewhere, and has no nearest. */
const isPartial = (column: string): string =>
  `YEAR(${column}) = 0 OR MONTH(${column}) = 0 OR DAYOFMONTH(${column}) = 0`;

interface Moment {
  readonly kind: 'date' | 'time' | 'timestamp' | 'timestamptz';
  readonly precision: number;
  readonly render: string;
}

function momentCases(
  column: string,
  { kind, precision, render }: Moment,
  limits: Limits & { kind: 'moment' },
): Cases {
  const digits = Math.min(precision, limits.digits);
  const isCut = digits < precision;
  const shorter =
    kind === 'time'
      ? `TIME_FORMAT(${column}, '%H:%i:%s.%f')`
      : `DATE_FORMAT(${column}, '%Y-%m-%d %H:%i:%s.%f')`;
  const kept = renderFraction(`LEFT(${shorter}, CHAR_LENGTH(${shorter}) - ${6 - digits})`, 6);
  const zone = kind === 'timestamptz' ? `CONCAT(${kept}, '+00')` : kept;
  const ends =
    kind === 'time'
      ? ([
          [`${column} < '${limits.from}'`, literal(limits.from)],
          [`${column} > '${limits.upto}'`, literal(limits.upto)],
        ] as const)
      : ([[isPartial(column), null]] as const);
  return {
    unfit: ends,
    usual: isCut ? zone : render,
    cut: isCut ? `MICROSECOND(${column}) % ${10 ** (6 - digits)} <> 0` : null,
  };
}

/** By bytes of UTF-8: collations take other control characters for NUL, and other charsets have zero bytes in every letter. */
const holdsNul = (column: string): string =>
  `LOCATE(CHAR(0), CAST(CONVERT(${column} USING utf8mb4) AS BINARY)) > 0`;

/** See TypeMap.fit. Doubles are finite here; texts are bounded by characters or hold a NUL. */
export const fit: NonNullable<TypeMap['fit']> = ({
  column: { name },
  reading,
  limits,
  policy,
}): ColumnFitting | null => {
  const { logical, render } = reading;
  const cases = casesOf(quote(name), { logical, render }, limits);
  if (cases === null) return null;
  const { unfit, usual, cut } = cases;
  const chosen = policy === 'null' ? unfit : unfit.filter(([, nearest]) => nearest !== null);
  const conditions = [...chosen.map(([condition]) => condition), ...(cut === null ? [] : [cut])];
  // Times are cut here, which is not to the nearest.
  if (conditions.length === 0 || (policy === 'clamp' && limits?.kind === 'moment' && cut !== null))
    return null;
  const altered = conditions.map((condition) => `(${condition})`).join(' OR ');
  if (policy === 'null') return { render: `CASE WHEN ${altered} THEN NULL ELSE ${usual} END`, altered };
  const steps = chosen.map(([condition, nearest]) => `WHEN ${condition} THEN ${nearest}`);
  return { render: steps.length === 0 ? usual : `CASE ${steps.join(' ')} ELSE ${usual} END`, altered };
};

function casesOf(
  column: string,
  { logical, render }: Pick<Parameters<typeof fit>[0]['reading'], 'logical' | 'render'>,
  limits: Limits | null,
): Cases | null {
  // Numbers besides 0 and 1 in a tinyint(1), which no boolean has.
  if (logical.kind === 'boolean')
    return { unfit: [[`${column} NOT IN (0, 1)`, null]], usual: render, cut: null };
  if (limits === null) return null;
  switch (limits.kind) {
    case 'whole':
      return {
        unfit: [
          [`${column} < ${limits.from}`, literal(limits.from)],
          [`${column} > ${limits.upto}`, literal(limits.upto)],
        ],
        usual: render,
        cut: null,
      };
    case 'decimal':
      return decimalCases(logical.kind === 'int' ? `CAST(${column} AS DECIMAL(65,0))` : column, limits);
    case 'moment': {
      const { kind } = logical;
      if (kind === 'date') return momentCases(column, { kind, precision: 0, render }, limits);
      if (kind === 'time' || kind === 'timestamp' || kind === 'timestamptz')
        return momentCases(column, { kind, precision: logical.precision, render }, limits);
      return null;
    }
    case 'text': {
      const { maxChars, nul } = limits;
      return {
        unfit: [
          ...(nul ? [] : [[holdsNul(column), null] as const]),
          ...(maxChars === null
            ? []
            : [[`CHAR_LENGTH(${column}) > ${maxChars}`, `LEFT(${column}, ${maxChars})`] as const]),
        ],
        usual: render,
        cut: null,
      };
    }
    case 'finite':
      return null;
    default:
      return null;
  }
}
