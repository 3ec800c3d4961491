import type { Position } from '../../../model/row-block.ts';

/**
 * What the bytes of a cell are: `plain` has nothing to escape, `text` may have, `bytes` become `\x` and hex; `fraction` is a
 * time whose last zeros are cut, `moment` the same with the zone that it is in.
 */
export type CellKind = 'plain' | 'text' | 'bytes' | 'fraction' | 'moment';

const NULL = 0xfb;
const TAB = 0x09;
const LINE_END = 0x0a;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const POINT = 0x2e;

/** The letter behind the backslash for each byte that is escaped, else 0. */
const ESCAPES = new Uint8Array(256);
for (const [byte, letter] of [
  [0x08, 'b'],
  [TAB, 't'],
  [LINE_END, 'n'],
  [0x0d, 'r'],
  [BACKSLASH, '\\'],
] as const)
  ESCAPES[byte] = letter.charCodeAt(0);

const DIGITS = Buffer.from('0123456789abcdef', 'latin1');
/** Cells from this length on are searched and copied by the runtime, which is faster then. */
const LONG_BYTES = 512;
const SPECIAL = [BACKSLASH, TAB, LINE_END, 0x0d, 0x08];

/** Where rows are written: a buffer that is large enough for what comes, and how much of it is filled. */
export interface Filling {
  readonly buffer: Buffer;
  readonly view: DataView;
  length: number;
}

export const viewOf = ({ buffer, byteOffset, byteLength }: Buffer): DataView =>
  new DataView(buffer, byteOffset, byteLength);

export const fillingOf = (buffer: Buffer, length: number): Filling => ({
  buffer,
  view: viewOf(buffer),
  length,
});

/** What the socket gave: the same bytes, one by one and four at once. */
export interface Reading {
  readonly bytes: Buffer;
  readonly view: DataView;
}

export const readingOf = (bytes: Buffer): Reading => ({ bytes, view: viewOf(bytes) });

/** Not 0 where one of four bytes is a backslash or below 0x0e, which nearly all that is escaped is. */
function isSpecial(four: number): number {
  const slashes = four ^ 0x5c5c5c5c;
  return (((four - 0x0e0e0e0e) & ~four) | ((slashes - 0x01010101) & ~slashes)) & 0x80808080;
}

function encodeText(into: Filling, { bytes, view }: Reading, start: number, end: number): void {
  const { buffer, view: target } = into;
  let write = into.length;
  if (end - start >= LONG_BYTES) {
    const cell = bytes.subarray(start, end);
    if (SPECIAL.every((byte) => cell.indexOf(byte) === -1)) {
      buffer.set(cell, write);
      into.length = write + cell.length;
      return;
    }
  }
  let at = start;
  const lastFour = end - 4;
  while (at <= lastFour) {
    const four = view.getInt32(at, true);
    if (isSpecial(four) === 0) {
      target.setInt32(write, four, true);
      at += 4;
      write += 4;
      continue;
    }
    for (const stop = at + 4; at < stop; at += 1) {
      const byte = bytes[at]!;
      const escape = ESCAPES[byte]!;
      if (escape !== 0) {
        buffer[write++] = BACKSLASH;
        buffer[write++] = escape;
      } else buffer[write++] = byte;
    }
  }
  for (; at < end; at += 1) {
    const byte = bytes[at]!;
    const escape = ESCAPES[byte]!;
    if (escape !== 0) {
      buffer[write++] = BACKSLASH;
      buffer[write++] = escape;
    } else buffer[write++] = byte;
  }
  into.length = write;
}

function encodeBytes(into: Filling, { bytes }: Reading, start: number, end: number): void {
  const { buffer } = into;
  let write = into.length + buffer.write('\\\\x', into.length, 'latin1');
  if (end - start >= LONG_BYTES) {
    into.length = write + buffer.write(bytes.toString('hex', start, end), write, 'latin1');
    return;
  }
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    buffer[write++] = DIGITS[byte >> 4]!;
    buffer[write++] = DIGITS[byte & 15]!;
  }
  into.length = write;
}

/** `…:00.120000` -> `…:00.12`; the server prints as many digits as the column has. */
function withoutLastZeros(from: Buffer, start: number, end: number): number {
  let last = end;
  while (last > start && from[last - 1] === ZERO) last -= 1;
  if (from[last - 1] === POINT) return last - 1;
  for (let at = last - 1; at > start; at -= 1) if (from[at] === POINT) return last;
  return end;
}

function encodePlain(into: Filling, { bytes, view }: Reading, start: number, end: number): void {
  const { buffer, view: target } = into;
  let write = into.length;
  let at = start;
  for (const lastFour = end - 4; at <= lastFour; at += 4, write += 4)
    target.setInt32(write, view.getInt32(at, true), true);
  for (; at < end; at += 1) buffer[write++] = bytes[at]!;
  into.length = write;
}

function encodeFraction(into: Filling, from: Reading, start: number, end: number): void {
  encodePlain(into, from, start, withoutLastZeros(from.bytes, start, end));
}

