import { type FittingPolicy, GREATEST_DOUBLE, greatestDecimal, type Limits } from '../../model/limits.ts';

/** What a canonical text becomes under a policy, for readers that make the texts themselves. */
export interface FittedText {
  /** Null: the value becomes NULL. */
  readonly text: string | null;
  readonly altered: boolean;
}

const kept = (text: string): FittedText => ({ text, altered: false });

/** How many of 10^-scale a plain decimal has, halves rounded away from zero. */
function scaled(text: string, scale: number): { readonly value: bigint; readonly cut: boolean } {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const digits = whole.padStart(1 - scale, '0') + fraction.padEnd(scale, '0');
  const end = digits.length - Math.max(fraction.length, scale) + scale;
  const rest = digits.slice(end);
  const size = BigInt(digits.slice(0, end)) + (/^[5-9]/.test(rest) ? 1n : 0n);
  return { value: sign === '-' ? -size : size, cut: /[1-9]/.test(rest) };
}

function plain(value: bigint, scale: number): string {
  const size = value < 0n ? -value : value;
  const digits = String(size * 10n ** BigInt(Math.max(-scale, 0))).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale <= 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return value < 0n ? `-${text}` : text;
}

type Nearest = { readonly nearest: string | null; readonly fits: boolean };

function nearestDecimal(text: string, limits: Limits & { kind: 'decimal' }): Nearest {
  const most = greatestDecimal(limits.digits, limits.scale);
  if (text === 'NaN') return { nearest: text, fits: limits.nan };
  if (text.endsWith('Infinity'))
    return limits.infinity
      ? { nearest: text, fits: true }
      : { nearest: text.replace('Infinity', most), fits: false };
  const { scale } = limits;
  const { value, cut } = scaled(text, scale);
  const bound = scaled(most, scale).value;
  if (value > bound) return { nearest: most, fits: false };
  return value < -bound ? { nearest: `-${most}`, fits: false } : { nearest: plain(value, scale), fits: !cut };
}

/** Moments in their order: the year with its sign, then the rest, whose texts are ordered as they are. */
function momentKey(text: string): readonly [year: number, rest: string] {
  if (text.endsWith('infinity')) return [text.startsWith('-') ? -Infinity : Infinity, ''];
  const [, sign = '', first = '', rest = ''] = /^(-?)(\d+)(.*)$/.exec(text) ?? [];
  const isBefore = text.endsWith(' BC') || sign === '-';
  return [isBefore ? -Number(first) : Number(first), rest.replace(' BC', '')];
}

function isBelow(a: string, b: string): boolean {
  const [[yearA, restA], [yearB, restB]] = [momentKey(a), momentKey(b)];
  return yearA < yearB || (yearA === yearB && restA < restB);
}

function nearestMoment(text: string, { from, upto, digits }: Limits & { kind: 'moment' }): Nearest {
  if (isBelow(text, from)) return { nearest: from, fits: false };
  if (isBelow(upto, text)) return { nearest: upto, fits: false };
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  // What is nearest may be the next year: nothing is rounded here.
  return { nearest: null, fits: fraction.length <= digits };
}

function nearestOf(text: string, limits: Limits): Nearest {
  switch (limits.kind) {
    case 'whole': {
      const value = BigInt(text);
      if (value < BigInt(limits.from)) return { nearest: limits.from, fits: false };
      return value > BigInt(limits.upto)
        ? { nearest: limits.upto, fits: false }
        : { nearest: text, fits: true };
    }
    case 'decimal':
      return nearestDecimal(text, limits);
    case 'finite':
      if (text === 'NaN') return { nearest: text, fits: false };
      return { nearest: text.replace('Infinity', GREATEST_DOUBLE), fits: !text.endsWith('Infinity') };
    case 'moment':
      return nearestMoment(text, limits);
    case 'text': {
      const chars = limits.maxChars === null ? text : Array.from(text).slice(0, limits.maxChars).join('');
      if (!limits.nul && text.includes('\0')) return { nearest: null, fits: false };
      return { nearest: chars, fits: chars.length === text.length };
    }
    default:
      return { nearest: text, fits: true };
  }
}

/**
 * The text that the target holds in place of a canonical one. What the policy `clamp` has no nearest value for stays as it
 * is, for the target to refuse.
 */
export function fitText(text: string, limits: Limits | null, policy: FittingPolicy): FittedText {
  if (limits === null) return kept(text);
  const { nearest, fits } = nearestOf(text, limits);
  // The same number may have another text: fewer zeros, no sign of zero.
  if (fits) return kept(limits.kind === 'finite' && text === '-0' ? '0' : (nearest ?? text));
  if (policy === 'null') return { text: null, altered: true };
  return nearest === null || nearest === text ? kept(text) : { text: nearest, altered: true };
}
