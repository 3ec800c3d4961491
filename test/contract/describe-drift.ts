import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyChanges, applyOrPark } from '../../src/engine/changes/apply-changes.ts';
import type { Judging } from '../../src/engine/changes/drift/judging.ts';
import { retryParked } from '../../src/engine/changes/parking/retry-parked.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { Batch } from '../../src/model/batch.ts';
import type { ChangeLetter } from '../../src/model/change-event.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import { changesPlanOf, type TestChange } from '../support/changes.ts';
import { type ChangesOf, changesOf } from './apply-changes-fixture.ts';
import type { ContractHarness, TestPlace } from './harness.ts';
import { createTestTable, never, quoteOf } from './test-tables.ts';
import { entryOf, orderRows, orders, TRANSFER } from './test-transfer.ts';

const KEYS = { name: 'keys', key: ['id'], columns: [{ name: 'id', type: 'bigint' }] } as const;

/** A target whose rows are not as captured changes take for granted. */
export function describeDrift(harness: ContractHarness): void {
  describe(`${harness.title}: changes of a target that has drifted`, () => {
    let place: TestPlace;
    let target: Database;
    let changes: ChangesOf;
    let judging: Judging & { isStrict: boolean };
    let told: string[];
    const quote = quoteOf(harness);

    beforeEach(async () => {
      place = await harness.place();
      target = await place.open();
      await createTestTable(harness, place, orders, orderRows(1, 4));
      await createTestTable(harness, place, KEYS, [['1'], ['2']]);
      changes = await changesOf(harness, target, [{ name: orders.name }, { name: KEYS.name }]);
      told = [];
      judging = {
        isStrict: false,
        transfer: TRANSFER,
        run: 1,
        copies: false,
        memory: { copied: new Map() },
        onDrift: (table, kind, times) => told.push(`${table} ${kind} ${times}`),
      };
    });
    afterEach(() => place.drop());

    const order = (operation: ChangeLetter, id: number, note = `note ${id}`): TestChange =>
      changes.event(orders.name, operation, [String(id), note, null]);
    const key = (operation: ChangeLetter, id: number): TestChange =>
      changes.event(KEYS.name, operation, [String(id)]);
    const plan = () => changesPlanOf(changes.tables).changes;
    const idOf = (at: number): string => changes.tables[at]!.plan.id;
    const outcome = (applied: Promise<{ readonly outcome: string }>): Promise<string> =>
      applied.then(
        (result) => result.outcome,
        (error: unknown) => {
          if (isSluiceError(error)) return error.code;
          throw error;
        },
      );
    const apply = (batch: Batch): Promise<string> =>
      outcome(applyOrPark(target, { plan: plan(), batch, judging }, changes.parking, never()));
    const next = (...of: readonly TestChange[]): Promise<string> => apply(changes.batch(of));
    const counts = async (): Promise<string[]> =>
      (await target.drift!.counts(TRANSFER, never())).map(
        ({ table, update, insert, delete: gone }) => `${table} ${update} ${insert} ${gone}`,
      );
    const notes = async (): Promise<string[]> =>
      (
        await place.query(`SELECT ${quote('id')}, ${quote('note')} FROM ${quote(orders.name)} ORDER BY 1`)
      ).map((row) => row.join(' '));
    const parked = async (): Promise<string[]> =>
      (await target.quarantine!.list(TRANSFER, {}, { limit: 99, after: null }, never())).map(
        (each) => `${each.operation} ${each.key} ${each.state} ${each.code}`,
      );
    const retry = (): Promise<unknown> => {
      const { header } = changes.batch([], 1);
      return retryParked(
        target,
        { lane: header, plan: plan(), judging, now: true },
        changes.parking,
        never(),
      );
    };

    test('are counted by what was found, once, and converge', async () => {
      const batch = changes.batch([
        order('U', 1, 'new'),
        order('U', 9),
        order('D', 10),
        order('D', 3),
        order('I', 2, 'again'),
        order('I', 5),
        order('I', 7),
        order('D', 7),
        order('D', 4),
        order('I', 4, 'anew'),
        key('I', 1),
        key('I', 3),
        key('D', 4),
      ]);
      expect([await apply(batch), await apply(batch)]).toEqual(['applied', 'dropped']);
      expect(await notes()).toEqual(['1 new', '2 again', '4 anew', '5 note 5', '9 note 9']);
      const found = [`${idOf(1)} 0 1 1`, `${idOf(0)} 1 1 1`];
      expect(await counts()).toEqual(found);
      expect(told.toSorted()).toEqual([
        `${idOf(1)} delete 1`,
        `${idOf(1)} insert 1`,
        `${idOf(0)} delete 1`,
        `${idOf(0)} insert 1`,
        `${idOf(0)} update 1`,
      ]);
      await next(order('U', 11), order('U', 12), order('D', 12));
      expect(await counts()).toEqual([`${idOf(1)} 0 1 1`, `${idOf(0)} 2 1 2`]);
    });

    test('are counted though what is too many makes up for what is missing', async () => {
      await next(order('I', 1), order('U', 9), order('I', 8), order('U', 2));
      expect(await counts()).toEqual([`${idOf(0)} 1 1 0`]);
    });

    test('that find all as it should be count nothing, whatever happens to a key within a batch', async () => {
      const batch = [
        order('D', 1),
        order('I', 1),
        order('U', 1, 'x'),
        order('I', 5),
        order('U', 5),
        order('D', 5),
        order('I', 6),
        order('D', 6),
        order('I', 6),
        order('D', 2),
        changes.event(orders.name, 'U', ['3', 'y', null], ['3', 'z', null]),
      ];
      expect(await next(...batch)).toBe('applied');
      expect(await next(order('U', 6), order('I', 2), order('D', 1), key('D', 1), key('I', 7))).toBe(
        'applied',
      );
      expect(await next(changes.event(orders.name, 'T'), order('I', 1), order('I', 2))).toBe('applied');
      expect(await counts()).toEqual([]);
    });

    test('leave no count behind where their batch is rolled back', async () => {
      const stop = new AbortController();
      const batch = changes.batch([order('U', 9)]);
      const transaction = await target.writer.begin(stop.signal);
      expect(await transaction.advance(batch)).toBe(true);
      await transaction.drift!.add(TRANSFER, { table: idOf(0), update: 1, insert: 0, delete: 0 });
      stop.abort(new Error('enough'));
      await expect(transaction.commit()).rejects.toThrow();
      expect(await counts()).toEqual([]);
      expect(await apply(batch)).toBe('applied');
      expect(await counts()).toEqual([`${idOf(0)} 1 0 0`]);
    });

    describe('behind a copy of its rows', () => {
      const note = (generation: number, event: string): Promise<void> =>
        target.drift!.note(
          { transfer: TRANSFER, run: judging.run },
          [{ table: idOf(0), generation }],
          () => Promise.resolve(event),
          never(),
        );
      beforeEach(() => {
        const { run } = changes.batch([], 1).header;
        judging = { ...judging, run, copies: true };
      });

      test.each([false, true])(
        'are not judged up to the event that the copy may have seen; strict: %s',
        async (isStrict) => {
          judging.isStrict = isStrict;
          expect(await next(order('U', 9), order('I', 1), order('D', 20))).toBe('applied');
          await note(1, '6');
          expect(await next(order('I', 2), order('D', 30), order('I', 3))).toBe('applied');
          expect([await counts(), await parked()]).toEqual([[], []]);
          // One key is judged by the first event that it has.
          judging.isStrict = false;
          expect(await next(order('I', 1), order('D', 31), order('U', 40))).toBe('applied');
          expect(await counts()).toEqual([`${idOf(0)} 1 1 1`]);
        },
      );

      test('count from none when the rows are copied again, and are not judged meanwhile', async () => {
        await note(1, '0');
        await next(order('I', 1));
        expect(await counts()).toEqual([`${idOf(0)} 0 1 0`]);
        const { plan: table } = changes.tables[0]!;
        const entry = entryOf(table, { generation: 2 });
        await target.ledger.planTable(
          { transfer: TRANSFER, run: judging.run },
          entry,
          { replaceBy: null },
          never(),
        );
        await next(order('I', 2));
        expect(await counts()).toEqual([`${idOf(0)} 0 1 0`]);
        await note(2, '3');
        expect(await counts()).toEqual([]);
        await next(order('I', 3), order('I', 4));
        // Who is late, with the copy before, changes nothing.
        await note(1, '99');
        await next(order('U', 50));
        expect(await counts()).toEqual([`${idOf(0)} 1 1 0`]);
      });
    });

    describe('that is to be refused', () => {
      beforeEach(() => {
        judging.isStrict = true;
      });

      test('are set apart with those of their key, and all others go on', async () => {
        await next(
          order('U', 1, 'new'),
          order('U', 9),
          order('I', 2),
          order('D', 10),
          order('I', 5),
          order('U', 9, 'x'),
        );
        expect(await notes()).toEqual(['1 new', '2 note 2', '3 note 3', '4 note 4', '5 note 5']);
        expect(await parked()).toEqual([
          'update {"id":"9"} waiting target.row_missing',
          'insert {"id":"2"} waiting target.row_exists',
          'delete {"id":"10"} waiting target.row_missing',
          'update {"id":"9"} behind ',
        ]);
        expect(await next(order('D', 2), order('U', 5, 'later'))).toBe('applied');
        expect(await notes()).toEqual(['1 new', '2 note 2', '3 note 3', '4 note 4', '5 later']);
        expect(await counts()).toEqual([]);
      });

      test('heal when the row is put right, and not before', async () => {
        await next(order('U', 9, 'first'), order('U', 9, 'second'));
        await retry();
        expect(await parked()).toHaveLength(2);
        await place.execute(`INSERT INTO ${quote(orders.name)} (${quote('id')}) VALUES (9)`);
        await retry();
        expect([await parked(), (await notes()).at(-1)]).toEqual([[], '9 second']);
      });

      test('are counted when they are let in later', async () => {
        await next(order('U', 9), order('D', 9));
        judging.isStrict = false;
        await retry();
        expect([await parked(), await counts()]).toEqual([[], [`${idOf(0)} 0 0 1`]]);
      });

      test('stop a lane in which nothing is set apart', async () => {
        const batch = changes.batch([order('U', 1, 'new'), order('U', 9)]);
        const whole = () => outcome(applyChanges(target, { plan: plan(), batch, judging }, never()));
        expect(await whole()).toBe('target.row_missing');
        expect((await notes())[0]).toBe('1 note 1');
        judging.isStrict = false;
        expect(await whole()).toBe('applied');
      });
    });
  });
}
