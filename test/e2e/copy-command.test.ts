import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFolder, createPostgresDatabase, type TestDatabase, uniqueName } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { digestSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';

const SLUICE = fileURLToPath(new URL('../../bin/sluice', import.meta.url));

describeWith(['postgres', 'nats', 'temporal'], 'sluice copy', () => {
  let source: TestDatabase;
  let targets: TestDatabase[];
  let folder: Awaited<ReturnType<typeof createFolder>>;

  const start = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [SLUICE, ...args, '--address', servers().temporalAddress], {
      cwd: folder.path,
      env: {
        ...process.env,
        SLUICE_STATE: join(folder.path, 'state'),
        SLUICE_HUB: servers().natsUrl,
        NO_COLOR: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const written = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (written.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text));
    const ended = once(child, 'close').then(([code]) => code as number | null);
    return { child, written, ended };
  };
  const run = async (...args: readonly string[]) => {
    const { ended, written } = start(...args);
    return { code: await ended, ...written };
  };
  const stateFiles = () => readdir(join(folder.path, 'state')).catch(() => []);

  beforeAll(async () => {
    const { postgresUrl } = servers();
    source = await createPostgresDatabase(postgresUrl);
    targets = [];
    for (let made = 0; made < 3; made += 1) targets.push(await createPostgresDatabase(postgresUrl));
    await source.query(ordersSql(40_000));
    folder = await createFolder();
  });

  afterAll(async () => {
    await eventually(
      'no worker is left',
      async () => !(await stateFiles()).some((name) => name.endsWith('.pid')),
    );
    for (const database of [source, ...(targets ?? [])]) await database?.drop();
    await folder?.remove();
  });

  test('copies between two URLs, ends with 0 once both sides are equal, and leaves no file with a URL', async () => {
    const [target] = targets as [TestDatabase];
    const { code, stdout, stderr } = await run(
      'copy',
      source.url,
      target.url,
      '--tables',
      'public.*',
      '-o',
      'json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      phase: 'finished',
      rows: 40_000,
      verify: 'checksum',
      compared: 1,
      equal: 1,
    });
    expect(await target.cell(digestSql('orders'))).toBe(await source.cell(digestSql('orders')));
    await eventually(
      'the worker has ended and removed its files',
      async () => (await stateFiles()).length === 0,
    );
  });

  test('Ctrl-C leaves the copy running: its worker ends it, and a second call attaches to it', async () => {
    const target = targets[1] as TestDatabase;
    const name = uniqueName('copied');
    const args = ['copy', source.url, target.url, '--tables', 'public.*', '--name', name];
    const first = start(...args, '--rate', '500');
    const config = join(folder.path, 'state', `${name}.json`);
    await eventually('the copy runs', () => first.written.stderr.includes(`copying ${name}`));
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(130);
    expect(first.written.stderr).toContain(`sluice status ${name} --watch`);
    expect((await stat(config)).mode & 0o777).toBe(0o600);
    const pid = await readFile(join(folder.path, 'state', `${name}.pid`), 'utf8');

    const second = start(...args);
    await eventually('it attaches', () => second.written.stderr.includes(`attached to ${name}`));
    expect(await readFile(join(folder.path, 'state', `${name}.pid`), 'utf8').catch(() => pid)).toBe(pid);
    await eventually('the rate is lifted', async () => {
      const { code } = await run('settings', name, '--rate', '0');
      return code === 0;
    });
    expect(await second.ended).toBe(0);
    expect(await target.cell(digestSql('orders'))).toBe(await source.cell(digestSql('orders')));
  });

  test('follows the changes with triggers of its own until a cut-over, and leaves none of them', async () => {
    const target = targets[2] as TestDatabase;
    const name = uniqueName('followed');
    const args = ['copy', source.url, target.url, '--tables', 'public.*', '--mode', 'both', '--name', name];
    const asked = await run(...args);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--install-capture') });
    expect(await source.cell(`SELECT to_regnamespace('sluice_capture')`)).toBeNull();

    const following = start(...args, '--install-capture', '--remove-capture');
    await eventually('it follows', async () => (await run('status', name)).stdout.includes(`${name} · live`));
    expect(following.written.stderr).toContain('triggers on public.orders');
    await source.query(
      'UPDATE orders SET id = id + 1000000 WHERE id <= 100; DELETE FROM orders WHERE id < 200',
    );
    expect(await run('cut-over', name)).toMatchObject({ code: 0 });
    expect({ code: await following.ended, err: following.written.stderr }).toMatchObject({ code: 0 });
    expect(await target.cell(digestSql('orders'))).toBe(await source.cell(digestSql('orders')));
    expect(await source.cell(`SELECT to_regnamespace('sluice_capture')`)).toBeNull();
  });

  test('an end that does not open is named before anything is started', async () => {
    const wrong = new URL(source.url);
    wrong.password = 'never-to-be-seen';
    wrong.pathname = '/there_is_no_such_database';
    const { code, stderr } = await run('copy', wrong.href, source.url, '--tables', 'public.*');
    expect(code).toBe(3);
    expect(stderr).toContain('✗ database.not_found   connections.source');
    expect(stderr).not.toContain('never-to-be-seen');
  });
});
