import { afterEach, expect, test } from 'vitest';
import {
  settingsUpdate,
  tableRetryUpdate,
  tablesQuery,
  type TransferReport,
} from '../../src/workflows/messages.ts';
import { carryOf } from '../support/carry-of.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/servers.ts';
import { createWorkflowWorld, type WorkflowWorld } from '../support/workflow-world.ts';

describeWith(['temporal'], 'a transfer whose activities are interrupted', () => {
  let world: WorkflowWorld;
  afterEach(() => world.close());

  const readsStarted = (): number => world.standIn.called('readAndPublish').length;
  const copying = async (): Promise<void> => {
    world = await createWorkflowWorld({ tables: ['main.a'] });
    await world.start();
    await eventually(
      'it reads and writes',
      () => readsStarted() > 0 && world.standIn.called('writeBatches').length > 0,
    );
  };

  test('workers that are shut down hand their slices over without a failure', async () => {
    await copying();
    await world.restartWorkers();
    world.standIn.held = false;
    expect(await world.handle.result()).toMatchObject({ phase: 'finished' });
    const { events } = await world.handle.fetchHistory();
    expect(events?.filter((event) => event.activityTaskFailedEventAttributes)).toEqual([]);
    const attempts = events?.flatMap((event) => event.activityTaskStartedEventAttributes?.attempt ?? []);
    expect(new Set(attempts)).toEqual(new Set([1]));
  });

  test('a comparison that is one long statement is not begun again by the histories that it outlasts', async () => {
    world = await createWorkflowWorld({ tables: ['main.a'] });
    const { standIn, handle } = world;
    standIn.held = false;
    standIn.slowVerify.add('main.a');
    await world.start({ transfer: world.transfer, historyEvents: 60 });
    await eventually('it is compared', () => standIn.called('verifyTables').length === 1);
    const { runId } = await handle.describe();
    await eventually('its history is long', async () => {
      await handle.executeUpdate(settingsUpdate, { args: [{ writers: 5 }] });
      return (await handle.describe()).historyLength > 120;
    });
    expect((await handle.describe()).runId).toBe(runId);
    standIn.slowVerify.clear();
    expect(await handle.result()).toMatchObject({ phase: 'finished', equal: 1 });
    expect(standIn.called('verifyTables')).toHaveLength(1);
    await world.record('long-comparison', runId);
  });

  test('a query without a key whose snapshot is lost is read from its start in another one', async () => {
    world = await createWorkflowWorld({ tables: ['main.a'], keyless: true, queries: true });
    await world.start();
    await eventually('it is read', () => readsStarted() > 0);
    world.standIn.loseSnapshot.abort();
    await eventually('it begins again', () => world.standIn.ledger.get('main.a')?.generation === 2);
    world.standIn.held = false;
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 1 });
    expect(world.standIn.ledger.get('main.a')?.generation).toBe(2);
    await world.record('query-begun-anew');
  });

  test('a query without a key is blocked by its fifth interruption, also where each was a lost snapshot', async () => {
    world = await createWorkflowWorld({ tables: ['main.a'], keyless: true, queries: true });
    const carry = carryOf(world.transfer, { interruptions: 4 });
    await world.start({ transfer: world.transfer, carry });
    await eventually('it is read', () => readsStarted() > 0);
    world.standIn.loseSnapshot.abort();
    await eventually('it is blocked', async () => (await world.statusOf('main.a')) === 'blocked');
    expect(world.standIn.ledger.get('main.a')?.generation).toBe(1);
    const { tables } = await world.handle.query(tablesQuery);
    expect(tables).toMatchObject([{ error: { code: 'source.query_interrupted' } }]);
    world.standIn.held = false;
    await world.handle.executeUpdate(tableRetryUpdate, { args: [{ table: 'main.a' }] });
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 1 });
  });

  test("Temporal's own pause of an activity interrupts it, and it goes on after the unpause", async () => {
    await copying();
    const { workflowId } = world.handle;
    const activity = {
      namespace: 'default',
      execution: { workflowId },
      type: 'readAndPublish',
      identity: 'test',
    };
    await world.client.workflowService.pauseActivity(activity);
    const pending = async () => (await world.handle.describe()).raw.pendingActivities ?? [];
    await eventually('it is paused', async () =>
      (await pending()).some(
        ({ activityType, paused, lastFailure }) =>
          activityType?.name === 'readAndPublish' && paused && lastFailure,
      ),
    );
    const before = readsStarted();
    world.standIn.held = false;
    await world.client.workflowService.unpauseActivity(activity);
    const report = (await world.handle.result()) as TransferReport;
    expect(report.phase).toBe('finished');
    expect(readsStarted()).toBe(before + 1);
  });
});
