import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningMariadb } from '../../scripts/servers/start-mariadb.mjs';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never, planOf, readBlocks, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { copyLane, startTable } from '../contract/test-transfer.ts';
import { planBetween } from '../support/copy-table.ts';
import { mariadbHarness as harness, type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith, startOwnMariadb } from '../support/servers.ts';
import { sqlitePlace } from '../support/sqlite-harness.ts';

const MIB = 1024 ** 2;
const columns = (count: number, type: string): string =>
  Array.from({ length: count }, (_, index) => `c${index + 1} ${type}`).join(', ');

describeWith(['mariadb'], 'the limits of MariaDB', () => {
  let server: RunningMariadb;
  let from: MariadbPlace;
  let to: MariadbPlace;
  let source: Database;
  let target: Database;

  beforeAll(async () => {
    server = await startOwnMariadb({
      settings: {
        'max-allowed-packet': '256M',
        'innodb-log-file-size': '256M',
        'innodb-buffer-pool-size': '256M',
      },
    });
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    [from, to] = await Promise.all([
      mariadbPlace('mariadb', {}, server.url),
      mariadbPlace('mariadb', {}, server.url),
    ]);
    [source, target] = await Promise.all([from.open(), to.open()]);
    return () => Promise.all([from.drop(), to.drop()]);
  });

  const sumOf = (place: MariadbPlace) =>
    place.query('SELECT id, LENGTH(a), LENGTH(b), MD5(a), MD5(b) FROM t ORDER BY id');

  test.each([true, false])('a row of 64 MiB is copied as it is, with LOAD DATA: %s', async (loadData) => {
    const place = await mariadbPlace('mariadb', { loadData }, server.url);
    target = await place.open();
    try {
      await from.execute(`CREATE TABLE t (id int PRIMARY KEY, a longtext, b longblob);
        INSERT INTO t VALUES (1, REPEAT('ä\\t\\\\', ${(40 * MIB) / 4}), REPEAT(X'00ff0a5c', ${(24 * MIB) / 4})), (2, 'x', X'')`);
      const started = await startTable(harness, { source, target }, 't');
      await copyLane({ source, target }, started, { blockBytes: MIB, mostRowBytes: 256 * MIB });
      expect(await sumOf(place)).toEqual(await sumOf(from));
      expect(await target.writer.checksum(started.plan, null, never())).toEqual(
        await source.reader.checksum(started.plan, null, never()),
      );
    } finally {
      await place.drop();
    }
  });

  test('a row that a source writes in more than its packet is read all the same', async () => {
    await from.execute(
      `CREATE TABLE t (id int PRIMARY KEY, a longtext); INSERT INTO t VALUES (1, REPEAT('x', ${5 * MIB}))`,
    );
    await from.execute('SET GLOBAL max_allowed_packet = 1048576');
    try {
      const small = await from.open();
      const { plan } = await planOf(harness, { source: small, target: small }, 't');
      const [block] = await readBlocks(small, { plan, range: wholeRange }, smallBlocks);
      expect(block?.data.length).toBe(5 * MIB + 3);
      await expect(small.reader.checksum(plan, null, never())).rejects.toMatchObject({
        details: { suggestion: expect.stringContaining('max_allowed_packet') },
      });
    } finally {
      await from.execute(`SET GLOBAL max_allowed_packet = ${256 * MIB}`);
    }
  });

  test('a table of 1,000 columns is copied', async () => {
    await from.execute(`CREATE TABLE t (${columns(1_000, 'int')}, PRIMARY KEY (c1))`);
    const values = Array.from({ length: 1_000 }, (_, index) => index).join(', ');
    await from.execute(`INSERT INTO t VALUES (${values})`);
    const started = await startTable(harness, { source, target }, 't');
    await copyLane({ source, target }, started);
    expect(await to.query('SELECT * FROM t')).toEqual(await from.query('SELECT * FROM t'));
  });

  test('a table of more columns than there may be is refused by the plan', async () => {
    const wide = await sqlitePlace();
    try {
      await wide.execute(`CREATE TABLE t (${columns(1_018, 'int')}, PRIMARY KEY (c1))`);
      const databases = { source: await wide.open(), target };
      await expect(planBetween(databases, 't')).rejects.toMatchObject({
        code: 'target.structure_differs',
        details: { suggestion: expect.stringContaining('columns') },
      });
      const { plan } = await planBetween(databases, 't', { selection: { columns: { exclude: ['c1018'] } } });
      expect(plan.columns).toHaveLength(1_017);
    } finally {
      await wide.drop();
    }
  });

  test('a table whose rows are too long for a page is refused before anything is made', async () => {
    const wide = await sqlitePlace();
    try {
      await wide.execute(`CREATE TABLE t (${columns(900, 'varchar(60)')}, PRIMARY KEY (c1))`);
      const databases = { source: await wide.open(), target };
      const { plan, schema } = await planBetween(databases, 't');
      await expect(
        target.writer.prepare({ plan, source: schema, policy: 'create-missing' }, never()),
      ).rejects.toMatchObject({ code: 'target.structure_differs', details: { vendorCode: '1118' } });
      expect(await to.query('SHOW TABLES')).toEqual([]);
    } finally {
      await wide.drop();
    }
  });

  test('generated columns are left to the target', async () => {
    await from.execute(`CREATE TABLE t (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL, c int GENERATED ALWAYS AS (a * 2) STORED);
      INSERT INTO t (id, a) VALUES (1, 2)`);
    await to.execute(
      'CREATE TABLE t (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL, c int GENERATED ALWAYS AS (a * 2) STORED)',
    );
    const started = await startTable(harness, { source, target }, 't');
    expect(started.plan.columns.map(({ target: name }) => name)).toEqual(['id', 'a']);
    await copyLane({ source, target }, started);
    expect(await to.query('SELECT * FROM t')).toEqual([['1', '2', '3', '4']]);
  });

  test.each(['MyISAM', 'Aria', 'MEMORY'])(
    'a table in %s, which knows no transactions, is refused',
    async (engine) => {
      await from.execute('CREATE TABLE t (id int PRIMARY KEY, a varchar(9))');
      await to.execute(`CREATE TABLE t (id int PRIMARY KEY, a varchar(9)) ENGINE=${engine}`);
      await expect(startTable(harness, { source, target }, 't')).rejects.toMatchObject({
        code: 'target.structure_differs',
        details: { suggestion: expect.stringContaining('ENGINE=InnoDB') },
      });
    },
  );
});
