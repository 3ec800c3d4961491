import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { eventsOf, sealAll, takeAll, textOf, TRANSFER, WIDE } from '../contract/changes-steps.ts';
import { describeChanges } from '../contract/describe-changes.ts';
import { never } from '../contract/test-tables.ts';
import { captureOf, deployTable, sqliteChanges } from '../support/sqlite-changes.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

describeChanges(sqliteChanges());

const many = (table: string, rows: number): string =>
  `WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c WHERE id < ${rows}) INSERT INTO ${table} SELECT id, 0 FROM c`;

describe('changes of SQLite', () => {
  let place: SqlitePlace;
  let database: Database;
  let a: number;
  let b: number;
  beforeEach(async () => {
    place = await sqlitePlace();
    await place.execute(
      'CREATE TABLE a (id INTEGER PRIMARY KEY, n); CREATE TABLE b (id INTEGER PRIMARY KEY, n INT)',
    );
    database = await place.open();
    [a, b] = [await deployTable(database, 'a'), await deployTable(database, 'b')];
  });
  afterEach(() => place.drop());

  test('a lane without events is moved up behind many of others, and misses none of its own', async () => {
    const { changes } = captureOf(database);
    await changes.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
    const lease = await changes.lease({ transfer: TRANSFER, lane: 1 }, never());
    await place.execute(many('b', 20_001));
    expect(await takeAll(changes, lease)).toEqual([]);
    expect(await place.query('SELECT sealed, sealed_id FROM sluice_capture_lanes')).toEqual([['0', '20001']]);
    await place.execute('INSERT INTO a VALUES (1, 5)');
    expect(await changes.backlog(TRANSFER, never())).toMatchObject({ events: 1 });
    expect((await takeAll(changes, lease)).map((told) => told.slice(0, 4))).toEqual(['I 1=']);
  });

  test('a claim of whole transactions ends where the clock stood still, and has all that is pending if that is not too much', async () => {
    const { changes } = captureOf(database);
    await changes.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
    const lease = await changes.lease({ transfer: TRANSFER, lane: 1 }, never());
    await place.execute(many('a', 30));
    const at = `strftime('%Y-%m-%d %H:%M:%f', '2026-01-01', '+' || (id * 0.001 + (id > 7) * 2 + (id > 9) * 0.5) || ' seconds')`;
    await place.execute(`UPDATE sluice_event_logs SET at = ${at}`);
    const whole = { events: 20, bytes: WIDE.bytes };
    const counts: number[] = [];
    for (const claim of await sealAll(changes, lease, { events: 10, bytes: WIDE.bytes, whole }))
      counts.push(eventsOf(await textOf(changes, lease, { claim })).length);
    expect(counts).toEqual([7, 10, 13]);
  });

  test('tables that come into another lane leave no event behind', async () => {
    const { changes } = captureOf(database);
    await changes.register(TRANSFER, [{ lane: 1, tables: [a, b] }], never());
    await place.execute('INSERT INTO a VALUES (1, 0); INSERT INTO b VALUES (2, 0)');
    const apart = [
      { lane: 2, tables: [a] },
      { lane: 3, tables: [b] },
    ];
    await changes.register(TRANSFER, apart, never());
    const told: string[] = [];
    for (const { lane } of apart)
      told.push(...(await takeAll(changes, await changes.lease({ transfer: TRANSFER, lane }, never()))));
    expect(told.map((each) => each.slice(0, 4))).toEqual(['I 1=', 'I 2=']);
  });

  test('tables of an older layout go with its last event', async () => {
    const { changes } = captureOf(database);
    const layouts = async () =>
      (await place.query('SELECT number, layout FROM sluice_capture_layouts ORDER BY 1, 2')).map(String);
    await place.execute('INSERT INTO a VALUES (1, 0)');
    await deployTable(database, 'a', { where: 'n > 0' });
    expect(await layouts()).toEqual(['1,1', '1,2', '2,1']);
    await place.execute('INSERT INTO a VALUES (2, 1)');
    await changes.housekeep({ retentionMs: 3_600_000 }, never());
    expect(await layouts()).toEqual(['1,1', '1,2', '2,1']);
    await changes.housekeep({ retentionMs: 0 }, never());
    await changes.housekeep({ retentionMs: 0 }, never());
    expect(await layouts()).toEqual(['1,2', '2,1']);
    expect(await place.query(`SELECT 1 FROM sqlite_schema WHERE name LIKE '%rows_1_1'`)).toEqual([]);
  });

  test('what was kept for rows that never got in goes when it is housekept', async () => {
    const { changes } = captureOf(database);
    await place.execute('CREATE UNIQUE INDEX n ON b (n)');
    await deployTable(database, 'b');
    await place.execute('INSERT INTO b VALUES (1, 7); INSERT OR IGNORE INTO b VALUES (2, 7)');
    const kept = async () => place.query('SELECT id FROM sluice_event_old_2_2');
    expect(await kept()).toEqual([['1']]);
    await changes.housekeep({ retentionMs: 0 }, never());
    expect(await kept()).toEqual([]);
  });

  test('an application that holds the file keeps nobody waiting who only keeps house', async () => {
    const { changes } = captureOf(database);
    await place.execute('PRAGMA journal_mode = wal');
    await place.execute('INSERT INTO a VALUES (1, 0)');
    const other = await place.open();
    await other.ledger.install(never());
    const held = await other.writer.begin(never());
    const startedMs = performance.now();
    expect(await changes.housekeep({ retentionMs: 0 }, never())).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(20_000);
    await held.rollback();
    expect(await changes.housekeep({ retentionMs: 0 }, never())).toBe(1);
  });
});
