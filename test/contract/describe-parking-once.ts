import { beforeEach, describe, expect, test } from 'vitest';
import { applyOrPark } from '../../src/engine/changes/apply-changes.ts';
import { createParkingMemory } from '../../src/engine/changes/parking/parking-memory.ts';
import { retryParked } from '../../src/engine/changes/parking/retry-parked.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TestChange } from '../support/changes.ts';
import type { ContractHarness, TestRow } from './harness.ts';
import { type ParkingStage, parkingFixture } from './parking-fixture.ts';
import { never, quoteOf, random, sorted, wholeRange } from './test-tables.ts';
import { TRANSFER } from './test-transfer.ts';

const HOUR = 3_600_000;

/** Changes that a target refuses are set apart once and applied once, whatever dies, comes again or comes at the same time. */
export function describeParkingOnce(harness: ContractHarness): void {
  describe(`${harness.title}: changes that are refused, once`, () => {
    const fixture = parkingFixture(harness);
    const { seat, guest, rows, lift, parked, told, later } = fixture;
    let place: ParkingStage['place'];
    let target: Database;
    let quarantine: ParkingStage['quarantine'];
    let changes: ParkingStage['changes'];
    beforeEach(() => {
      ({ place, target, quarantine, changes } = fixture.stage());
    });

    test('block their lane where nothing is set apart, and leave nothing', async () => {
      const batch = changes.batch([seat('I', 1), seat('I', 2, 'taken')]);
      expect(await changes.apply(batch)).toMatch(/^target\.constraint_violated/);
      expect(await rows()).toEqual([]);
      expect(await parked()).toEqual([]);
    });

    test('are set apart once, whatever is delivered again, and not at all where the commit fails', async () => {
      const batch = changes.batch([seat('I', 1), seat('I', 2, 'taken')]);
      const { plan } = { plan: { tables: changes.tables } };
      const failing: Database = {
        ...target,
        writer: {
          ...target.writer,
          begin: async (signal) => {
            const transaction = await target.writer.begin(signal);
            return new Proxy(transaction, {
              get(of, name) {
                if (name === 'commit') return () => Promise.reject(new Error('the connection is gone'));
                const member = Reflect.get(of, name, of) as unknown;
                return typeof member === 'function' ? member.bind(of) : member;
              },
            });
          },
        },
      };
      await expect(applyOrPark(failing, { plan, batch }, changes.parking, never())).rejects.toThrow('gone');
      expect(await parked()).toEqual([]);
      expect(await rows()).toEqual([]);
      expect(await changes.parkBatch(batch)).toBe('applied');
      expect(await changes.parkBatch(batch)).toBe('dropped');
      expect(await told()).toEqual(['insert {"id":"2"} waiting 1']);
      // A retry that dies before its commit did nothing; the next one does it once.
      await lift();
      later(20_000);
      const { run, table, generation } = batch.header;
      const request = { lane: { transfer: TRANSFER, run, table, generation, lane: 1 }, plan };
      await expect(retryParked(failing, request, changes.parking, never())).rejects.toThrow('gone');
      expect(await told()).toEqual(['insert {"id":"2"} waiting 1']);
      await changes.retry();
      expect(await rows()).toEqual(['1 s1', '2 taken']);
    });

    test('are applied once, in order, while several try and batches of their key arrive', async () => {
      await changes.park(seat('I', 2, 'taken', '0'));
      await lift();
      later(20_000);
      const next = changes.batch([seat('U', 2, 'taken', '1')]);
      const outcomes = await Promise.allSettled([changes.retry(), changes.parkBatch(next), changes.retry()]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
      later(20_000);
      await changes.retry(true);
      expect(await rows()).toEqual(['2 taken 1']);
      expect(await parked()).toEqual([]);
    });

    test('are dropped when their rows are copied anew, and are tried by no run that another one took the place of', async () => {
      await changes.park(seat('I', 2, 'taken'), guest('I', 5, null, 'taken'));
      const { plan } = changes.tables[1]!;
      const { run } = changes.batch([], 1).header;
      const copied = { plan: { ...plan, writeMode: 'append' as const }, generation: 1, ranges: [wholeRange] };
      await target.ledger.planTable(
        { transfer: TRANSFER, run },
        { ...copied, incarnation: 'a', changeMarker: '' },
        { replaceBy: null },
        never(),
      );
      expect(await told()).toEqual(['insert {"id":"5"} waiting 1']);
      await target.ledger.openRun(
        { transfer: TRANSFER, execution: 'another', planHash: 'another', spec: '{}' },
        never(),
      );
      later(20_000);
      expect(await changes.retry()).toEqual({ applied: 0, refused: 0 });
      expect(await told()).toEqual(['insert {"id":"5"} waiting 1']);
    });

    test('are dropped when their lane begins anew, for what came between is lost', async () => {
      await changes.park(seat('I', 2, 'taken'));
      const { run } = changes.batch([], 1).header;
      const { plan } = (await target.ledger.readTable(TRANSFER, run, '(changes)', never()))!;
      const anew = { plan, ranges: [wholeRange], incarnation: 'capture-2', changeMarker: '' };
      const planAs = (generation: number) =>
        target.ledger.planTable(
          { transfer: TRANSFER, run },
          { ...anew, generation },
          { replaceBy: null },
          never(),
        );
      await planAs(1);
      expect(await parked()).toHaveLength(1);
      await planAs(2);
      expect(await parked()).toEqual([]);
    });

    test('are remembered by the ledger alone: a process that knows of none asks before its first batch', async () => {
      await changes.park(seat('I', 1));
      await changes.park(seat('I', 2, 'taken'));
      const another = await place.open();
      const batch = changes.batch([seat('U', 2, 's2')]);
      const options = { ...changes.parking, memory: createParkingMemory() };
      const request = { plan: { tables: changes.tables }, batch };
      expect((await applyOrPark(another, request, options, never())).outcome).toBe('applied');
      expect(await told()).toEqual(['insert {"id":"2"} waiting 1', 'update {"id":"2"} behind 0']);
    });

    test('have their place made in a ledger of an older version', async () => {
      const lanes = harness.lanes ?? (harness.schema === 'main' ? 'sluice_lanes' : 'sluice.lanes');
      await place.execute(`DROP TABLE ${lanes.replace('lanes', 'parked')}`);
      expect(await quarantine.count(TRANSFER, never())).toEqual({});
      expect(await parked()).toEqual([]);
      await target.ledger.install(never());
      await changes.park(seat('I', 2, 'taken'));
      await target.ledger.install(never());
      expect(await told()).toHaveLength(1);
      expect(
        (await target.introspector.listTables(never())).filter(({ table }) => /parked/i.test(table.name)),
      ).toEqual([]);
    });

    test('one in twenty of a thousand leave what the others make, and make the rest when they are let in', async () => {
      const next = random(11);
      const draw = (count: number): number => Math.floor(next() * count);
      const model = new Map<string, TestRow>();
      const event = (): TestChange => {
        const id = String(draw(60) + 1);
        const there = model.get(id);
        const row: TestRow = [id, draw(20) === 0 ? 'taken' : `s${id}`, `n${draw(1000)}`];
        if (there && draw(4) === 0) {
          model.delete(id);
          return changes.event('seats', 'D', there);
        }
        model.set(id, row);
        return changes.event('seats', there ? 'U' : 'I', row, there);
      };
      for (const _ of [1, 2, 3])
        expect(await changes.park(...Array.from({ length: 330 }, event))).toBe('applied');
      expect((await parked()).length).toBeGreaterThan(0);
      // At the end all have seats of their own.
      const ends = [...model].map(([id, row]) => {
        const settled: TestRow = [id, `s${id}`, 'end'];
        model.set(id, settled);
        return changes.event('seats', 'U', settled, row);
      });
      await changes.park(...ends);
      for (let round = 0; round < 20 && (await parked()).length > 0; round += 1) {
        later(HOUR);
        await changes.retry(true);
      }
      const wanted = [...model.values()].map((row) => row.join(' '));
      expect(sorted((await rows()).map((row) => [row])).flat()).toEqual(
        sorted(wanted.map((row) => [row])).flat(),
      );
      expect(await parked()).toEqual([]);
    });
  });
}

/** Where rows go along with those that they refer to. */
export function describeParkingWithCascades(harness: ContractHarness): void {
  describe(`${harness.title}: changes that are refused, with cascades`, () => {
    const fixture = parkingFixture(harness, 'ON DELETE CASCADE');
    const { seat, guest, rows, told, later } = fixture;
    const refused = [() => guest('U', 4, 2, 'taken'), () => seat('D', 1)] as const;

    test.each(['one batch', 'two'])(
      'keep deletions from taking rows along that wait for what is set apart, in %s',
      async (batches) => {
        const { changes, place } = fixture.stage();
        const quote = quoteOf(harness);
        await changes.park(seat('I', 1), seat('I', 2), guest('I', 4, 1));
        const made = refused.map((make) => make());
        if (batches === 'two') for (const each of made) await changes.park(each);
        else await changes.park(...made);
        expect(await rows('guests')).toEqual(['4 1 b4']);
        expect(await told()).toEqual(['update {"id":"4"} waiting 1', 'delete {"id":"1"} waiting 1']);
        later(20_000);
        expect(await changes.retry()).toEqual({ applied: 0, refused: 2 });
        expect(await rows('guests')).toEqual(['4 1 b4']);
        await place.execute(`DELETE FROM ${quote('guests')} WHERE ${quote('id')} = 99`);
        later(60_000);
        expect(await changes.retry()).toEqual({ applied: 2, refused: 0 });
        expect(await rows('guests')).toEqual(['4 2 taken']);
        expect(await rows()).toEqual(['2 s2']);
      },
    );
  });
}
