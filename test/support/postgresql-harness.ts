import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { TestContext } from 'vitest';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { Database, OpenOptions } from '../../src/engine/ports/dialect.ts';
import type { ContractHarness, NeutralType, TestPlace, TestRow } from '../contract/harness.ts';
import { dropPostgresDatabase } from './databases.ts';
import { servers } from './servers.ts';

export const TEST_OPTIONS: OpenOptions = {
  maxConnections: 6,
  applicationName: 'sluice-test',
  ledger: { schema: 'sluice', prefix: '' },
};

/** The URL of another database, or user, of the test server. */
export function postgresUrl(database: string, user?: string): string {
  const url = new URL(servers().postgresUrl);
  url.pathname = `/${database}`;
  if (user !== undefined) url.username = user;
  return url.toString();
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
  const client = new pg.Client({ connectionString: url, types });
  await client.connect();
  try {
    await client.query(
      "SET DateStyle = 'ISO'; SET TimeZone = 'UTC'; SET IntervalStyle = 'iso_8601'; SET extra_float_digits = 3",
    );
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Major version of the test server: what it lacks is skipped. */
export const serverMajor = (): Promise<number> =>
  withClient(servers().postgresUrl, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return Number.parseInt(rows[0]!.server_version, 10);
  });

/** Before it floating-point numbers have 17 digits as text, where later versions write the fewest that are exact. */
const SHORT_FLOATS_SINCE = 12;

/** Leaves out a test of floating-point texts where the server is too old for them. */
export async function skipLongFloats(skip: TestContext['skip']): Promise<void> {
  skip(
    (await serverMajor()) < SHORT_FLOATS_SINCE,
    'floating-point numbers have 17 digits before PostgreSQL 12',
  );
}

export interface PostgresPlace extends TestPlace {
  readonly name: string;
  readonly url: string;
}

/** A database of its own on the test server. */
export async function postgresPlace(create = ''): Promise<PostgresPlace> {
  const name = `sluice_test_${randomBytes(6).toString('hex')}`;
  const url = postgresUrl(name);
  await withClient(servers().postgresUrl, (client) => client.query(`CREATE DATABASE "${name}" ${create}`));
  const open: Database[] = [];
  return {
    name,
    url,
    open: async (options = {}) => {
      const database = await postgresql.open(postgresql.parseUrl(url, {}), { ...TEST_OPTIONS, ...options });
      open.push(database);
      return database;
    },
    execute: (sql) => withClient(url, (client) => client.query(sql)).then(() => undefined),
    query: (sql) =>
      withClient(
        url,
        async (client) =>
          (await client.query<(string | null)[]>({ text: sql, rowMode: 'array' })).rows as TestRow[],
      ),
    connections: async () =>
      withClient(servers().postgresUrl, async (client) => {
        const { rows } = await client.query(
          `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = '${name}'`,
        );
        return Number((rows[0] as { n: string }).n);
      }),
    drop: async () => {
      await Promise.all(open.map((database) => database.close()));
      await dropPostgresDatabase(servers().postgresUrl, name);
    },
  };
}

const TYPES: Readonly<Record<NeutralType, string>> = {
  bigint: 'bigint',
  int: 'integer',
  decimal: 'numeric(12,2)',
  float64: 'double precision',
  boolean: 'boolean',
  text: 'text',
  bytes: 'bytea',
  json: 'json',
  uuid: 'uuid',
  date: 'date',
  timestamp: 'timestamp',
};

/** A user of the place who may connect and nothing else. */
async function openWithoutRights(place: TestPlace): Promise<Database> {
  const { name } = place as PostgresPlace;
  const user = `${name}_guest`;
  await place.execute(`CREATE ROLE "${user}" LOGIN`);
  const database = await postgresql.open(postgresql.parseUrl(postgresUrl(name, user), {}), TEST_OPTIONS);
  return {
    ...database,
    close: async () => {
      await database.close();
      await place.execute(`DROP OWNED BY "${user}"; DROP ROLE "${user}"`);
    },
  };
}

/** Types beyond the neutral ones; texts are PostgreSQL's own under the settings that every session pins. */
const NATIVE_CASES: ContractHarness['nativeCases'] = [
  { type: 'smallint', texts: ['-32768', '32767'] },
  {
    type: 'numeric',
    texts: ['NaN', '0', '1.10', '1.1000', `1${'0'.repeat(300)}.${'9'.repeat(200)}`, '-0.000001'],
  },
  { type: 'numeric', texts: ['Infinity', '-Infinity'], since: 14 },
  { type: 'numeric(5,-2)', texts: ['12300', '-9999900'], since: 15 },
  {
    type: 'real',
    texts: ['NaN', 'Infinity', '-Infinity', '-0', '1.1', '1.6777216e+07', '3.4028235e+38', '1e-45'],
    since: SHORT_FLOATS_SINCE,
  },
  { type: 'varchar(5)', texts: ['', 'a    ', 'äöü🙂\\'] },
  { type: 'char(5)', texts: ['a    ', '     ', '🙂    '] },
  { type: 'bpchar', texts: ['a  ', ''] },
  { type: '"char"', texts: ['a', ''] },
  { type: 'name', texts: ['pg_class'] },
  {
    type: 'date',
    texts: ['0044-03-15 BC', '4713-01-01 BC', '5874897-12-31', 'infinity', '-infinity', '10000-01-01'],
  },
  {
    type: 'timestamp',
    texts: ['4713-01-01 00:00:00 BC', '294276-12-31 23:59:59.999999', 'infinity', '-infinity'],
  },
  { type: 'timestamp(3)', texts: ['2024-01-01 00:00:00.123', '2024-01-01 00:00:00.1'] },
  {
    type: 'timestamptz',
    texts: ['2024-02-29 23:59:59.000001+00', '0001-01-01 00:00:00+00 BC', 'infinity', '-infinity'],
  },
  { type: 'time', texts: ['00:00:00', '23:59:59.999999', '24:00:00'] },
  { type: 'timetz', texts: ['00:00:00+00', '23:59:59.9-15:59', '12:00:00+05:30'] },
  { type: 'interval', texts: ['PT0S', 'P1Y2M3DT4H5M6.789S', 'P-1Y-2M3DT-4H', 'PT-0.000001S'] },
  { type: 'interval day to second(3)', texts: ['P1DT0.123S'] },
  { type: 'jsonb', texts: ['null', '{"a": [1.10, "\\u0001"]}', '"🙂\\\\"'] },
  { type: 'xml', texts: ['<a b="c">d &amp; e\n</a>', 'text only', ''] },
  { type: 'bit(3)', texts: ['101', '000'] },
  { type: 'bit varying', texts: ['', '1', '101010101'] },
  { type: 'money', texts: ['0.00', '-92233720368547758.08', '1.10'] },
  { type: 'oid', texts: ['0', '4294967295'] },
  { type: 'inet', texts: ['192.168.0.1', '10.0.0.0/8', '::1'] },
  { type: 'cidr', texts: ['10.0.0.0/8', '::/0'] },
  { type: 'macaddr', texts: ['08:00:2b:01:02:03'] },
  { type: 'int4range', texts: ['[1,5)', 'empty', '(,)'] },
  { type: 'tstzrange', texts: ['["2024-01-01 00:00:00+00",)'] },
  { type: 'int[]', texts: ['{}', '{1,NULL,3}', '[0:1]={1,2}', '{{1,2},{3,4}}'] },
  { type: 'text[]', texts: ['{"",NULL,"NULL","a,b","\\"q\\"","\\\\"}'] },
  { type: 'timestamptz[]', texts: ['{"2024-01-01 00:00:00+00"}'] },
  { type: 'tsvector', texts: ["'a':1A 'b c':2"] },
  { type: 'tsquery', texts: ["'a' & !'b'"] },
  { type: 'point', texts: ['(1,-0.1)'], since: SHORT_FLOATS_SINCE },
  { type: 'path', texts: ['((0,0),(1,1))', '[(0,0),(1,1)]'] },
  { type: 'jsonpath', texts: ['$."a"[*]'], since: 12 },
  { type: 'pg_lsn', texts: ['16/B374D848'] },
];

export const postgresqlHarness: ContractHarness = {
  title: 'PostgreSQL',
  dialect: postgresql,
  schema: 'public',
  types: TYPES,
  typesSince: { float64: SHORT_FLOATS_SINCE },
  literal: (type, text) => `'${text.replaceAll("'", "''")}'::${TYPES[type]}`,
  rowAddressNeedsSnapshot: true,
  nativeCases: NATIVE_CASES,
  openWithoutRights,
  place: () => postgresPlace(),
};
