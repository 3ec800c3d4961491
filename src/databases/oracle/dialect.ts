import type { Dialect } from '../../engine/ports/dialect.ts';
import { maskUrl, type OracleConfig, OracleSettings, parseUrl } from './config.ts';
import { openOracle } from './database.ts';
import { classify } from './error-codes.ts';
import { quote } from './sql/names.ts';
import { types } from './type-map.ts';

/** Oracle 12.2 and later, through the driver's thin mode: no client of Oracle is needed. */
export const oracle: Dialect<OracleConfig> = {
  name: 'oracle',
  capabilities: Object.freeze({
    concurrentWriters: true,
    transactionalDdl: false,
    keysAfterRows: false,
    schemas: true,
    emptyStringIsNull: true,
    identifierBytes: 128,
    maxColumns: 1_000,
    removesOneOfSame: false,
    // The place of a row changes when it is moved: only as of one moment is it an order.
    rowAddress: Object.freeze({ type: 'rowid', needsSnapshot: true }),
  }),
  settings: OracleSettings,
  types,
  parseUrl,
  maskUrl,
  open: (config, options) => openOracle(oracle, config, options),
  classify,
  quote,
};
