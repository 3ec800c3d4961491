import type { Database, Dialect, OpenOptions } from '../../engine/ports/dialect.ts';
import { createParkedPorts } from '../../engine/capture/parking/create-parked-quarantine.ts';
import { createChangeCapture } from './capture/changes/change-capture.ts';
import { createCaptureInspector } from './capture/inspect-capture.ts';
import { createParkingSource } from './capture/parking/parking-source.ts';
import { createInitialLoad } from './capture/loads/initial-load.ts';
import { createTriggerManager } from './capture/triggers/create-trigger-manager.ts';
import { maskUrl, parseUrl, type PostgresConfig, PostgresSettings } from './config.ts';
import { classify } from './error-codes.ts';
import { incarnation } from './incarnation.ts';
import { createInspector } from './inspect-rows.ts';
import { createIntrospector } from './introspector.ts';
import { createLedger } from './ledger.ts';
import { Pool } from './pool.ts';
import { createTargetDriftRecord } from './drift.ts';
import { createTargetQuarantine } from './quarantine.ts';
import { createReader } from './reader.ts';
import { quote } from './sql.ts';
import { createStructure } from './structure/make-structure.ts';
import { types } from './type-map.ts';
import { createWriter } from './writer.ts';

async function open(config: PostgresConfig, options: OpenOptions): Promise<Database> {
  const pool = new Pool(config, options);
  const opening = new AbortController().signal;
  try {
    pool.give(await pool.take(opening));
  } catch (error) {
    await pool.close();
    throw error;
  }
  return {
    dialect: postgresql,
    introspector: createIntrospector(pool, options),
    reader: createReader(pool),
    inspector: createInspector(pool),
    writer: createWriter(pool, options),
    structure: createStructure(pool),
    ledger: createLedger(pool, options.ledger),
    quarantine: createTargetQuarantine(pool, options.ledger),
    drift: createTargetDriftRecord(pool, options.ledger),
    capture: (place) => ({
      triggers: createTriggerManager(pool, place),
      changes: createChangeCapture(pool, place),
      loads: createInitialLoad(pool, place),
      inspector: createCaptureInspector(pool, place),
      ...createParkedPorts(createParkingSource(pool, place)),
    }),
    incarnation: (signal) => pool.use(incarnation, signal),
    ping: (signal) =>
      pool.use(async (session) => `PostgreSQL ${await session.cell('SHOW server_version')}`, signal),
    close: () => pool.close(),
  };
}

/** PostgreSQL 11 and later. */
export const postgresql: Dialect<PostgresConfig> = {
  name: 'postgresql',
  capabilities: Object.freeze({
    concurrentWriters: true,
    transactionalDdl: true,
    keysAfterRows: true,
    schemas: true,
    emptyStringIsNull: false,
    identifierBytes: 63,
    maxColumns: 1600,
    removesOneOfSame: true,
    rowAddress: Object.freeze({ type: 'tid', needsSnapshot: true }),
  }),
  settings: PostgresSettings,
  types,
  parseUrl,
  maskUrl,
  open,
  classify,
  quote,
};
