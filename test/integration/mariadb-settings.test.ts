import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunningMariadb } from '../../scripts/servers/start-mariadb.mjs';
import type { Database } from '../../src/engine/ports/dialect.ts';
import {
  createTestTable,
  never,
  planOf,
  readBlocks,
  readRanges,
  smallBlocks,
  wholeRange,
} from '../contract/test-tables.ts';
import { copyLane, orderRows, orders, startTable } from '../contract/test-transfer.ts';
import { mariadbHarness as harness, type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith, startOwnMariadb } from '../support/servers.ts';

/** What a commit needs, and how large a statement may be. */
const SERVER = {
  'lower-case-table-names': 1,
  'character-set-server': 'latin1',
  'innodb-flush-log-at-trx-commit': 2,
  'log-bin': 'binary-log',
  'sync-binlog': 0,
  'innodb-doublewrite': 0,
  'max-allowed-packet': '1M',
  'innodb-log-file-size': '64M',
  'innodb-buffer-pool-size': '64M',
} as const;

/** What a session would do otherwise than we need, if it did not say so itself. */
const SESSIONS = `SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH',
  sql_select_limit = 5, max_sort_length = 64, max_error_count = 0, sql_notes = 0, time_zone = '+05:30', tx_isolation = 'SERIALIZABLE',
  completion_type = 'CHAIN', old_mode = 'NO_DUP_KEY_WARNINGS_WITH_IGNORE,ZERO_DATE_TIME_CAST', sql_safe_updates = 1`;

describeWith(['mariadb'], 'a MariaDB server that is set in odd ways', () => {
  let server: RunningMariadb;
  let from: MariadbPlace;
  let to: MariadbPlace;
  let source: Database;
  let target: Database;

  beforeAll(async () => {
    server = await startOwnMariadb({ settings: SERVER });
    const place = await mariadbPlace('mariadb', {}, server.url);
    await place.execute(SESSIONS);
    await place.drop();
  });
  const setGlobal = (setting: string): Promise<void> => from.execute(`SET GLOBAL ${setting}`);
  afterAll(() => server?.stop());
  beforeEach(async () => {
    [from, to] = await Promise.all([
      mariadbPlace('mariadb', {}, server.url),
      mariadbPlace('mariadb', {}, server.url),
    ]);
    [source, target] = await Promise.all([from.open(), to.open()]);
    return () => Promise.all([from.drop(), to.drop()]);
  });

  test('tells which of its settings make a commit less than durable', async () => {
    const warnings = (await target.warnings?.(never())) ?? [];
    expect(warnings).toHaveLength(3);
    expect(warnings.join()).toMatch(/at_trx_commit is 2.*sync_binlog is 0.*doublewrite is off/);
  });

  test('loses no row and changes no value', async () => {
    const rows = orderRows(1, 40, 'ä"|| \\');
    await createTestTable(harness, from, orders, rows);
    const { plan } = await planOf(harness, { source, target }, 'orders');
    const ranges = await source.reader.planRanges(plan, { rowsPerRange: 7, snapshot: null }, never());
    expect(await readRanges(source, plan, ranges)).toEqual(rows);
    const started = await startTable(harness, { source, target }, 'orders');
    await copyLane({ source, target }, started);
    expect(await target.writer.checksum(started.plan, null, never())).toEqual(
      await source.reader.checksum(started.plan, null, never()),
    );
    expect(await target.writer.countRows(started.plan, never())).toBe(40n);
  });

  test('moments and padded texts are what they were', async () => {
    await from.execute(
      "CREATE TABLE t (id int PRIMARY KEY, c char(5), at timestamp(3) NULL); INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00.5')",
    );
    const { plan } = await planOf(harness, { source, target }, 't');
    const [block] = await readBlocks(source, { plan, range: wholeRange });
    expect(block?.data.toString()).toBe('1\ta\t2024-01-01 00:00:00.5\n');
  });

  test('names the column of a value that does not fit, and writes nothing', async () => {
    await from.execute(
      "CREATE TABLE t (id int PRIMARY KEY, note longtext); INSERT INTO t VALUES (1, 'long')",
    );
    await to.execute('CREATE TABLE t (id int PRIMARY KEY, note varchar(3))');
    const started = await startTable(harness, { source, target }, 't');
    await expect(copyLane({ source, target }, started)).rejects.toMatchObject({
      code: 'target.value_rejected',
      details: { column: 'note' },
    });
    expect(await target.writer.countRows(started.plan, never())).toBe(0n);
  });

  describe('which takes no LOAD DATA LOCAL and packets of 1 MiB', () => {
    beforeEach(async () => {
      await setGlobal('local_infile = 0');
      target = await to.open();
      return () => setGlobal('local_infile = 1');
    });

    test('the plan says what that means', async () => {
      await createTestTable(harness, from, orders);
      const { plan, schema } = await planOf(harness, { source, target }, 'orders');
      const preview = await target.writer.preview?.(
        { plan, source: schema, policy: 'create-missing', exists: false },
        never(),
      );
      expect(preview?.notes?.join()).toMatch(/local_infile.*1048576 bytes/s);
    });

    test('a row that it takes arrives', async () => {
      const elsewhere = await mariadbPlace();
      const large = await elsewhere.open();
      try {
        await elsewhere.execute('CREATE TABLE t (id int PRIMARY KEY, note longtext)');
        const ends = { source: large, target };
        const started = await startTable(harness, ends, 't');
        await elsewhere.execute("INSERT INTO t VALUES (1, REPEAT('x', 700000))");
        await copyLane(ends, started, { blockBytes: 10_000_000 });
        expect(await to.query('SELECT LENGTH(note) FROM t')).toEqual([['700000']]);
      } finally {
        await elsewhere.drop();
      }
    });

    test('a larger row is refused with what mends it', async () => {
      const elsewhere = await mariadbPlace();
      const large = await elsewhere.open();
      try {
        await elsewhere.execute(
          "CREATE TABLE t (id int PRIMARY KEY, note longtext); INSERT INTO t VALUES (1, REPEAT('x', 1500000))",
        );
        const started = await startTable(harness, { source: large, target }, 't');
        const failure = await copyLane({ source: large, target }, started).catch((error: unknown) => error);
        expect(failure).toMatchObject({
          code: 'target.value_rejected',
          details: { suggestion: expect.stringContaining('max_allowed_packet') },
        });
        expect(await to.query('SELECT COUNT(*) FROM t')).toEqual([['0']]);
      } finally {
        await elsewhere.drop();
      }
    });
  });

  test('rows of a table that others fill are not passed over in silence', async () => {
    await createTestTable(harness, from, orders, orderRows(1, 3));
    await createTestTable(harness, to, orders, orderRows(2, 2, 'other'));
    const started = await startTable(harness, { source, target }, 'orders', {
      spec: { write: { mode: 'append' } },
    });
    await expect(copyLane({ source, target }, started)).rejects.toMatchObject({
      code: 'target.constraint_violated',
    });
    expect(await target.writer.countRows(started.plan, never())).toBe(1n);
    expect(smallBlocks.blockRows).toBeGreaterThan(3); // all of them in one batch
  });
});
