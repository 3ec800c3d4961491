import { afterEach, expect, test } from 'vitest';
import { digestSql } from '../support/orders.ts';
import { describeWith } from '../support/servers.ts';
import { createStage, expectEqualSides, type Stage } from '../support/transfer-stage.ts';

const CHANGES_SQL = `
  DELETE FROM orders WHERE id % 5 = 0;
  UPDATE orders SET note = 'changed meanwhile' WHERE id % 7 = 0;
  INSERT INTO orders (id, customer_id, status, amount, created_at) SELECT 1000000 + i, i, 'new', 0, now() FROM generate_series(1, 500) AS i;
  DELETE FROM events WHERE ctid IN (SELECT ctid FROM events LIMIT 1000);
  UPDATE shelves SET code = code || '!' WHERE amount > 100`;

describeWith(['postgres', 'nats', 'temporal'], 'a source that is changed while it is copied', () => {
  let stage: Stage;
  /** Many a row is still to come when the source has changed, and then the rate is lifted. */
  const slow = { limits: { ratePerSecond: 1_000 } } as const;

  afterEach(() => stage?.close());

  test('leads to a finished transfer that reports the drift', async () => {
    stage = await createStage({ rows: 20_000, spec: slow });
    const { world, source } = stage;
    world.worker();
    await world.start();
    await stage.moves(3_000);
    await source.query(CHANGES_SQL);
    await stage.moves(1_000);
    await world.change({ ratePerSecond: 0 });
    const report = await world.result();
    expect(report).toMatchObject({ phase: 'finished', compared: 3, skipped: 0 });
    expect(report.drifted).toBeGreaterThan(0);
    expect(report.equal + report.drifted).toBe(3);
    const shown = await world.cli('report', world.transfer);
    expect(shown.code).toBe(4);
    expect(shown.stdout).toMatch(/differ while the source changed/);
  });

  test('is at the target as it was in the snapshot, over pauses and changes of the settings', async () => {
    stage = await createStage({ rows: 20_000, spec: { consistency: 'snapshot', ...slow } });
    const { world, source, target } = stage;
    const tables = ['orders', 'events', 'shelves'] as const;
    const before = await Promise.all(tables.map((table) => source.cell(digestSql(table))));
    world.worker();
    await world.start();
    await stage.moves(2_000);
    await source.query(CHANGES_SQL);
    expect((await world.cli('pause', world.transfer, '--wait')).code).toBe(0);
    await source.query('DELETE FROM orders WHERE id > 15000');
    await source.query('VACUUM orders');
    expect((await world.cli('resume', world.transfer)).code).toBe(0);
    await stage.moves(2_000);
    await world.change({ ratePerSecond: 0, writers: 6 });
    expect(await world.result()).toMatchObject({ phase: 'finished', rows: stage.rows });
    expect(await Promise.all(tables.map((table) => target.cell(digestSql(table))))).toEqual(before);
  });

  test('is quiet again after the transfer: a second one ends equal', async () => {
    stage = await createStage({ rows: 2_000, spec: { write: { mode: 'truncate' }, limits: {} } });
    const { world, source, target } = stage;
    world.worker();
    await world.start();
    await world.result();
    await source.query(CHANGES_SQL);
    await world.start();
    expect(await world.result()).toMatchObject({ phase: 'finished', equal: 3, drifted: 0 });
    await expectEqualSides(source, target);
  });
});
