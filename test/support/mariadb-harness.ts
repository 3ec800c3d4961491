import { randomBytes } from 'node:crypto';
import mysqlDriver from 'mysql2/promise';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import type { Database, Dialect, OpenOptions } from '../../src/engine/ports/dialect.ts';
import type { TypeMap } from '../../src/engine/ports/type-map.ts';
import type { ContractHarness, NeutralType, TestPlace, TestRow } from '../contract/harness.ts';
import { servers } from './servers.ts';

export const MARIADB_OPTIONS: OpenOptions = {
  maxConnections: 6,
  applicationName: 'sluice-test',
  ledger: { schema: 'ignored', prefix: 'sluice_' },
};

/** The server of the tests: MySQL where SLUICE_TEST_MYSQL_URL names one and the test is about it. */
const serverUrl = (product: Product): string =>
  product === 'mysql' ? (process.env['SLUICE_TEST_MYSQL_URL'] ?? '') : servers().mariadbUrl;

export type Product = 'mysql' | 'mariadb';

async function withClient<T>(url: string, work: (client: mysqlDriver.Connection) => Promise<T>): Promise<T> {
  const client = await mysqlDriver.createConnection({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    multipleStatements: true,
    charset: 'utf8mb4',
  });
  try {
    await client.query(
      "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', net_read_timeout = 60",
    );
    return await work(client);
  } finally {
    await client.end();
  }
}

export interface MariadbPlace extends TestPlace {
  readonly name: string;
  readonly url: string;
}

interface Field {
  readonly type: string;
  string(): string | null;
  buffer(): Buffer | null;
}

/** Cells as the server prints them; bytes as hex, for they may be no text. */
const typeCast = (field: unknown): string | null => {
  const known = field as Field;
  if (!/BLOB|GEOMETRY|BIT|STRING/.test(known.type)) return known.string();
  const bytes = known.buffer();
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) && !known.type.includes('BIT')
    ? text
    : `\\x${bytes.toString('hex')}`;
};

/** A database of its own on the test server. */
export async function mariadbPlace(
  product: Product = 'mariadb',
  settings: Readonly<Record<string, unknown>> = {},
  server = serverUrl(product),
): Promise<MariadbPlace> {
  const name = `sluice_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await withClient(server, (client) => client.query(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`));
  const open: Database[] = [];
  return {
    name,
    url: url.href,
    open: async (options = {}) => {
      const config = mysql.parseUrl(url.href, settings);
      const database = await mysql.open(config, { ...MARIADB_OPTIONS, ...options });
      open.push(database);
      return database;
    },
    execute: (sql) => withClient(url.href, (client) => client.query(sql)).then(() => undefined),
    query: (sql) =>
      withClient(url.href, async (client) => {
        const [rows] = await client.query({ sql, rowsAsArray: true, typeCast });
        return rows as TestRow[];
      }),
    connections: async () =>
      withClient(server, async (client) => {
        const [rows] = await client.query(
          `SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE DB = '${name}'`,
        );
        return Number((rows as { n: number }[])[0]?.n);
      }),
    drop: async () => {
      await Promise.all(open.map((database) => database.close()));
      await withClient(server, (client) => client.query(`DROP DATABASE \`${name}\``));
    },
  };
}

const TYPES: Readonly<Record<NeutralType, string | null>> = {
  bigint: 'bigint',
  int: 'int',
  decimal: 'decimal(12,2)',
  float64: null, // without NaN and infinities: among the native cases
  boolean: 'boolean',
  text: 'longtext',
  bytes: 'longblob',
  json: 'json',
  uuid: 'char(36)',
  date: 'date',
  timestamp: 'datetime(6)',
};

const hexOf = (text: string): string => `CONVERT(X'${Buffer.from(text).toString('hex')}' USING utf8mb4)`;

const LITERALS: Partial<Record<NeutralType, (text: string) => string>> = {
  bigint: (text) => text,
  int: (text) => text,
  decimal: (text) => text,
  boolean: (text) => (text === 't' ? '1' : '0'),
  bytes: (text) => `X'${text.slice(2)}'`,
};

/** A user of the place who may read it and nothing else. */
async function openWithoutRights(product: Product, place: TestPlace): Promise<Database> {
  const { name, url } = place as MariadbPlace;
  const user = `${name.slice(-8)}_guest`;
  const server = serverUrl(product);
  await withClient(server, (client) =>
    client.query(
      `CREATE USER '${user}'@'%' IDENTIFIED BY 'guest'; GRANT SELECT ON \`${name}\`.* TO '${user}'@'%'`,
    ),
  );
  const guest = new URL(url);
  guest.username = user;
  guest.password = 'guest';
  const database = await mysql.open(mysql.parseUrl(guest.href, {}), MARIADB_OPTIONS);
  return {
    ...database,
    close: async () => {
      await database.close();
      await withClient(server, (client) => client.query(`DROP USER '${user}'@'%'`));
    },
  };
}

