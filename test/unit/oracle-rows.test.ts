import oracledb from 'oracledb';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oracle } from '../../src/databases/oracle/dialect.ts';
import {
  bindDefinitions,
  type BindContext,
  columnBinds,
  decodeRows,
} from '../../src/databases/oracle/rows/bind-rows.ts';
import { BlockFilling, escapeCell } from '../../src/databases/oracle/rows/block-filling.ts';
import { lobPieces, pieces } from '../../src/databases/oracle/rows/cell-text.ts';
import { fetchRowsOf, shapeOf } from '../../src/databases/oracle/rows/row-shape.ts';
import { groupRows, removeRows } from '../../src/databases/oracle/rows/write-rows.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import { cellsOf } from '../contract/test-tables.ts';
import { type Column, planOf, tableOf } from '../support/oracle/plans.ts';
import { type Answer, pinned, standInSession } from '../support/oracle/stand-in-driver.ts';

const toOracle = (columns: readonly Column[], key: readonly string[] | null = null) =>
  planOf({ dialect: postgresql, table: tableOf(columns, key) }, { dialect: oracle });
const context: BindContext = { table: 'shop.orders', charset: 'AL32UTF8', emptyText: 'null' };
const group = (type: string, cells: readonly string[], changes: Partial<BindContext> = {}, nullable = true) =>
  groupRows(
    columnBinds(toOracle([{ name: 'v', type, changes: { nullable } }])),
    Buffer.from(cells.map((cell) => `${cell}\n`).join('')),
    { ...context, ...changes },
  );
const values = (...found: ReturnType<typeof group>) =>
  found.flatMap(({ rows }) => rows.map((row) => row['c0']));

/** What is bound, or the code of the refusal. */
function outcomeOf(write: () => ReturnType<typeof group>) {
  try {
    return values(...write());
  } catch (error) {
    return isSluiceError(error) ? error.code : error;
  }
}

