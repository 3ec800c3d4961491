/** `1.5e+20` with at least two digits in the exponent, as PostgreSQL prints it. */
const scientific = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');

/** More than the digits of any number that lies halfway between two texts of 17 digits or fewer. */
const EXACT_DIGITS = 40;

/** The integer that a text such as `9.5e+22` stands for. */
function integerOf(text: string): bigint {
  const [digits = '', power = '0'] = text.split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  return BigInt(whole + fraction) * 10n ** BigInt(Number(power) - fraction.length);
}

/**
 * Whether a text lies exactly between a value and its neighbour. It reads back as the value where ties go to even, but
 * PostgreSQL prints only what lies nearer. Such a text has few digits only from 2^bits on, where values are whole.
 *
 * @param bits  of the mantissa: 53 for a double, 24 for a 4-byte float
 */
function isBetween(text: string, value: number, bits: number): boolean {
  const size = Math.abs(value);
  if (size < 2 ** bits) return false;
  const exact = BigInt(size);
  const distance = integerOf(text.replace('-', '')) - exact;
  const ulp = 2n ** BigInt(exact.toString(2).length - bits);
  const isPowerOfTwo = (exact & (exact - 1n)) === 0n;
  return 2n * distance === ulp || 2n * distance === -(isPowerOfTwo ? ulp / 2n : ulp);
}

interface FloatFormat {
  readonly bits: 24 | 53;
  readonly mostDigits: 9 | 17;
  readonly read: (text: string) => number;
}

const DOUBLE: FloatFormat = { bits: 53, mostDigits: 17, read: Number };
const SINGLE: FloatFormat = { bits: 24, mostDigits: 9, read: (text) => Math.fround(Number(text)) };

/** So many digits behind the point, the nearest text; of two that are as near the even one, where JavaScript takes the larger. */
function nearest(value: number, digits: number): string {
  const [exact = '', power = '0'] = value.toExponential(EXACT_DIGITS).split('e');
  const cut = exact.length - (EXACT_DIGITS - digits);
  const isTie = /^50*$/.test(exact.slice(cut)) && /[02468]$/.test(exact.slice(0, cut).replace(/\.$/, ''));
  return isTie ? `${exact.slice(0, cut).replace(/\.$/, '')}e${power}` : value.toExponential(digits);
}

/** The next text away from zero with as many digits. */
function larger(text: string): string {
  const [digits = '', power = '0'] = text.split('e');
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.');
  const next = String(BigInt(whole + fraction) + 1n);
  const sign = text.startsWith('-') ? '-' : '';
  return next.length > fraction.length + 1
    ? `${sign}1e${Number(power) + 1}`
    : `${sign}${next.slice(0, 1)}${fraction === '' ? '' : `.${next.slice(1)}`}e${power}`;
}

/** The shortest text with an exponent that reads back as the same number and lies nearer to it than to any other. */
function shortest(value: number, { bits, mostDigits, read }: FloatFormat): string {
  const fits = (text: string): boolean => read(text) === value && !isBetween(text, value, bits);
  const isPowerOfTwo = Number.isInteger(Math.log2(Math.abs(value)));
  for (let digits = 0; digits < mostDigits; digits += 1) {
    const text = value.toExponential(digits);
    if (fits(text)) return nearest(value, digits);
    // Below a power of two values stand closer than above it: the farther text may read back where the nearest does not.
    if (isPowerOfTwo && fits(larger(text))) return larger(text);
  }
  return value.toExponential(mostDigits - 1);
}

/** Shortest text that reads back as the same double, in PostgreSQL's form: `1e+20`, `1e-05`, `-0`, `Infinity`, `NaN`. */
export function float64Text(value: number): string {
  const size = Math.abs(value);
  if (size < 1e15 && size >= 1e-4) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (!Number.isFinite(value)) return String(value);
  const text = value.toExponential();
  return scientific(isBetween(text, value, DOUBLE.bits) ? shortest(value, DOUBLE) : text);
}

/** Shortest text that reads back as the same 4-byte float, in PostgreSQL's form, which is scientific from 1e+06 on. */
export function float32Text(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return float64Text(value);
  const text = shortest(value, SINGLE);
  // By the number that is printed: the float next to 1e-4 is less, and its text is not.
  const size = Math.abs(Number(text));
  return size < 1e6 && size >= 1e-4 ? String(Number(text)) : scientific(text);
}

/** A finite double in plain decimal digits, from its shortest text: `1e-7` is `0.0000001`. */
export function plainDecimal(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return Object.is(value, -0) ? '0' : text;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(power);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
