import { escapeText, type Token, type ValueReading } from './payload-value.ts';
import { unescapeText } from './parse-events.ts';

/** A column that is looked for in payloads. */
export interface PayloadColumn extends ValueReading {
  readonly name: string;
}

export interface PayloadReaderOptions {
  readonly columns: readonly PayloadColumn[];
  /** Only these columns are of interest: what comes behind the last of them is not looked at. */
  readonly partly?: boolean;
  /** The error of a payload that is none; never with a part of it (invariant 1). */
  readonly fail: (what: string) => Error;
}

/** Cells of `text-rows` in the order of the columns; undefined where the payload lacks the column. */
export type PayloadCells = (string | undefined)[];

// oxlint-disable-next-line no-control-regex -- JSON allows none of them
const CONTROL = /[\u0000-\u001f]/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const STRING_ESCAPE = /\\(?:u([\dA-Fa-f]{4})(?:\\u([Dd][C-Fc-f][\dA-Fa-f]{2}))?|([\s\S]?))/g;
const LETTERS: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const NULL = '\\N';
/** A quote within a text of JSON, as it stands in a cell. */
const ESCAPED_QUOTE = '\\\\"';

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** The bytes of one escape with `u`, or of two that make one letter; undefined for half a letter. */
function letterOf(first: string, second: string | undefined): string | undefined {
  const high = Number.parseInt(first, 16);
  const isHigh = high >= 0xd8_00 && high <= 0xdb_ff;
  if (isHigh && second !== undefined) return bytesOf(String.fromCharCode(high, Number.parseInt(second, 16)));
  if (high >= 0xd8_00 && high <= 0xdf_ff) return undefined;
  const letter = bytesOf(String.fromCharCode(high));
  // A second one that belongs to no first is half a letter.
  return second === undefined ? letter : undefined;
}

interface Expected {
  /** The name as it stood there last time, with all up to its value. */
  readonly token: string;
  readonly place: number;
}

/**
 * Reads payloads of one table: flat JSON objects, strictly, whose members usually come in the same order. Texts are bytes, one
 * letter each; nothing passes through a number, and a name may be any text.
 */
export class PayloadReader {
  readonly #columns: readonly PayloadColumn[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #partly: boolean;
  readonly #fail: (what: string) => Error;
  readonly #none: PayloadCells;
  readonly #expected: Expected[] = [];
  #text = '';
  #at = 0;
  /** The text that was read last may have what a cell escapes. */
  #mayEscape = false;
  #hasEscapes = false;

  constructor({ columns, partly = false, fail }: PayloadReaderOptions) {
    this.#columns = columns;
    this.#places = new Map(columns.map(({ name }, place) => [bytesOf(name), place]));
    this.#none = Array.from<undefined>({ length: columns.length });
    this.#partly = partly;
    this.#fail = fail;
  }

