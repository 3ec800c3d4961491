/**
 * What a column at the target holds of its logical type, where that is less than all of it: what the policies `null` and
 * `clamp` go by. Numbers and moments are canonical texts, so that any source can compare with them and write them.
 */
export type Limits =
  | { readonly kind: 'whole'; readonly from: string; readonly upto: string }
  /** So many digits before the point, so many behind it. */
  | {
      readonly kind: 'decimal';
      readonly digits: number;
      readonly scale: number;
      readonly nan: boolean;
      readonly infinity: boolean;
    }
  /** Finite doubles only, and no minus zero. */
  | { readonly kind: 'finite' }
  /** Dates, moments or times from one to another, and digits of a second's fraction. */
  | { readonly kind: 'moment'; readonly from: string; readonly upto: string; readonly digits: number }
  | { readonly kind: 'text'; readonly maxChars: number | null; readonly nul: boolean };

/** `null`: what does not fit becomes NULL; `clamp`: it becomes the nearest value that does. */
export type FittingPolicy = 'null' | 'clamp';

/** The greatest number of so many digits, as canonical text. */
export const greatestDecimal = (digits: number, scale: number): string => {
  if (scale < 0) return '9'.repeat(digits + scale) + '0'.repeat(-scale);
  if (digits < 0) return scale === 0 ? '0' : `0.${'0'.repeat(-digits)}${'9'.repeat(scale + digits)}`;
  const whole = digits === 0 ? '0' : '9'.repeat(digits);
  return scale === 0 ? whole : `${whole}.${'9'.repeat(scale)}`;
};

export const GREATEST_DOUBLE = '1.7976931348623157e+308';

/** Integers of so many bits. */
export const wholeLimits = (bits: number, unsigned = false): Limits => {
  const size = 2n ** BigInt(unsigned ? bits : bits - 1);
  return { kind: 'whole', from: String(unsigned ? 0n : -size), upto: String(size - 1n) };
};

/** Integers of so many digits. */
export const digitLimits = (digits: number): Limits => ({
  kind: 'whole',
  from: `-${greatestDecimal(digits, 0)}`,
  upto: greatestDecimal(digits, 0),
});

/** The last moment of a second, with so many digits of its fraction. */
export const endOfSecond = (text: string, digits: number): string =>
  digits === 0 ? text : `${text}.${'9'.repeat(Math.min(digits, 6))}`;
