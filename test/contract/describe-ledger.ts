import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { ContractHarness, TestPlace, TestTable } from './harness.ts';
import {
  createTestTable,
  never,
  planOf,
  readBlocks,
  renderTestRows,
  smallBlocks,
  wholeRange,
  quoteOf,
} from './test-tables.ts';
import { describeRestored } from './describe-restored.ts';
import { batchOf, entryOf, laneOf, openRun, startTable, TRANSFER } from './test-transfer.ts';

const items: TestTable = {
  name: 'items',
  key: ['id'],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'note', type: 'text' },
  ],
};
const rows = [
  ['1', 'a'],
  ['2', 'b'],
  ['3', 'c'],
];
const RANGES = [
  { lane: 1, after: null, upto: ['2'] },
  { lane: 2, after: ['2'], upto: null },
];

/** What a Ledger promises, whatever the database. */
export function describeLedger(harness: ContractHarness): void {
  describe(`${harness.title}: ledger`, () => {
    let place: TestPlace;
    let database: Database;

    beforeEach(async () => {
      place = await harness.place();
      database = await place.open();
      await createTestTable(harness, place, items, rows);
    });
    afterEach(() => place.drop());

    /** The table is copied onto itself: source and target are one place, and only the ledger is looked at. */
    const planFor = async (mode: 'append' | 'truncate' | 'fail-if-not-empty' | 'upsert') =>
      (
        await planOf(harness, { source: database, target: database }, items.name, {
          spec: { write: { mode } },
        })
      ).plan;
    const count = async (): Promise<number> =>
      Number((await place.query(`SELECT count(*) FROM ${harness.dialect.quote(items.name)}`))[0]?.[0]);

    describe('installing', () => {
      test('works again and again, and from two processes at once', async () => {
        const other = await place.open();
        await Promise.all([
          database.ledger.install(never()),
          other.ledger.install(never()),
          database.ledger.install(never()),
        ]);
        await other.ledger.install(never());
        expect((await openRun(other)).run).toBe(1);
      });

      test('its tables are no tables to copy', async () => {
        await database.ledger.install(never());
        const tables = await database.introspector.listTables(never());
        expect(tables.map(({ table }) => table.name)).toEqual([items.name]);
      });

      test.runIf(harness.openWithoutRights)('without the right it names the GRANT', async () => {
        const guest = await harness.openWithoutRights!(place);
        const failure = await guest.ledger.install(never()).catch((error: unknown) => error);
        expect(failure).toMatchObject({
          code: 'database.permission_denied',
          details: { suggestion: expect.stringMatching(/^GRANT .+ TO .+;$/) },
        });
        await guest.close();
      });
    });

    describe('runs', () => {
      beforeEach(() => database.ledger.install(never()));

      test('the same execution gets the same run, also when it is closed', async () => {
        expect(await openRun(database)).toEqual({ run: 1, continued: false, spec: '{}' });
        expect(await openRun(database)).toEqual({ run: 1, continued: false, spec: '{}' });
        await database.ledger.closeRun(TRANSFER, 1, never());
        expect(await openRun(database)).toEqual({ run: 1, continued: false, spec: '{}' });
      });

      test('another execution of the same plan goes on with the unfinished run, which is its own from then on', async () => {
        await openRun(database, 'execution-1');
        expect(await openRun(database, 'execution-2')).toMatchObject({ run: 1, continued: true });
        expect(await openRun(database, 'execution-2')).toMatchObject({ run: 1, continued: true });
      });

      test('keeps the spec of an execution for as long as it has the run, and gives the next one its own', async () => {
        const open = (execution: string, spec: string) =>
          database.ledger.openRun({ transfer: TRANSFER, execution, planHash: 'plan-1', spec }, never());
        expect(await open('execution-1', '{"a":1}')).toMatchObject({ spec: '{"a":1}' });
        expect(await open('execution-1', '{"a":2}')).toMatchObject({ spec: '{"a":1}' });
        expect(await database.ledger.readSpec(TRANSFER, 1, never())).toBe('{"a":1}');
        expect(await open('execution-2', '{"a":3}')).toMatchObject({ continued: true, spec: '{"a":3}' });
        expect(await open('execution-2', '{"a":4}')).toMatchObject({ spec: '{"a":3}' });
        expect(await database.ledger.readSpec(TRANSFER, 1, never())).toBe('{"a":3}');
        expect(await database.ledger.readSpec(TRANSFER, 2, never())).toBeNull();
      });

      test('another plan, or a finished run, opens a new one above all of the transfer', async () => {
        await openRun(database, 'execution-1', 'plan-1');
        expect(await openRun(database, 'execution-2', 'plan-2')).toMatchObject({ run: 2, continued: false });
        await database.ledger.closeRun(TRANSFER, 2, never());
        await database.ledger.closeRun(TRANSFER, 2, never());
        expect(await openRun(database, 'execution-3', 'plan-2')).toMatchObject({ run: 3, continued: false });
        expect(await openRun(database, 'execution-4', 'plan-1')).toMatchObject({ run: 4, continued: false });
        const other = { transfer: 'day', execution: 'x', planHash: 'plan-1', spec: '{}' };
        expect(await database.ledger.openRun(other, never())).toMatchObject({ run: 1 });
      });

      test('executions that open at once get one run', async () => {
        const runs = await Promise.all(
          ['a', 'b', 'c', 'd', 'e'].map((execution) => openRun(database, execution)),
        );
        expect(runs.map(({ run }) => run)).toEqual([1, 1, 1, 1, 1]);
        expect(runs.filter(({ continued }) => !continued)).toHaveLength(1);
      });

      test('a new run fences the lanes of the older ones for good', async () => {
        const started = await startTable(harness, { source: database, target: database }, items.name, {
          spec: { write: { mode: 'append' } },
        });
        const { attempt, epoch } = await database.ledger.openLane(laneOf(started), never());
        await openRun(database, 'execution-2', 'plan-2');
        const batch = batchOf(started.plan, null, { lane: laneOf(started), attempt, epoch, n: 1 });
        expect((await applyBatch(database.writer, started.plan, batch, never())).outcome).toBe('dropped');
        await expect(database.ledger.openLane(laneOf(started), never())).rejects.toMatchObject({
          name: 'SluiceError',
        });
        const late = database.ledger.planTable(
          { transfer: TRANSFER, run: started.run },
          entryOf(started.plan, { generation: 2 }),
          { replaceBy: null },
          never(),
        );
        await expect(late).rejects.toMatchObject({ name: 'SluiceError' });
      });

      test('forgetting deletes finished runs but never the newest', async () => {
        for (const execution of ['a', 'b', 'c']) {
          const { run } = await openRun(database, execution);
          await database.ledger.closeRun(TRANSFER, run, never());
        }
        expect(await database.ledger.forget(new Date(Date.now() - 60_000), never())).toBe(0);
        expect(await database.ledger.forget(new Date(Date.now() + 60_000), never())).toBe(2);
        expect(await database.ledger.forget(new Date(Date.now() + 60_000), never())).toBe(0);
        expect((await openRun(database, 'd')).run).toBe(4);
      });
    });

    describe('planning a table', () => {
      let run: number;
      const ref = () => ({ transfer: TRANSFER, run });
      const keep = { replaceBy: null };

      beforeEach(async () => {
        await database.ledger.install(never());
        ({ run } = await openRun(database));
      });

      test('what stands in the ledger is returned, whoever planned it', async () => {
        const plan = await planFor('append');
        const first = entryOf(plan, { ranges: RANGES });
        expect(await database.ledger.readTable(TRANSFER, run, plan.id, never())).toBeNull();
        expect(await database.ledger.planTable(ref(), first, keep, never())).toEqual(first);
        const second = entryOf(plan, { ranges: [wholeRange], changeMarker: 'other' });
        expect(await database.ledger.planTable(ref(), second, keep, never())).toEqual(first);
        expect(await database.ledger.readTable(TRANSFER, run, plan.id, never())).toEqual(first);
        expect(await database.ledger.progress(TRANSFER, run, never())).toEqual([
          { table: plan.id, generation: 1, lanes: 2, endedLanes: 0, rows: 0, bytes: 0 },
        ]);
      });

      test('plans made at once come out as one', async () => {
        const plan = await planFor('append');
        const planned = await Promise.all(
          ['a', 'b', 'c'].map((changeMarker) =>
            database.ledger.planTable(ref(), entryOf(plan, { changeMarker }), keep, never()),
          ),
        );
        expect(new Set(planned.map(({ changeMarker }) => changeMarker)).size).toBe(1);
      });

      test('a newer generation takes over and an older one gets the newer', async () => {
        const plan = await planFor('append');
        await database.ledger.planTable(ref(), entryOf(plan, { ranges: RANGES }), keep, never());
        const lane = { ...laneOf({ run, plan }) };
        const { attempt, epoch } = await database.ledger.openLane(lane, never());
        const newer = entryOf(plan, { generation: 2 });
        expect(await database.ledger.planTable(ref(), newer, keep, never())).toEqual(newer);
        expect(await database.ledger.planTable(ref(), entryOf(plan), keep, never())).toEqual(newer);
        expect(await database.ledger.readTable(TRANSFER, run, plan.id, never())).toEqual(newer);
        const batch = batchOf(plan, null, { lane, attempt, epoch, n: 1 });
        expect((await applyBatch(database.writer, plan, batch, never())).outcome).toBe('dropped');
        await expect(database.ledger.openLane(lane, never())).rejects.toMatchObject({ name: 'SluiceError' });
        expect(await database.ledger.lanes(TRANSFER, run, plan.id, never())).toMatchObject([
          { generation: 2, lane: 1, n: 0 },
        ]);
      });

      test.each([
        ['truncate', 1, 0],
        ['fail-if-not-empty', 1, 3],
        ['fail-if-not-empty', 2, 0],
        ['append', 2, 3],
        ['upsert', 2, 3],
      ] as const)('write mode %s in generation %d leaves %d rows', async (mode, generation, left) => {
        await database.ledger.planTable(ref(), entryOf(await planFor(mode), { generation }), keep, never());
        expect(await count()).toBe(left);
      });

      test('nothing is cleared a second time once rows are applied', async () => {
        const plan = await planFor('truncate');
        const blocks = await readBlocks(
          database,
          { plan, range: wholeRange },
          { ...smallBlocks, blockRows: 2 },
        );
        await database.ledger.planTable(ref(), entryOf(plan), keep, never());
        const lane = laneOf({ run, plan });
        const { attempt, epoch } = await database.ledger.openLane(lane, never());
        await applyBatch(
          database.writer,
          plan,
          batchOf(plan, blocks[0]!, { lane, attempt, epoch, n: 1 }),
          never(),
        );
        await database.ledger.planTable(ref(), entryOf(plan), keep, never());
        await database.ledger.planTable(ref(), entryOf(plan, { generation: 0 }), keep, never());
        expect(await count()).toBe(2);
        await database.ledger.planTable(ref(), entryOf(plan, { generation: 2 }), keep, never());
        expect(await count()).toBe(0);
      });

      test('what was appended is not appended again, also where the first rows came behind the question', async () => {
        const plan = await planFor('append');
        const blocks = await readBlocks(database, { plan, range: wholeRange });
        await place.execute(`DELETE FROM ${quoteOf(harness)(items.name)}`);
        await database.ledger.planTable(ref(), entryOf(plan), keep, never());
        const lane = laneOf({ run, plan });
        const { attempt, epoch } = await database.ledger.openLane(lane, never());
        const batch = batchOf(plan, blocks[0]!, { lane, attempt, epoch, n: 1 });
        await applyBatch(database.writer, plan, batch, never());
        const again = database.ledger.planTable(ref(), entryOf(plan, { generation: 2 }), keep, never());
        await expect(again).rejects.toMatchObject({ code: 'target.not_empty', details: { table: plan.id } });
        expect(await count()).toBe(3);
        // Nothing of the refused planning stands: the lane goes on where it was.
        expect(await database.ledger.readTable(TRANSFER, run, plan.id, never())).toEqual(entryOf(plan));
        expect(await database.ledger.lanes(TRANSFER, run, plan.id, never())).toMatchObject([
          { generation: 1, attempt, epoch, n: 1, rows: 3 },
        ]);
      });

      test('an execution that lost the run to another one plans nothing in it any more, and clears nothing', async () => {
        const plan = await planFor('truncate');
        const by = (execution: string, generation: number) =>
          database.ledger.planTable({ ...ref(), execution }, entryOf(plan, { generation }), keep, never());
        expect(await by('execution-1', 1)).toEqual(entryOf(plan));
        await place.execute(renderTestRows(harness, items, rows));
        expect(await openRun(database, 'execution-2')).toMatchObject({ run, continued: true });
        for (const generation of [2, 1])
          await expect(by('execution-1', generation)).rejects.toMatchObject({ code: 'transfer.not_running' });
        expect(await count()).toBe(3);
        expect(await database.ledger.readTable(TRANSFER, run, plan.id, never())).toEqual(entryOf(plan));
        expect(await by('execution-2', 2)).toMatchObject({ generation: 2 });
        expect(await count()).toBe(0);
      });

      test('a table that others refer to is cleared too', async () => {
        const quote = quoteOf(harness);
        await place.execute(
          `CREATE TABLE ${quote('parts')} (${quote('item')} ${harness.types.bigint} REFERENCES ${quote(items.name)} (${quote('id')}))`,
        );
        await database.ledger.planTable(ref(), entryOf(await planFor('truncate')), keep, never());
        expect(await count()).toBe(0);
        await place.execute(renderTestRows(harness, items, [['9', 'x']]));
      });
    });

    describe('opening a lane', () => {
      test('gives each opener an attempt of its own, in order', async () => {
        const started = await startTable(harness, { source: database, target: database }, items.name, {
          spec: { write: { mode: 'append' } },
        });
        const openings = await Promise.all(
          [1, 2, 3, 4].map(() => database.ledger.openLane(laneOf(started), never())),
        );
        expect(new Set(openings.map(({ attempt }) => attempt)).size).toBe(4);
        expect(openings[0]).toMatchObject({ position: null, rows: 0, bytes: 0, ended: false });
        const last = Math.max(...openings.map(({ attempt }) => attempt));
        expect(await database.ledger.lanes(TRANSFER, started.run, started.plan.id, never())).toMatchObject([
          { attempt: last, n: 0 },
        ]);
      });

      test('of several that want a lane as it stands one gets it, and the others are told whose it is', async () => {
        const started = await startTable(harness, { source: database, target: database }, items.name, {
          spec: { write: { mode: 'append' } },
        });
        const lane = laneOf(started);
        const epochs = ['aa.1', 'bb.2', 'cc.3', 'dd.4'];
        const openings = await Promise.all(
          epochs.map((epoch) => database.ledger.openLane({ ...lane, epoch, ifAttempt: 0 }, never())),
        );
        const [stands] = await database.ledger.lanes(TRANSFER, started.run, started.plan.id, never());
        expect(stands).toMatchObject({ attempt: 1, n: 0 });
        expect(epochs).toContain(stands?.epoch);
        expect(openings).toEqual(openings.map(() => openings[0]));
        expect(openings[0]).toMatchObject({ attempt: 1, epoch: stands?.epoch, range: { lane: lane.lane } });
        const late = await database.ledger.openLane({ ...lane, epoch: 'ee.5', ifAttempt: 0 }, never());
        expect(late).toEqual(openings[0]);
        const next = await database.ledger.openLane({ ...lane, epoch: 'ff.6', ifAttempt: 1 }, never());
        expect(next).toMatchObject({ attempt: 2, epoch: 'ff.6' });
      });

      test('makes no lane that was not planned', async () => {
        const started = await startTable(harness, { source: database, target: database }, items.name, {
          spec: { write: { mode: 'append' } },
        });
        for (const changes of [{ lane: 9 }, { generation: 2 }, { run: 5 }, { table: 'public.none' }]) {
          for (const claim of [{}, { ifAttempt: 0 }]) {
            const lane = { ...laneOf(started, changes), ...claim };
            await expect(database.ledger.openLane(lane, never())).rejects.toMatchObject({
              name: 'SluiceError',
            });
          }
        }
        expect(await database.ledger.lanes(TRANSFER, started.run, started.plan.id, never())).toHaveLength(1);
      });
    });

    describeRestored(harness);
  });
}
