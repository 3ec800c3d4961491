import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { Opening } from '../../src/model/lane.ts';
import type { RowBlock } from '../../src/model/row-block.ts';
import type { ContractHarness, TestPlace } from './harness.ts';
import { createTestTable, never, readBlocks, smallBlocks, wholeRange } from './test-tables.ts';
import {
  batchOf,
  entryOf,
  laneOf,
  openRun,
  orderRows,
  orders,
  type Planned,
  startTable,
  TRANSFER,
} from './test-transfer.ts';

/** What a Ledger promises when the target was restored from a backup, was closed, or is of an earlier version. */
export function describeRestored(harness: ContractHarness): void {
  const LANES = harness.lanes ?? (harness.schema === 'main' ? 'sluice_lanes' : 'sluice.lanes');

  describe('a target that stands where it stood before', () => {
    let from: TestPlace;
    let to: TestPlace;
    let target: Database;
    let started: Planned;
    let blocks: RowBlock[];

    beforeEach(async () => {
      [from, to] = await Promise.all([harness.place(), harness.place()]);
      const source = await from.open();
      target = await to.open();
      await createTestTable(harness, from, orders, orderRows(1, 40));
      started = await startTable(harness, { source, target }, orders.name, {
        spec: { write: { mode: 'append' } },
      });
      const { plan } = started;
      blocks = await readBlocks(source, { plan, range: wholeRange }, { ...smallBlocks, blockRows: 10 });
    });
    afterEach(() => Promise.all([from.drop(), to.drop()]));

    const open = (): Promise<Opening> => target.ledger.openLane(laneOf(started), never());
    const apply = async (block: number, { attempt, epoch }: Opening, n: number) => {
      const batch = batchOf(started.plan, blocks[block]!, { lane: laneOf(started), attempt, epoch, n });
      return (await applyBatch(target.writer, started.plan, batch, never())).outcome;
    };
    const count = () => target.writer.countRows(started.plan, never());

    test('takes no batch of the history that it lost, though attempts and numbers are counted again', async () => {
      await to.execute(`CREATE TABLE backup AS SELECT attempt, epoch, n FROM ${LANES}`);
      const lost = await open();
      await to.execute(
        `UPDATE ${LANES} SET attempt = (SELECT attempt FROM backup), epoch = (SELECT epoch FROM backup), n = (SELECT n FROM backup)`,
      );
      expect(await apply(0, lost, 1)).toBe('dropped');
      const own = await open();
      expect(own.attempt).toBe(lost.attempt);
      expect(own.epoch).not.toBe(lost.epoch);
      expect(await apply(0, lost, 1)).toBe('dropped');
      expect(await apply(0, own, 1)).toBe('applied');
      // Neither the next number nor one behind a gap: nobody waits for what never comes.
      expect(await apply(1, lost, 2)).toBe('dropped');
      expect(await apply(2, lost, 3)).toBe('dropped');
      expect(await apply(1, own, 2)).toBe('applied');
      expect(await count()).toBe(20n);
    });

    test('goes on with the batches of the opening at which it stands', async () => {
      const opening = await open();
      expect(await apply(0, opening, 1)).toBe('applied');
      expect(await apply(1, opening, 2)).toBe('applied');
      expect(await count()).toBe(20n);
    });

    test('tells who opens a lane the range as it stands now', async () => {
      await to.execute(`UPDATE ${LANES} SET range_upto = '["20"]'`);
      expect(await open()).toMatchObject({ range: { lane: 1, after: null, upto: ['20'] } });
    });

    test('drops what comes after the run was closed', async () => {
      const opening = await open();
      await target.ledger.closeRun(TRANSFER, started.run, never());
      expect(await apply(0, opening, 1)).toBe('dropped');
      await expect(open()).rejects.toMatchObject({ code: 'transfer.not_running' });
      expect(await count()).toBe(0n);
    });

    test('takes nothing behind the end of a range', async () => {
      const opening = await open();
      await to.execute(
        `UPDATE ${LANES} SET ended = ${harness.yes ?? (harness.schema === 'main' ? '1' : 'true')}`,
      );
      expect(await apply(0, opening, 1)).toBe('dropped');
    });

    test('says by its code whether a newer run or only a newer generation stands', async () => {
      const newer = entryOf(started.plan, { generation: 2 });
      await target.ledger.planTable(
        { transfer: TRANSFER, run: started.run },
        newer,
        { replaceBy: null },
        never(),
      );
      await expect(open()).rejects.toMatchObject({ code: 'database.transient' });
      await openRun(target, 'execution-2', 'another plan');
      await expect(open()).rejects.toMatchObject({ code: 'transfer.not_running' });
    });

    test('made before attempts had an epoch is brought up to date by installing', async () => {
      await to.execute(`ALTER TABLE ${LANES} DROP COLUMN epoch`);
      const other = await to.open();
      await Promise.all([target.ledger.install(never()), other.ledger.install(never())]);
      const opening = await open();
      expect(await apply(0, opening, 1)).toBe('applied');
      expect(await target.ledger.lanes(TRANSFER, started.run, started.plan.id, never())).toMatchObject([
        { attempt: opening.attempt, epoch: opening.epoch, n: 1 },
      ]);
    });
  });
}
