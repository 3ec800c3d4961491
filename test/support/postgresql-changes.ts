import pg from 'pg';
import {
  renderCaptureTables,
  renderNextId,
  renderTurn,
  captureNames,
} from '../../src/databases/postgresql/capture/capture-tables.ts';
import { createChangeCapture } from '../../src/databases/postgresql/capture/changes/change-capture.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { Pool } from '../../src/databases/postgresql/pool.ts';
import type { ChangeCapture } from '../../src/engine/ports/change-capture.ts';
import { CAPTURE_DEFAULTS, type CapturePlace } from '../../src/model/capture-spec.ts';
import type { ChangesFixture, ChangesPlace, TestWriter } from '../contract/changes-fixture.ts';
import type { TestRow } from '../contract/harness.ts';
import { type PostgresPlace, postgresPlace } from './postgresql-harness.ts';

export const PLACE: CapturePlace = { schema: CAPTURE_DEFAULTS.schema, prefix: CAPTURE_DEFAULTS.prefix };
export const names = captureNames(PLACE);

/** An event as a trigger writes it, of a row (id, n); the number of the table is the trigger's argument. */
const RECORD = `CREATE FUNCTION ${names.schema}.record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ${names.events} (id, turn, table_number, operation, transaction, at, db_user, old, new)
  VALUES (${renderNextId(PLACE)}, ${renderTurn(names)}, TG_ARGV[0]::integer, left(TG_OP, 1)::"char", txid_current(), clock_timestamp(), session_user,
    CASE WHEN TG_OP <> 'INSERT' THEN format('{"id": %s, "n": %s}', OLD.id, OLD.n) END,
    CASE WHEN TG_OP <> 'DELETE' THEN format('{"id": %s, "n": %s}', NEW.id, NEW.n) END);
  RETURN NULL; END $$`;

/** As many events as if a trigger had written them, in one transaction: it has its number before the first id is drawn. */
export const renderEvents = (of: {
  readonly count: number;
  readonly table: number;
  readonly turn: number;
}): string =>
  `SELECT txid_current(); INSERT INTO ${names.events} (id, turn, table_number, operation, transaction, at, db_user, new)
   SELECT ${renderNextId(PLACE)}, ${of.turn}, ${of.table}, 'I', txid_current(), clock_timestamp(), 'x', '{"id": 1, "n": 0}' FROM generate_series(1, ${of.count})`;

/** A process of its own. */
export function poolOf(url: string): { readonly pool: Pool; readonly changes: ChangeCapture } {
  const pool = new Pool(postgresql.parseUrl(url, {}), { applicationName: 'sluice-test', maxConnections: 3 });
  return { pool, changes: createChangeCapture(pool, PLACE) };
}

export interface PostgresWriter extends TestWriter {
  execute(sql: string): Promise<void>;
}

export interface PostgresChanges extends ChangesPlace {
  readonly url: string;
  writer(): Promise<PostgresWriter>;
  execute(sql: string): Promise<void>;
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
}

const writerOf = (client: pg.Client): PostgresWriter => {
  const execute = (sql: string): Promise<void> => client.query(sql).then(() => undefined);
  return {
    execute,
    begin: () => execute('BEGIN'),
    insert: (table, ids) =>
      execute(`INSERT INTO ${table} (id, n) SELECT id, 0 FROM unnest('{${ids.join(',')}}'::integer[]) AS id`),
    bump: (table, id) => execute(`UPDATE ${table} SET n = n + 1 WHERE id = ${id}`),
    remove: (table, id) => execute(`DELETE FROM ${table} WHERE id = ${id}`),
    commit: () => execute('COMMIT'),
    rollback: () => execute('ROLLBACK'),
    close: () => client.end(),
  };
};

type Source = Pick<PostgresPlace, 'url' | 'execute' | 'query' | 'drop'>;

/** The database of a server that the test has for itself. */
export function sourceAt(url: string, drop: () => Promise<void>): Source {
  const run = async (sql: string): Promise<TestRow[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<(string | null)[]>({ text: sql, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  };
  return { url, execute: (sql) => run(sql).then(() => undefined), query: run, drop };
}

/** A database of its own with the capture's tables, and triggers that write into them. */
export async function postgresChanges(source?: Source): Promise<PostgresChanges> {
  const place = source ?? (await postgresPlace());
  const pools: Pool[] = [];
  const clients: pg.Client[] = [];
  const open = async (): Promise<ChangeCapture> => {
    const { pool, changes } = poolOf(place.url);
    pools.push(pool);
    return changes;
  };
  await place.execute(`CREATE SCHEMA ${names.schema}; ${renderCaptureTables(PLACE)}; ${RECORD}`);
  return {
    url: place.url,
    open,
    captureTable: async (name) => {
      const [[number] = []] = await place.query(
        `INSERT INTO ${names.tables} (table_schema, table_name, table_oid, spec, columns, primary_key, definitions)
         VALUES ('public', '${name}', 0, '{}', '{id,n}', '{id}', '') RETURNING number`,
      );
      await place.execute(`CREATE TABLE ${name} (id integer PRIMARY KEY, n integer NOT NULL);
        CREATE TRIGGER record AFTER INSERT OR UPDATE OR DELETE ON ${name} FOR EACH ROW EXECUTE PROCEDURE ${names.schema}.record(${number})`);
      return Number(number);
    },
    writer: async () => {
      const client = new pg.Client({ connectionString: place.url });
      client.on('error', () => undefined); // ended with the database
      await client.connect();
      clients.push(client);
      return writerOf(client);
    },
    events: async () => Number((await place.query(`SELECT count(*) FROM ${names.events}`))[0]?.[0]),
    execute: (sql) => place.execute(sql),
    query: (sql) => place.query(sql),
    drop: async () => {
      await Promise.all(pools.map((pool) => pool.close()));
      await Promise.all(clients.map((client) => client.end()));
      await place.drop();
    },
  };
}

export const postgresqlChanges: ChangesFixture = {
  concurrentWriters: true,
  place: () => postgresChanges(),
};
