import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { knowsSearchAttributes, registerSearchAttributes } from '../../src/workers/search-attributes.ts';
import { uniqueName } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, servers } from '../support/servers.ts';

describeWith(['temporal'], 'a worker at a namespace without our search attributes', () => {
  const namespace = uniqueName('sluice-test');
  const said: string[] = [];
  const log = {
    info: (_: object, text: string) => void said.push(`info ${text}`),
    warn: (_: object, text: string) => void said.push(`warn ${text}`),
  } as unknown as Parameters<typeof registerSearchAttributes>[2];
  let connection: Connection;

  beforeAll(async () => {
    connection = await Connection.connect({ address: servers().temporalAddress });
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await eventually('the namespace answers', async () => {
      await connection.operatorService.listSearchAttributes({ namespace });
      return true;
    });
  });

  afterAll(async () => {
    await connection.operatorService.deleteNamespace({ namespace });
    await connection.close();
  });

  test('registers them once', async () => {
    expect(await knowsSearchAttributes(connection, namespace)).toBe(false);
    await registerSearchAttributes(connection, namespace, log);
    expect(await knowsSearchAttributes(connection, namespace)).toBe(true);
    await registerSearchAttributes(connection, namespace, log);
    expect(said).toEqual(['info search attributes registered']);
  });

  test('goes on with a warning where the server refuses', async () => {
    said.length = 0;
    const missing = uniqueName('no-such-namespace');
    await registerSearchAttributes(connection, missing, log);
    expect(said).toEqual([expect.stringMatching(/^warn .*not found by them/)]);
    expect(await knowsSearchAttributes(connection, missing)).toBe(false);
  });
});
