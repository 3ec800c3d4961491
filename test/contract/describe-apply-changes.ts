import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { ChangeLetter } from '../../src/model/change-event.ts';
import { CHANGES } from '../../src/model/changes-plan.ts';
import { type CapturedTestTable, type ChangesOf, changesOf } from './apply-changes-fixture.ts';
import { NEUTRAL_TEXTS } from './describe-types.ts';
import {
  type ContractHarness,
  NEUTRAL_TYPES,
  type NeutralType,
  type TestPlace,
  type TestRow,
  type TestTable,
} from './harness.ts';
import { createTestTable, never, quoteOf, random, sorted } from './test-tables.ts';
import { orderRows, orders, TRANSFER } from './test-transfer.ts';

const REFUSED = 'target.constraint_violated';

/** What captured changes make of a target, whatever the database. */
export function describeApplyChanges(harness: ContractHarness): void {
  describe(`${harness.title}: changes`, () => {
    let place: TestPlace;
    let target: Database;
    let changes: ChangesOf;
    const quote = quoteOf(harness);
    const spelled = (type: NeutralType): string => harness.keyTypes?.[type] ?? harness.types[type] ?? '';

    beforeEach(async () => {
      place = await harness.place();
      target = await place.open();
    });
    afterEach(() => place.drop());

    const start = async (...tables: readonly (CapturedTestTable | string)[]): Promise<void> => {
      changes = await changesOf(
        harness,
        target,
        tables.map((table) => (typeof table === 'string' ? { name: table } : table)),
      );
    };
    const rowsOf = async (table: string): Promise<string[]> =>
      sorted(await place.query(`SELECT * FROM ${quote(table)}`));
    const order = (operation: ChangeLetter, id: number, note: string | null = `note ${id}`) =>
      changes.event(orders.name, operation, [String(id), note, null]);
    const notes = async (): Promise<string[]> =>
      (
        await place.query(`SELECT ${quote('id')}, ${quote('note')} FROM ${quote(orders.name)} ORDER BY 1`)
      ).map((row) => row.join(' '));

    describe('of one table', () => {
      beforeEach(async () => {
        await createTestTable(harness, place, orders, orderRows(1, 4));
        await start(orders.name);
      });

      test('insert, update, delete, and write rows as they were found', async () => {
        expect(await changes.next(order('I', 5), order('U', 2, 'new'), order('D', 3), order('i', 6))).toBe(
          'applied',
        );
        expect(await notes()).toEqual(['1 note 1', '2 new', '4 note 4', '5 note 5', '6 note 6']);
      });

      test('have their net effect, whatever happened in between', async () => {
        const batch = [
          order('U', 1, 'a'),
          order('U', 1, 'b'),
          order('I', 7),
          order('D', 7),
          order('D', 2),
          order('I', 2, 'again'),
          order('I', 8),
          order('U', 8, 'later'),
        ];
        expect(await changes.next(...batch)).toBe('applied');
        expect(await notes()).toEqual(['1 b', '2 again', '3 note 3', '4 note 4', '8 later']);
      });

      test('write a row that is updated and is not there, and pass over a delete of one', async () => {
        expect(await changes.next(order('U', 9), order('D', 10))).toBe('applied');
        expect(await notes()).toEqual(['1 note 1', '2 note 2', '3 note 3', '4 note 4', '9 note 9']);
      });

      test('move keys on by one', async () => {
        const moved = [1, 2, 3].map((id) => order('D', id));
        const there = [1, 2, 3].map((id) => order('I', id + 1, `note ${id}`));
        expect(await changes.next(...moved, ...there)).toBe('applied');
        expect(await notes()).toEqual(['2 note 1', '3 note 2', '4 note 3']);
      });

      test('empty the table, and go on behind it', async () => {
        const batch = [order('I', 5), changes.event(orders.name, 'T'), order('I', 6), order('U', 6, 'six')];
        expect(await changes.next(...batch)).toBe('applied');
        expect(await notes()).toEqual(['6 six']);
      });

      test('that come again are applied once', async () => {
        const [first, second] = [
          changes.batch([order('I', 5), order('D', 1)]),
          changes.batch([order('D', 5)]),
        ];
        const outcomes = [];
        for (const batch of [first, first, second, first]) outcomes.push(await changes.apply(batch));
        expect(outcomes).toEqual(['applied', 'dropped', 'applied', 'dropped']);
        expect(await notes()).toEqual(['2 note 2', '3 note 3', '4 note 4']);
        expect(
          await target.ledger.lanes('night', first.header.run, first.header.table, never()),
        ).toMatchObject([{ n: 2, rows: 3 }]);
      });

      test('are in the ledger up to where they are applied', async () => {
        const standing = async () => (await target.ledger.lanes(TRANSFER, 1, CHANGES, never()))[0];
        expect((await standing())?.position ?? null).toBeNull();
        await changes.next(order('I', 5));
        await changes.next(order('I', 6));
        const lane = await standing();
        expect(lane && 'position' in lane ? lane.position : ['2', '']).toEqual(['2', '']);
      });

      test('that come many times at once are applied once', async () => {
        const batch = changes.batch([order('D', 1), order('I', 5)]);
        const outcomes = await Promise.all([1, 2, 3].map(() => changes.apply(batch)));
        expect(outcomes.toSorted()).toEqual(['applied', 'dropped', 'dropped']);
      });

      test('leave nothing behind a crash between rows and commit', async () => {
        const batch = changes.batch([order('D', 1), order('I', 5)]);
        const stop = new AbortController();
        const transaction = await target.writer.begin(stop.signal);
        const { plan } = changes.tables[0]!;
        expect(await transaction.advance(batch)).toBe(true);
        expect(await transaction.remove!(plan, { rows: 2, data: Buffer.from('1\n77\n') })).toBe(1);
        const rows = { ...batch.header, encoding: 'text-rows', rows: 1 } as const;
        const data = Buffer.from(['5', 'x', '\\N'].join('\t').concat('\n'));
        expect(await transaction.write(plan, { header: rows, data })).toBe(1);
        await transaction.empty!(plan);
        stop.abort(new Error('enough'));
        await expect(transaction.commit()).rejects.toThrow();
        expect(await notes()).toEqual(['1 note 1', '2 note 2', '3 note 3', '4 note 4']);
        expect(await changes.apply(batch)).toBe('applied');
        expect(await notes()).toEqual(['2 note 2', '3 note 3', '4 note 4', '5 note 5']);
      });

      test('of which a value is no value of its column leave nothing and tell nothing of it', async () => {
        const bad = {
          table: 1,
          operation: 'I',
          new: '{"id": "secret", "note": null, "paid": null}',
        } as const;
        const failure = await changes.next(order('D', 1), bad);
        expect(failure).toMatch(/^target\.value_rejected/);
        expect(failure).not.toContain('secret');
        expect((await notes()).length).toBe(4);
      });
    });

    describe('of rows with unique values', () => {
      const SEATS = [
        ['1', 'a', 'keep 1'],
        ['2', 'b', 'keep 2'],
        ['3', 'c', 'keep 3'],
      ] as const;
      beforeEach(async () => {
        const columns = `${quote('id')} ${spelled('bigint')} PRIMARY KEY, ${quote('seat')} varchar(20) UNIQUE, ${quote('kept')} varchar(20)`;
        await place.execute(`CREATE TABLE ${quote('seats')} (${columns})`);
        const rows = SEATS.map((row) => `(${row[0]}, '${row[1]}', '${row[2]}')`);
        await place.execute(`INSERT INTO ${quote('seats')} VALUES ${rows.join(', ')}`);
      });
      const seats = async (): Promise<string[]> =>
        (await place.query(`SELECT * FROM ${quote('seats')} ORDER BY 1`)).map((row) => row.join(' '));

      test('change them with each other', async () => {
        await start('seats');
        const swap = [
          changes.event('seats', 'U', ['1', 'b', 'x']),
          changes.event('seats', 'U', ['2', 'a', 'y']),
        ];
        expect(await changes.next(...swap)).toBe('applied');
        expect(await seats()).toEqual(['1 b x', '2 a y', '3 c keep 3']);
      });

      test('take one that another row leaves, or that goes', async () => {
        await start('seats');
        const batch = [
          changes.event('seats', 'U', ['1', 'z', 'x']),
          changes.event('seats', 'I', ['4', 'a', 'new']),
          changes.event('seats', 'D', ['3', 'c', 'keep 3']),
          changes.event('seats', 'U', ['2', 'c', 'y']),
        ];
        expect(await changes.next(...batch)).toBe('applied');
        expect(await seats()).toEqual(['1 z x', '2 c y', '4 a new']);
      });

      test('keep columns that are not recorded, one event after the other', async () => {
        await start({ name: 'seats', columns: ['id', 'seat'] });
        const seat = (id: string, name: string) => changes.event('seats', 'U', [id, name]);
        expect(await changes.next(seat('1', 'spare'), seat('2', 'a'), seat('1', 'b'))).toBe('applied');
        expect(await seats()).toEqual(['1 b keep 1', '2 a keep 2', '3 c keep 3']);
      });

      test('change, and leave rows alone that would go along with a row that is deleted', async () => {
        const refers = `FOREIGN KEY (${quote('seat')}) REFERENCES ${quote('seats')} (${quote('id')}) ON DELETE CASCADE`;
        const columns = `${quote('id')} ${spelled('bigint')} PRIMARY KEY, ${quote('seat')} ${spelled('bigint')}`;
        await place.execute(`CREATE TABLE ${quote('tickets')} (${columns}, ${refers})`);
        await place.execute(`INSERT INTO ${quote('tickets')} VALUES (7, 1), (8, 2)`);
        await start({ name: 'tickets', parents: ['seats'] }, 'seats');
        const seat = (id: string, name: string) => changes.event('seats', 'U', [id, name, 'x']);
        expect(await changes.next(seat('1', 'spare'), seat('2', 'a'), seat('1', 'b'))).toBe('applied');
        expect(await seats()).toEqual(['1 b x', '2 a x', '3 c keep 3']);
        expect(await rowsOf('tickets')).toHaveLength(2);
      });

      test('are refused where no way leads there, with the table, and nothing is applied', async () => {
        await start('seats');
        const batch = changes.batch([
          changes.event('seats', 'D', ['1', 'a', '']),
          changes.event('seats', 'I', ['4', 'b', 'taken']),
        ]);
        expect(await changes.apply(batch)).toBe(`${REFUSED} ${changes.tables[0]!.plan.id}`);
        expect(await seats()).toEqual(SEATS.map((row) => row.join(' ')));
        await place.execute(`DELETE FROM ${quote('seats')} WHERE ${quote('id')} = 2`);
        expect(await changes.apply(batch)).toBe('applied');
      });
    });

    describe('of tables that refer to each other', () => {
      /** Three tables, each of which refers to the one before it, with a row 1 in each and a row 2 in the first. */
      const family = async (action: string): Promise<void> => {
        const id = `${quote('id')} ${spelled('bigint')} PRIMARY KEY`;
        const refers = (to: string) =>
          `${quote('of')} ${spelled('bigint')}, FOREIGN KEY (${quote('of')}) REFERENCES ${quote(to)} (${quote('id')}) ${action}`;
        await place.execute(`CREATE TABLE ${quote('tops')} (${id}, ${quote('note')} varchar(20))`);
        await place.execute(`CREATE TABLE ${quote('mids')} (${id}, ${refers('tops')})`);
        await place.execute(`CREATE TABLE ${quote('ends')} (${id}, ${refers('mids')})`);
        await place.execute(`INSERT INTO ${quote('tops')} VALUES (1, 'one'), (2, 'two')`);
        await place.execute(`INSERT INTO ${quote('mids')} VALUES (1, 1)`);
        await place.execute(`INSERT INTO ${quote('ends')} VALUES (1, 1)`);
        await start(
          { name: 'ends', parents: ['mids'] },
          { name: 'mids', parents: ['tops'] },
          { name: 'tops', columns: ['id'] },
        );
      };
      const all = async (): Promise<string[]> => {
        const [tops, mids, ends] = await Promise.all(
          ['tops', 'mids', 'ends'].map((table) => place.query(`SELECT * FROM ${quote(table)} ORDER BY 1`)),
        );
        return [tops, mids, ends].map((rows) =>
          rows!.map((row) => row.map((cell) => cell ?? '-').join(':')).join(' '),
        );
      };

      test('write parents before children and delete them after', async () => {
        await family('');
        const batch = [
          changes.event('ends', 'I', ['7', '7']),
          changes.event('mids', 'I', ['7', '7']),
          changes.event('tops', 'I', ['7']),
          changes.event('tops', 'D', ['1']),
          changes.event('mids', 'D', ['1', '1']),
          changes.event('ends', 'D', ['1', '1']),
        ];
        expect(await changes.next(...batch)).toBe('applied');
        expect(await all()).toEqual(['2:two 7:-', '7:7', '7:7']);
      });

      test.each(['', 'ON DELETE CASCADE', 'ON DELETE SET NULL'])(
        'keep what hangs on a row that leaves its parent before that goes (%s)',
        async (action) => {
          await family(action);
          expect(
            await changes.next(
              changes.event('mids', 'U', ['1', '2'], ['1', '1']),
              changes.event('tops', 'D', ['1']),
            ),
          ).toBe('applied');
          expect(await all()).toEqual(['2:two', '1:2', '1:1']);
        },
      );

      test.each(['', 'ON DELETE CASCADE', 'ON DELETE SET NULL'])(
        'keep what hangs on a row whose parent gets another key (%s)',
        async (action) => {
          await family(action);
          const batch = [
            changes.event('tops', 'D', ['1']),
            changes.event('tops', 'I', ['9']),
            changes.event('mids', 'U', ['1', '9'], ['1', '1']),
          ];
          expect(await changes.next(...batch)).toBe('applied');
          expect(await all()).toEqual(['2:two 9:-', '1:9', '1:1']);
        },
      );

      test('empty children before parents', async () => {
        await family('');
        const batch = ['tops', 'mids', 'ends'].map((table) => changes.event(table, 'T'));
        expect(await changes.next(...batch, changes.event('tops', 'I', ['5']))).toBe('applied');
        expect(await all()).toEqual(['5:-', '', '']);
      });
    });

    describe('by keys', () => {
      const KEYS: readonly (readonly [string, readonly NeutralType[], readonly TestRow[]])[] = [
        ['of text', ['text'], [['a'], ["it's"], ['ä\\'], ['🙂\t']]],
        ['of uuid', ['uuid'], NEUTRAL_TEXTS.uuid.map((text) => [text])],
        ['of decimal', ['decimal'], [['1.10'], ['-0.01'], ['9999999999.99'], ['0.00']]],
        ['of date', ['date'], NEUTRAL_TEXTS.date.map((text) => [text])],
        ['of timestamp', ['timestamp'], NEUTRAL_TEXTS.timestamp.map((text) => [text])],
        [
          'of several columns',
          ['text', 'bigint', 'date'],
          [
            ['a', '1', '2024-02-29'],
            ['a', '-9223372036854775808', '2024-02-29'],
            ['b', '1', '0001-01-01'],
          ],
        ],
      ];
      test.each(KEYS)('%s find their rows', async (_, types, keys) => {
        const table: TestTable = {
          name: 'keyed',
          key: types.map((_type, at) => `k${at}`),
          columns: [
            { name: 'v', type: 'text' },
            ...types.map((type, at) => ({ name: `k${at}`, type, nullable: false })),
          ],
        };
        await createTestTable(harness, place, table);
        await start('keyed');
        const planned = changes.tables[0]!.plan.columns.map(({ source }) => source);
        const event = (operation: ChangeLetter, key: TestRow, v: string) =>
          changes.event(
            'keyed',
            operation,
            planned.map((name) => (name === 'v' ? v : (key[Number(name.slice(1))] ?? null))),
          );
        const values = async () =>
          (await place.query(`SELECT ${quote('v')} FROM ${quote('keyed')} ORDER BY 1`)).flat();
        expect(await changes.next(...keys.map((key) => event('I', key, 'old')))).toBe('applied');
        expect(await changes.next(...keys.map((key, at) => event('U', key, `v${at}`)))).toBe('applied');
        expect(await values()).toEqual(keys.map((_key, at) => `v${at}`));
        expect(await changes.next(...keys.slice(1).map((key) => event('D', key, '')))).toBe('applied');
        expect(await values()).toEqual(['v0']);
      });
    });

    test.each(NEUTRAL_TYPES.filter((type) => harness.types[type] !== null))(
      'values of %s are what they were, NULL too',
      async (type) => {
        const columns = [
          { name: 'id', type: 'bigint' },
          { name: 'v', type },
        ] as const;
        const rows = [...NEUTRAL_TEXTS[type], null].map((text, at): TestRow => [String(at), text]);
        await createTestTable(harness, place, { name: 'wanted', key: ['id'], columns }, rows);
        await createTestTable(harness, place, { name: 'made', key: ['id'], columns });
        await start('made');
        expect(await changes.next(...rows.map((row) => changes.event('made', 'I', row)))).toBe('applied');
        expect(await rowsOf('made')).toEqual(await rowsOf('wanted'));
      },
    );

    test('of five tables, ten thousand in a batch, make of them what the source has', async () => {
      const names = ['t1', 't2', 't3', 't4', 't5'];
      for (const name of names) await createTestTable(harness, place, { ...orders, name }, orderRows(1, 500));
      await start(...names);
      const model = names.map(() => new Map(orderRows(1, 500).map((row) => [String(row[0]), row])));
      const next = random(7);
      const draw = (count: number): number => Math.floor(next() * count);
      const event = () => {
        const at = draw(names.length);
        const id = String(draw(900) + 1);
        const rows = model[at]!;
        const row: TestRow = [id, `n${draw(1_000_000)}`, [null, 't', 'f'][draw(3)] ?? null];
        const [name, there] = [names[at]!, rows.get(id)];
        if (there && draw(3) === 0) {
          rows.delete(id);
          return changes.event(name, 'D', there);
        }
        rows.set(id, row);
        return changes.event(name, there ? 'U' : 'I', row, there);
      };
      for (const _ of [1, 2])
        expect(await changes.next(...Array.from({ length: 10_000 }, event))).toBe('applied');
      for (const [at, name] of names.entries()) {
        const stored = await place.query(`SELECT ${quote('id')}, ${quote('note')} FROM ${quote(name)}`);
        const wanted = [...model[at]!.values()].map(([id, note]) => [id, note]);
        expect(sorted(stored)).toEqual(sorted(wanted as TestRow[]));
      }
    });
  });
}
