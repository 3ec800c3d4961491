import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChangeCapture } from '../../src/engine/ports/change-capture.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { HeldSnapshot } from '../../src/engine/ports/source-reader.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { eventually } from '../support/eventually.ts';
import { eventsOf, LANE, sealAll, sealOne, textOf, TRANSFER } from './changes-steps.ts';
import { type ContractHarness, nameOf, type TestPlace, type TestRow } from './harness.ts';
import {
  createTestTable,
  never,
  planOf,
  quoteOf,
  random,
  readRanges,
  smallBlocks,
  sorted,
} from './test-tables.ts';

export interface KeylessWriting {
  /** A condition that one row of `log` with this `n` has. */
  readonly oneOf: (n: number) => string;
  /** A statement that takes a moment, within a transaction. */
  readonly linger: string;
  readonly begin: string;
  /** Writers at once; 0: one, and only while nothing else is done with the file, for its statements hold up this process. */
  readonly writers: number;
  /** Of two who wait for each other one is given up. */
  readonly isEachOthers: (error: unknown) => boolean;
}

const ROWS = Array.from(
  { length: 400 },
  (_, at): TestRow => [String(at % 20), at % 3 === 0 ? null : 'first'],
);

/**
 * Rows of a table without a key that are read in a snapshot, and the changes that are pending from there on: together what the table has,
 * each row as often, whatever is written meanwhile.
 */
