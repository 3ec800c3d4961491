import type { ColumnWriting } from '../../../engine/ports/type-map.ts';
import { digitLimits, type Limits, wholeLimits } from '../../../model/limits.ts';
import type { LogicalType } from '../../../model/logical-type.ts';
import { exactly, merging, roughly } from './column-writing.ts';
import type { TypeText } from './type-text.ts';

/** Bits of the types of integers. */
export const INT_BITS: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 };

/** Digits that an integer of so many bits can have. */
const digitsOf = (bits: number): number => ({ 8: 3, 16: 5, 32: 10 })[bits] ?? 20;

/** Integers into other numbers. */
export function writeInt(
  logical: LogicalType & { kind: 'int' },
  to: TypeText,
  column: string,
): ColumnWriting | null {
  const bits = INT_BITS[to.base];
  const needed = logical.unsigned ? logical.bits + 1 : logical.bits;
  if (bits !== undefined) {
    const note = `values beyond ${bits} bits are refused`;
    return needed <= bits ? exactly(column) : roughly(column, note, wholeLimits(bits));
  }
  if (to.base === 'numeric') {
    const [precision, scale = 0] = to.args;
    if (precision === undefined) return exactly(column);
    const digits = precision - scale;
    if (scale < 0) return writeHundreds(column, digits, scale);
    const render = scale === 0 ? column : `round(${column}, 0)`;
    return digits >= digitsOf(logical.bits)
      ? exactly(render)
      : roughly(render, 'values with more digits are refused', digitLimits(digits));
  }
  if (to.base === 'oid' && logical.unsigned && logical.bits === 32) return exactly(column);
  if (to.base === 'boolean') {
    return roughly(`(${column})::integer`, 'other values than 0 and 1 are refused');
  }
  if (to.base === 'double precision')
    return merging(`(${column})::numeric`, 'integers beyond 2^53 lose digits');
  return null;
}

/** What the column would round is refused: a text that is no number, of which the server makes one only when it comes to it. */
export const loadWhole = (scale: number): string =>
  `CASE WHEN round(($value)::numeric, ${scale}) = ($value)::numeric THEN ($value)::numeric ELSE ('too many places' || left($value, 0))::numeric END`;

/** Integers into a column that has only tens, hundreds and so on: the server would round them. */
const writeHundreds = (column: string, digits: number, scale: number): ColumnWriting => ({
  ...roughly(
    column,
    `only whole multiples of 1${'0'.repeat(-scale)}, of ${digits} digits, are kept: others are refused`,
    {
      kind: 'decimal',
      digits,
      scale,
      nan: true,
      infinity: false,
    },
  ),
  load: loadWhole(scale),
});

/** Without zeros at the end of the fraction; trim_scale is of PostgreSQL 13. */
export const withoutZeros = (value: string): string =>
  `CASE WHEN strpos((${value})::text, '.') > 0 THEN rtrim(rtrim((${value})::text, '0'), '.') ELSE (${value})::text END`;

function writeMoney(logical: LogicalType & { kind: 'decimal' }, column: string): ColumnWriting {
  const fits = (logical.scale ?? 3) <= 2 && (logical.precision ?? 99) <= 18;
  const render = `(${column})::numeric`;
  if (fits || (logical.precision === 19 && logical.scale === 2))
    return exactly(padded(render, 2, logical.scale));
  const rough = roughly(padded(render, 2, logical.scale), 'more than 2 places are refused');
  const dropsZeros = logical.scale === null;
  return { ...rough, load: `(${loadWhole(2)})::money`, ...(dropsZeros && { dropsZeros }) };
}

/** A number with the places of the source, which may be unknown: then with as few as it needs. */
const padded = (value: string, own: number, places: number | null): string =>
  places === null ? withoutZeros(value) : places === own ? value : `round(${value}, ${places})`;

/** Decimals into other numbers: none is rounded. */
export function writeDecimal(
  logical: LogicalType & { kind: 'decimal' },
  to: TypeText,
  column: string,
): ColumnWriting | null {
  if (to.base === 'money') return writeMoney(logical, column);
  const dropsZeros = logical.scale === null;
  if (INT_BITS[to.base] !== undefined) {
    const rough = roughly(padded(column, 0, logical.scale), 'values with a fraction are refused');
    return { ...rough, load: loadWhole(0), ...(dropsZeros && { dropsZeros }) };
  }
  if (to.base === 'double precision')
    return merging(`(${column})::numeric`, 'decimals become binary fractions');
  if (to.base !== 'numeric') return null;
  const [precision, scale = 0] = to.args;
  if (precision === undefined) return exactly(column);
  const fits =
    logical.precision !== null &&
    logical.scale !== null &&
    scale >= logical.scale &&
    precision - scale >= logical.precision - logical.scale;
  const render = padded(column, scale, logical.scale);
  if (fits) return exactly(render);
  const limits: Limits = { kind: 'decimal', digits: precision - scale, scale, nan: true, infinity: false };
  const note = `more than ${scale} places, or ${precision} digits, are refused`;
  return {
    ...roughly(render, note, limits),
    renderFitted: column,
    load: loadWhole(scale),
    ...(dropsZeros && { dropsZeros }),
  };
}

/** Binary fractions into other numbers. */
export function writeFloat(kind: 'float32' | 'float64', to: TypeText, column: string): ColumnWriting | null {
  if (to.base === 'double precision') return exactly(kind === 'float32' ? `(${column})::real` : column);
  if (to.base === 'real') return kind === 'float32' ? exactly(column) : merging(column, 'rounded to 24 bits');
  if (to.base !== 'numeric') return null;
  const render = `(${column})::${kind === 'float32' ? 'real' : 'double precision'}`;
  const note = 'minus zero becomes zero';
  const [precision, scale = 0] = to.args;
  if (precision === undefined) return roughly(render, note);
  return {
    ...roughly(render, `more than ${scale} places, or ${precision} digits, are refused; ${note}`),
    load: loadWhole(scale),
  };
}