describe('rows on their way from Oracle', () => {
  test('come back from text-rows as they were, whatever their cells hold', () => {
    const cell = fc.option(fc.string({ unit: 'grapheme' }), { nil: null });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
        fc.pre(!JSON.stringify(rows).includes('\ufffd'));
        const block = new BlockFilling('t');
        for (const row of rows) {
          for (const [place, text] of row.entries())
            block.write(`${place > 0 ? '\t' : ''}${text === null ? '\\N' : escapeCell(text)}`);
          block.endRow(['1']);
        }
        const { data, rows: count } = block.take()!;
        expect(count).toBe(rows.length);
        expect(cellsOf(data)).toEqual(rows);
        expect([...decodeRows(data, 't')]).toEqual(rows);
      }),
    );
  });

  test('name the first and the last of a block, and begin anew', () => {
    const block = new BlockFilling('t');
    for (const key of ['1', '2', '3']) {
      block.write(key);
      block.endRow([key]);
    }
    expect(block.take()).toMatchObject({ rows: 3, first: ['1'], last: ['3'] });
    expect([block.rows, block.bytes, block.take()]).toEqual([0, 0, null]);
  });

  test('are refused where the driver may have replaced what is no text', () => {
    const block = new BlockFilling('shop.orders');
    block.write('a\ufffdb');
    block.endRow(['1']);
    expect(() => block.take()).toThrow(
      expect.objectContaining({
        code: 'source.value_rejected',
        details: expect.objectContaining({ table: 'shop.orders' }),
      }),
    );
  });

  test('have floats as PostgreSQL prints them, and bytes as digits', () => {
    const text = (cell: Parameters<typeof pieces>[0], single = false) => {
      const found = pieces(cell, { kind: single ? 'float32' : 'float64', single });
      return Array.isArray(found) ? found.join('') : found;
    };
    expect([0.1 + 0.2, 1e300, -0, Number.NaN, -Infinity].map((value) => text(value))).toEqual([
      '0.30000000000000004',
      '1e+300',
      '-0',
      'NaN',
      '-Infinity',
    ]);
    expect(text(Math.fround(0.1), true)).toBe('0.1');
    expect(text(Buffer.from([0, 255]))).toBe('\\x00ff');
    expect(text(null)).toBeNull();
  });

  test('read large objects piece by piece and never cut a letter', async () => {
    const whole = `${'a'.repeat(262_143)}🙂${'é'.repeat(300_000)}`;
    const asked: number[] = [];
    const clob = {
      type: oracledb.DB_TYPE_CLOB,
      length: whole.length,
      getData: async (offset: number, amount: number) => {
        asked.push(amount);
        return whole.slice(offset - 1, offset - 1 + amount);
      },
    } as unknown as oracledb.Lob;
    const found: string[] = [];
    for await (const piece of lobPieces(clob)) found.push(piece);
    expect(found.join('') === whole).toBe(true);
    expect(found.every((piece) => Buffer.from(piece).toString() === piece)).toBe(true);
    expect(Math.max(...asked)).toBe(262_144);
    const empty = { type: oracledb.DB_TYPE_BLOB, length: 0 } as unknown as oracledb.Lob;
    const none: string[] = [];
    for await (const piece of lobPieces(empty)) none.push(piece);
    expect(none).toEqual(['\\x']);
  });

  test('are fetched so many at a time that they fit into memory', () => {
    const shapes = (type: string, count: number) => {
      const columns = Array.from({ length: count }, (_, place) => ({ name: `C${place}`, type }));
      const plan = planOf({ dialect: oracle, table: tableOf(columns, null) }, { dialect: postgresql });
      return plan.columns.map((column) => shapeOf(column, 'source'));
    };
    expect(fetchRowsOf(shapes('NUMBER(9)', 3))).toBe(1_000);
    expect(fetchRowsOf(shapes('VARCHAR2(4000)', 100))).toBe(10);
    expect(fetchRowsOf(shapes('VARCHAR2(4000 CHAR)', 1_000))).toBe(2);
    expect(shapes('CLOB', 1)[0]!.items).toHaveLength(2);
  });
});

