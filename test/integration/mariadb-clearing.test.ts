import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/apply-batch.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { entryOf, laneOf, startTable, TRANSFER } from '../contract/test-transfer.ts';
import { eventually } from '../support/eventually.ts';
import { makeBatch } from '../support/make-batch.ts';
import { mariadbHarness as harness, type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'clearing a table of MariaDB, which commits by itself', () => {
  let place: MariadbPlace;
  let database: Database;
  beforeEach(async () => {
    place = await mariadbPlace();
    database = await place.open();
  });
  afterEach(() => place.drop());

  test('a lane that is opened while the table is cleared brings no row of the older generation', async () => {
    await place.execute('CREATE TABLE items (id bigint PRIMARY KEY, note longtext)');
    const spec = { write: { mode: 'truncate' as const } };
    const started = await startTable(harness, { source: database, target: database }, 'items', { spec });
    const run = { transfer: TRANSFER, run: started.run };
    // Somebody reads the table, so that clearing it waits.
    const reader = await createConnection({ uri: place.url.replace('mariadb:', 'mysql:') });
    try {
      await reader.query('START TRANSACTION');
      await reader.query('SELECT * FROM items LIMIT 1');
      const planning = database.ledger.planTable(
        run,
        entryOf(started.plan, { generation: 2 }),
        { replaceBy: null },
        never(),
      );
      await eventually('the clearing waits', async () => {
        const waiting = await place.query(
          "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE '%metadata lock%' AND DB = DATABASE()",
        );
        return Number(waiting[0]?.[0]) > 0;
      });
      const opening = await database.ledger.openLane(laneOf(started), never()).catch(() => null);
      await reader.query('COMMIT');
      await planning;
      const { attempt, epoch } = opening ?? { attempt: 1, epoch: '' };
      const late = makeBatch({ ...laneOf(started), attempt, epoch, n: 1, rows: 1 }, Buffer.from('7\tlate\n'));
      expect(await applyBatch(database.writer, started.plan, late, never())).toMatchObject({
        outcome: 'dropped',
      });
      expect(await place.query('SELECT * FROM items')).toEqual([]);
    } finally {
      await reader.end();
    }
  });
});
