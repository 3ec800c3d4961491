import { afterEach, expect, test } from 'vitest';
import { NativeConnection, Worker } from '@temporalio/worker';
import { uniqueName } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorkflowWorld, type WorkflowWorld } from '../support/workflow-world.ts';

describeWith(['temporal'], 'a snapshot that one process alone can read', () => {
  let world: WorkflowWorld;
  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await world.close();
    for (const end of ending.splice(0)) await end();
  });

  /** A worker of one queue, as the process has that holds the snapshot. */
  const startOwner = async (taskQueue: string): Promise<void> => {
    const connection = await NativeConnection.connect({ address: servers().temporalAddress });
    const worker = await Worker.create({
      connection,
      taskQueue,
      activities: { ...world.standIn.activities },
      maxHeartbeatThrottleInterval: 100,
      shutdownGraceTime: 0,
    });
    const running = worker.run();
    ending.push(async () => {
      worker.shutdown();
      await running;
      await connection.close();
    });
  };

  test('is read on its queue, and what needs none on that of all', async () => {
    const own = uniqueName('own');
    world = await createWorkflowWorld({ tables: ['main.a'], keyless: true, snapshotQueue: () => own });
    await startOwner(own);
    world.standIn.held = false;
    await world.start();
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 1 });
    const [first, second] = world.standIn.called('planTables');
    expect(first).toMatchObject({ request: { snapshot: null } });
    expect(first?.taskQueue).not.toBe(own);
    expect(second).toMatchObject({ request: { snapshot: 'snapshot-1' }, taskQueue: own });
    for (const { taskQueue } of world.standIn.called('readAndPublish')) expect(taskQueue).toBe(own);
  });

  test('is given up with its process: what was to be read in it is read in another one', async () => {
    const own = uniqueName('own');
    world = await createWorkflowWorld({
      tables: ['main.a'],
      keyless: true,
      prepared: { heartbeatTimeoutMs: 1_000 },
      snapshotQueue: (snapshot) => (snapshot === 1 ? uniqueName('gone') : own),
    });
    await startOwner(own);
    world.standIn.held = false;
    await world.start();
    await eventually('a slice waits for the process that is gone', async () => {
      const { raw } = await world.handle.describe();
      return (raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === 'planTables');
    });
    world.standIn.loseSnapshot.abort();
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 1 });
    const reads = world.standIn.called('readAndPublish');
    expect(new Set(reads.map(({ taskQueue }) => taskQueue))).toEqual(new Set([own]));
    expect(reads.at(-1)?.request).toMatchObject({ snapshot: 'snapshot-2' });
  });
});
