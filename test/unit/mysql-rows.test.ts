import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Packet, Wire } from '../../src/databases/mysql/connections/wire.ts';
import type { CellKind } from '../../src/databases/mysql/rows/encode-row.ts';
import { insertStatements } from '../../src/databases/mysql/rows/insert-rows.ts';
import { LoadData } from '../../src/databases/mysql/rows/load-data.ts';
import { RowCutter } from '../../src/databases/mysql/rows/row-cutter.ts';
import type { RowBlock } from '../../src/model/row-block.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import { cellsOf } from '../contract/test-tables.ts';

type Cell = Buffer | null;

function lengthOf(bytes: number): Buffer {
  if (bytes < 0xfb) return Buffer.from([bytes]);
  const [size, mark] = bytes < 0x1_00_00 ? [2, 0xfc] : bytes < 0x1_00_00_00 ? [3, 0xfd] : [8, 0xfe];
  const length = Buffer.alloc(1 + size);
  length[0] = mark;
  length.writeUIntLE(bytes, 1, Math.min(size, 6));
  return length;
}

let sequence = 0;
const frame = (body: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = sequence++ & 0xff;
  return Buffer.concat([head, body]);
};

/** A packet as frames, of which a full one is followed by another. */
function packet(body: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; ; at += 0xff_ff_ff) {
    const part = body.subarray(at, at + 0xff_ff_ff);
    frames.push(frame(part));
    if (part.length < 0xff_ff_ff) return Buffer.concat(frames);
  }
}

const rowOf = (cells: readonly Cell[]): Buffer =>
  packet(
    Buffer.concat(
      cells.flatMap((cell) => (cell === null ? [Buffer.from([0xfb])] : [lengthOf(cell.length), cell])),
    ),
  );
const END = (): Buffer => packet(Buffer.from([0xfe, 0, 0, 2, 0]));

/** What a server answers to a SELECT. */
function answerOf(columns: number, rows: readonly (readonly Cell[])[]): Buffer {
  const definitions = Array.from({ length: columns }, () => packet(Buffer.from('def')));
  const head = packet(Buffer.from([columns]));
  return Buffer.concat([head, ...definitions, END(), ...rows.map(rowOf), END()]);
}

interface Cut {
  readonly blocks: readonly RowBlock[];
  readonly rest: Buffer | null;
}

function cut(answer: Buffer, sizes: readonly number[], kinds: readonly CellKind[], blockRows = 3): Cut {
  const limits = { blockBytes: 4_000, blockRows, mostRowBytes: 1_000_000_000 };
  const cutter = new RowCutter({ kinds, positionCells: 1, after: null, ...limits });
  let rest: Buffer | null = null;
  for (let at = 0, turn = 0; at < answer.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    rest = cutter.push(Buffer.from(answer.subarray(at, at + size)));
    at += size;
  }
  return { blocks: [...cutter.ready], rest: rest && Buffer.from(rest) };
}

const escaped = fc.string({
  unit: fc.constantFrom('a', 'ä', '0', '\\', '\t', '\n', '\r', '\b', '\0'),
  maxLength: 30,
});
const textCell = fc.option(fc.oneof(fc.string({ unit: 'binary', maxLength: 700 }), escaped), { nil: null });

