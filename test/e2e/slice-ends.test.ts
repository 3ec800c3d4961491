import { afterEach, expect, test } from 'vitest';
import { digestSql } from '../support/orders.ts';
import { describeWith } from '../support/servers.ts';
import { slicesOf } from '../support/slices.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

const SLICE_MS = 2_000;
const TABLES = ['orders', 'events', 'shelves'] as const;

/** Rows go, change and come in every table. */
const CHANGES_SQL = `
  DELETE FROM orders WHERE id % 5 = 0;
  UPDATE orders SET note = 'changed meanwhile' WHERE id % 7 = 0;
  INSERT INTO orders (id, customer_id, status, amount, created_at) SELECT 1000000 + i, i, 'new', 0, now() FROM generate_series(1, 500) AS i;
  DELETE FROM events WHERE ctid IN (SELECT ctid FROM events LIMIT 3000);
  INSERT INTO events SELECT timestamp '2030-01-01' + i * interval '1 s', 'late', '{}' FROM generate_series(1, 500) AS i;
  UPDATE shelves SET code = code || '!' WHERE amount > 100;
  DELETE FROM shelves WHERE amount < 50`;

describeWith(['postgres', 'nats', 'temporal'], 'a transfer in slices of a few seconds', () => {
  let stage: Stage;

  afterEach(() => stage?.close());

  const budgetEnds = async () => {
    const { ended } = await slicesOf(stage.world.client, stage.world.handle);
    return ended.filter(({ why }) => why === 'budget');
  };

  test('that is paused for longer than a slice is at the target as the source was in the snapshot', async () => {
    stage = await createStage({
      rows: 20_000,
      sliceBudget: `${SLICE_MS}ms`,
      spec: { consistency: 'snapshot', limits: { ratePerSecond: 1_000 } },
    });
    const { world, source, target } = stage;
    const before = await Promise.all(TABLES.map((table) => source.cell(digestSql(table))));
    world.worker();
    await world.start();
    await stage.moves(2_000);
    expect((await world.cli('pause', world.transfer, '--wait')).code).toBe(0);
    const pausedMs = performance.now();
    const rows = await stage.applied();
    await source.query(CHANGES_SQL);
    for (const table of TABLES) await source.query(`VACUUM ${table}`);
    await world.eventually('it is paused for two slices', () => performance.now() - pausedMs > 2 * SLICE_MS);
    expect(await world.status()).toMatchObject({ phase: 'paused' });
    expect(await stage.applied()).toBe(rows);
    expect((await world.cli('resume', world.transfer)).code).toBe(0);
    await stage.moves(2_000);
    await source.query("UPDATE orders SET note = 'after the pause'; DELETE FROM shelves");
    await world.eventually(
      'several slices have ended in their middle',
      async () => (await budgetEnds()).length > 2,
    );
    await world.change({ ratePerSecond: 0 });
    expect(await world.result()).toMatchObject({ phase: 'finished', rows: stage.rows });
    expect(await Promise.all(TABLES.map((table) => target.cell(digestSql(table))))).toEqual(before);
    const { scheduled } = await slicesOf(world.client, world.handle);
    // One snapshot all the time: the slices came and went below it.
    expect(scheduled.filter((activity) => activity === 'holdSnapshot')).toHaveLength(1);
  });

  test('ends equal after many slices and continued executions, with and without a key, nothing twice', async () => {
    stage = await createStage({ rows: 30_000, sliceBudget: '1s' });
    const { world } = stage;
    world.worker();
    await world.start({ transfer: world.transfer, historyEvents: 80 });
    await world.eventually('slices of each table and of the writers have ended in their middle', async () => {
      const ends = await budgetEnds();
      const of = (activity: string, table: string | null) =>
        ends.filter((slice) => slice.activity === activity && slice.table === table).length;
      return (
        TABLES.every((table) => of('readAndPublish', `public.${table}`) >= 2) && of('writeBatches', null) >= 2
      );
    });
    await stage.endsEqual();
    expect((await slicesOf(world.client, world.handle)).executions).toBeGreaterThan(1);
  });
});
