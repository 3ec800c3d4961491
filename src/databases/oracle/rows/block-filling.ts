import { blockPool } from '../../../engine/driver/block-pool.ts';
import type { Position, RowBlock } from '../../../model/row-block.ts';
import { SluiceError } from '../../../model/sluice-error.ts';

const FIRST_CAPACITY = 256 * 1024;
/** What the driver makes of bytes that are no text, and nobody can tell from the letter itself. */
const REPLACED = Buffer.from('\ufffd');

const ESCAPED: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\\': '\\\\',
};

/** A cell, or a piece of one, as it stands in text-rows. */
export const escapeCell = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are what text-rows escapes
  /[\x08\t\n\r\\]/.test(text) ? text.replaceAll(/[\x08\t\n\r\\]/g, (char) => ESCAPED[char] ?? char) : text;

/** Rows of text-rows on their way into a block. */
export class BlockFilling {
  readonly #table: string;
  #buffer: Buffer = Buffer.alloc(0);
  #capacity = FIRST_CAPACITY;
  #length = 0;
  #rowStart = 0;
  #rows = 0;
  #first: Position | null = null;
  #last: Position | null = null;

  constructor(table: string) {
    this.#table = table;
  }

  get bytes(): number {
    return this.#length;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes of the row that is being written. */
  get rowBytes(): number {
    return this.#length - this.#rowStart;
  }

  write(text: string): void {
    // Three bytes at most for a unit of a text.
    if (this.#length + 3 * text.length > this.#buffer.length) this.#grow(this.#length + 3 * text.length);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  endRow(position: Position): void {
    this.write('\n');
    this.#rows += 1;
    this.#rowStart = this.#length;
    this.#first ??= position;
    this.#last = position;
  }

  #grow(needed: number): void {
    while (this.#capacity < needed) this.#capacity *= 2;
    const next = blockPool.take(this.#capacity);
    next.set(this.#buffer.subarray(0, this.#length));
    blockPool.give(this.#buffer);
    this.#buffer = next;
  }

  /** What is there as a block, and begins anew. @throws SluiceError source.value_rejected */
  take(): RowBlock | null {
    if (this.#rows === 0 || this.#first === null || this.#last === null) return null;
    const data = this.#buffer.subarray(0, this.#length);
    // Invariant 7: what may have been replaced on the way is refused.
    if (data.includes(REPLACED)) {
      throw new SluiceError(
        'source.value_rejected',
        'a text has the letter U+FFFD, or bytes that are no text',
        {
          table: this.#table,
          suggestion: 'leave the column out with columns.exclude, or replace what stands there',
        },
      );
    }
    const block = { rows: this.#rows, data, first: this.#first, last: this.#last };
    this.#capacity = Math.max(FIRST_CAPACITY, this.#buffer.length);
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    this.#rowStart = 0;
    this.#rows = 0;
    this.#first = null;
    this.#last = null;
    return block;
  }
}
