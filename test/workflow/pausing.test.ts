import { afterEach, expect, test } from 'vitest';
import * as messages from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/servers.ts';
import type { StandInOptions } from '../support/stand-in-activities.ts';
import { createWorkflowWorld, type WorkflowWorld } from '../support/workflow-world.ts';

describeWith(['temporal'], 'pausing a transfer', () => {
  let world: WorkflowWorld;
  afterEach(() => world.close());

  const copying = async (options: StandInOptions): Promise<WorkflowWorld> => {
    world = await createWorkflowWorld(options);
    await world.start();
    await eventually('it reads', () => world.standIn.called('readAndPublish').length > 0);
    return world;
  };

  test('a pause ends the slices, says who wanted it and why, and resume finishes the transfer', async () => {
    await copying({ tables: ['main.a', 'main.b'] });
    await world.handle.signal(messages.pauseSignal, { reason: 'backup', by: 'ann' });
    const paused = await eventually('it is paused', async () => {
      const status = await world.status();
      return status.phase === 'paused' && status;
    });
    expect(paused.reason).toMatchObject({ text: 'backup', by: 'ann' });
    const reads = world.standIn.called('readAndPublish').length;
    world.standIn.held = false;
    await world.handle.signal(messages.resumeSignal);
    const report = (await world.handle.result()) as messages.TransferReport;
    expect(report).toMatchObject({ phase: 'finished', compared: 2, equal: 2 });
    expect(world.standIn.called('readAndPublish').length).toBeGreaterThan(reads);
    expect((await world.status()).phase).toBe('finished');
    await world.record('paused-and-resumed');
  });

  test('pauseAndWait answers only when nothing runs any more', async () => {
    await copying({ tables: ['main.a'] });
    const answer = await world.handle.executeUpdate<messages.Answer, [messages.Wish]>('pauseAndWait', {
      args: [{ reason: 'x' }],
    });
    expect(answer.phase).toBe('paused');
    world.standIn.held = false;
    const again = await world.handle.executeUpdate<messages.Answer, [messages.Wish]>('resume', {
      args: [{}],
    });
    expect(again.phase).toBe('copying');
    await world.handle.result();
  });

  test('a paused table is left out by the writers while the others finish, and finishes after resume', async () => {
    await copying({ tables: ['main.a', 'main.b'] });
    await eventually('b is read', async () => (await world.statusOf('main.b')) === 'copying');
    await world.handle.executeUpdate(messages.tablePauseUpdate, { args: [{ table: 'main.b' }] });
    await eventually('b is paused', async () => (await world.statusOf('main.b')) === 'paused');
    world.standIn.held = false;
    await eventually('a is finished', async () => (await world.statusOf('main.a')) === 'finished');
    expect(world.standIn.called('writeBatches').at(-1)?.request).toMatchObject({
      excluded: ['main.b'],
      awaited: 1,
    });
    await world.handle.signal(messages.tableResumeSignal, { table: 'main.b' });
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', compared: 2 });
    await world.record('table-paused');
  });

  test('stop ends reading, applies what is read and leaves the run open', async () => {
    await copying({ tables: ['main.a'] });
    await world.handle.signal(messages.stopSignal, { by: 'ann' });
    const report = await world.handle.result();
    expect(report).toMatchObject({ phase: 'stopped' });
    await world.record('stopped');
    expect(world.standIn.called('cleanUp').at(-1)?.request).toMatchObject({ close: false });
  });

  test('stop waits for what the last reader left at the hub, however late that one ends', async () => {
    await copying({ tables: ['main.a'] });
    world.standIn.lastWordsMs = 2_500;
    await world.handle.signal(messages.stopSignal);
    expect(await world.handle.result()).toMatchObject({ phase: 'stopped' });
    expect(world.standIn.leftBehind).toBe(0);
  });

  test('a signal of an unknown name or with nonsense in it does not stop the transfer', async () => {
    await copying({ tables: ['main.a'] });
    await world.handle.signal('noSuchSignal', { a: 1 });
    await world.handle.signal('tablePause');
    await world.handle.signal('snapshotReady');
    await world.handle.signal('tableRetry', 'main.a');
    await world.handle.signal('pause', { reason: 7, by: ['x'] });
    await eventually('it is paused', async () => (await world.status()).phase === 'paused');
    world.standIn.held = false;
    await world.handle.signal('resume', null);
    expect(await world.handle.result()).toMatchObject({ phase: 'finished' });
  });
});