describe('rows of the protocol', () => {
  test('become blocks wherever the socket cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer().map(String), textCell, textCell), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }),
        (rows, sizes) => {
          const cells = rows.map((row) => row.map((cell) => (cell === null ? null : Buffer.from(cell))));
          const { blocks, rest } = cut(answerOf(3, cells), sizes, ['plain', 'text', 'text']);
          expect(blocks.flatMap(({ data }) => cellsOf(data))).toEqual(rows);
          expect(rest?.[4]).toBe(0xfe);
          for (const block of blocks) {
            const own = cellsOf(block.data);
            expect([block.rows, block.first, block.last]).toEqual([
              own.length,
              [own[0]![0]],
              [own.at(-1)![0]],
            ]);
          }
        },
      ),
    );
  });

  test('cells of every kind may lie beside each other', () => {
    const timeCell = fc.option(fc.constantFrom('12:00:00.120000', '2024-01-01 00:00:00.000000', '10:00:00'), {
      nil: null,
    });
    const plainCell = fc.option(fc.integer().map(String), { nil: null });
    const cell = fc.oneof(
      textCell.map((text) => ({ kind: 'text' as CellKind, text, wanted: text })),
      plainCell.map((text) => ({ kind: 'plain' as CellKind, text, wanted: text })),
      timeCell.map((text) => ({
        kind: 'fraction' as CellKind,
        text,
        wanted: text?.replace(/\.?0+$/, text.includes('.') ? '' : '$&') ?? null,
      })),
      textCell.map((text) => ({
        kind: 'bytes' as CellKind,
        text,
        wanted: text === null ? null : `\\x${Buffer.from(text).toString('hex')}`,
      })),
    );
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 12 }), (cells) => {
        const row = cells.map(({ text }) => (text === null ? null : Buffer.from(text)));
        const kinds: CellKind[] = ['plain', ...cells.map(({ kind }) => kind)];
        const answer = answerOf(kinds.length, [[Buffer.from('1'), ...row]]);
        const { blocks } = cut(answer, [10_000], kinds);
        expect(cellsOf(blocks[0]!.data)).toEqual([['1', ...cells.map(({ wanted }) => wanted)]]);
      }),
    );
  });

  test('every byte is escaped or kept, wherever it stands in its cell', () => {
    const escapes: Readonly<Record<string, string>> = {
      '\b': 'b',
      '\t': 't',
      '\n': 'n',
      '\r': 'r',
      '\\': '\\',
    };
    const cells = Array.from({ length: 256 }, (_, byte) =>
      Array.from({ length: 9 }, (__, at) =>
        Buffer.from(Array.from('abcdefghi', (l, n) => (n === at ? byte : l.charCodeAt(0)))),
      ),
    ).flat();
    const { blocks } = cut(
      answerOf(
        2,
        cells.map((cell, n) => [Buffer.from(String(n)), cell]),
      ),
      [1_777],
      ['plain', 'text'],
    );
    const wanted = cells.map((cell, n) => {
      const text = Array.from(cell.toString('latin1'), (letter) =>
        letter in escapes ? `\\${escapes[letter]}` : letter,
      );
      return `${n}\t${text.join('')}\n`;
    });
    expect(Buffer.concat(blocks.map(({ data }) => data)).toString('latin1')).toBe(wanted.join(''));
  });

  test('bytes become hex, and the last zeros of a fraction are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900 }), (bytes) => {
        const row = [
          Buffer.from('1'),
          Buffer.from(bytes),
          Buffer.from('12:00:00.120000'),
          Buffer.from('2024-01-01 00:00:00.000000'),
        ];
        const { blocks } = cut(answerOf(4, [row]), [7_000], ['plain', 'bytes', 'fraction', 'moment']);
        expect(cellsOf(blocks[0]!.data)).toEqual([
          ['1', `\\x${Buffer.from(bytes).toString('hex')}`, '12:00:00.12', '2024-01-01 00:00:00+00'],
        ]);
      }),
    );
  });

  test('that are malformed leave nothing to those of another reader', () => {
    const cells = ['1', 'one', 'two'].map((text) => Buffer.from(text));
    const whole = answerOf(3, [cells]);
    // The last cell says that it is longer than all that came.
    const malformed = answerOf(3, []).subarray(0, -END().length);
    const row = packet(Buffer.from([1, 0x31, 3, 0x61, 0x62, 0x63, 0xfa]));
    expect(() => cut(Buffer.concat([malformed, row]), [10_000], ['plain', 'text', 'text'])).toThrow(
      RangeError,
    );
    // Its first cell is long, so that a tab of the other's would be within it.
    const letters = Buffer.from('x'.repeat(100));
    const { blocks } = cut(answerOf(2, [[letters, ...cells.slice(1, 2)]]), [10_000], ['text', 'text']);
    expect(cellsOf(blocks[0]!.data)).toEqual([[letters.toString(), 'one']]);
    expect(cellsOf(cut(whole, [10_000], ['plain', 'text', 'text']).blocks[0]!.data)).toEqual([
      ['1', 'one', 'two'],
    ]);
  });

  test('larger than a frame come whole', () => {
    const large = Buffer.alloc(0xff_ff_ff + 10, 'ä-');
    large.write('a\tb\\', 0xff_ff_ff - 2);
    const { blocks } = cut(
      answerOf(2, [
        [Buffer.from('1'), large],
        [Buffer.from('2'), null],
      ]),
      [1_000_003],
      ['plain', 'text'],
    );
    expect(blocks.map(({ rows }) => rows)).toEqual([1, 1]);
    expect(cellsOf(blocks[0]!.data)[0]?.[1]).toBe(large.toString());
  });

  test('an error instead of rows is handed back', () => {
    const error = packet(Buffer.from([0xff, 0x15, 0x04]));
    const { blocks, rest } = cut(error, [2], ['plain']);
    expect(blocks).toEqual([]);
    expect(rest?.equals(error)).toBe(true);
  });
});

