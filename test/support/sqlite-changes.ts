import { spawnSync } from 'node:child_process';
import { captureTables } from '../../src/databases/sqlite/capture/capture-tables.ts';
import { startThread } from '../../src/databases/sqlite/connections/start-thread.ts';
import { CAPTURE_DEFAULTS, type CapturedTableSpec } from '../../src/model/capture-spec.ts';
import type { ChangeEvent } from '../../src/model/change-event.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TableToCapture, TriggerManager } from '../../src/engine/ports/trigger-manager.ts';
import type { ParkedFixture, ParkedPlace, TestWriter } from '../contract/changes-fixture.ts';
import { apartOf, eventsOf, sealAll, TRANSFER } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { type SqlitePlace, sqlitePlace } from './sqlite-harness.ts';

export const PLACE = { schema: '', prefix: CAPTURE_DEFAULTS.prefix };

export const captureOf = (database: Database) => database.capture!(PLACE);

export async function toCapture(
  database: Database,
  name: string,
  spec: CapturedTableSpec = {},
): Promise<TableToCapture> {
  const [table] = await database.introspector.describeTables([{ schema: 'main', name }], never());
  if (!table) throw new Error(`the test made no table ${name}`);
  return { table, spec };
}

/** @returns the number of the captured table */
export async function deployTable(
  database: Database,
  name: string,
  spec: CapturedTableSpec = {},
): Promise<number> {
  const { triggers } = captureOf(database);
  await triggers.install(never());
  const [outcome] = await triggers.deploy([await toCapture(database, name, spec)], never());
  if (outcome?.error) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return numberOf(triggers, name);
}

export async function numberOf(triggers: TriggerManager, name: string): Promise<number> {
  const found = (await triggers.captured(never())).find(({ table }) => table.name === name);
  if (!found) throw new Error(`${name} is not captured`);
  return found.number;
}

/** Takes all events of some tables that are recorded from now on. */
export async function followTables(
  database: Database,
  numbers: readonly number[],
  identical = false,
): Promise<() => Promise<readonly ChangeEvent[]>> {
  const { changes, triggers } = captureOf(database);
  await changes.register(TRANSFER, [{ lane: 1, tables: numbers }], never());
  const lease = await changes.lease({ transfer: TRANSFER, lane: 1 }, never());
  const tables = identical ? await triggers.captured(never()) : [];
  const any = new Map(tables.map(({ number, columns }) => [number, columns]));
  return async () => {
    const events: ChangeEvent[] = [];
    for (const claim of await sealAll(changes, lease)) {
      const request = { claim, afterId: null, blockBytes: 1024 * 1024, any };
      for await (const { data } of changes.read(lease, request, never()))
        events.push(...eventsOf(data.toString('utf8')));
    }
    return events;
  };
}

const SCRIPT = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
database.executescript(sys.stdin.read())
`;

/** Another process with another SQLite, as an application is; false where there is none on this machine. */
export const hasPython = spawnSync('python3', ['-c', 'import sqlite3']).status === 0;

export function asApplication(place: SqlitePlace, sql: string): void {
  const ran = spawnSync('python3', ['-c', SCRIPT, place.path], { input: sql, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
}

/** In a thread of its own: who waits here for a lock of the file must not keep its holder from going on. */
export async function openWriter(path: string): Promise<TestWriter> {
  const thread = await startThread({ path, mode: 'write', busyTimeoutMs: 20_000 });
  const run = async (sql: string): Promise<void> => {
    await thread.call('run', { sql, values: [] });
  };
  return {
    begin: () => run('BEGIN IMMEDIATE'),
    insert: (table, ids) => run(`INSERT INTO ${table} VALUES ${ids.map((id) => `(${id}, 0)`).join(', ')}`),
    bump: (table, id) => run(`UPDATE ${table} SET n = n + 1 WHERE id = ${id}`),
    remove: (table, id) => run(`DELETE FROM ${table} WHERE id = ${id}`),
    commit: () => run('COMMIT'),
    rollback: () => run('ROLLBACK'),
    close: () => thread.close(),
  };
}

/**
 * Every other file is written with a log that holds nobody up, and every other one without. Two openings of it stand for all
 * processes: each has threads of its own, which take their time to start.
 */
export function sqliteChanges(): ParkedFixture {
  let places = 0;
  return {
    concurrentWriters: false,
    async place(): Promise<ParkedPlace> {
      const place = await sqlitePlace();
      places += 1;
      await place.execute(`PRAGMA journal_mode = ${places % 2 === 0 ? 'wal' : 'delete'}`);
      const first = await place.open();
      let second: Promise<Database> | null = null;
      let opened = 0;
      const writers: TestWriter[] = [];
      return {
        async open() {
          opened += 1;
          if (opened % 2 === 1) return captureOf(first).changes;
          second ??= place.open();
          return captureOf(await second).changes;
        },
        async captureTable(name) {
          await place.execute(`CREATE TABLE ${name} (id INTEGER PRIMARY KEY, n INTEGER)`);
          return deployTable(first, name);
        },
        async writer() {
          const writer = await openWriter(place.path);
          writers.push(writer);
          return writer;
        },
        // The newest keeps its id, and nothing else.
        async events() {
          const tables = await place.query(
            `SELECT name FROM sqlite_schema WHERE name LIKE 'sluice\\_event\\_rows\\_%' ESCAPE '\\'`,
          );
          const rows = await Promise.all(
            tables.map(([name]) => place.query(`SELECT count(DISTINCT sluice_row / 2) FROM ${name}`)),
          );
          return rows.reduce((sum, [row]) => sum + Number(row![0]), 0);
        },
        apart: () => apartOf(captureOf(first)),
        async outdate() {
          const { parking, loads, installation } = captureTables(PLACE.prefix);
          for (const table of [parking.excluded, parking.parked, parking.minutes, parking.lags, loads])
            await place.execute(`DROP TABLE ${table}`);
          await place.execute(`UPDATE ${installation} SET version = 1`);
        },
        install: () => captureOf(first).triggers.install(never()),
        async drop() {
          await Promise.all(writers.map((writer) => writer.close()));
          await place.drop();
        },
      };
    },
  };
}
