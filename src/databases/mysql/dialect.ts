import type { Dialect } from '../../engine/ports/dialect.ts';
import { maskUrl, type MysqlConfig, MysqlSettings, parseUrl } from './config.ts';
import { openMysql } from './database.ts';
import { classify } from './error-codes.ts';
import { quote } from './sql/names.ts';
import { types } from './type-map.ts';

/** MySQL 8.0 and later, MariaDB 10.6 and later: one product in all that a transfer sees. Its schemas are the databases. */
export const mysql: Dialect<MysqlConfig> = {
  name: 'mysql',
  capabilities: Object.freeze({
    concurrentWriters: true,
    transactionalDdl: false,
    keysAfterRows: false,
    schemas: true,
    emptyStringIsNull: false,
    // Characters, of which each has a byte at least: longer ones are never cut.
    // 64 characters of at most three bytes; the server refuses longer ones itself.
    identifierBytes: 192,
    maxColumns: 1017,
    removesOneOfSame: true,
    // A hash of the row orders tables without a key. A row that changes gets another place, before or behind a reader's.
    rowAddress: Object.freeze({ type: 'row-hash', needsSnapshot: true }),
  }),
  settings: MysqlSettings,
  types,
  parseUrl,
  maskUrl,
  open: (config, options) => openMysql(mysql, config, options),
  classify,
  quote,
};
