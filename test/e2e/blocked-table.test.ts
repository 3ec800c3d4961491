import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../support/servers.ts';
import { createStage, expectEqualSides, type Stage } from '../support/transfer-stage.ts';

describeWith(['postgres', 'nats', 'temporal'], 'a table that is blocked while the hub is full', () => {
  let stage: Stage;

  beforeAll(async () => {
    // The largest table has many times the credit of the transfer and stops at its first batch.
    stage = await createStage({
      spec: { limits: {}, read: { rowsPerRange: 5_000, creditBytes: 1_048_576 } },
    });
    await stage.source.query(
      'CREATE TABLE big AS SELECT i AS id, repeat(md5(i::text), 30) AS fill FROM generate_series(1, 20000) AS i; ALTER TABLE big ADD PRIMARY KEY (id)',
    );
    await stage.target.query("CREATE TABLE big (id integer PRIMARY KEY, fill text CHECK (fill = ''))");
    stage.world.worker();
    await stage.world.start();
  });

  afterAll(() => stage?.close());

  test('does not keep the others from finishing, and finishes itself once it is mended', async () => {
    const { world, source, target } = stage;
    await world.eventually('the others are finished', async () => {
      const { byStatus } = (await world.status()).tables;
      return byStatus.finished === 3 && byStatus.blocked === 1;
    });
    await expectEqualSides(source, target);
    await target.query('ALTER TABLE big DROP CONSTRAINT big_fill_check');
    expect((await world.cli('table', 'retry', world.transfer, 'public.big')).code).toBe(0);
    expect(await world.result()).toMatchObject({ phase: 'finished', compared: 4, equal: 4 });
    await expectEqualSides(source, target, ['orders', 'events', 'shelves', 'big']);
  });
});
