import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFolder, createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { describeWith, servers } from '../support/servers.ts';
import { type Ran, sluice, writeConfig } from '../support/sluice.ts';

const SECRET = 'never-to-be-seen';

describeWith(['postgres', 'nats'], 'the command line on a configuration', () => {
  let database: TestDatabase;
  let folder: Awaited<ReturnType<typeof createFolder>>;
  let configPath: string;

  const run = (...args: readonly string[]): Promise<Ran> =>
    sluice({ configPath, temporalAddress: '127.0.0.1:1', taskQueue: 'unused' }, ...args);

  beforeAll(async () => {
    database = await createPostgresDatabase(servers().postgresUrl);
    await database.query(`CREATE TABLE items (id bigint PRIMARY KEY, price numeric(12,2) NOT NULL, spot point);
      CREATE TABLE other (name text)`);
    folder = await createFolder();
    const unreachable = new URL(database.url);
    unreachable.port = '1';
    unreachable.password = SECRET;
    configPath = await writeConfig(folder.path, {
      version: 1,
      connections: {
        shop: { url: database.url },
        file: { url: `sqlite:${join(folder.path, 'target.db')}`, create: true },
        gone: { url: unreachable.href },
        events: { url: servers().natsUrl },
      },
      transfers: {
        same: {
          source: 'shop',
          hub: 'events',
          target: 'shop',
          tables: { 'public.*': {} },
          structure: { policy: 'replace' },
        },
        toFile: { source: 'shop', hub: 'events', target: 'file', tables: { 'public.*': {} } },
      },
    });
  });

  afterAll(async () => {
    await database?.drop();
    await folder?.remove();
  });

  test('validate takes it without opening anything', async () => {
    const { code, stdout, stderr } = await run('validate', '-o', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, transfers: ['same', 'toFile'] });
  });

  test('schema prints the committed schema', async () => {
    const { stdout } = await run('schema');
    expect(stdout).toBe(await readFile(new URL('../../schema/sluice.schema.json', import.meta.url), 'utf8'));
  });

  test('connection list shows URLs without their passwords', async () => {
    const { code, stdout } = await run('connection', 'list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/shop +postgresql +postgres:/);
    expect(stdout).not.toContain(SECRET);
  });

  test('connection test opens databases and the hub, and says which one does not open', async () => {
    const good = await run('connection', 'test', 'shop', 'file', 'events');
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatch(/✓ shop {3}postgresql PostgreSQL \d+/);
    expect(good.stdout).toMatch(/✓ events {3}nats nats-server \d+/);
    const bad = await run('connection', 'test', 'gone');
    expect(bad.code).toBe(3);
    expect(bad.stdout).toMatch(/✗ database\.unreachable {3}connections\.gone \(.*sluice\.json:\d+:\d+\)/);
    expect(bad.stdout + bad.stderr).not.toContain(SECRET);
  });

  test('a name that is not there is answered with the nearest one', async () => {
    const { code, stdout } = await run('connection', 'test', 'shpo');
    expect(code).toBe(2);
    expect(stdout).toContain('did you mean "shop"?');
  });

  test('discover lists the tables that a pattern chooses, with their keys', async () => {
    const all = JSON.parse((await run('discover', 'shop', '-o', 'json')).stdout) as unknown[];
    expect(all).toMatchObject([
      { table: 'public.items', key: ['id'] },
      { table: 'public.other', key: null },
    ]);
    const { stdout } = await run('discover', 'shop', 'public.i*', '--columns');
    expect(stdout).toMatch(/price +numeric\(12,2\) +not null/);
    expect(stdout).not.toContain('public.other');
  });

  test('discover of a hub is refused', async () => {
    expect(await run('discover', 'events')).toMatchObject({ code: 2, stdout: '' });
  });

  test('plan shows every column with its types and moves nothing', async () => {
    const exact = await run('plan', 'same');
    expect(exact.stdout).toMatch(/price +numeric\(12,2\) +decimal\(12,2\) +numeric\(12,2\) +exact/);
    expect(exact.stdout).toContain('target table is dropped and created anew');
    expect(exact.stdout).toContain('every column exact');
    expect(exact.code).toBe(0);
    const { code, stdout } = await run('plan', 'toFile', '-o', 'json');
    const planned = JSON.parse(stdout) as { table: string; structure: string }[];
    expect(planned.map(({ table, structure }) => [table, structure])).toEqual([
      ['public.items', 'create'],
      ['public.other', 'create'],
    ]);
    // A point has no exact place in SQLite, and the plan says so before anything moves.
    expect(code).toBe(4);
    expect(await database.cell(`SELECT count(*) FROM pg_namespace WHERE nspname = 'sluice'`)).toBe('0');
  });

  test('doctor names Temporal that is not there and still looks at everything else', async () => {
    const { code, stdout } = await run('doctor', '-o', 'json');
    const checks = JSON.parse(stdout) as { name: string; state: string }[];
    expect(code).toBe(3);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'node', state: 'good' }));
    expect(checks).toContainEqual(expect.objectContaining({ name: 'temporal', state: 'bad' }));
    expect(checks).toContainEqual(expect.objectContaining({ name: 'connection shop', state: 'good' }));
    expect(checks).toContainEqual(expect.objectContaining({ name: 'connection gone', state: 'bad' }));
    expect(stdout).not.toContain(SECRET);
  });
});

describeWith(['nats', 'kafka'], 'doctor on a hub that could be safer', () => {
  test.each([
    ['nats', () => servers().natsUrl],
    ['kafka', () => servers().kafkaUrl],
  ])('names the page of %s, which is there', async (kind, url) => {
    const folder = await createFolder();
    try {
      const configPath = await writeConfig(folder.path, {
        version: 1,
        connections: { events: { url: url() } },
        transfers: {},
      });
      const place = { configPath, temporalAddress: '127.0.0.1:1', taskQueue: 'unused' };
      const { stdout } = await sluice(place, 'doctor', '-o', 'json');
      const checks = JSON.parse(stdout) as { name: string; state: string; mend: string }[];
      const pages = checks.filter(({ state }) => state === 'warning').map(({ mend }) => mend);
      expect(pages).toContain(`docs/how-to/run-${kind}.md`);
      const page = new URL(`../../docs/how-to/run-${kind}.md`, import.meta.url);
      expect(await readFile(page, 'utf8')).toMatch(/^# Run /);
    } finally {
      await folder.remove();
    }
  });
});
