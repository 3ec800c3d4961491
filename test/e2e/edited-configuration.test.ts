import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableResnapshotUpdate } from '../../src/workflows/messages.ts';
import { describeWith } from '../support/servers.ts';
import { createStage, expectEqualSides, SPEC, type Stage } from '../support/transfer-stage.ts';

const EDITED = {
  ...SPEC,
  tables: { 'public.*': {}, 'public.shelves': { where: 'amount < 100' }, 'public.events': false },
  write: { mode: 'truncate' },
  limits: {},
} as const;

describeWith(['postgres', 'nats', 'temporal'], 'a configuration that is edited while a transfer runs', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await createStage({ rows: 20_000, spec: { limits: { ratePerSecond: 1_000 } } });
  });

  afterAll(() => stage?.close());

  test('changes nothing of the run, not even for a table that is planned afterwards by a new worker', async () => {
    const { world } = stage;
    const first = world.worker();
    await world.start();
    await stage.moves(2_000);
    await world.rewrite(EDITED);
    await first.stop();
    world.worker();
    await stage.moves(1_000);
    const wish = { table: 'public.shelves' };
    await world.handle.executeUpdate(tableResnapshotUpdate, { args: [wish] });
    await stage.endsEqual();
  });

  test('counts from the next start on', async () => {
    const { world, source, target } = stage;
    const eventsBefore = await target.cell('SELECT count(*) FROM events');
    await world.start();
    const report = await world.result();
    expect(report).toMatchObject({ phase: 'finished', run: 2, compared: 2, equal: 2 });
    expect(await target.cell('SELECT count(*) FROM shelves')).toBe(
      await source.cell('SELECT count(*) FROM shelves WHERE amount < 100'),
    );
    expect(await target.cell('SELECT count(*) FROM events')).toBe(eventsBefore);
    await expectEqualSides(source, target, ['orders']);
  });
});
