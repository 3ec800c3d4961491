import pg from 'pg';
import { renderNextId, captureNames } from '../../src/databases/postgresql/capture/capture-tables.ts';
import { createChangeCapture } from '../../src/databases/postgresql/capture/changes/change-capture.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { Pool } from '../../src/databases/postgresql/pool.ts';
import type { ChangeCapture } from '../../src/engine/ports/change-capture.ts';
import { CAPTURE_DEFAULTS, type CapturePlace } from '../../src/model/capture-spec.ts';
import type { ParkedFixture, ParkedPlace, TestWriter } from '../contract/changes-fixture.ts';
import { apartOf } from '../contract/changes-steps.ts';
import type { TestRow } from '../contract/harness.ts';
import { never } from '../contract/test-tables.ts';
import { type PostgresPlace, postgresPlace, TEST_OPTIONS } from './postgresql-harness.ts';

export const PLACE: CapturePlace = { schema: CAPTURE_DEFAULTS.schema, prefix: CAPTURE_DEFAULTS.prefix };
export const names = captureNames(PLACE);

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

export interface PostgresChanges extends ParkedPlace {
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

/** A database of its own with the capture's tables, and the triggers of every table that is captured. */
export async function postgresChanges(source?: Source): Promise<PostgresChanges> {
  const place = source ?? (await postgresPlace());
  const pools: Pool[] = [];
  const clients: pg.Client[] = [];
  const open = async (): Promise<ChangeCapture> => {
    const { pool, changes } = poolOf(place.url);
    pools.push(pool);
    return changes;
  };
  const database = await postgresql.open(postgresql.parseUrl(place.url, {}), TEST_OPTIONS);
  const { triggers } = database.capture!(PLACE);
  await triggers.install(never());
  return {
    url: place.url,
    open,
    captureTable: async (name) => {
      await place.execute(`CREATE TABLE ${name} (id integer PRIMARY KEY, n integer NOT NULL)`);
      const found = await database.introspector.describeTables([{ schema: 'public', name }], never());
      const outcomes = await triggers.deploy(
        found.map((table) => ({ table, spec: {} })),
        never(),
      );
      const failed = outcomes.find(({ error }) => error !== null);
      if (failed) throw new Error(JSON.stringify(failed.error));
      return (await triggers.captured(never())).find(({ table }) => table.name === name)!.number;
    },
    writer: async () => {
      const client = new pg.Client({ connectionString: place.url });
      client.on('error', () => undefined); // ended with the database
      await client.connect();
      clients.push(client);
      return writerOf(client);
    },
    events: async () => Number((await place.query(`SELECT count(*) FROM ${names.events}`))[0]?.[0]),
    apart: () => apartOf(database.capture!(PLACE)),
    outdate: () => {
      const { parked, excluded, minutes, lags } = names.parking;
      return place.execute(
        `DROP TABLE ${parked}, ${excluded}, ${minutes}, ${lags}, ${names.loads}; UPDATE ${names.installation} SET version = 1`,
      );
    },
    install: () => triggers.install(never()),
    age: () => place.execute(`UPDATE ${names.events} SET at = at - interval '1 hour'`),
    execute: (sql) => place.execute(sql),
    query: (sql) => place.query(sql),
    drop: async () => {
      await Promise.all([database, ...pools].map((each) => each.close()));
      await Promise.all(clients.map((client) => client.end()));
      await place.drop();
    },
  };
}

export const postgresqlChanges: ParkedFixture = {
  concurrentWriters: true,
  place: () => postgresChanges(),
};
