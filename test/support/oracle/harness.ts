import { randomBytes } from 'node:crypto';
import oracledb from 'oracledb';
import { connectDescriptor, parseUrl } from '../../../src/databases/oracle/config.ts';
import { PIN_STATEMENTS } from '../../../src/databases/oracle/connections/pins.ts';
import { oracle } from '../../../src/databases/oracle/dialect.ts';
import type { Database, Dialect, OpenOptions } from '../../../src/engine/ports/dialect.ts';
import type { ContractHarness, NeutralType, TestPlace, TestRow } from '../../contract/harness.ts';

const OPTIONS: OpenOptions = {
  maxConnections: 6,
  applicationName: 'sluice-test',
  ledger: { schema: 'ignored', prefix: 'sluice_' },
};
const PASSWORD = 'only_for_a_test';

/** Of a user who may make users: `system` of a pluggable database. */
export const serverUrl = (): string => process.env['SLUICE_TEST_ORACLE_URL'] ?? '';

function userUrl(user: string): string {
  const url = new URL(serverUrl());
  url.username = user;
  url.password = PASSWORD;
  return url.href;
}

export async function withClient<T>(
  url: string,
  work: (client: oracledb.Connection) => Promise<T>,
): Promise<T> {
  const config = parseUrl(url, {});
  const client = await oracledb.getConnection({
    user: config.user,
    password: config.password,
    connectString: connectDescriptor(config),
  });
  try {
    for (const statement of PIN_STATEMENTS) await client.execute(statement);
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A text that is too long for a literal stands in a statement as its place among the binds. */
const LONG = /«([A-Za-z0-9+/=]*)»/g;
const long = (text: string): string => `«${Buffer.from(text).toString('base64')}»`;

async function execute(client: oracledb.Connection, sql: string): Promise<void> {
  const binds: Record<string, string> = {};
  const text = sql.replaceAll(LONG, (_, base64: string) => {
    const name = `l${Object.keys(binds).length}`;
    binds[name] = Buffer.from(base64, 'base64').toString();
    return `:${name}`;
  });
  await client.execute(text, binds, { autoCommit: true });
}

const asText = (column: oracledb.Metadata<unknown>): oracledb.FetchTypeResponse | undefined =>
  column.dbType === oracledb.DB_TYPE_NUMBER || column.dbType === oracledb.DB_TYPE_CLOB
    ? { type: oracledb.STRING }
    : column.dbType === oracledb.DB_TYPE_BLOB
      ? { type: oracledb.BUFFER }
      : undefined;

const shown = (cell: unknown): string | null => {
  if (cell === null || typeof cell === 'string') return cell;
  if (Buffer.isBuffer(cell)) return `\\x${cell.toString('hex')}`;
  return cell instanceof Date ? cell.toISOString() : JSON.stringify(cell);
};

export interface OraclePlace extends TestPlace {
  readonly user: string;
  readonly url: string;
}

/** A schema, which is a user, of its own. */
export async function oraclePlace(): Promise<OraclePlace> {
  const user = `SLUICE_TEST_${randomBytes(5).toString('hex').toUpperCase()}`;
  await withClient(serverUrl(), async (client) => {
    await client.execute(`CREATE USER ${user} IDENTIFIED BY "${PASSWORD}" QUOTA UNLIMITED ON USERS`);
    await client.execute(`GRANT CREATE SESSION, CREATE TABLE, CREATE SEQUENCE TO ${user}`);
    await client.execute(`GRANT EXECUTE ON SYS.DBMS_LOCK TO ${user}`);
    await client.execute(`GRANT EXECUTE ON SYS.DBMS_FLASHBACK TO ${user}`);
  });
  const url = userUrl(user);
  const open: Database[] = [];
  return {
    user,
    url,
    open: async (options = {}) => {
      const database = await oracle.open(parseUrl(url, {}), { ...OPTIONS, ...options });
      open.push(database);
      return database;
    },
    execute: (sql) => withClient(url, (client) => execute(client, sql)),
    query: (sql) =>
      withClient(url, async (client) => {
        const result = await client.execute<unknown[]>(sql, [], {
          outFormat: oracledb.OUT_FORMAT_ARRAY,
          fetchTypeHandler: asText,
        });
        return (result.rows ?? []).map((row): TestRow => row.map(shown));
      }),
    connections: async () => null,
    drop: async () => {
      await Promise.all(open.map((database) => database.close()));
      await withClient(serverUrl(), (client) => client.execute(`DROP USER ${user} CASCADE`));
    },
  };
}

/** A user who may log in and see the place's tables, and make none. */
async function openWithoutRights(place: TestPlace): Promise<Database> {
  const guest = `${(place as OraclePlace).user}_G`;
  await withClient(serverUrl(), async (client) => {
    await client.execute(`CREATE USER ${guest} IDENTIFIED BY "${PASSWORD}"`);
    await client.execute(`GRANT CREATE SESSION TO ${guest}`);
  });
  const database = await oracle.open(parseUrl(userUrl(guest), {}), OPTIONS);
  return {
    ...database,
    close: async () => {
      await database.close();
      await withClient(serverUrl(), (client) => client.execute(`DROP USER ${guest} CASCADE`));
    },
  };
}

const TYPES: Readonly<Record<NeutralType, string | null>> = {
  bigint: 'NUMBER(19)',
  int: 'NUMBER(10)',
  decimal: 'NUMBER(12,2)',
  float64: 'BINARY_DOUBLE',
  boolean: 'NUMBER(1)',
  text: 'CLOB',
  bytes: 'BLOB',
  json: 'CLOB',
  uuid: 'VARCHAR2(36)',
  date: null, // its DATE has a time: among the native cases
  timestamp: 'TIMESTAMP(6)',
};

/** UNISTR takes any letter as ASCII; the empty text of a large object is one. */
function textLiteral(text: string): string {
  if (text === '') return 'EMPTY_CLOB()';
  if (text.length > 500) return long(text);
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  const escaped = units.map((unit) => `\\${unit.toString(16).padStart(4, '0')}`).join('');
  return `TO_CHAR(UNISTR('${escaped}'))`;
}

const float = (text: string): string =>
  ({ NaN: 'BINARY_DOUBLE_NAN', Infinity: 'BINARY_DOUBLE_INFINITY', '-Infinity': '-BINARY_DOUBLE_INFINITY' })[
    text
  ] ?? `${text}d`;

const LITERALS: Partial<Record<NeutralType, (text: string) => string>> = {
  bigint: (text) => text,
  int: (text) => text,
  decimal: (text) => text,
  float64: float,
  boolean: (text) => (text === 't' ? '1' : '0'),
  bytes: (text) => (text === '\\x' ? 'EMPTY_BLOB()' : `HEXTORAW('${text.slice(2)}')`),
  timestamp: (text) => `TIMESTAMP '${text}'`,
};

const NATIVE_CASES: ContractHarness['nativeCases'] = [
  {
    type: 'NUMBER',
    texts: ['0', '0.1', '-1.5', `1${'0'.repeat(100)}`, `-0.${'0'.repeat(80)}15`, '9'.repeat(38)],
  },
  { type: 'NUMBER(38)', texts: ['9'.repeat(38), '-1'] },
  { type: 'FLOAT(126)', texts: ['0.5', '-3'] },
  { type: 'VARCHAR2(20 CHAR)', texts: ['a', ' a ', 'äöü🙂', "it's"] },
  { type: 'CHAR(5 CHAR)', texts: ['a    ', 'äöüxy'] },
  { type: 'NVARCHAR2(20)', texts: ['ä🙂'] },
  { type: 'RAW(16)', texts: ['\\x00', '\\xff00ff'] },
  { type: 'BINARY_FLOAT', texts: ['0', '1.1', '16777216', '1e-45', 'NaN', 'Infinity'] },
  { type: 'DATE', texts: ['2024-02-29 23:59:59', '0044-03-15 00:00:00 BC', '9999-12-31 00:00:00'] },
  { type: 'TIMESTAMP(9)', texts: ['2024-02-29 23:59:59.123456789', '1970-01-01 00:00:00'] },
  { type: 'TIMESTAMP(6) WITH LOCAL TIME ZONE', texts: ['2024-02-29 23:59:59.5+00'] },
];

const nativeLiteral = (type: string, text: string): string => {
  if (type.startsWith('NUMBER') || type.startsWith('FLOAT')) return `TO_NUMBER('${text}')`;
  if (type.startsWith('BINARY')) return float(text).replace(/d$/, 'f').replace('DOUBLE', 'FLOAT');
  if (type.startsWith('RAW')) return `HEXTORAW('${text.slice(2)}')`;
  const bc = text.endsWith(' BC') ? ' BC' : '';
  if (type === 'DATE') return `TO_DATE('${text}', 'YYYY-MM-DD HH24:MI:SS${bc}')`;
  if (type.includes('ZONE')) return `TIMESTAMP '${text.replace('+00', ' +00:00')}'`;
  return type.startsWith('TIMESTAMP') ? `TIMESTAMP '${text}'` : textLiteral(text);
};

/**
 * The product copied to itself as if the other side were another one only where a NUMBER(1) is a boolean, and a NUMBER(19) is in
 * the same order: what the neutral suites are about.
 */
const dialect: Dialect = {
  ...(oracle as Dialect),
  types: {
    ...oracle.types,
    identical: (column) =>
      column.type === 'NUMBER(1)'
        ? {
            logical: { kind: 'boolean' },
            render: `CASE "${column.name}" WHEN 1 THEN 't' WHEN 0 THEN 'f' END`,
            note: null,
          }
        : (oracle.types.identical?.(column) ?? null),
    portableOrder: (column) => column.type === 'NUMBER(19)' || oracle.types.portableOrder(column),
  },
};

export const oracleHarness: ContractHarness = {
  title: 'Oracle',
  dialect,
  schema: 'replaced by the user of each place',
  lanes: '"SLUICE_LANES"',
  yes: '1',
  types: TYPES,
  keyTypes: { text: 'VARCHAR2(300 CHAR)', bytes: 'RAW(300)' },
  oddNames: { table: "Mixed Case 'x' é", column: 'semi;colon -- ', noQuotes: true },
  literal: (type, text) => (LITERALS[type] ?? textLiteral)(text),
  nativeLiteral,
  rowAddressNeedsSnapshot: true,
  noQueries: true,
  nativeCases: NATIVE_CASES,
  openWithoutRights,
  place: oraclePlace,
};
