import type { Dialect } from '../../engine/ports/dialect.ts';
import { openSqlite } from './database.ts';
import { parseSqliteUrl, type SqliteConfig, SqliteSettings } from './config.ts';
import { classify } from './error-codes.ts';
import { quote } from './sql.ts';
import { sqliteTypes } from './type-map.ts';

/**
 * SQLite through better-sqlite3, each connection in a thread of its own. The embedded default: no server, one writer a
 * file at a time.
 */
export const sqlite: Dialect<SqliteConfig> = {
  name: 'sqlite',
  capabilities: Object.freeze({
    concurrentWriters: false,
    transactionalDdl: true,
    keysAfterRows: false,
    schemas: false,
    emptyStringIsNull: false,
    identifierBytes: null,
    // SQLITE_MAX_COLUMN of the library that better-sqlite3 builds.
    maxColumns: 2000,
    removesOneOfSame: true,
    rowAddress: Object.freeze({ type: 'rowid', needsSnapshot: false }),
  }),
  settings: SqliteSettings,
  types: sqliteTypes,
  parseUrl: parseSqliteUrl,
  // There is no secret in a path.
  maskUrl: (url) => url,
  open: (config, options) => openSqlite(sqlite, config, options),
  classify,
  quote,
};
