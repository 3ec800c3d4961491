import type { Database, Dialect, OpenOptions } from '../../engine/ports/dialect.ts';
import { maskUrl, parseUrl, type PostgresConfig, PostgresSettings } from './config.ts';
import { classify } from './error-codes.ts';
import { createInspector } from './inspect-rows.ts';
import { createIntrospector } from './introspector.ts';
import { createLedger } from './ledger.ts';
import { Pool, type Session } from './pool.ts';
import { createReader } from './reader.ts';
import { quote } from './sql.ts';
import { createStructure } from './structure/make-structure.ts';
import { types } from './type-map.ts';
import { createWriter } from './writer.ts';

// A timeline changes when a standby is promoted or a backup restored. Where rights are missing: what everybody may see.
const INCARNATIONS = [
  `SELECT s.system_identifier::text || '/' || CASE WHEN pg_is_in_recovery() THEN c.timeline_id::text ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int::text END || '/' || d.oid::text
   FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()`,
  `SELECT 'oid/' || d.oid::text || '/' || d.datname FROM pg_database d WHERE d.datname = current_database()`,
] as const;

async function incarnation(session: Session): Promise<string> {
  const may = await session.cell(
    `SELECT bool_and(has_function_privilege(f, 'EXECUTE')) FROM unnest(ARRAY['pg_control_system()', 'pg_control_checkpoint()']) AS f`,
  );
  return (await session.cell(may === 't' ? INCARNATIONS[0] : INCARNATIONS[1])) ?? '';
}

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
    schemas: true,
    emptyStringIsNull: false,
    identifierBytes: 63,
    maxColumns: 1600,
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
