import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { sqlite } from '../../src/databases/sqlite/dialect.ts';
import type { Database, Dialect, OpenOptions } from '../../src/engine/ports/dialect.ts';
import type { TypeMap } from '../../src/engine/ports/type-map.ts';
import type { ContractHarness, NeutralType, TestPlace, TestRow } from '../contract/harness.ts';

export const SQLITE_OPTIONS: OpenOptions = {
  maxConnections: 6,
  applicationName: 'sluice-test',
  ledger: { schema: 'ignored', prefix: 'sluice_' },
};

export interface SqlitePlace extends TestPlace {
  readonly path: string;
  readonly url: string;
}

const cellText = (cell: string | number | bigint | Buffer | null): string | null => {
  if (cell === null) return null;
  return Buffer.isBuffer(cell) ? `\\x${cell.toString('hex')}` : String(cell);
};

/** A file in a folder of its own. The file is there, and empty. */
export async function sqlitePlace(encoding = 'UTF-8'): Promise<SqlitePlace> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const path = join(folder, 'place.db');
  const using = <T>(work: (database: BetterSqlite.Database) => T): T => {
    const database = new BetterSqlite(path, { timeout: 20_000 });
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  using((database) => {
    database.pragma(`encoding = "${encoding}"`);
    // The encoding is written with the first table.
    database.exec('CREATE TABLE first (x); DROP TABLE first');
  });
  const url = `sqlite:${path}`;
  const open: Database[] = [];
  return {
    path,
    url,
    open: async (options = {}) => {
      const config = sqlite.parseUrl(url, { snapshotDirectory: folder });
      const database = await sqlite.open(config, { ...SQLITE_OPTIONS, ...options });
      open.push(database);
      return database;
    },
    execute: async (sql) => {
      using((database) => database.exec(sql));
    },
    query: async (sql) =>
      using((database) =>
        database
          .prepare<[], (string | number | bigint | Buffer | null)[]>(sql)
          .raw()
          .safeIntegers()
          .all()
          .map((row): TestRow => row.map(cellText)),
      ),
    connections: async () => null,
    drop: async () => {
      await Promise.all(open.map((database) => database.close()));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const TYPES: Readonly<Record<NeutralType, string>> = {
  bigint: 'INTEGER',
  int: 'INT',
  decimal: 'DECIMAL_TEXT(12,2)',
  float64: 'DOUBLE_BLOB',
  boolean: 'BOOLEAN',
  text: 'TEXT',
  bytes: 'BLOB',
  json: 'JSON_TEXT',
  uuid: 'UUID',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A double as SQL: SQLite has no literal of infinity, and its NaN is a text (src/databases/sqlite/type-map.ts). */
function floatLiteral(text: string): string {
  if (text === 'NaN') return quoted(text);
  return Number.isFinite(Number(text))
    ? `CAST(${quoted(text)} AS REAL)`
    : `${text[0] === '-' ? '-' : ''}9e999`;
}

/** A literal of the storage class that each type has; all others are texts. */
const LITERALS: Partial<Record<NeutralType, (text: string) => string>> = {
  bigint: (text) => text,
  int: (text) => text,
  float64: floatLiteral,
  boolean: (text) => (text === 't' ? '1' : '0'),
  bytes: (text) => `x${quoted(text.slice(2))}`,
};

/** Types whose values a CAST makes from the canonical text; the others have tests of their own. */
const NATIVE_CASES: ContractHarness['nativeCases'] = [
  { type: 'DECIMAL_TEXT', texts: ['NaN', 'Infinity', '0', '1.10', `1${'0'.repeat(300)}.${'9'.repeat(200)}`] },
  { type: 'VARCHAR(5)', texts: ['', 'a    ', 'äöü🙂\\'] },
  { type: 'CLOB', texts: ['', '12', ' 1e5 '] },
  { type: 'JSONB_TEXT', texts: ['null', '12', '{"a": [1.10, "\\u0001"]}'] },
  { type: 'XML_TEXT', texts: ['<a b="c">d &amp; e\n</a>', '1'] },
  { type: 'DURATION_TEXT', texts: ['PT0S', 'P1Y2M3DT4H5M6.789S'] },
  { type: 'BIT_TEXT(3)', texts: ['101', '000'] },
  { type: 'VARBIT_TEXT', texts: ['', '101010101'] },
];

/**
 * SQLite copied to SQLite by its logical types, as if the other side were another product: what the suites are about.
 * The way that keeps storage classes has its own tests (sqlite-identical.test.ts).
 */
const dialect: Dialect = {
  ...(sqlite as Dialect),
  types: Object.fromEntries(
    Object.entries(sqlite.types).filter(([name]) => name !== 'identical'),
  ) as unknown as TypeMap,
};

export const sqliteHarness: ContractHarness = {
  title: 'SQLite',
  dialect,
  schema: 'main',
  types: TYPES,
  literal: (type, text) => (LITERALS[type] ?? quoted)(text),
  rowAddressNeedsSnapshot: false,
  nativeCases: NATIVE_CASES,
  openWithoutRights: null,
  place: () => sqlitePlace(),
};