export function describeKeylessBegin(harness: ContractHarness, writing: KeylessWriting): void {
  describe(`${harness.title}: a lane that begins at a snapshot`, () => {
    let place: TestPlace;
    let source: Database;
    let changes: ChangeCapture;
    let beginAt: NonNullable<ChangeCapture['beginAt']>;
    let held: HeldSnapshot[];
    const log = quoteOf(harness)('log');

    beforeEach(async () => {
      held = [];
      place = await harness.place();
      source = await place.open();
      await createTestTable(
        harness,
        place,
        {
          name: 'log',
          columns: [
            { name: 'n', type: 'bigint' },
            { name: 'what', type: 'text' },
          ],
        },
        ROWS,
      );
      const capture = source.capture!({ schema: CAPTURE_DEFAULTS.schema, prefix: CAPTURE_DEFAULTS.prefix });
      await capture.triggers.install(never());
      const [table] = await source.introspector.describeTables([nameOf(harness, 'log', source)], never());
      const [outcome] = await capture.triggers.deploy([{ table: table!, spec: {} }], never());
      expect(outcome).toMatchObject({ done: 'deployed' });
      const [captured] = await capture.triggers.captured(never());
      changes = capture.changes;
      beginAt = (...args) => changes.beginAt!(...args);
      await changes.register(TRANSFER, [{ lane: 1, tables: [captured!.number] }], never());
    });
    afterEach(async () => {
      for (const each of held) await each.close();
      await place.drop();
    });

    const hold = async (): Promise<string> => {
      const snapshot = await source.reader.holdSnapshot(never());
      held.push(snapshot);
      return snapshot.ref;
    };
    const rowsIn = async (snapshot: string): Promise<TestRow[]> => {
      const databases = { source, target: source };
      const { plan } = await planOf(harness, databases, 'log', {
        spec: { mode: 'both', read: { encoding: 'text-rows' } },
      });
      expect(plan.position).toMatchObject({ kind: 'row-address', needsSnapshot: true });
      const options = { rowsPerRange: 100, snapshot };
      const ranges = await source.reader.planRanges(plan, options, never());
      return readRanges(source, plan, ranges, { ...smallBlocks, blockRows: 50, snapshot });
    };
    const rowOf = (json: string): string => {
      const { n, what } = JSON.parse(json) as { readonly n: number | null; readonly what: string | null };
      return JSON.stringify([n === null ? null : String(n), what]);
    };
    /** What a target has that gets the rows, and then all events of these claims. */
    const followed = async (rows: readonly TestRow[], claims: readonly number[]): Promise<string[]> => {
      const lease = await changes.lease(LANE, never());
      const counts = new Map<string, number>();
      const add = (row: string, by: number): unknown => counts.set(row, (counts.get(row) ?? 0) + by);
      for (const row of rows) add(JSON.stringify(row), 1);
      for (const claim of claims)
        for (const event of eventsOf(await textOf(changes, lease, { claim }))) {
          if (event.old !== null) add(rowOf(event.old), -1);
          if (event.new !== null) add(rowOf(event.new), 1);
        }
      expect([...counts.values()].every((count) => count >= 0)).toBe(true);
      return [...counts].flatMap(([row, count]) => Array.from<string>({ length: count }).fill(row)).sort();
    };
    const standing = async (): Promise<string[]> => sorted(await place.query(`SELECT * FROM ${log}`));

    /** Transactions of several statements, some of which linger, or are rolled back, until they are told to end. */
    const write = async (seed: number, ended: () => boolean): Promise<number> => {
      const next = random(seed);
      const draw = (below: number): number => Math.floor(next() * below);
      let committed = 0;
      while (!ended()) {
        const statements = Array.from({ length: 1 + draw(4) }, () => {
          const n = draw(20);
          const kind = draw(4);
          if (kind === 0) return `DELETE FROM ${log} WHERE ${writing.oneOf(n)}`;
          if (kind === 1) return `UPDATE ${log} SET what = 'w${draw(3)}' WHERE ${writing.oneOf(n)}`;
          return `INSERT INTO ${log} VALUES (${n}, 'new'), (${n}, 'new')`;
        });
        if (draw(3) === 0) statements.push(writing.linger);
        const end = draw(6) === 0 ? 'ROLLBACK' : 'COMMIT';
        try {
          await place.execute([writing.begin, ...statements, end].join('; '));
          committed += 1;
        } catch (error) {
          if (!writing.isEachOthers(error)) throw error;
        }
      }
      return committed;
    };

    test.each([1, 2])('loses and doubles nothing of what is written meanwhile (seed %i)', async (first) => {
      let [seed, ended, committed] = [first, false, 0];
      const writers = Array.from({ length: writing.writers }, async (_, at) => {
        committed += await write(10 * seed + at, () => ended);
      });
      const events = async (): Promise<number> => (await changes.backlog(TRANSFER, never())).events;
      const goesOn = async (): Promise<unknown> => {
        let left = writing.writers === 0 ? 30 : 0;
        if (left > 0) return (committed += await write((seed += 1), () => (left -= 1) < 0));
        const before = await events();
        return eventually('something is written', async () => (await events()) > before + 20);
      };
      await goesOn();
      // The first snapshot is lost: the rows are read anew in another one.
      for (const _ of ['lost', 'read']) {
        const snapshot = await hold();
        await goesOn();
        expect(await beginAt(LANE, snapshot, never())).toBe(false);
        expect(await beginAt(LANE, snapshot, never())).toBe(false);
      }
      const rows = await rowsIn(held[1]!.ref);
      await goesOn();
      ended = true;
      await Promise.all(writers);
      expect(committed).toBeGreaterThan(5);
      await changes.housekeep({ retentionMs: 0 }, never());
      const lease = await changes.lease(LANE, never());
      const claims = await sealAll(changes, lease, { events: 50, bytes: 1_000_000 });
      expect(claims.length).toBeGreaterThan(1);
      expect(await followed(rows, claims)).toEqual(await standing());
    });

    test('that went on already is empty up to there, and its claims keep their numbers', async () => {
      await beginAt(LANE, await hold(), never());
      let lease = await changes.lease(LANE, never());
      for (const n of [1, 2, 3]) {
        await place.execute(`INSERT INTO ${log} VALUES (${n}, 'before')`);
        expect(await sealOne(changes, lease)).toBe(n);
      }
      await changes.confirm(lease, 1, never());
      await place.execute(`INSERT INTO ${log} VALUES (4, 'before')`);
      const snapshot = await hold();
      expect(await beginAt(LANE, snapshot, never())).toBe(true);
      await expect(changes.seal(lease, { events: 9, bytes: 9_000 }, never())).rejects.toMatchObject({
        code: 'capture.lease_lost',
      });
      await place.execute(`INSERT INTO ${log} VALUES (5, 'behind')`);
      await changes.housekeep({ retentionMs: 0 }, never());
      lease = await changes.lease(LANE, never());
      expect(lease.confirmed).toBe(1);
      const claims = await sealAll(changes, lease);
      const all = Array.from({ length: claims.at(-1)! - 1 }, (_, at) => at + 2);
      expect(await followed(await rowsIn(snapshot), all)).toEqual(await standing());
      for (const claim of [2, 3]) expect(await textOf(changes, lease, { claim })).toBe('');
    });

    test('begins at none that is older than what it is done with, or that is gone', async () => {
      const old = await hold();
      await beginAt(LANE, await hold(), never());
      const lease = await changes.lease(LANE, never());
      await place.execute(`INSERT INTO ${log} VALUES (1, 'x')`);
      await sealOne(changes, lease);
      const lost = { code: 'source.snapshot_lost' };
      await expect(beginAt(LANE, old, never())).rejects.toMatchObject(lost);
      await held.shift()!.close();
      await expect(beginAt(LANE, old, never())).rejects.toMatchObject(lost);
      await expect(beginAt({ ...LANE, lane: 9 }, held[0]!.ref, never())).rejects.toMatchObject({
        code: 'capture.resync_required',
      });
    });
  });
}