function encodeMoment(into: Filling, from: Reading, start: number, end: number): void {
  encodeFraction(into, from, start, end);
  into.length += into.buffer.write('+00', into.length, 'latin1');
}

const ENCODERS: Readonly<Record<CellKind, typeof encodePlain>> = {
  plain: encodePlain,
  text: encodeText,
  bytes: encodeBytes,
  fraction: encodeFraction,
  moment: encodeMoment,
};

const SPACE = 0x20;

/** A server has no more columns. */
const MOST_CELLS = 4096;
/** Cells that lie behind each other: where those begin that follow the first, each behind its byte of length. */
const followers = { begins: new Int32Array(MOST_CELLS), count: 0 };

/**
 * Copies a first cell and its followers at once; tabs stand in the place of their lengths then. These are spaces here, so that
 * nothing looks like what must be escaped but what must be.
 * @returns whether all is written; else nothing is, for something must be escaped
 */
function copyRun(into: Filling, { bytes, view }: Reading, start: number, end: number): boolean {
  const { buffer, view: target } = into;
  const shift = into.length - start;
  let at = start;
  for (const lastFour = end - 4; at <= lastFour; at += 4) {
    const four = view.getInt32(at, true);
    if (isSpecial(four) !== 0) return false;
    target.setInt32(at + shift, four, true);
  }
  for (; at < end; at += 1) {
    const byte = bytes[at]!;
    if (ESCAPES[byte]! !== 0) return false;
    buffer[at + shift] = byte;
  }
  const { begins, count } = followers;
  for (let cell = 0; cell < count; cell += 1) buffer[begins[cell]! - 1 + shift] = TAB;
  into.length = end + shift;
  return true;
}

/** Writes a first cell and its followers, which are followers no more then. */
function encodeRun(into: Filling, from: Reading, start: number, end: number): void {
  if (!copyRun(into, from, start, end)) {
    const { begins, count } = followers;
    let first = start;
    for (let cell = 0; cell < count; cell += 1) {
      const begin = begins[cell]!;
      encodeText(into, from, first, begin - 1);
      into.buffer[into.length++] = TAB;
      first = begin;
    }
    encodeText(into, from, first, end);
  }
  followers.count = 0;
}

/** Writes a cell at `at` that is none of a run. @returns where the next one begins */
function encodeCell(into: Filling, kind: CellKind, from: Reading, at: number): number {
  const { bytes } = from;
  let length = bytes[at]!;
  let start = at + 1;
  if (length === NULL) {
    into.buffer[into.length++] = BACKSLASH;
    into.buffer[into.length++] = 0x4e;
    return start;
  }
  if (length > NULL) {
    const size = length === 0xfc ? 2 : length === 0xfd ? 3 : 6;
    length = bytes.readUIntLE(start, size);
    start += size === 6 ? 8 : size;
  }
  ENCODERS[kind](into, from, start, start + length);
  return start + length;
}

/**
 * Writes one row of the protocol, which begins at `start`, as text-rows. Short cells that are copied as they are, which most
 * are, are copied several at once: the same bytes stand between them in both. What was read is not whole afterwards.
 */
export function encodeRow(into: Filling, kinds: readonly CellKind[], from: Reading, start: number): void {
  const { bytes } = from;
  followers.count = 0; // a malformed row may have left its own
  let at = start;
  let run = -1; // where the first cell of the run begins
  for (let cell = 0; cell < kinds.length; cell += 1) {
    const kind = kinds[cell]!;
    const length = bytes[at]!;
    if (length < NULL && (kind === 'plain' || kind === 'text' || kind === 'fraction')) {
      const begin = at + 1;
      if (run === -1) {
        if (cell > 0) into.buffer[into.length++] = TAB;
        run = begin;
      } else {
        bytes[at] = SPACE;
        followers.begins[followers.count++] = begin;
      }
      at = begin + length;
      if (kind !== 'fraction') continue;
      encodeRun(into, from, run, withoutLastZeros(bytes, begin, at));
      run = -1;
      continue;
    }
    if (run !== -1) encodeRun(into, from, run, at);
    run = -1;
    if (cell > 0) into.buffer[into.length++] = TAB;
    at = encodeCell(into, kind, from, at);
  }
  if (run !== -1) encodeRun(into, from, run, at);
  into.buffer[into.length++] = LINE_END;
}

const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', n: '\n', r: '\r', t: '\t' };

/** The first cells of the row of text-rows that begins at `start`; key columns are never NULL. */
export function textCells(rows: Buffer, start: number, count: number): Position {
  const cells: string[] = [];
  let at = start;
  for (let cell = 0; cell < count; cell += 1) {
    let end = at;
    while (end < rows.length && rows[end] !== TAB && rows[end] !== LINE_END) end += 1;
    const text = rows.toString('utf8', at, end);
    cells.push(text.includes('\\') ? text.replace(/\\(.)/gs, (_, c: string) => UNESCAPED[c] ?? c) : text);
    at = end + 1;
  }
  return cells;
}
