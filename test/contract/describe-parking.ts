import { beforeEach, describe, expect, test } from 'vitest';
import type { Quarantine } from '../../src/engine/ports/quarantine.ts';
import type { ContractHarness } from './harness.ts';
import { type ParkingStage, parkingFixture } from './parking-fixture.ts';
import { never, quoteOf } from './test-tables.ts';
import { TRANSFER } from './test-transfer.ts';

const HOUR = 3_600_000;

/** Changes that a target refuses: set apart with those of their keys, tried again, and what a person does about them. */
export function describeParking(harness: ContractHarness): void {
  describe(`${harness.title}: changes that are refused`, () => {
    const fixture = parkingFixture(harness);
    const { seat, guest, rows, lift, parked, told, later, lane } = fixture;
    const quote = quoteOf(harness);
    /** SQLite takes any reference while rows are written. */
    const HAS_FOREIGN_KEYS = harness.schema !== 'main';
    let place: ParkingStage['place'];
    let quarantine: Quarantine;
    let changes: ParkingStage['changes'];
    beforeEach(() => {
      ({ place, quarantine, changes } = fixture.stage());
    });

    test('are set apart with those of their key behind them, in later batches too, and all others go on', async () => {
      expect(
        await changes.park(seat('I', 1), seat('I', 2, 'taken'), seat('I', 3), seat('U', 2, 'taken', 'x')),
      ).toBe('applied');
      expect(await rows()).toEqual(['1 s1', '3 s3']);
      expect(await changes.park(seat('U', 2, 's2', 'more'), seat('U', 1, 's1', 'new'))).toBe('applied');
      expect(await rows()).toEqual(['1 s1 new', '3 s3']);
      expect(await told()).toEqual([
        'insert {"id":"2"} waiting 1',
        'update {"id":"2"} behind 0',
        'update {"id":"2"} behind 0',
      ]);
      const [first] = await parked();
      expect(first).toMatchObject({ code: 'target.constraint_violated', claim: 1, event: '2', lane: 1 });
      expect(first!.table).toBe(changes.tables[1]!.plan.id);
      expect(await quarantine.count(TRANSFER, never())).toEqual({ waiting: 1, behind: 2 });
      expect(await lane()).toMatchObject({ n: 2, rows: 6 });
    });

    test('show what they say of the row to whoever asks for one', async () => {
      await changes.park(seat('I', 2, 'taken', "o'hara\\ ü"));
      await changes.park(seat('D', 2));
      expect(await quarantine.show(TRANSFER, '1', never())).toMatchObject({
        operation: 'insert',
        old: null,
        new: expect.stringContaining('"note": "o\'hara\\\\ ü"'),
      });
      expect(await quarantine.show(TRANSFER, '2', never())).toMatchObject({ operation: 'delete', new: null });
      expect(await quarantine.show(TRANSFER, '77', never())).toBeNull();
    });

    test('heal when they are tried again and nothing refuses them, in their order, and the key is free', async () => {
      await changes.park(seat('I', 2, 'taken'), seat('U', 2, 'taken', 'second'));
      await changes.park(seat('U', 2, 'taken', "third \\ 'ü"));
      await lift();
      later(19_999);
      expect(await changes.retry()).toEqual({ applied: 0, refused: 0 });
      later(1);
      expect(await changes.retry()).toEqual({ applied: 1, refused: 0 });
      expect(await rows()).toEqual(["2 taken third \\ 'ü"]);
      expect(await parked()).toEqual([]);
      await changes.park(seat('D', 2));
      expect(await rows()).toEqual([]);
    });

    test('are tried after 20 s, three times as long each time, five times in all, then a person must', async () => {
      await changes.park(seat('I', 2, 'taken'));
      for (const [attempts, seconds] of [20, 60, 180, 540].entries()) {
        expect(await told()).toEqual([`insert {"id":"2"} waiting ${attempts + 1}`]);
        later(seconds * 1000 - 1);
        expect(await changes.retry()).toEqual({ applied: 0, refused: 0 });
        later(1);
        expect(await changes.retry()).toEqual({ applied: 0, refused: 1 });
      }
      expect(await told()).toEqual(['insert {"id":"2"} final 5']);
      await lift();
      later(100 * HOUR);
      expect(await changes.retry()).toEqual({ applied: 0, refused: 0 });
    });

    test('that are final hold their key, until they are given up after the holding period', async () => {
      await changes.park(seat('I', 2, 'taken'));
      for (const seconds of [20, 60, 180, 540]) {
        later(seconds * 1000);
        await changes.retry();
      }
      await changes.park(seat('U', 2, 's2', 'later'));
      expect(await rows()).toEqual([]);
      later(240 * HOUR - 1);
      await changes.retry();
      expect(await told()).toHaveLength(2);
      later(1);
      expect(await changes.retry()).toEqual({ applied: 1, refused: 0 });
      expect(await rows()).toEqual(['2 s2 later']);
      expect(await parked()).toEqual([]);
    });

    test('are tried at once, and counted from none, when a person re-activates them', async () => {
      await changes.park(seat('I', 2, 'taken'), seat('I', 3, 'taken too'));
      await changes.park(seat('U', 2, 'taken', 'on'));
      for (const seconds of [20, 60, 180, 540]) {
        later(seconds * 1000);
        await changes.retry();
      }
      await lift();
      await lift(98);
      expect(await quarantine.reactivate(TRANSFER, { key: '{"id":"2"}' }, never())).toBe(1);
      later(HOUR);
      expect(await changes.retry()).toEqual({ applied: 1, refused: 0 });
      expect(await rows()).toEqual(['2 taken on']);
      expect(await told()).toEqual(['insert {"id":"3"} final 5']);
    });

    test('are given up for ever when a person discards them, and the next one of the key is tried', async () => {
      await changes.park(seat('I', 2, 'taken'), seat('I', 3, 'taken too'));
      await changes.park(seat('U', 2, 's2'), seat('U', 3, 'taken too', 'x'));
      const of = (choice: Parameters<Quarantine['discard']>[1]) =>
        quarantine.discard(TRANSFER, choice, never());
      expect(await of({ event: '1' })).toBe(1);
      expect(await told()).toEqual([
        'insert {"id":"3"} waiting 1',
        'update {"id":"2"} waiting 0',
        'update {"id":"3"} behind 0',
      ]);
      later(10 * HOUR);
      await changes.retry();
      expect(await rows()).toEqual(['2 s2']);
      expect(await of({ table: changes.tables[1]!.plan.id, state: 'final' })).toBe(0);
      expect(await of({ key: '{"id":"3"}' })).toBe(2);
      expect(await parked()).toEqual([]);
      await changes.park(seat('I', 3));
      expect(await rows()).toEqual(['2 s2', '3 s3']);
    });

    test('are listed page by page, and by what is said of them', async () => {
      await changes.park(
        ...[1, 2, 3, 4, 5].map((id) => seat('I', id, 'taken')),
        guest('I', 9, null, 'taken'),
      );
      const keys = async (choice: Parameters<Quarantine['list']>[1], after: string | null, limit = 3) =>
        (
          await quarantine.list(
            TRANSFER,
            choice,
            { limit, after: after === null ? null : { lane: 1, event: after } },
            never(),
          )
        ).map(({ key }) => key);
      expect(await keys({}, null)).toEqual(['{"id":"1"}', '{"id":"2"}', '{"id":"3"}']);
      expect(await keys({}, '3')).toEqual(['{"id":"4"}', '{"id":"5"}', '{"id":"9"}']);
      expect(await keys({ table: changes.tables[0]!.plan.id }, null)).toEqual(['{"id":"9"}']);
      expect(await keys({ event: '4' }, null)).toEqual(['{"id":"4"}']);
      expect(await keys({ state: 'final' }, null)).toEqual([]);
      expect(await quarantine.list('another', {}, { limit: 9, after: null }, never())).toEqual([]);
    });

    test('hold both keys that an update is about', async () => {
      await changes.park(seat('I', 1), seat('I', 2));
      const moved = changes.event('seats', 'U', ['3', 'taken', ''], ['1', 's1', '']);
      await changes.park(moved);
      await changes.park(seat('I', 1, 's1', 'another'), seat('U', 3, 's3'), seat('U', 2, 's2', 'on'));
      expect(await rows()).toEqual(['1 s1', '2 s2 on']);
      expect(await told()).toEqual([
        'update {"id":"3"} waiting 1',
        'insert {"id":"1"} behind 0',
        'update {"id":"3"} behind 0',
      ]);
      await changes.park(seat('U', 1, 's1', 'last'));
      await lift();
      later(20_000);
      await changes.retry();
      expect(await parked()).toEqual([]);
      expect(await rows()).toEqual(['1 s1 last', '2 s2 on', '3 s3']);
    });

    test('join the changes of two keys where one concerns both', async () => {
      await changes.park(seat('I', 1, 'taken'), seat('I', 2, 'taken too'));
      await changes.park(
        changes.event('seats', 'U', ['2', 's9', ''], ['1', 's1', '']),
        seat('U', 2, 's2', 'end'),
      );
      expect(await told()).toHaveLength(4);
      // Nothing of the first key is there in the end, so nothing of it can be refused.
      await lift(98);
      later(20_000);
      await changes.retry();
      expect(await rows()).toEqual(['2 s2 end']);
      expect(await parked()).toEqual([]);
    });

    test.runIf(HAS_FOREIGN_KEYS)(
      'of a parent have those of its children set apart, and all heal together',
      async () => {
        await changes.park(seat('I', 2, 'taken'), guest('I', 5, 2), seat('I', 1), guest('I', 4, 1));
        expect(await rows('guests')).toEqual(['4 1 b4']);
        await changes.park(guest('I', 6, 2), guest('U', 4, 1));
        expect(await told()).toEqual([
          'insert {"id":"2"} waiting 1',
          'insert {"id":"5"} waiting 1',
          'insert {"id":"6"} waiting 1',
        ]);
        await lift();
        later(20_000);
        expect(await changes.retry()).toEqual({ applied: 3, refused: 0 });
        expect(await rows('guests')).toEqual(['4 1 b4', '5 2 b5', '6 2 b6']);
        // A parent that cannot go before its child, which is another's at the target.
        await place.execute(`INSERT INTO ${quote('guests')} VALUES (97, 2, 'x')`);
        await changes.park(seat('D', 2), guest('D', 5, 2), guest('D', 6, 2));
        expect(await rows('guests')).toEqual(['4 1 b4']);
        expect(await told()).toEqual(['delete {"id":"2"} waiting 1']);
        await place.execute(`DELETE FROM ${quote('guests')} WHERE ${quote('id')} = 97`);
        later(20_000);
        await changes.retry();
        expect(await rows()).toEqual(['1 s1']);
      },
    );

    test('that exchange a unique value heal together, whatever else stays refused', async () => {
      await changes.park(seat('I', 1, 'a'), seat('I', 2, 'b'));
      await changes.park(seat('U', 1, 'b'), seat('U', 2, 'a'), seat('I', 7, 'taken'));
      expect(await told()).toHaveLength(3);
      later(20_000);
      await changes.retry();
      expect(await rows()).toEqual(['1 b', '2 a']);
      expect(await told()).toEqual(['insert {"id":"7"} waiting 2']);
    });

    test('are of no use once their table is emptied', async () => {
      await changes.park(seat('I', 2, 'taken'), seat('I', 3, 'taken'), seat('U', 2, 'x'));
      await changes.park(seat('U', 2, 'y'), changes.event('seats', 'T'), seat('I', 2), seat('I', 3, 's3'));
      expect(await rows()).toEqual(['2 s2', '3 s3']);
      expect(await parked()).toEqual([]);
    });

    test.runIf(HAS_FOREIGN_KEYS)('hold the whole table where they would empty it', async () => {
      await changes.park(seat('I', 1), seat('I', 5, 'taken'), guest('I', 4, 1));
      await changes.park(changes.event('seats', 'T'), seat('I', 6), guest('D', 4, 1));
      expect(await rows()).toEqual(['1 s1']);
      expect(await rows('guests')).toEqual([]);
      expect(await told()).toEqual([
        'insert {"id":"5"} waiting 1',
        'truncate  waiting 1',
        'insert {"id":"6"} behind 0',
      ]);
      later(20_000);
      await changes.retry();
      expect(await rows()).toEqual(['6 s6']);
      expect(await parked()).toEqual([]);
    });

    test('whose values were not recorded are set apart by the key that is', async () => {
      const none = '{"sluice": "not recorded"}';
      const { number } = changes.tables[1]!;
      const lost = {
        table: number,
        operation: 'U',
        old: '{"id": 1, "seat": "s1", "note": ""}',
        new: none,
      } as const;
      await changes.park(seat('I', 1), seat('I', 2));
      expect(await changes.park(lost, seat('U', 1, 's1', 'x'), seat('U', 2, 's2', 'x'))).toBe('applied');
      expect(await rows()).toEqual(['1 s1', '2 s2 x']);
      expect((await parked())[0]).toMatchObject({ key: '{"id":"1"}', code: 'source.value_rejected' });
      // Nobody can tell whose it is: it may be of any row.
      expect(await changes.park({ table: number, operation: 'I', new: none }, seat('U', 2, 's2', 'y'))).toBe(
        'applied',
      );
      expect(await rows()).toEqual(['1 s1', '2 s2 x']);
    });

    test('of which a value does not fit are set apart', async () => {
      expect(await changes.park(seat('I', 1), seat('I', 2, 's'.repeat(500)), seat('I', 3))).toBe('applied');
      if ((await rows()).length === 3) return; // a database that takes any length
      expect(await rows()).toEqual(['1 s1', '3 s3']);
      expect((await parked()).map(({ code }) => code)).toEqual(['target.value_rejected']);
    });
  });
}
