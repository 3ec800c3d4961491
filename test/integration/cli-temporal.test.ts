import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transferWorkflowId } from '../../src/workflows/messages.ts';
import { createFolder, uniqueName } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, servers } from '../support/servers.ts';
import { type Ran, type SluicePlace, sluice, writeConfig } from '../support/sluice.ts';

describeWith(['temporal'], 'the command line with Temporal and without a worker', () => {
  const transfer = uniqueName('cli');
  let folder: Awaited<ReturnType<typeof createFolder>>;
  let place: SluicePlace;
  let connection: Connection;
  let client: Client;

  const run = (...args: readonly string[]): Promise<Ran> => sluice(place, ...args);
  const terminate = () =>
    client.workflow
      .getHandle(transferWorkflowId(transfer))
      .terminate('the test is over')
      .catch(() => undefined);

  beforeAll(async () => {
    folder = await createFolder();
    const configPath = await writeConfig(folder.path, {
      version: 1,
      connections: { a: { url: 'sqlite:/none/a.db' }, h: { url: 'nats://127.0.0.1:1' } },
      transfers: { [transfer]: { source: 'a', hub: 'h', target: 'a', tables: { x: {} } } },
    });
    place = { configPath, temporalAddress: servers().temporalAddress, taskQueue: uniqueName('queue') };
    connection = await Connection.connect({ address: servers().temporalAddress });
    client = new Client({ connection });
  });

  afterAll(async () => {
    await terminate();
    await connection?.close();
    await folder?.remove();
  });

  describe('a transfer that waits for a worker', () => {
    test('is started with its settings, and a second start is refused', async () => {
      const started = await run('start', transfer, '--writers', '8', '-o', 'json');
      expect(started).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(started.stdout)).toMatchObject({ workflowId: `transfer/${transfer}`, started: true });
      const again = await run('start', transfer);
      expect(again.code).toBe(2);
      expect(again.stderr).toContain(`✗ transfer.already_running   transfer ${transfer}`);
    });

    test('is listed, without any search attribute of ours', async () => {
      const found = await eventually('it is listed', async () => {
        const list = JSON.parse((await run('list', '--running', '-o', 'json')).stdout) as {
          transfer: string;
        }[];
        return list.find((each) => each.transfer === transfer);
      });
      expect(found).toMatchObject({ status: 'running', taskQueue: place.taskQueue });
      expect((await run('describe', transfer)).stdout).toContain(`task queue ${place.taskQueue}`);
    });

    test('cannot answer: status says that no worker does', async () => {
      const { code, stderr } = await run('status', transfer);
      expect(code).toBe(3);
      expect(stderr).toContain('✗ temporal.no_worker');
    });

    test('is paused all the same: the wish is recorded for the next worker', async () => {
      const { code, stdout } = await run('pause', transfer, '--reason', 'backup', '-o', 'json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ transfer, recorded: true });
    });

    test('is left running by a wait that times out, with 124', async () => {
      const { code, stderr } = await run('cancel', transfer, '--wait', '--timeout', '1s');
      expect(code).toBe(124);
      expect(stderr).toContain(`sluice status ${transfer} --watch`);
    });

    test('is left running by Ctrl-C, with 130 and how to come back', async () => {
      const bin = fileURLToPath(new URL('../../bin/sluice', import.meta.url));
      const args = [bin, 'cancel', transfer, '--wait', '--address', servers().temporalAddress];
      const child = spawn(process.execPath, args, { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      await eventually('it waits', () => stderr.includes('is being cancelled'));
      child.kill('SIGINT');
      const [code] = (await once(child, 'close')) as [number];
      expect(code).toBe(130);
      expect(stderr).toContain(`sluice status ${transfer} --watch --address ${servers().temporalAddress}`);
      const { status } = await client.workflow.getHandle(transferWorkflowId(transfer)).describe();
      expect(status.name).toBe('RUNNING');
    });
  });

  test('what does not run is named, not guessed', async () => {
    const { code, stderr } = await run('pause', uniqueName('none'));
    expect(code).toBe(2);
    expect(stderr).toContain('✗ transfer.not_running');
  });

  test('a schedule is made, listed, paused, resumed and deleted, each with the line of the temporal CLI', async () => {
    const created = await run(
      'schedule',
      'create',
      transfer,
      '--cron',
      '30 2 * * *',
      '--time-zone',
      'Europe/Zurich',
      '--paused',
    );
    expect(created.code).toBe(0);
    expect(created.stdout).toContain(
      `temporal schedule create --schedule-id sluice/${transfer} --cron '30 2 * * *'`,
    );
    try {
      const description = await client.schedule.getHandle(`sluice/${transfer}`).describe();
      expect(description.action).toMatchObject({
        workflowType: 'launchTransfer',
        taskQueue: place.taskQueue,
        args: [transfer],
      });
      expect(description.policies).toMatchObject({
        overlap: 'SKIP',
        catchupWindow: 60_000,
        pauseOnFailure: true,
      });
      const again = await run('schedule', 'create', transfer, '--interval', '1h');
      expect(again.code).toBe(2);
      const resumed = await run('schedule', 'resume', transfer);
      expect(resumed.stdout).toContain('temporal schedule toggle --unpause');
      const listed = await eventually('the schedule is listed as active', async () => {
        const list = JSON.parse((await run('schedule', 'list', '-o', 'json')).stdout) as {
          transfer: string;
          paused: boolean;
        }[];
        return list.find((each) => each.transfer === transfer && !each.paused);
      });
      expect(listed).toMatchObject({ schedule: `sluice/${transfer}` });
      expect((await run('schedule', 'pause', transfer, '--reason', 'holidays')).code).toBe(0);
    } finally {
      expect((await run('schedule', 'delete', transfer)).code).toBe(0);
    }
    expect((await run('schedule', 'delete', transfer)).code).toBe(2);
  });
});
