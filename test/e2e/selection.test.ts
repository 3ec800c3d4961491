import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFolder, createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { digestSql, keylessSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld, type WorldOptions } from '../support/transfer-world.ts';

const ROWS = 20_000;

describeWith(['postgres', 'nats', 'temporal'], 'what of a source is copied', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let folder: Awaited<ReturnType<typeof createFolder>>;
  const worlds: TransferWorld[] = [];

  const world = async (spec: WorldOptions['spec'], to: string = target.url) => {
    const created = await createWorld({ source: source.url, target: to, spec });
    worlds.push(created);
    const first = created.worker();
    /** Who reads the configuration anew: workers read it when they start. */
    const rewrite = async (changed: WorldOptions['spec']): Promise<void> => {
      await created.rewrite(changed);
      await first.stop();
      created.worker();
    };
    return { ...created, first, rewrite };
  };

  /** Rows that transactions of the target have committed. */
  const applied = async (): Promise<number> =>
    Number(await target.cell('SELECT coalesce(sum(rows), 0) FROM sluice.sluice_lanes'));

  const held = async (...tables: readonly string[]): Promise<number> => {
    const counts = await Promise.all(tables.map((table) => target.cell(`SELECT count(*) FROM ${table}`)));
    return counts.reduce((sum, count) => sum + Number(count), 0);
  };

  beforeEach(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    target = await createPostgresDatabase(servers().postgresUrl);
    folder = await createFolder();
    await source.query([ordersSql(ROWS), keylessSql(2_000)].join(';'));
  });

  afterEach(async () => {
    for (const each of worlds.splice(0)) await each.close();
    await source?.drop();
    await target?.drop();
    await folder?.remove();
  });

  const REPORT = `SELECT status, count(*) AS orders, sum(amount) AS "total amount" FROM orders GROUP BY status -- by status`;

  test('schemas, tables and columns have their new names, and queries are tables', async () => {
    const made = await world({
      rename: { schemas: { public: 'shop' } },
      tables: {
        'public.*': {},
        'public.orders': {
          where: 'qty < 100',
          columns: { rename: { id: 'order id', ref: 'id' }, exclude: ['pay*'] },
          to: 'old_*',
        },
        report: { query: `${REPORT}\n;`, key: ['status'], to: 'archive.*' },
        notes: { query: 'SELECT note, flag FROM public.orders WHERE id <= 5000' },
      },
      read: { rowsPerRange: 3_000, blockBytes: 65_536 },
      completion: { verify: 'checksum' },
    });
    const plan = await made.cli('plan', made.transfer);
    expect(plan.stdout).toContain('public.report → archive.report');
    expect(plan.stdout).toContain('id → order id');
    expect(plan.stdout).toContain('SELECT note, flag');
    await made.start();
    const chosen = await source.cell('SELECT count(*) FROM orders WHERE qty < 100');
    expect(await made.result()).toMatchObject({
      phase: 'finished',
      rows: Number(chosen) + 2_000 + 4 + 5_000,
      compared: 4,
      equal: 4,
    });
    const same = async (there: string, here: string): Promise<void> =>
      expect(await target.cell(digestSql(`(${there})`))).toBe(await source.cell(digestSql(`(${here})`)));
    await same('SELECT * FROM shop.events', 'SELECT * FROM events');
    await same('SELECT * FROM archive.report', REPORT.replace(/--.*/, ''));
    await same('SELECT * FROM shop.notes', 'SELECT note, flag FROM orders WHERE id <= 5000');
    await same(
      'SELECT "order id", customer_id, status, amount, created_at, note, qty, flag, id FROM shop.old_orders',
      'SELECT id, customer_id, status, amount, created_at, note, qty, flag, ref FROM orders WHERE qty < 100',
    );
    expect(
      await target.cell(`SELECT string_agg(a.attname, ',') FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indisprimary AND i.indrelid IN ('shop.old_orders'::regclass, 'archive.report'::regclass)`),
    ).toMatch(/^(order id,status|status,order id)$/);
  });

  test('an upsert finds its rows by the new name of the key, in SQLite, from a table and from a query', async () => {
    const path = join(folder.path, 'copy.db');
    const spec = (where: string): WorldOptions['spec'] => ({
      tables: {
        orders: { where, columns: { include: ['id', 'status'], rename: { id: 'number' } }, to: 'main.o_*' },
        paid: { query: "SELECT id, qty FROM public.orders WHERE status = 'paid'", key: ['id'] },
      },
      write: { mode: 'upsert' },
      completion: { verify: 'checksum' },
    });
    const first = await world(spec('id <= 100'), `sqlite:${path}`);
    await first.start();
    expect(await first.result()).toMatchObject({ phase: 'finished', equal: 2 });
    await source.query(`UPDATE orders SET status = 'lost', qty = 7 WHERE id > 50`);
    await first.rewrite(spec('id <= 150'));
    await first.start();
    const again = await first.result();
    // Of the orders that are paid no more the target keeps what it has: it holds more than the query gives.
    expect(again.tables.map(({ table, status }) => [table, status])).toEqual([
      ['public.orders', 'finished'],
      ['public.paid', 'finished'],
    ]);
    const file = new BetterSqlite(path, { readonly: true });
    try {
      expect(
        file.prepare('SELECT count(*), max(number), sum(status = ?) FROM o_orders').raw().get('lost'),
      ).toEqual([150, 150, 100]);
      expect(file.prepare('SELECT count(*) FROM paid').pluck().get()).toBe(5_000);
    } finally {
      file.close();
    }
  });

  test('a start ends with exactly the rows that its limit lets it copy, whoever dies, and the next one goes on', async () => {
    const spec: WorldOptions['spec'] = {
      tables: { 'public.*': {} },
      read: { rowsPerRange: 4_000, blockBytes: 16_384, readers: 3 },
      limits: { rows: 9_000, ratePerSecond: 4_000 },
      recovery: { heartbeatTimeout: '5s' },
      reportingInterval: '1s',
    };
    const made = await world(spec);
    const ended = await made.cli('start', made.transfer, '--wait', '--timeout', '240s');
    expect(ended.code, ended.stdout + ended.stderr).toBe(5);
    expect(ended.stdout).toContain('limit-reached');
    expect(await applied()).toBe(9_000);
    expect(await held('orders', 'events')).toBe(9_000);

    const second = made.cli('start', made.transfer, '--wait', '--timeout', '240s');
    await made.eventually('the second start is at work', async () => (await applied()) > 11_000);
    made.first.kill('SIGKILL');
    made.worker();
    const again = await second;
    expect(again.code, again.stdout + again.stderr).toBe(5);
    expect(await applied()).toBe(18_000);
    expect(await held('orders', 'events')).toBe(18_000);

    await made.rewrite({ ...spec, limits: {} });
    const last = await made.cli('start', made.transfer, '--wait', '--timeout', '240s');
    expect(last.code, last.stdout + last.stderr).toBe(0);
    for (const table of ['orders', 'events'])
      expect(await target.cell(digestSql(table))).toBe(await source.cell(digestSql(table)));
  });

  test('a sample has the first rows of its table, and is compared with them', async () => {
    const made = await world({
      tables: {
        orders: { limit: { rows: 1_234 }, where: 'id > 10' },
        'public.events': { limit: { rows: 10 } },
      },
      completion: { verify: 'checksum' },
    });
    await made.start();
    expect(await made.result()).toMatchObject({ phase: 'finished', rows: 1_244, compared: 2, equal: 2 });
    expect(await target.cell(`SELECT count(*) || ' ' || min(id) || ' ' || max(id) FROM orders`)).toBe(
      '1234 11 1244',
    );
  });

  test('when its time is up a start applies what it has read, and the next one goes on', async () => {
    const spec: WorldOptions['spec'] = {
      tables: { orders: {} },
      read: { blockBytes: 16_384 },
      limits: { time: '8s', bytesPerSecond: 250_000 },
      reportingInterval: '1s',
    };
    const made = await world(spec);
    // The time counts from the start.
    await made.eventually('the worker runs', () => made.first.output().includes('worker started'));
    await made.start();
    const report = await made.result();
    expect(report).toMatchObject({ phase: 'limit-reached' });
    expect((await made.status()).reason?.text).toBe('limit reached: 8s since the start');
    expect(report.rows).toBe(await applied());
    expect(await held('orders')).toBe(report.rows);
    expect(report.rows).toBeGreaterThan(0);
    expect(report.bytes).toBeLessThan(250_000 * 12);
    await made.rewrite({ ...spec, limits: {} });
    await made.start();
    expect(await made.result()).toMatchObject({ phase: 'finished', rows: ROWS, equal: 1 });
  });
});
