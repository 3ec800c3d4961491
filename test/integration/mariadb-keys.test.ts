import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import {
  cellsOf,
  never,
  planOf,
  readBlocks,
  readRanges,
  smallBlocks,
  wholeRange,
} from '../contract/test-tables.ts';
import { mariadbHarness as harness, type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

/** Keys of 60 rows or so, in whose order a range begins and ends, and by which reading goes on. */
const KEYS: readonly (readonly [what: string, columns: string, select: string])[] = [
  ['tinyint(1)', 'k tinyint(1) NOT NULL PRIMARY KEY', 'CAST(seq AS SIGNED) - 10'],
  ['bigint unsigned', 'k bigint unsigned NOT NULL PRIMARY KEY', '18446744073709551615 - seq'],
  ['zerofill', 'k int(10) unsigned zerofill NOT NULL PRIMARY KEY', 'seq'],
  [
    'float',
    'k float NOT NULL PRIMARY KEY',
    'seq / 7 * POW(10, CAST(seq AS SIGNED) % 30 - 15) * IF(seq % 2, 1, -1)',
  ],
  [
    'double',
    'k double NOT NULL PRIMARY KEY',
    'seq / 7 * POW(10, CAST(seq AS SIGNED) % 60 - 30) * IF(seq % 2, 1, -1)',
  ],
  ['decimal', 'k decimal(30,10) NOT NULL PRIMARY KEY', '(CAST(seq AS SIGNED) - 30) * 123456789.0123456789'],
  ['bit', 'k bit(64) NOT NULL PRIMARY KEY', '~CAST(seq * 3 AS UNSIGNED)'],
  ['set', "k set('a','b','c','d','e','f') NOT NULL PRIMARY KEY", 'seq'],
  ['year', 'k year NOT NULL PRIMARY KEY', 'IF(seq = 1, 0, 1900 + seq)'],
  ['timestamp', 'k timestamp(3) NOT NULL PRIMARY KEY', "'2024-01-01' + INTERVAL seq * 10000 MICROSECOND"],
  ['time', 'k time(6) NOT NULL PRIMARY KEY', 'SEC_TO_TIME((CAST(seq AS SIGNED) - 30) * 40000.5)'],
  ['uuid', 'k uuid NOT NULL PRIMARY KEY', 'UUID()'],
  ['inet6', 'k inet6 NOT NULL PRIMARY KEY', "CONCAT('::', HEX(seq * 7))"],
  ['bytes', 'k varbinary(20) NOT NULL PRIMARY KEY', "UNHEX(LPAD(HEX(seq * 5), 4, '0'))"],
  [
    'latin1',
    'k char(10) CHARACTER SET latin1 NOT NULL PRIMARY KEY',
    'CONCAT(CHAR(224 + seq % 30 USING latin1), seq)',
  ],
  [
    'a text with letters that separate and escape',
    'k varchar(20) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY',
    String.raw`CONCAT('a', CHAR(seq USING utf8mb4), IF(seq % 2, '\\', ''))`,
  ],
  [
    'a collation that folds case and accents',
    'k varchar(30) COLLATE utf8mb4_unicode_ci NOT NULL PRIMARY KEY',
    "CONCAT(ELT(1 + seq % 6, 'a', 'Ä', 'B', 'ß', 'é', 'Z'), seq)",
  ],
  [
    'a collation that pads, blanks and control characters behind',
    'k varchar(30) COLLATE utf8mb4_general_ci NOT NULL, j int NOT NULL, PRIMARY KEY (k, j)',
    String.raw`CONCAT(ELT(1 + seq % 7, 'a', 'A ', 'a\t', 'a  ', 'A', 'a\0', '')), seq`,
  ],
  [
    'an enum, and a text that folds case',
    "k enum('b','a','Z') NOT NULL, j varchar(10) COLLATE utf8mb4_general_ci NOT NULL, PRIMARY KEY (k, j)",
    "ELT(1 + seq % 3, 'b', 'a', 'Z'), CONCAT(IF(seq % 2, 'a', 'B'), seq)",
  ],
  [
    'moments that repeat',
    'k datetime(6) NOT NULL, i int NOT NULL, PRIMARY KEY (k, i)',
    "'2024-01-01' + INTERVAL (seq DIV 3) * 100 MICROSECOND, seq",
  ],
];

describeWith(['mariadb'], 'keys of MariaDB as positions', () => {
  let place: MariadbPlace;
  let database: Database;

  beforeEach(async () => {
    place = await mariadbPlace();
    database = await place.open();
  });
  afterEach(() => place.drop());

  const make = async (columns: string, select: string, options = ''): Promise<TablePlan> => {
    await place.execute(
      `CREATE TABLE t (${columns}) ${options}; INSERT INTO t SELECT ${select} FROM seq_1_to_60`,
    );
    return (await planOf(harness, { source: database, target: database }, 't')).plan;
  };
  /** As another product would get the columns. */
  const forOthers = async (plan: TablePlan): Promise<TablePlan> => {
    const [schema] = await database.introspector.describeTables([plan.source], never());
    const columns = plan.columns.map((column) => {
      const found = schema!.columns.find(({ name }) => name === column.source);
      const { logical, render } = harness.dialect.types.reading(found!)!;
      return { ...column, logical, select: render, renderSource: render };
    });
    return { ...plan, columns };
  };

  /** Whatever block was the last, what is read behind it is the rest. */
  const readsOn = async (plan: TablePlan): Promise<void> => {
    const all = await readBlocks(database, { plan, range: wholeRange });
    const rows = all.flatMap(({ data }) => cellsOf(data));
    expect(rows).toHaveLength(60);
    let before = 0;
    for (const block of all) {
      before += block.rows;
      const rest = await readBlocks(database, { plan, range: wholeRange, after: block.last }, many);
      expect(rest.flatMap(({ data }) => cellsOf(data))).toEqual(rows.slice(before));
    }
    const ranges = await database.reader.planRanges(plan, { rowsPerRange: 9, snapshot: null }, never());
    expect(ranges.length).toBeGreaterThan(5);
    expect(await readRanges(database, plan, ranges, many)).toEqual(rows);
  };
  const many = { ...smallBlocks, blockRows: 1_000 };

  test.for(KEYS)(
    '%s: each row is in one range, and reading goes on where it was',
    async ([, columns, select]) => {
      const plan = await make(columns, select);
      expect(plan.position.kind).toBe('key');
      await readsOn(plan);
      await readsOn(await forOthers(plan));
    },
  );

  test.each([
    ['HASH (k) PARTITIONS 4'],
    [
      'RANGE (k) (PARTITION a VALUES LESS THAN (20), PARTITION b VALUES LESS THAN (21), PARTITION z VALUES LESS THAN MAXVALUE)',
    ],
  ])('a table with partitions by %s is read as one', async (by) => {
    const plan = await make('k int NOT NULL PRIMARY KEY, v int', 'seq, seq', `PARTITION BY ${by}`);
    await readsOn(plan);
  });

  test('a large table is cut by estimates: each row is in one range, however its numbers are spread', async () => {
    await place.execute(`
      CREATE TABLE t (k bigint unsigned NOT NULL PRIMARY KEY, v tinyint NOT NULL, KEY (v));
      INSERT INTO t SELECT seq, 1 FROM seq_1_to_400000;
      INSERT INTO t SELECT 18446744073709551615 - seq * 100, 1 FROM seq_0_to_199999;
      INSERT INTO t SELECT 1000000000000 * seq, 2 FROM seq_1_to_100;
      ANALYZE TABLE t`);
    const { plan } = await planOf(harness, { source: database, target: database }, 't');
    const ranges = await database.reader.planRanges(plan, { rowsPerRange: 50_000, snapshot: null }, never());
    expect(ranges.slice(1).map(({ after }) => after)).toEqual(ranges.slice(0, -1).map(({ upto }) => upto));
    // What walks through the keys ends each range at one.
    const bounds = ranges.slice(1).map(({ after }) => after?.[0]);
    const [found] = await place.query(`SELECT COUNT(*) FROM t WHERE k IN (${bounds.join(', ')})`);
    expect(Number(found?.[0])).toBeLessThan(bounds.length);
    const counts: number[] = [];
    for (const range of ranges)
      counts.push(Number((await database.reader.checksum(plan, range, never())).rows));
    expect(counts.reduce((sum, rows) => sum + rows, 0)).toBe(600_100);
    expect(Math.max(...counts)).toBeLessThanOrEqual(300_000);
    expect(ranges.length).toBeLessThanOrEqual(50);
  });

  describe('a unique text without a length, which MariaDB keeps as a hash', () => {
    test('is no position: the table has no key to read by', async () => {
      const plan = await make('k longtext NOT NULL UNIQUE', "CONCAT(REPEAT('y', 1500), (seq * 7) % 61)");
      expect(plan.position).toMatchObject({ kind: 'row-address', columns: [] });
      expect(plan.targetKey).toEqual([]);
    });

    test('does not stand in the way of one that is in order', async () => {
      const plan = await make(
        'k longtext NOT NULL, i int NOT NULL, UNIQUE a (k), UNIQUE b (i)',
        "CONCAT(REPEAT('y', 1500), seq), seq",
      );
      expect(plan.position).toMatchObject({ kind: 'key', columns: ['i'] });
    });
  });

  test('a unique index that may hold NULL, or the beginning of a text only, is no position', async () => {
    const plan = await make(
      'k varchar(50) NOT NULL, i int NULL, UNIQUE a (k(3)), UNIQUE b (i)',
      "CONCAT(LPAD(seq, 3, '0'), 'x'), seq",
    );
    expect(plan.position.kind).toBe('row-address');
  });
});
