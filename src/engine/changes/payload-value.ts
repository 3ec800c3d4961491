import type { LogicalKind, LogicalType } from '../../model/logical-type.ts';
import type { ColumnPlan } from '../../model/table-plan.ts';
import { fitText } from '../driver/fit-text.ts';

/** What of JSON a value is; `null` is none of these, for it needs no conversion. */
export type Token = 'string' | 'number' | 'true' | 'false';

/**
 * The canonical text of a value in a payload (src/model/change-event.ts), letters being bytes; undefined: it is none of the type.
 * Numbers keep every digit, for nothing here is a number.
 */
export type CanonicalOf = (text: string, token: Token) => string | undefined;

const itself: CanonicalOf = (text, token) => (token === 'true' ? 't' : token === 'false' ? 'f' : text);

/** A truth value between two servers that keep it as a number. */
const whole: CanonicalOf = (text, token) => (token === 'true' ? '1' : token === 'false' ? '0' : text);

const bytes: CanonicalOf = (text, token) =>
  token === 'string' && text.length % 2 === 0 && !/[^0-9A-Fa-f]/.test(text)
    ? `\\x${text.toLowerCase()}`
    : undefined;

/** `infinity` has no T. */
const moment: CanonicalOf = (text, token) => {
  if (token !== 'string') return undefined;
  const at = text.indexOf('T');
  return at < 0 ? text : `${text.slice(0, at)} ${text.slice(at + 1)}`;
};

const ZONES: readonly (readonly [given: string, canonical: string])[] = [
  ['+00:00', '+00'],
  ['+00:00 BC', '+00 BC'],
  ['infinity', 'infinity'],
  ['+00', '+00'],
  ['+00 BC', '+00 BC'],
];

const zonedMoment: CanonicalOf = (text, token) => {
  const made = moment(text, token);
  if (made === undefined) return undefined;
  const zone = ZONES.find(([given]) => made.endsWith(given));
  return zone && made.slice(0, made.length - zone[0].length) + zone[1];
};

const zonedTime: CanonicalOf = (text, token) =>
  token === 'string' && text.endsWith('+00:00') ? text.slice(0, -3) : itself(text, token);

/** SQLite's value of any class: numbers as they are, all else behind the letter of its class. */
const any: CanonicalOf = (text, token) => {
  if (token === 'string') return /^[irtb]/.test(text) ? text : undefined;
  if (token === 'number') return `${/[.eE]/.test(text) ? 'r' : 'i'}${text}`;
  return token === 'true' ? 'i1' : 'i0';
};

const BY_KIND: Partial<Record<LogicalKind, (logical: LogicalType) => CanonicalOf>> = {
  int: () => whole,
  bytes: () => bytes,
  timestamp: () => moment,
  timestamptz: () => zonedMoment,
  time: (logical) => (logical.kind === 'time' && logical.zone === true ? zonedTime : itself),
  any: () => any,
};

const decode = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
const encode = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** How values of one column become cells of `text-rows`. */
export interface ValueReading {
  readonly canonical: CanonicalOf;
  /** What that is: a text with nothing to escape that the payload had not; any text; or a cell as it is written. */
  readonly makes: 'text' | 'any-text' | 'cell';
}

const NULL = '\\N';

/** What a column of the same product has for the canonical text of another type. */
function asPlanned(captured: LogicalType, planned: LogicalType, canonical: CanonicalOf): CanonicalOf {
  if (captured.kind === 'boolean' && planned.kind === 'int') return whole;
  if (captured.kind !== 'timestamptz' || planned.kind !== 'native') return canonical;
  return (text, token) => canonical(text, token)?.replace(/\+00$/, '');
}

/** @param captured  the type by which the payload was made */
export function valueReading(column: ColumnPlan, captured: LogicalType): ValueReading {
  const canonical = asPlanned(captured, column.logical, BY_KIND[captured.kind]?.(captured) ?? itself);
  const { fit, policy } = column;
  const makes = captured.kind === 'bytes' ? 'any-text' : 'text';
  if (!fit || (policy !== 'null' && policy !== 'clamp')) return { canonical, makes };
  // The source made it fit in its select list, which no trigger has.
  const fitted: CanonicalOf = (text, token) => {
    const made = canonical(text, token);
    if (made === undefined) return undefined;
    const { text: kept } = fitText(decode(made), fit.limits, policy);
    return kept === null ? NULL : escapeText(encode(kept));
  };
  return { canonical: fitted, makes: 'cell' };
}

const SPECIAL = /[\\\t\n\r\b]/;
const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
};

/** A text as a cell; vertical tab and form feed stay as they are. */
export const escapeText = (text: string): string =>
  SPECIAL.test(text) ? text.replaceAll(/[\\\t\n\r\b]/g, (char) => ESCAPED[char] ?? char) : text;
