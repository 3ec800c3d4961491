import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CutOptions, RowCutter, withRawTabs } from '../../src/databases/postgresql/copy-out.ts';
import type { RowBlock } from '../../src/model/row-block.ts';

const message = (kind: string, body: Buffer): Buffer => {
  const header = Buffer.alloc(5);
  header.write(kind, 0, 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
};

/** COPY's text escapes, as the server makes them. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const escaped = (text: string): string => text.replaceAll(/[\\\b\f\n\r\t\v]/g, (letter) => ESCAPES[letter]!);

const textRow = (cells: readonly string[]): Buffer => Buffer.from(`${cells.map(escaped).join('\t')}\n`);
const binaryRow = (cells: readonly string[]): Buffer => {
  const count = Buffer.alloc(2);
  count.writeInt16BE(cells.length);
  return Buffer.concat([
    count,
    ...cells.flatMap((cell) => {
      const bytes = Buffer.from(cell);
      const length = Buffer.alloc(4);
      length.writeInt32BE(bytes.length);
      return [length, bytes];
    }),
  ]);
};

const BINARY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TAIL = message('c', Buffer.alloc(0));

/** What a server sends: the header of a binary file is in the message of its first row. */
function serverBytes(rows: readonly Buffer[], binary: boolean): Buffer {
  const notice = message('N', Buffer.from('SNOTICE\0\0'));
  const all = binary ? [...rows, Buffer.from([0xff, 0xff])] : rows;
  const data = all.map((row, index) =>
    message('d', binary && index === 0 ? Buffer.concat([BINARY_HEADER, row]) : row),
  );
  return Buffer.concat([
    message('H', Buffer.alloc(7)),
    ...data.flatMap((row, index) => (index === 1 ? [notice, row] : [row])),
    TAIL,
  ]);
}

function cut(
  bytes: Buffer,
  sizes: readonly number[],
  options: CutOptions,
): { blocks: RowBlock[]; rest: Buffer | null } {
  const cutter = new RowCutter(options);
  let rest: Buffer | null = null;
  for (let at = 0, turn = 0; at < bytes.length && rest === null; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    rest = cutter.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
    if (rest) rest = Buffer.concat([rest, bytes.subarray(at)]);
  }
  const blocks: RowBlock[] = [];
  for (let block = cutter.take(); block; block = cutter.take()) blocks.push(block);
  return { blocks, rest };
}

const cell = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.stringMatching(/^[\\vf\n\t\v\f]{0,6}$/),
    fc.constant('x'.repeat(300)),
  )
  .map((text) => Buffer.from(text.replaceAll('\0', '')).toString());
const scenario = fc.record({
  rows: fc.array(fc.tuple(cell, cell, cell), { maxLength: 30 }),
  sizes: fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }),
  blockRows: fc.integer({ min: 1, max: 12 }),
  blockBytes: fc.integer({ min: 1, max: 2_000 }),
  hiddenCells: fc.integer({ min: 0, max: 2 }),
  binary: fc.boolean(),
});

describe('cutting rows out of COPY', () => {
  test('however the socket cuts the bytes, every row is there once, in order, with the right positions', () => {
    fc.assert(
      fc.property(scenario, ({ rows, sizes, blockRows, blockBytes, hiddenCells, binary }) => {
        const rowOf = binary ? binaryRow : textRow;
        const options = {
          binary,
          hiddenCells,
          positionTypes: ['text'],
          blockBytes,
          blockRows,
          mostRowBytes: 1e9,
        };
        const { blocks, rest } = cut(serverBytes(rows.map(rowOf), binary), sizes, options);
        const kept = rows.map((row) => row.slice(hiddenCells));
        const travels = kept.map(rowOf).map((row) => (binary ? row : withRawTabs(row)));
        expect(Buffer.concat(blocks.map(({ data }) => data))).toEqual(Buffer.concat(travels));
        expect(rest).toEqual(TAIL);
        let at = 0;
        for (const block of blocks) {
          const position = (index: number): readonly string[] =>
            hiddenCells > 0 ? rows[index]!.slice(0, hiddenCells) : [rows[index]![0]];
          expect(block.first).toEqual(position(at));
          expect(block.last).toEqual(position(at + block.rows - 1));
          const sizesOf = kept.slice(at, at + block.rows).map((row) => rowOf(row).length);
          const before = sizesOf.slice(0, -1).reduce((sum, size) => sum + size, 0);
          at += block.rows;
          const isFull = block.rows === blockRows || before + sizesOf.at(-1)! >= blockBytes;
          expect(isFull || at === rows.length).toBe(true);
          expect(before).toBeLessThan(blockBytes);
        }
        expect(at).toBe(rows.length);
      }),
      { numRuns: 600 },
    );
  });

  test('a row that is too large is refused by its length, before its bytes are there', () => {
    const large = message('d', textRow(['1', 'x'.repeat(500)])).subarray(0, 40);
    const bytes = Buffer.concat([message('H', Buffer.alloc(7)), message('d', textRow(['1'])), large]);
    const options = {
      binary: false,
      hiddenCells: 0,
      positionTypes: ['text'],
      blockBytes: 100,
      blockRows: 100,
      mostRowBytes: 500,
    };
    expect(() => cut(bytes, [1_000], options)).toThrow(
      expect.objectContaining({
        code: 'source.row_too_large',
        details: { suggestion: expect.stringContaining('read.creditBytes') },
      }),
    );
  });

  test('an error of the server in the middle is handed back from its first byte on', () => {
    const failure = message('E', Buffer.from('SERROR\0C22012\0\0'));
    const bytes = Buffer.concat([message('H', Buffer.alloc(7)), message('d', textRow(['1'])), failure]);
    const { blocks, rest } = cut(bytes, [3], {
      binary: false,
      hiddenCells: 0,
      positionTypes: ['text'],
      blockBytes: 100,
      blockRows: 100,
      mostRowBytes: 1e9,
    });
    expect(blocks.map(({ rows }) => rows)).toEqual([1]);
    expect(rest).toEqual(failure);
  });
});

describe('vertical tabs and form feeds', () => {
  test('become the bytes themselves; an escaped backslash before the letter stays', () => {
    const raw = (text: string): string => withRawTabs(Buffer.from(text)).toString();
    expect(raw('a\\vb\\fc')).toBe('a\vb\fc');
    expect(raw('\\\\v \\\\\\v \\\\\\\\f')).toBe('\\\\v \\\\\v \\\\\\\\f');
    expect(raw('\\v\\v\\f')).toBe('\v\v\f');
  });

  test('every text reads back the same', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\\vfn\n\t\v\f]{0,40}$/), (text) => {
        const wire = withRawTabs(Buffer.from(escaped(text))).toString();
        const back = wire.replaceAll(
          /\\(.)/g,
          (_, letter: string) => ({ b: '\b', f: '?', n: '\n', r: '\r', t: '\t', v: '?' })[letter] ?? letter,
        );
        expect(back).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
