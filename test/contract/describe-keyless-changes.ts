import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { TRANSFER } from './test-transfer.ts';
import type { TestChange } from '../support/changes.ts';
import { type ChangesOf, changesOf } from './apply-changes-fixture.ts';
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

const LOG: TestTable = {
  name: 'log',
  columns: [
    { name: 'n', type: 'bigint' },
    { name: 'what', type: 'text' },
  ],
};

/** Changes of tables that no key tells rows of apart: a target has each row as often as the source. */
export function describeKeylessChanges(harness: ContractHarness): void {
  describe(`${harness.title}: changes of a table without a key`, () => {
    let place: TestPlace;
    let target: Database;
    let changes: ChangesOf;
    const quote = quoteOf(harness);

    beforeEach(async () => {
      place = await harness.place();
      target = await place.open();
    });
    afterEach(() => place.drop());

    const rowsOf = async (table = LOG.name): Promise<string[]> =>
      sorted(await place.query(`SELECT * FROM ${quote(table)}`));
    const start = async (rows: readonly TestRow[]): Promise<void> => {
      await createTestTable(harness, place, LOG, rows);
      changes = await changesOf(harness, target, [{ name: LOG.name }]);
    };
    const came = (...row: TestRow): TestChange => changes.event(LOG.name, 'I', row);
    const went = (...row: TestRow): TestChange => changes.event(LOG.name, 'D', row);
    const became = (before: TestRow, row: TestRow): TestChange => changes.event(LOG.name, 'U', row, before);

    test('are done to one row each, whatever rows are the same, and NULL is NULL', async () => {
      await start([
        ['1', 'a'],
        ['1', 'a'],
        ['1', 'a'],
        [null, 'a'],
        [null, 'a'],
        ['2', null],
        [null, null],
      ]);
      const batch = [
        went('1', 'a'),
        went(null, 'a'),
        became(['1', 'a'], ['1', 'b']),
        became([null, null], ['3', null]),
        came('2', null),
        came(null, null),
      ];
      expect(await changes.next(...batch)).toBe('applied');
      expect(await rowsOf()).toEqual(
        sorted([
          ['1', 'a'],
          ['1', 'b'],
          [null, 'a'],
          ['2', null],
          ['2', null],
          ['3', null],
          [null, null],
        ]),
      );
    });

    test('have their net effect, in whatever order they are told', async () => {
      await start([['1', 'a']]);
      // What another trigger makes of a row is told before the row.
      const batch = [
        became(['9', 'x'], ['9', 'y']),
        came('9', 'x'),
        went('1', 'a'),
        came('1', 'a'),
        came('1', 'a'),
      ];
      expect(await changes.next(...batch)).toBe('applied');
      expect(await rowsOf()).toEqual(
        sorted([
          ['1', 'a'],
          ['1', 'a'],
          ['9', 'y'],
        ]),
      );
    });

    test('take as many rows as are there, where more are to go', async () => {
      await start([
        ['1', 'a'],
        ['1', 'a'],
        ['2', 'b'],
      ]);
      expect(await changes.next(went('1', 'a'), went('1', 'a'), went('1', 'a'), went('7', 'x'))).toBe(
        'applied',
      );
      expect(await rowsOf()).toEqual(sorted([['2', 'b']]));
    });

    test('leave rows that only look alike', async () => {
      const alike = ['a', 'A', 'ä', 'a ', ' a', ''].map((text): TestRow => ['1', text]);
      await start([...alike, [null, 'a'], ['1', null]]);
      expect(await changes.next(...alike.slice(1).map((row) => went(...row)))).toBe('applied');
      expect(await rowsOf()).toEqual(
        sorted([
          ['1', 'a'],
          [null, 'a'],
          ['1', null],
        ]),
      );
    });

    test('empty the table, and go on behind it', async () => {
      await start([
        ['1', 'a'],
        ['1', 'a'],
      ]);
      const emptied = changes.event(LOG.name, 'T');
      expect(
        await changes.next(came('2', 'b'), went('1', 'a'), emptied, came('1', 'a'), came('1', 'a')),
      ).toBe('applied');
      expect(await rowsOf()).toEqual(
        sorted([
          ['1', 'a'],
          ['1', 'a'],
        ]),
      );
    });

    test('that come again, or many times at once, are applied once', async () => {
      await start([
        ['1', 'a'],
        ['1', 'a'],
        ['1', 'a'],
      ]);
      const batch = changes.batch([went('1', 'a'), came('2', 'b')]);
      const outcomes = await Promise.all([1, 2, 3].map(() => changes.apply(batch)));
      expect(outcomes.toSorted()).toEqual(['applied', 'dropped', 'dropped']);
      expect(await changes.parkBatch(batch)).toBe('dropped');
      expect(await rowsOf()).toEqual(
        sorted([
          ['1', 'a'],
          ['1', 'a'],
          ['2', 'b'],
        ]),
      );
    });

    test('leave nothing behind a crash between rows and commit', async () => {
      const rows: TestRow[] = [
        ['1', 'a'],
        ['1', 'a'],
      ];
      await start(rows);
      const batch = changes.batch([went('1', 'a'), came('2', 'b')]);
      const stop = new AbortController();
      const transaction = await target.writer.begin(stop.signal);
      expect(await transaction.advance(batch)).toBe(true);
      const same = { rows: 3, data: Buffer.from('1\ta\n1\ta\n1\ta\n') };
      expect(await transaction.removeOnce!(changes.tables[0]!.plan, same)).toBe(2);
      stop.abort(new Error('enough'));
      await expect(transaction.commit()).rejects.toThrow();
      expect(await rowsOf()).toEqual(sorted(rows));
      expect(await changes.apply(batch)).toBe('applied');
      expect(await rowsOf()).toEqual(
        sorted([
          ['1', 'a'],
          ['2', 'b'],
        ]),
      );
    });

    test('of which one lacks a value of its row are refused, with nothing of the row', async () => {
      await start([['1', 'secret']]);
      const failure = await changes.next({ table: 1, operation: 'D', old: '{"what": "secret"}' });
      expect(failure).toMatch(/^source\.value_rejected/);
      expect(failure).not.toContain('secret');
      expect(await rowsOf()).toHaveLength(1);
    });

    test('find one of two rows with the same value, whatever type it has', async () => {
      const types = NEUTRAL_TYPES.filter((type) => harness.types[type] !== null);
      const rowsOfType = (type: NeutralType): TestRow[] =>
        [...NEUTRAL_TEXTS[type], null].map((text): TestRow => [text]);
      for (const type of types) {
        const columns = [{ name: 'v', type }];
        const rows = rowsOfType(type);
        await createTestTable(harness, place, { name: `wanted_${type}`, columns }, rows);
        await createTestTable(harness, place, { name: `of_${type}`, columns }, [...rows, ...rows]);
      }
      changes = await changesOf(
        harness,
        target,
        types.map((type) => ({ name: `of_${type}` })),
      );
      const all = (operation: 'I' | 'D'): TestChange[] =>
        types.flatMap((type) => rowsOfType(type).map((row) => changes.event(`of_${type}`, operation, row)));
      expect(await changes.next(...all('D'))).toBe('applied');
      for (const type of types)
        expect(await rowsOf(`of_${type}`), type).toEqual(await rowsOf(`wanted_${type}`));
      // Rows that changes brought are found as well as rows that were there.
      expect(await changes.next(...all('I'))).toBe('applied');
      expect(await changes.next(...all('D'), ...all('D'))).toBe('applied');
      for (const type of types) expect(await rowsOf(`of_${type}`), type).toEqual([]);
    });

    test.each([1, 2, 3])(
      'at random, with batches that come again, make what the source has (seed %i)',
      async (seed) => {
        const next = random(seed);
        const draw = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
        const row = (): TestRow => [draw(['1', '2', null]), draw(['a', 'A', 'a ', '', null, '\\N', 'x\ty'])];
        const model: TestRow[] = Array.from({ length: 20 }, row);
        await start(model);
        const take = (): TestRow => model.splice(Math.floor(next() * model.length), 1)[0] as TestRow;
        const event = (): TestChange => {
          const kind = next();
          if (kind < 0.02) {
            model.length = 0;
            return changes.event(LOG.name, 'T');
          }
          if (model.length === 0 || kind < 0.5) {
            model.push(row());
            return came(...(model.at(-1) as TestRow));
          }
          if (kind < 0.75) return went(...take());
          const [before, after] = [take(), row()];
          model.push(after);
          return became(before, after);
        };
        for (let round = 0; round < 12; round += 1) {
          const batch = changes.batch(Array.from({ length: 1 + Math.floor(next() * 30) }, event));
          const parks = next() < 0.5;
          expect(await (parks ? changes.parkBatch(batch) : changes.apply(batch))).toBe('applied');
          const again = next() < 0.4 ? [changes.apply(batch), changes.parkBatch(batch)] : [];
          expect(new Set(await Promise.all(again)).has('applied')).toBe(false);
          expect(await rowsOf()).toEqual(sorted(model));
        }
      },
    );

    describe('that are refused', () => {
      /** A row that the source does not have has the place that another one is to take; a table with a key goes the same way. */
      beforeEach(async () => {
        const columns = `${quote('seat')} varchar(20) UNIQUE, ${quote('note')} varchar(20)`;
        await place.execute(`CREATE TABLE ${quote('seats')} (${columns})`);
        await place.execute(`INSERT INTO ${quote('seats')} VALUES ('taken', 'foreign')`);
        await place.execute(
          `CREATE TABLE ${quote('keyed')} (${quote('id')} ${harness.keyTypes?.bigint ?? harness.types.bigint} PRIMARY KEY)`,
        );
        changes = await changesOf(harness, target, [{ name: 'seats' }, { name: 'keyed' }]);
      });
      const seat = (operation: 'I' | 'D', name: string): TestChange =>
        changes.event('seats', operation, [name, '']);
      const seats = async (): Promise<string[]> =>
        (await place.query(`SELECT ${quote('seat')} FROM ${quote('seats')} ORDER BY 1`)).flat() as string[];
      const lift = (): Promise<void> =>
        place.execute(`DELETE FROM ${quote('seats')} WHERE ${quote('note')} = 'foreign'`);
      const states = async (): Promise<string[]> =>
        (await target.quarantine!.list(TRANSFER, {}, { limit: 100, after: null }, never())).map(
          ({ operation, key, state }) => `${operation} ${key}${state}`,
        );

      test('hold all that comes later of the table, in its order, and of no other', async () => {
        const keyed = (id: string): TestChange => changes.event('keyed', 'I', [id]);
        expect(
          await changes.park(seat('I', 'first'), keyed('1'), seat('I', 'taken'), seat('I', 'later')),
        ).toBe('applied');
        expect(await changes.park(seat('D', 'taken'), keyed('2'), seat('I', 'last'))).toBe('applied');
        expect(await seats()).toEqual(['first', 'taken']);
        expect(await rowsOf('keyed')).toHaveLength(2);
        expect(await states()).toEqual(['insert waiting', 'insert behind', 'delete behind', 'insert behind']);
        await lift();
        expect(await changes.retry(true)).toEqual({ applied: 1, refused: 0 });
        expect(await seats()).toEqual(['first', 'last', 'later']);
        expect(await states()).toEqual([]);
        expect(await changes.park(seat('D', 'first'))).toBe('applied');
        expect(await seats()).toEqual(['last', 'later']);
      });

      test('are of no use any more behind a truncation', async () => {
        await changes.park(seat('I', 'taken'), seat('I', 'later'));
        expect(await changes.park(changes.event('seats', 'T'), seat('I', 'after'))).toBe('applied');
        expect(await seats()).toEqual(['after']);
        expect(await states()).toEqual([]);
      });

      test('block their lane where nothing is set apart, and leave nothing', async () => {
        expect(await changes.next(seat('I', 'first'), seat('I', 'taken'))).toMatch(
          /^target\.constraint_violated/,
        );
        expect(await seats()).toEqual(['taken']);
      });
    });

    test('are refused where rows of other tables would go along with a row that changes', async () => {
      const unique = `${quote('n')} ${harness.keyTypes?.bigint ?? harness.types.bigint} NOT NULL UNIQUE`;
      await place.execute(`CREATE TABLE ${quote('top')} (${unique}, ${quote('note')} varchar(20))`);
      await place.execute(
        `CREATE TABLE ${quote('leaf')} (${quote('of')} ${harness.types.bigint}, FOREIGN KEY (${quote('of')}) REFERENCES ${quote('top')} (${quote('n')}) ON DELETE CASCADE)`,
      );
      await place.execute(`INSERT INTO ${quote('top')} VALUES (1, 'x')`);
      await place.execute(`INSERT INTO ${quote('leaf')} VALUES (1)`);
      changes = await changesOf(harness, target, [{ name: 'top' }]);
      const outcome = await changes.next(changes.event('top', 'U', ['1', 'y'], ['1', 'x']));
      // A target that looks at no foreign key while rows are written takes none along.
      expect(outcome).toMatch(target.structure!.foreignKeysWhileLoading === 'ignored' ? /^applied$/ : /top$/);
      expect(await rowsOf('leaf')).toHaveLength(1);
    });
  });
}