  /** @param cell  of a block, with the escapes of `text-rows` */
  read(cell: string): PayloadCells {
    // What a cell escapes of JSON is the backslash alone: the text can be read as it stands, with all of them doubled.
    if (CONTROL.test(cell)) throw this.#fail('has a control character');
    this.#hasEscapes = cell.includes('\\');
    this.#text = cell;
    this.#at = 0;
    const cells = this.#none.slice();
    this.#skip();
    this.#take(OPEN);
    this.#skip();
    if (!this.#isNext(CLOSE)) this.#members(cells);
    else this.#at += 1;
    return cells;
  }

  #members(cells: PayloadCells): void {
    let found = 0;
    for (let member = 0; ; member += 1) {
      const place = this.#name(member);
      const cell = this.#value(place);
      if (place >= 0) {
        if (cells[place] !== undefined) throw this.#fail('names a column twice');
        cells[place] = cell;
        found += 1;
        if (this.#partly && found === cells.length) return;
      }
      this.#skip();
      if (this.#isNext(CLOSE)) break;
      this.#take(COMMA);
      this.#skip();
    }
    this.#at += 1;
    this.#skip();
    if (this.#at < this.#text.length) throw this.#fail('has something behind its end');
  }

  /** Which column the member is of, -1 for one that nobody asked for; goes on to its value. */
  #name(member: number): number {
    const expected = this.#expected[member];
    if (expected !== undefined && this.#text.startsWith(expected.token, this.#at)) {
      this.#at += expected.token.length;
      return expected.place;
    }
    const from = this.#at;
    const place = this.#places.get(this.#string()) ?? -1;
    this.#skip();
    this.#take(COLON);
    this.#skip();
    this.#expected[member] = { token: this.#text.slice(from, this.#at), place };
    return place;
  }

  #value(place: number): string {
    const code = this.#text.charCodeAt(this.#at);
    if (code === QUOTE) return this.#cell(place, this.#string(), 'string');
    // n, t, f
    if (code === 0x6e) return this.#word('null', NULL);
    if (code === 0x74) return this.#cell(place, this.#word('true', 'true'), 'true');
    if (code === 0x66) return this.#cell(place, this.#word('false', 'false'), 'false');
    if (code === OPEN) return this.#foreign(place);
    return this.#cell(place, this.#number(), 'number');
  }

  #cell(place: number, text: string, token: Token): string {
    const column = this.#columns[place];
    if (column === undefined) return '';
    const made = column.canonical(text, token);
    if (made === undefined) throw this.#fail(`has a value that is none of the type of ${column.name}`);
    const { makes } = column;
    return makes === 'any-text' || (makes === 'text' && this.#mayEscape) ? escapeText(made) : made;
  }

  /** What is none of its column's type: an object that says what it is instead. Only of a column that nobody asked for. */
  #foreign(place: number): string {
    this.#at += 1;
    this.#string();
    this.#skip();
    this.#take(COLON);
    this.#skip();
    this.#string();
    this.#take(CLOSE);
    const column = this.#columns[place];
    if (column) throw this.#fail(`has a value that is none of the type of ${column.name}`);
    return '';
  }

  #number(): string {
    const text = this.#text;
    let end = this.#at;
    for (; end < text.length; end += 1) {
      const code = text.charCodeAt(end);
      if (code === COMMA || code === CLOSE || code <= 0x20) break;
    }
    const number = text.slice(this.#at, end);
    if (!NUMBER.test(number)) throw this.#fail('has a value that is none of JSON');
    this.#at = end;
    return number;
  }

  /** A string without its quotes and escapes. */
  #string(): string {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) throw this.#fail('has a name that is no text');
    const from = this.#at + 1;
    let end = this.#text.indexOf('"', from);
    while (this.#hasEscapes && end >= 0 && this.#isEscaped(from, end)) end = this.#text.indexOf('"', end + 1);
    if (end < 0) throw this.#fail('ends within a text');
    this.#at = end + 1;
    const raw = this.#text.slice(from, end);
    this.#mayEscape = false;
    return this.#hasEscapes && raw.includes('\\') ? this.#unescape(raw) : raw;
  }

  /** An odd number of backslashes of JSON stands before it, each of which is two in the cell. */
  #isEscaped(from: number, at: number): boolean {
    let before = at;
    while (before > from && this.#text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    return (at - before) % 4 === 2;
  }

  #unescape(raw: string): string {
    // Documents have quotes, and seldom more.
    const quoted = raw.replaceAll(ESCAPED_QUOTE, '"');
    if (!quoted.includes('\\')) return quoted;
    this.#mayEscape = true;
    const text = unescapeText(raw);
    if (CONTROL.test(text)) throw this.#fail('has a control character');
    return text.replaceAll(STRING_ESCAPE, (_, first?: string, second?: string, letter?: string) => {
      const made = first === undefined ? LETTERS[letter ?? ''] : letterOf(first, second);
      if (made === undefined) throw this.#fail('has an escape that is none of JSON');
      return made;
    });
  }

  #word(word: string, value: string): string {
    if (!this.#text.startsWith(word, this.#at)) throw this.#fail('has a value that is none of JSON');
    this.#at += word.length;
    return value;
  }

  #isNext(code: number): boolean {
    return this.#text.charCodeAt(this.#at) === code;
  }

  #take(code: number): void {
    if (!this.#isNext(code)) throw this.#fail('is no JSON object');
    this.#at += 1;
  }

  #skip(): void {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && (code > 0x20 || (code !== 0x09 && code !== 0x0a && code !== 0x0d))) return;
    }
  }
}
