import type { ColumnFitting, TypeMap } from '../../../engine/ports/type-map.ts';
import { GREATEST_DOUBLE, greatestDecimal, type Limits } from '../../../model/limits.ts';
import { literal } from '../sql.ts';

/** What a value becomes: cases in their order, and the text of all that fits. */
interface Cases {
  /** Conditions, each with the text of the nearest value; null: there is none. */
  readonly unfit: readonly (readonly [condition: string, nearest: string | null])[];
  /** The value as the target holds it; the same but for digits that are cut. */
  readonly usual: string;
  /** Digits that are cut make another value. */
  readonly cut: string | null;
}

const quoted = (text: string): string => `'${text}'`;

function decimalCases(value: string, limits: Limits & { kind: 'decimal' }): Cases {
  const most = greatestDecimal(limits.digits, limits.scale);
  const usual = `round(${value}, ${limits.scale})`;
  return {
    unfit: [
      ...(limits.nan ? [] : [[`${value} = 'NaN'`, null] as const]),
      [`${value} <> 'NaN' AND ${usual} > ${most}`, quoted(most)],
      [`${usual} < -${most}`, quoted(`-${most}`)],
    ],
    usual,
    cut: `${usual} <> ${value}`,
  };
}

function momentCases(value: string, type: string, limits: Limits & { kind: 'moment' }): Cases {
  const usual =
    limits.digits >= 6 || type === 'date'
      ? value
      : `${value}::${type.replace(/^\w+/, `$&(${limits.digits})`)}`;
  const end = (text: string): string => `${literal(text)}::${type}`;
  return {
    unfit: [
      [`${usual} < ${end(limits.from)}`, literal(limits.from)],
      [`${usual} > ${end(limits.upto)}`, literal(limits.upto)],
    ],
    usual,
    cut: usual === value ? null : `${usual} <> ${value}`,
  };
}

const TYPES: Readonly<Record<string, string>> = {
  date: 'date',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

function casesOf(value: string, kind: string, limits: Limits): Cases | null {
  switch (limits.kind) {
    case 'whole': {
      const number = `${value}::numeric`;
      return {
        unfit: [
          [`${number} < ${limits.from}`, quoted(limits.from)],
          [`${number} > ${limits.upto}`, quoted(limits.upto)],
        ],
        usual: value,
        cut: null,
      };
    }
    case 'decimal':
      return decimalCases(kind === 'int' ? `${value}::numeric` : value, limits);
    case 'finite':
      return {
        unfit: [
          [`${value} = 'NaN'`, null],
          [`${value} = 'Infinity'`, quoted(GREATEST_DOUBLE)],
          [`${value} = '-Infinity'`, quoted(`-${GREATEST_DOUBLE}`)],
        ],
        // Minus zero is zero, as the plan says of such a column.
        usual: `CASE WHEN ${value} = 0 THEN 0 ELSE ${value} END`,
        cut: null,
      };
    case 'moment':
      return TYPES[kind] === undefined ? null : momentCases(value, TYPES[kind], limits);
    case 'text': {
      if (limits.maxChars === null) return null;
      const text = `${value}::text`;
      return {
        unfit: [[`char_length(${text}) > ${limits.maxChars}`, `left(${text}, ${limits.maxChars})`]],
        usual: value,
        cut: null,
      };
    }
    default:
      return null;
  }
}

/** See TypeMap.fit. A text with NUL is none of this database's, so that such limits need nothing. */
export const fit: NonNullable<TypeMap['fit']> = ({ reading, limits, policy }): ColumnFitting | null => {
  const { logical, render } = reading;
  if (limits === null || (logical.kind === 'text' && logical.padded)) return null;
  const cases = casesOf(render, logical.kind, limits);
  if (cases === null) return null;
  const { unfit, usual, cut } = cases;
  const asNull = [...unfit.map(([condition]) => condition), ...(cut === null ? [] : [cut])];
  if (policy === 'null') {
    const altered = asNull.map((condition) => `(${condition})`).join(' OR ');
    return { render: `CASE WHEN ${altered} THEN NULL ELSE (${usual})::text END`, altered };
  }
  const moved = unfit.filter(([, nearest]) => nearest !== null);
  const steps = moved.map(([condition, nearest]) => `WHEN ${condition} THEN ${nearest}`);
  const altered = [...moved.map(([condition]) => condition), ...(cut === null ? [] : [cut])];
  return {
    // What has no nearest value stays what it is, and is refused.
    render: `CASE ${steps.join(' ')} ELSE (${usual})::text END`,
    altered: altered.map((condition) => `(${condition})`).join(' OR '),
  };
};
