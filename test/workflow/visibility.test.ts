import { Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pauseSignal, resumeSignal, SEARCH_ATTRIBUTES } from '../../src/workflows/messages.ts';
import { uniqueName } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorkflowWorld, type WorkflowWorld } from '../support/workflow-world.ts';

/** The number that the server has for the type Keyword. */
const KEYWORD = 2;

describeWith(['temporal'], 'a transfer on a server with our search attributes', () => {
  const namespace = uniqueName('sluice-test');
  let connection: Connection;
  let world: WorkflowWorld | undefined;

  beforeAll(async () => {
    connection = await Connection.connect({ address: servers().temporalAddress });
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const searchAttributes = Object.fromEntries(
      Object.values(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD]),
    );
    await eventually('the namespace takes search attributes', async () => {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      return true;
    });
  });

  afterAll(async () => {
    await world?.close();
    await connection.operatorService.deleteNamespace({ namespace });
    await connection.close();
  });

  test('is found by its name, its ends, and its phase as it changes; the details show its tables', async () => {
    world = await createWorkflowWorld({ tables: ['main.a'], namespace });
    const { handle, transfer } = world;
    await eventually('the namespace takes workflows', async () => {
      await world?.start();
      return true;
    });
    const shown = async (name: string) =>
      (await handle.describe()).typedSearchAttributes.get(defineSearchAttributeKey(name, 'KEYWORD'));
    await eventually('it shows copying', async () => (await shown(SEARCH_ATTRIBUTES.phase)) === 'copying');
    expect(await shown(SEARCH_ATTRIBUTES.transfer)).toBe(transfer);
    expect(await shown(SEARCH_ATTRIBUTES.source)).toBe('shop');
    expect(await shown(SEARCH_ATTRIBUTES.target)).toBe('warehouse');
    expect(await shown(SEARCH_ATTRIBUTES.health)).toBe('ok');
    await handle.signal(pauseSignal, { reason: 'backup | tonight' });
    await eventually('it shows paused', async () => (await shown(SEARCH_ATTRIBUTES.phase)) === 'paused');
    const metadata = await handle.query<{ currentDetails?: string; definition?: unknown }>(
      '__temporal_workflow_metadata',
    );
    expect(metadata.currentDetails).toContain('**paused**: backup \\| tonight');
    expect(metadata.currentDetails).toContain('| main.a | ready |');
    expect(JSON.stringify(metadata.definition)).toContain('Pause at the next batch');
    world.standIn.held = false;
    await handle.signal(resumeSignal);
    await handle.result();
    expect(await shown(SEARCH_ATTRIBUTES.phase)).toBe('finished');
  });
});
