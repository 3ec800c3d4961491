import { afterEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/servers.ts';
import { createWorkflowWorld, type WorkflowWorld } from '../support/workflow-world.ts';

describeWith(['temporal'], 'a transfer that reads less or more at once than one table', () => {
  let world: WorkflowWorld;
  afterEach(() => world.close());

  test('ends as limit-reached once a reader has come to the limit, with what was read before', async () => {
    const limits = { until: { rows: 100 }, timeMs: null, amount: '100 rows', time: '' };
    world = await createWorkflowWorld({ tables: ['main.a', 'main.b'], prepared: { limits } });
    world.standIn.held = false;
    world.standIn.limited.add('main.b');
    await world.start();
    const report = await world.handle.result();
    expect(report).toMatchObject({ phase: 'limit-reached' });
    expect((await world.status()).reason?.text).toBe('limit reached: 100 rows');
    expect(world.standIn.called('cleanUp').at(-1)?.request).toMatchObject({ close: false });
    await world.record('limit-reached');
  });

  test('reads many small tables in few slices', async () => {
    const tables = Array.from({ length: 60 }, (_, n) => `main.t${n}`);
    const options = { sliceReaders: 2, sliceWriters: 4 } as const;
    world = await createWorkflowWorld({ tables, lanes: 1, prepared: options });
    world.standIn.held = false;
    await world.start();
    await eventually('small tables are read together', () =>
      world.standIn
        .called('readSmallTables')
        .some(({ request }) => (request['tables'] as readonly string[]).length > 1),
    );
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 60 });
    await world.record('many-small-tables');
  });
});