/** Texts as they are between two servers of the product, where a time or a date is taken for nothing else. */
const NATIVE_CASES: ContractHarness['nativeCases'] = [
  { type: 'tinyint', texts: ['-128', '127'] },
  { type: 'bigint unsigned', texts: ['0', '18446744073709551615'] },
  { type: 'int(8) zerofill', texts: ['0', '42', '4294967295'] },
  { type: 'mediumint', texts: ['-8388608', '8388607'] },
  { type: 'decimal(65,30)', texts: [`${'9'.repeat(35)}.${'9'.repeat(30)}`, `-0.${'0'.repeat(29)}1`] },
  {
    type: 'double',
    texts:
      '0 1.5 -1.5 0.1 0.30000000000000004 1e+300 5e-324 1.7976931348623157e+308 1.2345678901234568e+17 1e-05 0.0001 1e+15 123456789012345 1.5e-07 1.234567890123456e+15 1.2345678901234568e+15 -9.999999999999999e-05 1e-14 100000000000000 9.999999999999999e+22 -1.8014398509481992e+16 1.8446744073709552e+19'.split(
        ' ',
      ),
  },
  { type: 'float', texts: ['0', '1.100000023841858', '16777216', '1.401298464324817e-45', '-0.5'] },
  { type: 'varchar(5)', texts: ['', 'a    ', 'äöü🙂\\'] },
  { type: 'char(5)', texts: ['', 'a', '🙂'] },
  { type: 'tinytext', texts: ['', 'a\n'] },
  { type: 'binary(3)', texts: ['\\x610000', '\\x000000'] },
  { type: 'varbinary(5)', texts: ['\\x', '\\x0061ff'] },
  { type: 'date', texts: ['0000-00-00', '2024-00-00', '1000-01-01'] },
  { type: 'datetime(3)', texts: ['0000-00-00 00:00:00', '9999-12-31 23:59:59.999', '2024-01-01 00:00:00.1'] },
  { type: 'datetime', texts: ['2024-02-29 12:00:00'] },
  { type: 'timestamp(6) NULL', texts: ['1970-01-01 00:00:01', '2038-01-19 03:14:07.999999'] },
  { type: 'time(2)', texts: ['-838:59:59', '838:59:59', '24:00:00', '00:00:00.01'] },
  { type: 'year', texts: ['0', '1901', '2155'] },
  { type: 'bit(3)', texts: ['101', '000'] },
  { type: 'bit(64)', texts: ['1'.repeat(64), `${'0'.repeat(63)}1`] },
  { type: "enum('a','b''c','é')", texts: ['a', "b'c", 'é'] },
  { type: "set('x','y','z')", texts: ['', 'x', 'x,z'] },
  { type: 'geometry', texts: [`\\x000000000101000000${'00'.repeat(16)}`] },
];

const NATIVE_LITERALS = (type: string, text: string): string => {
  if (type.startsWith('bit')) return `b'${text}'`;
  if (/binary|geometry/.test(type)) return `X'${text.slice(2)}'`;
  if (type === 'year') return text;
  if (type === 'double' || type === 'float')
    return `${text.replace('e+', 'e')}${text.includes('e') ? '' : 'e0'}`;
  return hexOf(text);
};

/**
 * The product copied to itself as if the other side were another one only where a tinyint(1) is a boolean: what the neutral
 * suites are about.
 */
const dialect: Dialect = {
  ...(mysql as Dialect),
  types: {
    ...mysql.types,
    identical: (column) => {
      const known = mysql.types.reading(column);
      if (known?.logical.kind === 'boolean') return known;
      return (mysql.types.identical as NonNullable<TypeMap['identical']>)(column);
    },
  },
};

export const mysqlHarness = (product: Product): ContractHarness => ({
  title: product === 'mysql' ? 'MySQL' : 'MariaDB',
  dialect,
  schema: 'replaced by the name of each place',
  lanes: 'sluice_lanes',
  types: { ...TYPES, ...(product === 'mysql' ? { json: 'longtext' } : {}) },
  keyTypes: {
    text: `varchar(300) COLLATE ${product === 'mysql' ? 'utf8mb4_0900_bin' : 'utf8mb4_nopad_bin'}`,
    bytes: 'varbinary(300)',
  },
  oddNames: { table: 'Mixed "Case" \'x\' `é`', column: 'semi;colon --' },
  literal: (type, text) => (LITERALS[type] ?? hexOf)(text),
  nativeLiteral: NATIVE_LITERALS,
  rowAddressNeedsSnapshot: true,
  nativeCases: NATIVE_CASES,
  openWithoutRights: (place) => openWithoutRights(product, place),
  place: () => mariadbPlace(product),
});

export const mariadbHarness: ContractHarness = mysqlHarness('mariadb');