describe('rows on their way into Oracle', () => {
  test('are bound as texts, bytes and floats, no larger than they are', () => {
    const plan = toOracle([
      { name: 'id', type: 'bigint' },
      { name: 'note', type: 'text' },
      { name: 'data', type: 'bytea' },
      { name: 'ratio', type: 'double precision' },
    ]);
    const binds = columnBinds(plan);
    const [only] = groupRows(binds, Buffer.from('7\té\\tb\t\\\\x00ff\t1e+300\n8\t\\N\t\\N\tNaN\n'), context);
    expect(only!.rows).toEqual([
      { c0: '7', c1: 'é\tb', c2: Buffer.from([0, 255]), c3: 1e300 },
      { c0: '8', c1: null, c2: null, c3: Number.NaN },
    ]);
    expect(bindDefinitions(binds, only!.rows)).toEqual({
      c0: { type: oracledb.DB_TYPE_VARCHAR, maxSize: 1 },
      c1: { type: oracledb.DB_TYPE_VARCHAR, maxSize: 4 },
      c2: { type: oracledb.DB_TYPE_RAW, maxSize: 2 },
      c3: { type: oracledb.DB_TYPE_BINARY_DOUBLE },
    });
  });

  test('keep an empty large object apart from NULL, by a statement of its own', () => {
    const groups = group('text', ['a', '', '\\N', 'b', '']);
    expect(groups.map(({ empties, rows }) => [[...empties], rows.length])).toEqual([
      [[], 3],
      [['c0'], 2],
    ]);
  });

  test('an empty text becomes NULL only where the plan says so and the column takes it', () => {
    expect(values(...group('character varying(5)', ['a', '']))).toEqual(['a', null]);
    const refused = expect.objectContaining({
      code: 'target.value_rejected',
      details: expect.objectContaining({ column: 'v' }),
    });
    expect(() => group('character varying(5)', [''], {}, false)).toThrow(refused);
    expect(() => group('character varying(5)', [''], { emptyText: 'refuse' })).toThrow(refused);
    expect(() => group('character varying(5)', ['\\N'], { emptyText: 'refuse' })).not.toThrow();
  });

  test.each([
    ['WE8MSWIN1252', 'Zoë', true],
    ['WE8MSWIN1252', '€', false],
    ['US7ASCII', 'Zoë', false],
    ['AL32UTF8', '🙂', true],
  ])('in a database of %s the text %s is taken: %s', (charset, text, taken) => {
    const write = () => group('character varying(9)', [text], { charset });
    expect(outcomeOf(write)).toEqual(taken ? [text] : 'target.value_rejected');
  });

  test.each([
    ['numeric(38,0)', '9'.repeat(38), true],
    ['numeric(38,0)', '9'.repeat(39), false],
    ['numeric(38,0)', `1${'0'.repeat(60)}`, true],
    ['numeric(38,30)', `0.${'0'.repeat(129)}1`, false],
    ['date', '1582-10-04', true],
    ['date', '1582-10-05', false],
    ['date', '1582-10-14', false],
    ['date', '1582-10-15', true],
    ['date', '1582-10-10 BC', true],
    ['timestamp without time zone', '1582-10-10 12:00:00.5', false],
  ])('what Oracle would change is refused: %s %s is taken: %s', (type, text, taken) => {
    const write = () => group(type, [text]);
    expect(outcomeOf(write)).toEqual(taken ? [text] : 'target.value_rejected');
  });

  test('floats that are none, or too large for four bytes, are refused', () => {
    const target = tableOf([{ name: 'v', type: 'BINARY_FLOAT' }], null);
    const plan = planOf(
      { dialect: postgresql, table: tableOf([{ name: 'v', type: 'double precision' }], null) },
      { dialect: oracle, table: target },
    );
    const write = (text: string) => groupRows(columnBinds(plan), Buffer.from(`${text}\n`), context);
    for (const text of ['1.5', 'NaN', '-Infinity', '3.4e+38']) expect(() => write(text)).not.toThrow();
    for (const text of ['1e+300', 'x', ''])
      expect(() => write(text)).toThrow(expect.objectContaining({ code: 'target.value_rejected' }));
  });

  test('a text that is no UTF-8 is refused', () => {
    const binds = columnBinds(toOracle([{ name: 'v', type: 'text' }]));
    expect(() => groupRows(binds, Buffer.from([0xff, 0x0a]), context)).toThrow(
      expect.objectContaining({ code: 'target.value_rejected' }),
    );
  });
});

test('keys of rows that go are bound all at once, in their order', async () => {
  const bound: unknown[] = [];
  const answer: Answer = (text, binds) => {
    if (!text.startsWith('DELETE')) return pinned()(text, binds);
    bound.push(binds['rows']);
    return [[null], [null]];
  };
  const { session, sent } = standInSession(answer);
  await session.pin();
  const columns = ['v', 'k', 'n'].map((name) => ({ name, type: name === 'n' ? 'bigint' : 'text' }));
  const table = tableOf(columns, ['n', 'k']);
  const plan = planOf({ dialect: postgresql, table }, { dialect: oracle }, { mode: 'upsert' });
  const data = Buffer.from('1\ta\\tb\n-2\tü\n');
  expect(await removeRows(session, { plan, data, emptyText: 'null' })).toBe(2);
  expect(sent.at(-1)).toMatch(/^DELETE FROM \S+ WHERE "n" = TO_NUMBER\(:c0\) AND "k" = :c1$/);
  expect(bound).toEqual([
    [
      { c0: '1', c1: 'a\tb' },
      { c0: '-2', c1: 'ü' },
    ],
  ]);
});
