import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase, uniqueName } from '../support/databases.ts';
import { digestSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

interface Config {
  connections: Record<string, Record<string, unknown>>;
  transfers: Record<string, Record<string, unknown>>;
}

describeWith(['postgres', 'nats', 'temporal'], 'what is wrong with a transfer', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let world: TransferWorld;
  let right: string;
  const role = uniqueName('reader');

  /** Runs a command under a configuration with one thing changed in it. */
  const withMistake = async (spoil: (config: Config) => void, ...args: readonly string[]) => {
    const config = JSON.parse(right) as Config;
    spoil(config);
    await writeFile(world.place.configPath, JSON.stringify(config, null, 2));
    try {
      return await world.cli(...args);
    } finally {
      await writeFile(world.place.configPath, right);
    }
  };
  /** The same, with a worker that reads that configuration, until the transfer is over or waits for a person. */
  const started = async (spoil: (config: Config) => void) => {
    const config = JSON.parse(right) as Config;
    spoil(config);
    await writeFile(world.place.configPath, JSON.stringify(config, null, 2));
    const worker = world.worker();
    try {
      return await world.cli('start', world.transfer, '--wait', '--timeout', '60s');
    } finally {
      await worker.stop();
      await writeFile(world.place.configPath, right);
    }
  };
  const withUser = (url: string, user: string): string => {
    const changed = new URL(url);
    changed.username = user;
    return changed.href;
  };

  beforeAll(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    target = await createPostgresDatabase(servers().postgresUrl);
    await source.query(`${ordersSql(1_000)}; CREATE ROLE ${role} LOGIN`);
    world = await createWorld({
      source: source.url,
      target: target.url,
      spec: { tables: { 'public.orders': {} }, completion: { verify: 'checksum' } },
    });
    right = await readFile(world.place.configPath, 'utf8');
  });

  afterAll(async () => {
    await world?.close();
    await source?.query(`DROP OWNED BY ${role}`);
    await target?.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await source?.drop();
    await target?.drop();
  });

  test('an unknown key in the file is named with its place and the nearest known one', async () => {
    const ran = await withMistake(
      (config) => Object.assign(config.transfers[world.transfer] ?? {}, { tabels: {} }),
      'validate',
    );
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/config\.unknown_key/);
    expect(ran.stderr).toMatch(/tabels/);
    expect(ran.stderr).toMatch(/tables/);
    expect(ran.stderr).toMatch(/sluice\.json:\d+:\d+/);
  });

  test('a URL that nobody listens at is named with its connection', async () => {
    const ran = await withMistake(
      (config) => Object.assign(config.connections['source'] ?? {}, { url: 'postgres://x@127.0.0.1:1/none' }),
      'connection',
      'test',
      'source',
    );
    expect(ran.code).toBe(3);
    expect(ran.stdout + ran.stderr).toMatch(/unreachable/);
    expect(ran.stdout + ran.stderr).toMatch(/source/);
  });

  test('a scheme that is no database is refused before anything is opened', async () => {
    const ran = await withMistake(
      (config) => Object.assign(config.connections['source'] ?? {}, { url: 'mongodb://127.0.0.1/none' }),
      'plan',
      world.transfer,
    );
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/connection\.invalid_url/);
  });

  test('a table that the source does not have ends the transfer with the way to find it', async () => {
    const ran = await started((config) =>
      Object.assign(config.transfers[world.transfer] ?? {}, { tables: { 'public.order': {} } }),
    );
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/source\.table_not_found/);
    expect(ran.stderr).toMatch(/public\.order/);
    expect(ran.stderr).toMatch(/discover/);
  });

  test('a right that is missing for the ledger is named as a GRANT, and a start after it goes on', async () => {
    const asRole = (config: Config) =>
      Object.assign(config.connections['target'] ?? {}, { url: withUser(target.url, role) });
    const ran = await started(asRole);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/database\.permission_denied/);
    const [grant = ''] = /GRANT [^;]+;/.exec(ran.stderr) ?? [];
    expect(grant).toContain(role);
    await target.query(grant);
    await target.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${role}`);
    const again = await started(asRole);
    expect({ code: again.code, stderr: again.stderr }).toMatchObject({ code: 0 });
    expect(await target.cell(digestSql('orders'))).toBe(await source.cell(digestSql('orders')));
  });

  test('a target that holds rows blocks its table; another write mode mends it', async () => {
    const asRole = (config: Config) =>
      Object.assign(config.connections['target'] ?? {}, { url: withUser(target.url, role) });
    const worker = world.worker();
    await target.query(`GRANT ALL ON SCHEMA sluice TO postgres`);
    await world.start();
    await world.eventually('it is blocked', async () => (await world.status()).phase === 'blocked');
    const shown = await world.cli('status', world.transfer);
    expect(shown.stdout).toMatch(/target\.not_empty/);
    expect(shown.stdout).toMatch(/write\.mode/);
    expect((await world.cli('cancel', world.transfer, '--yes')).code).toBe(0);
    await expect(world.result()).rejects.toThrow();
    await worker.stop();
    const again = await started((config) => {
      asRole(config);
      Object.assign(config.transfers[world.transfer] ?? {}, { write: { mode: 'truncate' } });
    });
    expect({ code: again.code, stderr: again.stderr }).toMatchObject({ code: 0 });
    expect(await target.cell(digestSql('orders'))).toBe(await source.cell(digestSql('orders')));
  });
});
