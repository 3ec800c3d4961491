import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import { never } from '../contract/test-tables.ts';
import { batchOf, laneOf, type Planned, startTable } from '../contract/test-transfer.ts';
import { mariadbHarness as harness, type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

const REFUSED = 'target.constraint_violated';

describeWith(['mariadb'], 'an upsert into MariaDB', () => {
  describe.each([true, false])('with LOAD DATA: %s', (loadData) => {
    let place: MariadbPlace;
    let database: Database;
    let started: Planned;

    beforeEach(async () => {
      place = await mariadbPlace('mariadb', { loadData });
      database = await place.open();
      await place.execute(
        "CREATE TABLE t (k int PRIMARY KEY, u int NULL UNIQUE, v longtext); INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')",
      );
      const spec = { write: { mode: 'upsert' as const } };
      started = await startTable(harness, { source: database, target: database }, 't', { spec });
    });
    afterEach(() => place.drop());

    const apply = async (...rows: readonly string[]): Promise<string> => {
      const lane = laneOf(started);
      const { attempt, epoch } = await database.ledger.openLane(lane, never());
      const data = Buffer.from(rows.map((row) => `${row.split(' ').join('\t')}\n`).join(''));
      const batch = batchOf(
        started.plan,
        { rows: rows.length, data, first: ['1'], last: ['1'] },
        { lane, attempt, epoch, n: 1 },
      );
      return applyBatch(database.writer, started.plan, batch, never()).then(
        ({ outcome }) => outcome,
        (error: unknown) => (isSluiceError(error) ? error.code : String(error)),
      );
    };
    const all = async () =>
      (await place.query('SELECT k, u, v FROM t ORDER BY k')).map((row) => row.join(' '));

    test.each([
      ['unchanged rows', ['1 1 a', '2 2 b'], ['1 1 a', '2 2 b']],
      ['a changed row and a new one', ['2 2 z', '4 4 d'], ['1 1 a', '2 2 z', '4 4 d']],
      ['a unique value that becomes another', ['1 9 a'], ['1 9 a', '2 2 b']],
      ['a unique value that becomes NULL', [String.raw`1 \N a`], ['1  a', '2 2 b']],
    ])('writes %s', async (_, rows, after) => {
      expect(await apply(...rows)).toBe('applied');
      expect(await all()).toEqual(after);
    });

    test.each([
      ['a new row with the unique value of another', ['3 1 c', '4 4 d']],
      ['a row that takes the unique value of another', ['1 2 a']],
      ['rows that exchange their unique values', ['1 2 a', '2 1 b']],
      ['two rows with one key', ['6 6 a', '6 7 b']],
    ])('refuses %s, and neither row is touched', async (_, rows) => {
      expect(await apply(...rows)).toBe(REFUSED);
      expect(await all()).toEqual(['1 1 a', '2 2 b']);
    });

    test('the same batch twice is one', async () => {
      expect(await apply('3 3 c')).toBe('applied');
      expect(await apply('3 3 c')).toBe('applied');
      expect(await all()).toEqual(['1 1 a', '2 2 b', '3 3 c']);
    });
  });
});