describe('LOAD DATA LOCAL', () => {
  const sentAfter = (asked: string) => {
    const written: Buffer[] = [];
    const stream = { cork: () => {}, uncork: () => {}, write: (part: Buffer) => written.push(part) };
    const wire = { stream, sequenceId: 0, clientEncoding: 'utf8' } as unknown as Wire;
    const load = new LoadData('LOAD …', 'sluice-ours', Buffer.from('1\tsecret\n'));
    load.loaded.catch(() => undefined);
    load.execute(undefined, wire);
    written.length = 0;
    const body = Buffer.concat([Buffer.from([0xfb]), Buffer.from(asked)]);
    const request = { buffer: body, offset: 0, end: body.length, sequenceId: 1, isError: () => false };
    load.execute(request as unknown as Packet, wire);
    const ok = {
      buffer: Buffer.from([0]),
      offset: 0,
      isError: () => false,
      readInt8: () => 0,
      readInt16: () => 0,
      readLengthCodedNumber: () => 1,
    };
    load.execute(ok as unknown as Packet, wire);
    return { sent: Buffer.concat(written), loaded: load.loaded };
  };

  test('sends the block under the name that it was given', async () => {
    const { sent, loaded } = sentAfter('sluice-ours');
    expect(sent.toString('latin1')).toContain('1\tsecret\n');
    expect(await loaded).toEqual({ rows: 1, warnings: 0 });
  });

  test('sends nothing when a server asks for another file', async () => {
    const { sent, loaded } = sentAfter('/etc/passwd');
    expect(sent).toEqual(Buffer.from([0, 0, 0, 2]));
    await expect(loaded).rejects.toMatchObject({ code: 'database.permission_denied' });
  });
});

describe('INSERT of a block', () => {
  const plan = {
    id: 't',
    columns: [
      { target: 'a', targetType: 'longtext', load: null, nullable: true },
      { target: 'b', targetType: 'longblob', load: 'UNHEX(SUBSTR($value, 3))', nullable: true },
    ],
  } as unknown as TablePlan;

  test('keeps escapes, doubles quotes and cuts statements by their size', () => {
    const data = Buffer.from(
      String.raw`it's\t\\` + '\t' + String.raw`\\x00` + '\n' + String.raw`\N` + '\t' + String.raw`\N` + '\n',
    );
    const values = [
      String.raw`('it''s\t\\', UNHEX(SUBSTR('\\x00', 3)))`,
      String.raw`(NULL, UNHEX(SUBSTR(NULL, 3)))`,
    ];
    const head = 'INSERT INTO t (`a`, `b`) VALUES ';
    expect([...insertStatements(plan, 't', data, { usualBytes: 1_000, mostBytes: 1_000 })]).toEqual([
      `${head}${values.join()}`,
    ]);
    expect([...insertStatements(plan, 't', data, { usualBytes: 80, mostBytes: 1_000 })]).toEqual(
      values.map((value) => head + value),
    );
    expect(() => [...insertStatements(plan, 't', data, { usualBytes: 40, mostBytes: 40 })]).toThrow(
      expect.objectContaining({ code: 'target.value_rejected' }),
    );
  });
});
