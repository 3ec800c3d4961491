import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { capturePlaceOf } from '../../src/model/capture-spec.ts';
import { TRANSFER_WORKFLOW, transferWorkflowId } from '../../src/workflows/messages.ts';
import { never } from '../contract/test-tables.ts';
import { uniqueName } from '../support/databases.ts';
import { blocksOf } from '../support/docs.ts';
import {
  type PostgresPlace,
  postgresPlace,
  postgresUrl,
  TEST_OPTIONS,
} from '../support/postgresql-harness.ts';
import { describeWith, servers } from '../support/servers.ts';

let place: PostgresPlace;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-cli-capture-'));
  place = await postgresPlace();
  await place.execute(`CREATE TABLE orders (id int PRIMARY KEY, v text); CREATE TABLE lines (id int PRIMARY KEY, v text);
    CREATE TABLE "Odd one" (a int); CREATE VIEW seen AS SELECT 1 AS a`);
});
afterEach(async () => {
  await place.drop();
  rmSync(folder, { recursive: true });
});

const configure = (tables: object, url = place.url): void =>
  writeFileSync(
    join(folder, 'sluice.json'),
    JSON.stringify({ version: 1, connections: { shop: { url } }, captures: { shop: { tables } } }),
  );

/** Runs a command line in this process. */
async function capture(...args: readonly string[]) {
  const written = { out: '', err: '' };
  const exit = await main(['capture', ...args, '-c', 'sluice.json'], {
    environment: {},
    folder,
    out: { write: (text) => void (written.out += text) },
    err: { write: (text) => void (written.err += text) },
  });
  return { exit, ...written };
}

describeWith(['postgres'], 'sluice capture', () => {
  test('installs, plans with the statements, deploys, shows, drops and uninstalls', async () => {
    configure({ '*': {} });
    expect(await capture('deploy', 'shop')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('capture.not_installed'),
    });
    expect(await capture('install', 'shop', '--dry-run')).toMatchObject({
      exit: 0,
      out: 'would be installed\n',
    });
    expect(await capture('status', 'shop')).toMatchObject({ exit: 0, out: 'nothing is installed\n' });
    expect(await capture('install', 'shop')).toMatchObject({
      exit: 0,
      out: '✓ the capture of shop is installed\n',
    });
    const planned = await capture('plan', 'shop');
    expect(planned.exit).toBe(0);
    expect(planned.out).toContain('public.orders\n  zzz_sluice_i  new\n    + CREATE OR REPLACE FUNCTION');
    expect(planned.out).toMatch(/! it has no primary key: .* \(public\."Odd one"\)/);
    expect(planned.out).toMatch(/! lastval\(\) [^(]*currval\(…\), or use RETURNING\n/);
    expect(planned.out).toContain('triggers: 12 new');
    expect(await capture('deploy', 'shop', 'orders', 'public."Odd one"')).toMatchObject({
      exit: 0,
      out: '✓ public."Odd one" deployed\n✓ public.orders deployed\n',
    });
    const deployed = await capture('deploy', 'shop', '-o', 'json');
    expect(JSON.parse(deployed.out)).toEqual([
      { table: 'public."Odd one"', done: 'unchanged', error: null },
      { table: 'public.lines', done: 'deployed', error: null },
      { table: 'public.orders', done: 'unchanged', error: null },
    ]);
    const status = await capture('status', 'shop');
    expect(status.exit).toBe(0);
    expect(status.out).toMatch(/public\.lines +3 +id +2 +as deployed/);
    expect(await capture('drop', 'shop', 'l*')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('--yes'),
    });
    expect(await capture('drop', 'shop', 'l*', '--yes')).toMatchObject({
      exit: 0,
      out: '✓ public.lines dropped\n',
    });
    expect(await capture('uninstall', 'shop')).toMatchObject({ exit: 2 });
    expect(await capture('uninstall', 'shop', '--yes')).toMatchObject({ exit: 0 });
    expect(await place.query(`SELECT count(*) FROM pg_trigger`)).toEqual([['0']]);
  });

  test('shows what changed by its lines, and exits with 4 for what is disabled, an orphan, refused or not as deployed', async () => {
    configure({ orders: {} });
    await capture('install', 'shop');
    await capture('deploy', 'shop');
    configure({ orders: { where: `v <> 'x'` } });
    const changed = await capture('plan', 'shop');
    expect(changed.exit).toBe(0);
    expect(changed.out).toMatch(/zzz_sluice_i {2}changed/);
    expect(changed.out).toMatch(/\n {4}\+ +v <> 'x'\n/);
    expect(changed.out).toMatch(/\n {6} RETURNS trigger\n/);
    expect(changed.out).toContain('triggers: 3 changed, 1 unchanged');
    await place.execute('ALTER TABLE orders DISABLE TRIGGER zzz_sluice_u');
    expect(await capture('status', 'shop')).toMatchObject({
      exit: 4,
      out: expect.stringContaining('ALTERED'),
    });
    expect(await capture('plan', 'shop')).toMatchObject({
      exit: 4,
      out: expect.stringContaining('zzz_sluice_u  DISABLED'),
    });
    configure({ lines: {}, 'public."Odd one"': { payload: 'key' } });
    const orphans = await capture('plan', 'shop');
    expect(orphans.exit).toBe(4);
    expect(orphans.out).toContain('zzz_sluice_i  ORPHAN');
    expect(orphans.out).toContain('✗ public."Odd one": payload: key, and it has no primary key');
    expect(await capture('deploy', 'shop')).toMatchObject({
      exit: 4,
      out: expect.stringContaining('✓ public.lines deployed'),
    });
    configure({ lines: { where: 'nothing' } });
    expect(await capture('plan', 'shop')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('capture.condition_invalid'),
    });
    expect(await capture('deploy', 'shop')).toMatchObject({ exit: 1 });
    configure({ seen: {} });
    expect(await capture('plan', 'shop')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('source.table_not_found'),
    });
    expect(await capture('plan', 'elsewhere')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('config.unknown_name'),
    });
  });

  test('works with the rights that docs/how-to/rights.md gives, and names the one that is missing', async () => {
    const user = `${place.name}_app`;
    const [source = '', , withCapture = ''] = blocksOf('how-to/rights.md', 'sql');
    const named = (sql: string): string =>
      sql.replaceAll('DATABASE shop', `DATABASE "${place.name}"`).replaceAll(/\bTO app\b/g, `TO "${user}"`);
    await place.execute(`CREATE ROLE "${user}" LOGIN; ${named(source)}`);
    configure({ '*': {} }, postgresUrl(place.name, user));
    try {
      expect(await capture('install', 'shop')).toMatchObject({
        exit: 1,
        err: expect.stringContaining(`GRANT CREATE ON DATABASE "${place.name}" TO "${user}";`),
      });
      await place.execute(named(withCapture.replace(/, TRIGGER/, '')));
      expect(await capture('install', 'shop')).toMatchObject({ exit: 0 });
      expect(await capture('deploy', 'shop', 'orders')).toMatchObject({
        exit: 1,
        out: expect.stringContaining(`GRANT TRIGGER ON "public"."orders" TO "${user}";`),
      });
      await place.execute(named(withCapture));
      expect(await capture('deploy', 'shop')).toMatchObject({ exit: 0 });
      configure({ '*': { columns: { exclude: ['v'] } } }, postgresUrl(place.name, user));
      expect(await capture('deploy', 'shop')).toMatchObject({ exit: 0 });
      await place.execute(`INSERT INTO orders VALUES (1, 'a'); UPDATE orders SET id = 2; TRUNCATE orders`);
      expect(
        await place.query(
          `SELECT string_agg(operation::text, '' ORDER BY id) FROM sluice_capture.event_logs`,
        ),
      ).toEqual([['IDIT']]);
      expect(await capture('uninstall', 'shop', '--yes')).toMatchObject({ exit: 0 });
      expect(await place.query(`SELECT count(*) FROM pg_trigger`)).toEqual([['0']]);
    } finally {
      await place.execute(`DROP OWNED BY "${user}"; DROP ROLE "${user}"`);
    }
  });
});

