import { afterEach, expect, test } from 'vitest';
import { SluiceError } from '../../src/model/sluice-error.ts';
import * as messages from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/servers.ts';
import type { StandInOptions } from '../support/stand-in-activities.ts';
import { createWorkflowWorld, type WorkflowWorld } from '../support/workflow-world.ts';

describeWith(['temporal'], 'steering a running transfer', () => {
  let world: WorkflowWorld;
  afterEach(() => world.close());

  const copying = async (options: StandInOptions, input?: (transfer: string) => unknown): Promise<void> => {
    world = await createWorkflowWorld(options);
    await world.start(input?.(world.transfer) ?? world.transfer);
    await eventually('it reads', () => world.standIn.called('readAndPublish').length > 0);
  };

  test('new settings are taken up at once by slices that are started anew', async () => {
    await copying({ tables: ['main.a'] }, (transfer) => ({ transfer, override: { writers: 3 } }));
    await eventually('it writes', () => world.standIn.called('writeBatches').length > 0);
    expect(world.standIn.called('writeBatches').at(-1)?.request).toMatchObject({
      settings: { writers: 3, readers: 2 },
    });
    const settings = await world.handle.executeUpdate(messages.settingsUpdate, { args: [{ writers: 7 }] });
    expect(settings).toEqual({ readers: 2, writers: 7, blockBytes: 4_194_304, ratePerSecond: 0 });
    for (const activity of ['writeBatches', 'readAndPublish'] as const) {
      await eventually(`${activity} has them`, () => {
        const settingsOf = world.standIn.called(activity).at(-1)?.request['settings'] as { writers: number };
        return settingsOf.writers === 7;
      });
    }
    world.standIn.held = false;
    expect(await world.handle.result()).toMatchObject({ phase: 'finished' });
    await world.record('settings-changed');
  });

  test('a re-snapshot copies a table again as its next generation', async () => {
    await copying({ tables: ['main.a', 'main.b'] });
    await world.handle.executeUpdate(messages.tableResnapshotUpdate, { args: [{ table: 'main.a' }] });
    await eventually('it is planned again', () => world.standIn.ledger.get('main.a')?.generation === 2);
    world.standIn.held = false;
    const report = (await world.handle.result()) as messages.TransferReport;
    expect(report.tables.find(({ table }) => table === 'main.a')).toMatchObject({
      generation: 2,
      status: 'finished',
    });
  });

  test('no signal and no change is lost when the history is left behind', async () => {
    await copying({ tables: ['main.a', 'main.b', 'main.c'] }, (transfer) => ({
      transfer,
      historyEvents: 60,
    }));
    world.standIn.refusals.set('main.c', new SluiceError('database.permission_denied', 'no'));
    const first = (await world.handle.describe()).runId;
    await world.handle.signal(messages.tablePauseSignal, { table: 'main.b' });
    for (let n = 0; n < 40; n += 1) {
      await world.handle.signal(messages.pauseSignal, { reason: `round ${n}` });
      await world.handle.signal(messages.resumeSignal);
    }
    await world.handle.signal(messages.pauseSignal, { reason: 'the last one' });
    await eventually(
      'it goes on in another run',
      async () => (await world.handle.describe()).runId !== first,
    );
    const paused = await eventually('it is paused there', async () => {
      const status = await world.status();
      return status.phase === 'paused' && status;
    });
    expect(paused).toMatchObject({ run: 1, reason: { text: 'the last one' }, tables: { total: 3 } });
    expect(await world.statusOf('main.b')).toBe('paused');
    world.standIn.refusals.clear();
    world.standIn.held = false;
    await world.handle.signal(messages.resumeSignal);
    await world.handle.signal(messages.tableResumeSignal, { table: 'main.b' });
    await world.handle.signal(messages.tableRetrySignal, { table: 'main.c' });
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 3 });
    expect(world.standIn.called('prepareTransfer').length).toBe(1);
    await world.record('continued-as-new');
  });

  test('a snapshot is held across a pause, and what is read in it starts anew in another one when it is lost', async () => {
    await copying({ tables: ['main.a'], prepared: { oneSnapshot: true } });
    expect(world.standIn.called('readAndPublish')[0]?.request).toMatchObject({ snapshot: 'snapshot-1' });
    await world.handle.signal(messages.pauseSignal);
    await eventually('it is paused', async () => (await world.status()).phase === 'paused');
    await world.handle.signal(messages.resumeSignal);
    await eventually('it reads again', () => world.standIn.called('readAndPublish').length === 2);
    expect(world.standIn.called('holdSnapshot').length).toBe(1);
    expect(world.standIn.called('readAndPublish').at(-1)?.request).toMatchObject({ snapshot: 'snapshot-1' });
    world.standIn.loseSnapshot.abort();
    await eventually(
      'it reads in another one',
      () => world.standIn.called('readAndPublish').at(-1)?.request['snapshot'] === 'snapshot-2',
    );
    expect(world.standIn.ledger.get('main.a')?.generation).toBe(2);
    world.standIn.held = false;
    expect(await world.handle.result()).toMatchObject({ phase: 'finished' });
    await world.record('snapshot-lost');
  });

  test('a table that is planned first while a snapshot is held starts anew when that one is lost', async () => {
    const settings = { readers: 40, writers: 4, blockBytes: 4_194_304, ratePerSecond: 0 };
    // More than are planned at first: of the others it is not known yet that the snapshot binds them.
    const tables = Array.from({ length: 14 }, (_, n) => `main.t${n}`);
    world = await createWorkflowWorld({ tables, keyless: true, prepared: { settings } });
    await world.start();
    const readIn = (isIt: (snapshot: unknown) => boolean): ReadonlySet<unknown> =>
      new Set(
        world.standIn
          .called('readAndPublish')
          .filter(({ request }) => isIt(request['snapshot']))
          .map(({ request }) => request['table']),
      );
    await eventually(
      'all are read',
      () => readIn((snapshot) => snapshot === 'snapshot-1').size === tables.length,
    );
    const readBefore = readIn((snapshot) => snapshot === 'snapshot-1');
    world.standIn.loseSnapshot.abort();
    await eventually('another is held', () => world.standIn.called('holdSnapshot').length >= 2);
    await world.handle.signal(messages.pauseSignal);
    await eventually('it is paused', async () => (await world.status()).phase === 'paused');
    await world.handle.signal(messages.resumeSignal);
    await eventually(
      'it reads again',
      () => readIn((snapshot) => snapshot !== 'snapshot-1').size === tables.length,
    );
    world.standIn.held = false;
    expect(await world.handle.result()).toMatchObject({ phase: 'finished' });
    for (const table of readBefore)
      expect(world.standIn.ledger.get(String(table))?.generation, String(table)).toBeGreaterThan(1);
  });

  test('where a slice finds the snapshot gone, another one is held, though nothing ended the first', async () => {
    world = await createWorkflowWorld({ tables: ['main.a'], prepared: { oneSnapshot: true } });
    world.standIn.held = false;
    world.standIn.refusals.set('main.a', new SluiceError('source.snapshot_lost', 'the snapshot is gone'));
    await world.start();
    await eventually('another one is held', () => world.standIn.called('holdSnapshot').length >= 2);
    world.standIn.refusals.clear();
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 1 });
  });

  test('many tables finish within a small history', async () => {
    world = await createWorkflowWorld({ tables: Array.from({ length: 10 }, (_, n) => `main.t${n}`) });
    world.standIn.held = false;
    await world.start();
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 10 });
    expect((await world.handle.describe()).historyLength).toBeLessThan(200);
  });

  test('launching starts the transfer and waits for it, or skips one that runs', async () => {
    world = await createWorkflowWorld({ tables: ['main.a'] });
    const launched = await world.launch();
    await eventually('it reads', () => world.standIn.called('readAndPublish').length > 0);
    const second = await world.launch();
    expect(await second.result()).toMatchObject({ outcome: 'skipped', report: null });
    world.standIn.held = false;
    expect(await launched.result()).toMatchObject({ outcome: 'finished', report: { phase: 'finished' } });
  });
});
