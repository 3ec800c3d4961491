import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import { createPostgresDatabase, type TestDatabase, uniqueName } from '../support/databases.ts';
import { digestSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers, startOwnNats } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

const CANARIES = {
  source: 'canary-source-ä1',
  target: 'canary-target-%2F2',
  hub: 'canary-hub-3',
} as const;
/** As it is written, and as it stands in a URL. */
const FORBIDDEN = Object.values(CANARIES).flatMap((secret) => [secret, encodeURIComponent(secret)]);
const WRONG = 'canary-wrong-4';

type Ends = Partial<Record<'source' | 'hub', string>>;

describeWith(['postgres', 'nats', 'temporal'], 'the passwords of a transfer', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let hub: RunningNats;
  let world: TransferWorld;
  const role = uniqueName('canary_role');
  const seen: string[] = [];

  const withPassword = (url: string, user: string, password: string): string => {
    const changed = new URL(url);
    changed.username = user;
    changed.password = encodeURIComponent(password);
    return changed.href;
  };
  const cli = async (...args: readonly string[]) => {
    const ran = await world.cli(...args);
    seen.push(ran.stdout, ran.stderr);
    return ran;
  };

  beforeAll(async () => {
    const { postgresUrl } = servers();
    source = await createPostgresDatabase(postgresUrl);
    target = await createPostgresDatabase(postgresUrl);
    await source.query(
      `${ordersSql(5_000)}; CREATE ROLE ${role} LOGIN PASSWORD '${CANARIES.source}'; GRANT SELECT ON orders TO ${role}`,
    );
    hub = await startOwnNats({
      extraConfig: `authorization { users: [ { user: "sluice", password: "${CANARIES.hub}" } ] }`,
    });
    world = await createWorld({
      source: withPassword(source.url, role, CANARIES.source),
      target: { url: target.url, password: CANARIES.target },
      hub: withPassword(hub.url, 'sluice', CANARIES.hub),
      spec: { tables: { 'public.*': {} }, completion: { verify: 'checksum' }, reportingInterval: '1s' },
    });
  });

  afterAll(async () => {
    await world?.close();
    await source?.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await source?.drop();
    await target?.drop();
    await hub?.stop();
  });

  test('are nowhere in histories, logs, metrics and what commands write', async () => {
    const { transfer } = world;
    const worker = world.worker('--metrics-port', '0', '--log-level', 'trace');
    await world.start();
    await cli('status', transfer);
    await cli('status', transfer, '-o', 'json');
    const port = await world.eventually('metrics are served', () => {
      const found = /"metricsPort":(\d+)/.exec(worker.output());
      return found?.[1];
    });
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain('sluice');
    expect(await world.result()).toMatchObject({ phase: 'finished', equal: 1 });
    expect(await target.cell(digestSql('orders'))).toBe(await source.cell(digestSql('orders')));
    for (const args of [
      ['report', transfer],
      ['describe', transfer],
      ['list'],
      ['plan', transfer],
      ['verify', transfer],
      ['validate'],
      ['discover', 'source'],
      ['connection', 'list'],
      ['connection', 'test'],
      ['doctor'],
    ]) {
      await cli(...args);
      await cli(...args, '-o', 'json');
    }
    const history = JSON.stringify(await world.handle.fetchHistory());
    const payloads = [...history.matchAll(/"data":"([A-Za-z0-9+/=]+)"/g)].map(([, data = '']) =>
      Buffer.from(data, 'base64').toString(),
    );
    expect(payloads.join('\n')).toContain(transfer);
    const all = [...seen, metrics, worker.output(), history, ...payloads].join('\n');
    expect(FORBIDDEN.filter((secret) => all.includes(secret))).toEqual([]);
  });

  test.each([
    [
      'a server that does not answer',
      'database.unreachable',
      (): Ends => ({ source: withPassword('postgres://127.0.0.1:1/none', 'x', WRONG) }),
    ],
    [
      'a hub that refuses the password',
      'hub.authentication_failed',
      (): Ends => ({ hub: withPassword(hub.url, 'sluice', WRONG) }),
    ],
  ])('are not shown by the error of %s', async (_, code, wrong) => {
    const ends = {
      source: withPassword(source.url, role, CANARIES.source),
      hub: withPassword(hub.url, 'sluice', CANARIES.hub),
      ...wrong(),
    };
    const copied = await world.cli(
      'copy',
      ends.source,
      target.url,
      '--tables',
      'public.*',
      '--hub',
      ends.hub,
    );
    expect(copied.code).toBe(3);
    expect(copied.stderr).toContain(code);
    const all = copied.stdout + copied.stderr;
    expect([...FORBIDDEN, WRONG].filter((secret) => all.includes(secret))).toEqual([]);
  });
});
