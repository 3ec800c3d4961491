import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { afterEach, expect, test } from 'vitest';
import { SluiceError } from '../../src/model/sluice-error.ts';
import * as messages from '../../src/workflows/messages.ts';
import { carryOf } from '../support/carry-of.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/servers.ts';
import type { StandInOptions } from '../support/stand-in-activities.ts';
import { createWorkflowWorld, type WorkflowWorld } from '../support/workflow-world.ts';

const denied = new SluiceError('database.permission_denied', 'the user may not read', {
  suggestion: 'GRANT SELECT ON b TO app;',
});

const queryInterrupted = new SluiceError('source.query_interrupted', 'interrupted');

describeWith(['temporal'], 'a transfer that meets errors', () => {
  let world: WorkflowWorld;
  afterEach(() => world.close());

  const create = async (options: StandInOptions): Promise<WorkflowWorld> => {
    world = await createWorkflowWorld(options);
    world.standIn.held = false;
    return world;
  };

  /** The failure that the workflow ended with. */
  const failure = async (): Promise<ApplicationFailure> => {
    const error: unknown = await world.handle.result().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    let { cause } = error as WorkflowFailedError;
    while (cause && !(cause instanceof ApplicationFailure)) cause = cause.cause as Error | undefined;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    return cause as ApplicationFailure;
  };

  for (const [name, input] of [
    ['nothing', undefined],
    ['a number', 7],
    ['an unknown key', { transfer: 'orders', writers: 3 }],
    ['a setting out of range', { transfer: 'orders', override: { writers: 400 } }],
    ['a name that is none', 'no such/name'],
  ] as const) {
    test(`an input that is ${name} fails the workflow visibly`, async () => {
      await create({ tables: ['main.a'] });
      await world.start(input === undefined ? null : input);
      expect(await failure()).toMatchObject({ type: 'input.invalid', nonRetryable: true });
      expect(world.standIn.calls).toEqual([]);
    });
  }

  test('a query without a key that was interrupted is copied again from its start, and no other table is', async () => {
    await create({ tables: ['main.a', 'main.b'], keyless: true });
    world.standIn.readRefusals.set('main.a', queryInterrupted);
    await world.start();
    await eventually('it is planned again', () => (world.standIn.ledger.get('main.a')?.generation ?? 0) > 1);
    world.standIn.readRefusals.clear();
    const report = (await world.handle.result()) as messages.TransferReport;
    expect(report.tables.map(({ table, status }) => [table, status])).toEqual([
      ['main.a', 'finished'],
      ['main.b', 'finished'],
    ]);
    expect(world.standIn.ledger.get('main.b')?.generation).toBe(1);
  });

  test('a query without a key is blocked by its fifth interruption, also if a pause let each slice end in order', async () => {
    await create({ tables: ['main.a'], keyless: true });
    world.standIn.held = true;
    await world.start({ transfer: world.transfer, carry: carryOf(world.transfer, { interruptions: 4 }) });
    await eventually('it is read', () => world.standIn.called('readAndPublish').length > 0);
    await world.handle.executeUpdate<messages.Answer, [messages.Wish]>('pauseAndWait', { args: [{}] });
    world.standIn.readRefusals.set('main.a', queryInterrupted);
    await world.handle.executeUpdate<messages.Answer, [messages.Wish]>('resume', { args: [{}] });
    await eventually('it is blocked', async () => (await world.statusOf('main.a')) === 'blocked');
    expect(world.standIn.ledger.get('main.a')?.generation).toBe(1);
    world.standIn.readRefusals.clear();
    world.standIn.held = false;
    await world.handle.executeUpdate(messages.tableRetryUpdate, { args: [{ table: 'main.a' }] });
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 1 });
  });

  test.each([
    ['paused', messages.tablePauseSignal],
    ['skipped', messages.tableSkipSignal],
  ] as const)('a query that is %s while it is interrupted does not begin again', async (status, wish) => {
    await create({ tables: ['main.a', 'main.b'], keyless: true });
    world.standIn.refusals.set('main.b', denied); // it keeps the transfer from ending
    world.standIn.readRefusals.set('main.a', queryInterrupted);
    world.standIn.beforeReadRefusal = (table) => world.handle.signal(wish, { table });
    await world.start();
    await eventually('its slice has failed', async () =>
      (await world.handle.fetchHistory()).events?.some((event) => event.activityTaskFailedEventAttributes),
    );
    await eventually('the failure is heard', async () => (await world.statusOf('main.a')) !== 'pausing');
    expect(await world.statusOf('main.a')).toBe(status);
    const { tables } = await world.handle.query(messages.tablesQuery);
    expect(tables.find(({ table }) => table === 'main.a')?.error ?? null).toBeNull();
  });

  test('a table whose rows stand in the way of an index is blocked with the query that finds them, and a retry makes it', async () => {
    await create({ tables: ['main.a', 'main.b'] });
    world.standIn.parents.set('main.a', ['main.b']).set('main.b', ['main.a']);
    const suggestion = 'SELECT n, count(*) FROM b GROUP BY 1';
    world.standIn.finishRefusals.set(
      'main.b',
      new SluiceError('target.constraint_violated', 'rows are double', { suggestion }),
    );
    await world.start();
    await eventually('b is blocked', async () => (await world.statusOf('main.b')) === 'blocked');
    // Its foreign key waits for its parent.
    await eventually('a waits', async () => (await world.statusOf('main.a')) === 'verified');
    expect((await world.status()).phase).toBe('blocked');
    const { tables } = await world.handle.query(messages.tablesQuery, { status: 'blocked' });
    expect(tables).toMatchObject([{ table: 'main.b', error: { suggestion } }]);
    world.standIn.finishRefusals.clear();
    await world.handle.executeUpdate(messages.tableRetryUpdate, { args: [{ table: 'main.b' }] });
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 2 });
    expect(world.standIn.called('finishTables').at(-1)?.request).toMatchObject({ stage: 'foreign-keys' });
    await world.record('index-refused');
  });

  test('a parent that is copied again takes the keys of its children away, and they get them back', async () => {
    await create({ tables: ['main.a', 'main.b', 'main.c'] });
    world.standIn.parents.set('main.a', ['main.b']);
    world.standIn.refusals.set('main.c', denied); // it keeps the transfer from ending
    await world.start();
    await eventually('a is finished', async () => (await world.statusOf('main.a')) === 'finished');
    const links = (): number =>
      world.standIn
        .called('finishTables')
        .filter(({ request }) =>
          JSON.stringify(request).includes('"tables":["main.a"],"stage":"foreign-keys"'),
        ).length;
    expect(links()).toBe(1);
    await world.handle.executeUpdate(messages.tableResnapshotUpdate, { args: [{ table: 'main.b' }] });
    await eventually('its keys are made again', async () => links() === 2);
    world.standIn.refusals.clear();
    await world.handle.executeUpdate(messages.tableRetryUpdate, { args: [{ table: 'main.c' }] });
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 3 });
  });

  test('a table that only a person can mend is blocked with code and cure, others finish, and a retry ends it', async () => {
    await create({ tables: ['main.a', 'main.b'] });
    world.standIn.refusals.set('main.b', denied);
    await world.start();
    await eventually('only b is left', async () => (await world.status()).phase === 'blocked');
    expect(await world.statusOf('main.a')).toBe('finished');
    const { tables } = await world.handle.query(messages.tablesQuery, { status: 'blocked' });
    expect(tables).toMatchObject([
      {
        table: 'main.b',
        error: { code: 'database.permission_denied', suggestion: 'GRANT SELECT ON b TO app;' },
      },
    ]);
    expect((await world.status()).health.health).toBe('blocked');
    world.standIn.refusals.clear();
    await world.handle.executeUpdate(messages.tableRetryUpdate, { args: [{ table: 'main.b' }] });
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 2 });
    await world.record('blocked-and-retried');
  });

  test('a blocked table that is skipped lets the transfer finish without it', async () => {
    await create({ tables: ['main.a', 'main.b'] });
    world.standIn.refusals.set('main.b', denied);
    await world.start();
    await eventually('only b is left', async () => (await world.status()).phase === 'blocked');
    await world.handle.signal(messages.tableSkipSignal, { table: 'main.b' });
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', skipped: 1 });
  });

  test('an update that means nothing for the table is refused and leaves no trace', async () => {
    await create({ tables: ['main.a'] });
    world.standIn.held = true;
    await world.start();
    await eventually('a is read', async () => (await world.statusOf('main.a')) === 'copying');
    await expect(
      world.handle.executeUpdate(messages.tableRetryUpdate, { args: [{ table: 'main.a' }] }),
    ).rejects.toMatchObject({ cause: { type: 'input.invalid' } });
    await expect(
      world.handle.executeUpdate(messages.settingsUpdate, { args: [{ writers: 1_000 }] }),
    ).rejects.toMatchObject({ cause: { type: 'input.invalid' } });
    const { events } = await world.handle.fetchHistory();
    expect(events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toEqual([]);
  });

  test('an error that nothing mends fails the transfer with its code, and the run stays open', async () => {
    await create({ tables: ['main.a', 'main.b'] });
    world.standIn.refusals.set(
      'main.b',
      new SluiceError('hub.jetstream_disabled', 'the hub has no JetStream'),
    );
    await world.start();
    expect(await failure()).toMatchObject({ type: 'hub.jetstream_disabled' });
    expect(world.standIn.called('cleanUp').at(-1)?.request).toMatchObject({ close: false });
    expect((await world.status()).phase).toBe('failed');
  });

  test('a configuration that does not know the transfer fails it at once', async () => {
    await create({ tables: ['main.a'] });
    world.standIn.refusals.set('', new SluiceError('config.unknown_name', 'there is no such transfer'));
    await world.start();
    expect(await failure()).toMatchObject({ type: 'config.unknown_name' });
    expect(world.standIn.called('prepareTransfer').length).toBe(1);
  });

  test('tables that compare unequal are compared once more after the grace period, then the transfer fails', async () => {
    await create({ tables: ['main.a', 'main.b'] });
    world.standIn.comparisons.set('main.b', { targetRows: '99', equal: false });
    await world.start();
    const error = await failure();
    expect(error.type).toBe('transfer.shortfall');
    await world.record('fallen-short');
    expect(error.message).toContain('main.b');
    const compared = world.standIn
      .called('verifyTables')
      .filter(({ request }) => (request['tables'] as string[]).includes('main.b'));
    expect(compared.length).toBe(2);
    expect((await world.status()).phase).toBe('failed');
  });

  test('the grace period begins again for as long as less is missing each time', async () => {
    await create({ tables: ['main.a'] });
    const arrived = ['90', '95', '97', '97'];
    world.standIn.comparisons.set('main.a', () => ({ targetRows: arrived.shift() ?? '97', equal: false }));
    await world.start();
    expect((await failure()).type).toBe('transfer.shortfall');
    expect(world.standIn.called('verifyTables').length).toBe(4);
  });

  test('what arrives in a later grace period lets the transfer finish', async () => {
    await create({ tables: ['main.a'] });
    const arrived = ['90', '95'];
    world.standIn.comparisons.set('main.a', () => {
      const targetRows = arrived.shift();
      return targetRows === undefined ? {} : { targetRows, equal: false };
    });
    await world.start();
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 1 });
    await world.record('late-and-complete');
  });

  test('a difference while the source changes is drift and no failure', async () => {
    await create({ tables: ['main.a'] });
    world.standIn.comparisons.set('main.a', { sourceRows: '101', equal: false, drift: true });
    await world.start();
    expect(await world.handle.result()).toMatchObject({ phase: 'finished', equal: 0, drifted: 1 });
  });

  test('a cancellation ends the slices, removes what the hub keeps and leaves the run open', async () => {
    await create({ tables: ['main.a'] });
    world.standIn.held = true;
    await world.start();
    await eventually('a is read', async () => (await world.statusOf('main.a')) === 'copying');
    await world.handle.cancel();
    await expect(world.handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(world.standIn.called('cleanUp').at(-1)?.request).toMatchObject({ close: false });
    expect((await world.status()).phase).toBe('cancelled');
    await world.record('cancelled');
  });
});
