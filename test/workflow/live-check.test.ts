import type { UpdateDefinition } from '@temporalio/common';
import { afterEach, expect, test } from 'vitest';
import { CHANGES } from '../../src/model/changes-plan.ts';
import * as messages from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/servers.ts';
import { createWorkflowWorld, type WorkflowWorld } from '../support/workflow-world.ts';

const VERIFY = messages.verifyUpdate as UpdateDefinition<messages.Answer, [messages.Wish]>;

const found = (table: string, different: number) => ({
  table,
  sourceRows: '5',
  targetRows: '5',
  equal: different === 0,
  live: { different, parked: 0, waiting: 0, moving: 0, complete: true },
});

describeWith(['temporal'], 'a comparison that somebody wants while changes flow', () => {
  let world: WorkflowWorld;
  afterEach(() => world.close());

  test('goes on slice by slice behind what is compared, stops no changes, and stays in the status', async () => {
    const tables = ['main.a', 'main.b', CHANGES];
    world = await createWorkflowWorld({ tables, prepared: { changes: { untilCaughtUp: false } } });
    const { standIn, handle } = world;
    standIn.held = false;
    standIn.live = [found('main.a', 0), found('main.b', 2)];
    await world.start(world.transfer);
    await eventually('it is prepared', async () => (await world.status()).run !== null);
    await handle.executeUpdate(VERIFY, { args: [{ by: 'Ana' }] });
    const { check, phase } = await eventually('all is compared', async () => {
      const status = await world.status();
      return status.check && status.check.endedAt !== null && status;
    });
    expect(check).toMatchObject({ asked: { by: 'Ana' }, tables: 2, equal: 1, differing: 1, untold: 0 });
    expect(check?.named).toEqual([found('main.b', 2)]);
    expect(['catching-up', 'live']).toContain(phase);
    expect(standIn.called('compareLive').map(({ request }) => request['after'])).toEqual([null, 'main.a']);
    expect(standIn.called('relayChanges')).toHaveLength(1);
  });

  test('is made where it was wanted before anybody knew what the transfer moves', async () => {
    const tables = ['main.a', CHANGES];
    world = await createWorkflowWorld({ tables, prepared: { changes: { untilCaughtUp: false } } });
    const { standIn, client } = world;
    standIn.held = false;
    standIn.live = [found('main.a', 0)];
    await client.workflow.signalWithStart(messages.TRANSFER_WORKFLOW, {
      workflowId: messages.transferWorkflowId(world.transfer),
      taskQueue: world.taskQueue,
      args: [world.transfer],
      signal: messages.verifySignal,
      signalArgs: [{ by: 'Ana' }],
    });
    const { check } = await eventually('all is compared', async () => {
      const status = await world.status();
      return status.check && status.check.endedAt !== null && status;
    });
    expect(check).toMatchObject({ asked: { by: 'Ana' }, tables: 1, equal: 1 });
  });

  test('means nothing for a transfer that moves no changes, and is refused', async () => {
    world = await createWorkflowWorld({ tables: ['main.a'] });
    await world.start(world.transfer);
    await eventually('it reads', () => world.standIn.called('readAndPublish').length > 0);
    await world.handle.signal(messages.verifySignal);
    await expect(world.handle.executeUpdate(VERIFY, { args: [{}] })).rejects.toThrow();
    expect((await world.status()).check).toBeUndefined();
    world.standIn.held = false;
    await world.handle.result();
  });
});