describeWith(['postgres', 'temporal'], 'sluice capture release', () => {
  test('gives the changes of a transfer up that is over, and none of one that runs', async () => {
    const transfer = uniqueName('release');
    const temporal = ['--address', servers().temporalAddress];
    const release = (...args: readonly string[]) => capture('release', 'shop', ...args, ...temporal);
    configure({ orders: {} });
    await capture('install', 'shop');
    await capture('deploy', 'shop');
    const database = await postgresql.open(postgresql.parseUrl(place.url, {}), TEST_OPTIONS);
    const connection = await Connection.connect({ address: servers().temporalAddress });
    try {
      const { changes, triggers } = database.capture!(capturePlaceOf(undefined));
      const [orders] = await triggers.captured(never());
      await changes.register(transfer, [{ lane: 1, tables: [orders!.number] }], never());
      await place.execute(`INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, 'c');
        UPDATE sluice_capture.event_logs SET at = at - interval '1 hour'`);
      const kept = () => place.query('SELECT count(*) FROM sluice_capture.event_logs');
      const unknown = { exit: 2, err: expect.stringContaining('config.unknown_name') };

      expect(await release('other', '--yes')).toMatchObject(unknown);
      expect(await release(transfer, '--dry-run')).toMatchObject({
        exit: 0,
        out: `would give up 3 changes for ${transfer}\n`,
      });
      expect(await release(transfer)).toMatchObject({ exit: 2, err: expect.stringContaining('--yes') });
      const running = await new Client({ connection }).workflow.start(TRANSFER_WORKFLOW, {
        workflowId: transferWorkflowId(transfer),
        taskQueue: uniqueName('nobody'),
        args: [transfer],
      });
      expect(await release(transfer, '--yes')).toMatchObject({
        exit: 2,
        err: expect.stringContaining('transfer.already_running'),
      });
      expect(await kept()).toEqual([['3']]);

      await running.terminate('the test is over');
      expect(await release(transfer, '--yes')).toMatchObject({
        exit: 0,
        out: `✓ shop keeps no changes for ${transfer} any more\n`,
      });
      expect(await kept()).toEqual([['0']]);
      expect(await release(transfer, '--yes')).toMatchObject(unknown);
    } finally {
      await database.close();
      await connection.close();
    }
  });
});
