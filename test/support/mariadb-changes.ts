import mysqlDriver from 'mysql2/promise';
import { captureNames } from '../../src/databases/mysql/capture/capture-tables.ts';
import type { ChangeCapture } from '../../src/engine/ports/change-capture.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TableToCapture, TriggerManager } from '../../src/engine/ports/trigger-manager.ts';
import { CAPTURE_DEFAULTS, type CapturedTableSpec, type CapturePlace } from '../../src/model/capture-spec.ts';
import type { ParkedFixture, ParkedPlace, TestWriter } from '../contract/changes-fixture.ts';
import { apartOf } from '../contract/changes-steps.ts';
import type { TestRow } from '../contract/harness.ts';
import { never } from '../contract/test-tables.ts';
import { type MariadbPlace, mariadbPlace, type Product } from './mariadb-harness.ts';

export const PLACE: CapturePlace = { schema: CAPTURE_DEFAULTS.schema, prefix: CAPTURE_DEFAULTS.prefix };

/** A session of an application, with settings of its own. */
export interface MariadbWriter extends TestWriter {
  execute(sql: string): Promise<void>;
}

export interface MariadbChanges extends ParkedPlace {
  readonly place: MariadbPlace;
  readonly database: Database;
  readonly triggers: TriggerManager;
  readonly changes: ChangeCapture;
  readonly names: ReturnType<typeof captureNames>;
  writer(): Promise<MariadbWriter>;
  execute(sql: string): Promise<void>;
  query(sql: string): Promise<TestRow[]>;
  /** The tables as they are to be captured. */
  tables(specs: Readonly<Record<string, CapturedTableSpec>>): Promise<readonly TableToCapture[]>;
  /** Their triggers are made, or the test fails. */
  deploy(specs: Readonly<Record<string, CapturedTableSpec>>): Promise<void>;
}

export async function openWriter(url: string): Promise<MariadbWriter> {
  const client = await mysqlDriver.createConnection({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    multipleStatements: true,
    charset: 'utf8mb4',
  });
  client.on('error', () => undefined); // ended with the database
  const execute = (sql: string): Promise<void> => client.query(sql).then(() => undefined);
  return {
    execute,
    begin: () => execute('START TRANSACTION'),
    insert: (table, ids) =>
      execute(`INSERT INTO ${table} (id, n) VALUES ${ids.map((id) => `(${id}, 0)`).join(', ')}`),
    bump: (table, id) => execute(`UPDATE ${table} SET n = n + 1 WHERE id = ${id}`),
    remove: (table, id) => execute(`DELETE FROM ${table} WHERE id = ${id}`),
    commit: () => execute('COMMIT'),
    rollback: () => execute('ROLLBACK'),
    close: () => client.end(),
  };
}

/** A database of its own with the capture installed. */
export async function mariadbChanges(product: Product = 'mariadb', server?: string): Promise<MariadbChanges> {
  const place = await mariadbPlace(product, {}, server);
  const database = await place.open();
  const { triggers, changes } = database.capture!(PLACE);
  const writers: MariadbWriter[] = [];
  await triggers.install(never());
  const tables: MariadbChanges['tables'] = async (specs) => {
    const names = Object.keys(specs).map((name) => ({ schema: place.name, name }));
    const found = await database.introspector.describeTables(names, never());
    return found.map((table) => ({ table, spec: specs[table.table.name] ?? {} }));
  };
  const deploy: MariadbChanges['deploy'] = async (specs) => {
    const outcomes = await triggers.deploy(await tables(specs), never());
    const failed = outcomes.find(({ error }) => error !== null);
    if (failed) throw new Error(JSON.stringify(failed.error));
  };
  return {
    place,
    database,
    triggers,
    changes,
    names: captureNames(place.name, PLACE),
    tables,
    deploy,
    open: async () => (await place.open()).capture!(PLACE).changes,
    captureTable: async (name) => {
      await place.execute(`CREATE TABLE ${name} (id int PRIMARY KEY, n int NOT NULL)`);
      await deploy({ [name]: {} });
      return (await triggers.captured(never())).find(({ table }) => table.name === name)!.number;
    },
    writer: async () => {
      const writer = await openWriter(place.url);
      writers.push(writer);
      return writer;
    },
    events: async () => Number((await place.query(`SELECT COUNT(*) FROM sluice_event_logs`))[0]?.[0]),
    apart: () => apartOf(database.capture!(PLACE)),
    outdate: async () => {
      const { parking, loads, installation } = captureNames(place.name, PLACE);
      for (const table of [parking.excluded, parking.parked, parking.minutes, parking.lags, loads])
        await place.execute(`DROP TABLE ${table}`);
      await place.execute(`UPDATE ${installation} SET version = 1`);
    },
    install: () => triggers.install(never()),
    execute: (sql) => place.execute(sql),
    query: (sql) => place.query(sql),
    drop: async () => {
      await Promise.all(writers.map((writer) => writer.close().catch(() => undefined)));
      await place.drop();
    },
  };
}

export const mysqlChangesFixture = (product: Product): ParkedFixture => ({
  concurrentWriters: true,
  place: () => mariadbChanges(product),
});
