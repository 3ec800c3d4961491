import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import { never } from '../contract/test-tables.ts';
import { batchOf, laneOf, type Planned, startTable } from '../contract/test-transfer.ts';
import { mariadbHarness as harness, type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

const REFUSED = 'target.value_rejected';

interface Case {
  readonly what: string;
  readonly from: string;
  readonly to: string;
  /** Cell of text-rows -> what the server says of the column `v` then; REFUSED: the batch is. */
  readonly cells: Readonly<Record<string, string | null>>;
  /** How the server is asked. */
  readonly shown?: string;
}

/** What a server takes for something else, unless it is told. */
const CASES: readonly Case[] = [
  {
    what: 'a boolean in a BIT keeps NULL, and no other number is true',
    from: 'tinyint(1) NULL',
    to: 'bit(1) NULL',
    shown: 'v + 0',
    cells: { '\\N': null, t: '1', f: '0', 5: REFUSED, x: REFUSED },
  },
  {
    what: 'a boolean in a wide BIT keeps NULL',
    from: 'tinyint(1) NULL',
    to: 'bit(8) NULL',
    shown: 'v + 0',
    cells: { '\\N': null, t: '1', f: '0', 5: '5', x: REFUSED },
  },
  {
    what: 'digits in an ENUM are labels, never the place of one',
    from: 'varchar(9) NULL',
    to: "enum('1','10','a') NULL",
    cells: { 1: '1', 2: REFUSED, 3: REFUSED, 10: '10', ' 1': REFUSED, a: 'a', '': REFUSED, '\\N': null },
  },
  {
    what: 'digits in a SET are labels, never a sum of places',
    from: 'varchar(9) NULL',
    to: "set('a','b') NULL",
    cells: { 'a,b': 'a,b', 1: REFUSED, 3: REFUSED, '': '', c: REFUSED, '\\N': null },
  },
  {
    what: 'a label of the source that the target lacks is none of its places',
    from: "enum('1','2','10') NULL",
    to: "enum('1','10') NULL",
    cells: { 1: '1', 2: REFUSED, 10: '10', '\\N': null },
  },
  {
    what: 'numbers in a YEAR are years of four digits',
    from: 'smallint NULL',
    to: 'year NULL',
    shown: 'v + 0',
    cells: { 0: '0', 5: REFUSED, 70: REFUSED, 1900: REFUSED, 1999: '1999', 2156: REFUSED, '\\N': null },
  },
  {
    what: 'texts in a YEAR are years of four digits',
    from: 'varchar(9) NULL',
    to: 'year NULL',
    shown: 'v + 0',
    cells: { 0: REFUSED, 70: REFUSED, 1999: '1999', '\\N': null },
  },
  {
    what: 'fewer bytes than a BINARY has are not filled up',
    from: 'binary(3) NULL',
    to: 'binary(3) NULL',
    shown: 'HEX(v)',
    cells: { '\\\\x00ff': REFUSED, '\\\\x': REFUSED, '\\\\x00ff00': '00FF00', '\\N': null },
  },
  {
    what: 'a number in a DOUBLE is a number to its end',
    from: 'varchar(9) NULL',
    to: 'double NULL',
    cells: { '1e5': '100000', '1x': REFUSED, x: REFUSED, '': REFUSED },
  },
  {
    what: 'NULL in a TIMESTAMP NOT NULL is not the moment of now',
    from: "timestamp(3) NOT NULL DEFAULT '2000-01-01'",
    to: "timestamp(3) NOT NULL DEFAULT '2000-01-01'",
    cells: { '\\N': REFUSED, '2024-01-01 00:00:00.5': '2024-01-01 00:00:00.500' },
  },
  {
    what: 'zero dates and times over a day are kept between two servers of the product',
    from: 'datetime(3) NULL',
    to: 'datetime(3) NULL',
    cells: { '0000-00-00 00:00:00': '0000-00-00 00:00:00.000', '2024-02-30 00:00:00': REFUSED },
  },
  {
    what: 'times keep their hours',
    from: 'time(6) NULL',
    to: 'time(6) NULL',
    cells: { '838:59:59': '838:59:59.000000', '-25:00:00': '-25:00:00.000000', '839:00:00': REFUSED },
  },
  {
    what: 'a decimal of 65 digits keeps each of them',
    from: 'decimal(65,30) NULL',
    to: 'decimal(65,30) NULL',
    cells: {
      [`${'9'.repeat(35)}.${'9'.repeat(30)}`]: `${'9'.repeat(35)}.${'9'.repeat(30)}`,
      [`${'9'.repeat(36)}.0`]: REFUSED,
      [`0.${'0'.repeat(30)}1`]: REFUSED,
    },
  },
];

describeWith(['mariadb'], 'values that MariaDB could take for others', () => {
  describe.each([true, false])('with LOAD DATA: %s', (loadData) => {
    let from: MariadbPlace;
    let to: MariadbPlace;
    let source: Database;
    let target: Database;

    beforeEach(async () => {
      [from, to] = await Promise.all([mariadbPlace(), mariadbPlace('mariadb', { loadData })]);
      [source, target] = await Promise.all([from.open(), to.open()]);
    });
    afterEach(() => Promise.all([from.drop(), to.drop()]));

    const start = async (fromType: string, toType: string): Promise<Planned> => {
      await from.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${fromType})`);
      await to.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${toType})`);
      return startTable(harness, { source, target }, 't', { spec: { write: { mode: 'append' } } });
    };
    /** The code of the refusal, or nothing. */
    const apply = async (started: Planned, data: Buffer): Promise<string | undefined> => {
      const lane = laneOf(started);
      const { attempt, epoch } = await target.ledger.openLane(lane, never());
      const block = { rows: 1, data, first: ['1'], last: ['1'] };
      const batch = batchOf(started.plan, block, { lane, attempt, epoch, n: 1 });
      try {
        await applyBatch(target.writer, started.plan, batch, never());
        return undefined;
      } catch (error) {
        return isSluiceError(error) ? error.code : String(error);
      }
    };

    test.for(CASES)('$what', async ({ from: fromType, to: toType, cells, shown = 'v' }) => {
      const started = await start(fromType, toType);
      const found: Record<string, string | null> = {};
      for (const [index, cell] of Object.keys(cells).entries()) {
        const refusal = await apply(started, Buffer.from(`${index}\t${cell}\n`));
        const [row] = await to.query(`SELECT ${shown} FROM t WHERE id = ${index}`);
        expect(row === undefined, cell).toBe(refusal !== undefined);
        found[cell] = refusal ?? row?.[0] ?? null;
      }
      expect(found).toEqual(cells);
    });

    test('bytes that are no UTF-8 are refused and not mended', async () => {
      const started = await start('longtext', 'longtext');
      const data = Buffer.concat([Buffer.from('1\ta'), Buffer.from([0xff, 0xfe]), Buffer.from('\n')]);
      expect(await apply(started, data)).toBe(REFUSED);
      expect(await to.query('SELECT COUNT(*) FROM t')).toEqual([['0']]);
    });

    test('a row of more bytes than a usual statement has arrives whole', async () => {
      const started = await start('longtext', 'longtext');
      expect(await apply(started, Buffer.from(`1\t${'xyz'.repeat(2_000_000)}\n`))).toBeUndefined();
      expect(await to.query("SELECT LENGTH(v), MD5(v) = MD5(REPEAT('xyz', 2000000)) FROM t")).toEqual([
        ['6000000', '1'],
      ]);
    });
  });
});
