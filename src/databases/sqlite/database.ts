import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Database, Dialect, OpenOptions } from '../../engine/ports/dialect.ts';
import { countsKeptOf } from '../../model/capture-spec.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { SqliteConfig } from './config.ts';
import { createInspector } from './inspect-rows.ts';
import { createInitialLoad } from './capture/loads/initial-load.ts';
import { createParkedPorts } from '../../engine/capture/parking/create-parked-quarantine.ts';
import { createChangeCapture } from './capture/change-capture.ts';
import { createCaptureInspector } from './capture/inspect-capture.ts';
import { createParkingSource } from './capture/parking/parking-source.ts';
import { createTriggerManager } from './capture/trigger-manager.ts';
import { createIntrospector } from './introspector.ts';
import { createLedger } from './ledger.ts';
import { ledgerNames, ledgerTables } from './ledger-sql.ts';
import { createPool, fileExists, type Pool } from './connections/pool.ts';
import { createTargetDriftRecord } from './drift.ts';
import { createTargetQuarantine } from './quarantine.ts';
import { createReader } from './reader.ts';
import { literal } from './sql.ts';
import type { StoredValue } from './values/stored-value.ts';
import { createStructure } from './structure/make-structure.ts';
import { createWriter } from './writer.ts';

const firstCell = async (pool: Pool, sql: string, signal: AbortSignal): Promise<StoredValue> =>
  pool.query(async (thread) => {
    const rows = await thread.call('query', { sql, values: [] }, { signal });
    return rows[0]?.[0] ?? null;
  }, signal);

/**
 * A target has a uuid in its ledger. A source is not written to (invariant 10) and is known by its file: inode, time of
 * birth where the file system keeps one, and application_id. The number of the device is left out, for it differs between
 * machines that share the file. Not seen: another content copied over the same file.
 */
async function incarnation(
  pool: Pool,
  place: { readonly path: string; readonly prefix: string },
  signal: AbortSignal,
): Promise<string> {
  const identity = `${place.prefix}identity`;
  const known = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ${literal(identity)}`;
  if ((await firstCell(pool, known, signal)) !== null) {
    const tables = ledgerTables(place.prefix);
    return `uuid:${String(await firstCell(pool, `SELECT incarnation FROM ${tables.identity}`, signal))}`;
  }
  const application = await firstCell(pool, 'PRAGMA application_id', signal);
  const file = await stat(place.path, { bigint: true });
  return `file:${file.ino}:${file.birthtimeNs}:${String(application)}`;
}

/** A file that is missing is an error only where its folder is: who opens it may be about to write the first table. */
async function checkPlace({ path, create }: SqliteConfig, signal: AbortSignal, pool: Pool): Promise<void> {
  if (await fileExists(path)) {
    await firstCell(pool, 'SELECT 1', signal);
    return;
  }
  const folder = await stat(dirname(path)).catch(() => null);
  if (folder?.isDirectory() === true && create !== false) return;
  throw new SluiceError('database.not_found', `there is no file ${path}`, { where: path });
}

/** @throws SluiceError database.not_found, database.permission_denied */
export async function openSqlite(
  dialect: Dialect<SqliteConfig>,
  config: SqliteConfig,
  options: OpenOptions,
): Promise<Database> {
  // Without schemas an empty prefix would take names like `runs` from the application.
  const prefix = options.ledger.prefix === '' ? 'sluice_' : options.ledger.prefix;
  const tables = ledgerTables(prefix);
  const pool = createPool(config, options.maxConnections);
  try {
    await checkPlace(config, new AbortController().signal, pool);
  } catch (error) {
    await pool.close();
    throw error;
  }
  const introspector = createIntrospector(pool, config, ledgerNames(prefix));
  return {
    dialect,
    introspector,
    reader: createReader(pool, config),
    inspector: createInspector(pool),
    writer: createWriter(pool, tables),
    structure: createStructure(pool, introspector),
    ledger: createLedger(pool, tables),
    quarantine: createTargetQuarantine(pool, tables),
    drift: createTargetDriftRecord(pool, tables),
    capture: (place) => {
      const file = { pool, path: config.path, prefix: place.prefix === '' ? 'sluice_' : place.prefix };
      return {
        triggers: createTriggerManager(file),
        changes: createChangeCapture(file, countsKeptOf(place)),
        loads: createInitialLoad(file),
        inspector: createCaptureInspector(file),
        ...createParkedPorts(createParkingSource(file)),
      };
    },
    incarnation: (signal) => incarnation(pool, { path: config.path, prefix }, signal),
    ping: async (signal) => `SQLite ${String(await firstCell(pool, 'SELECT sqlite_version()', signal))}`,
    close: () => pool.close(),
  };
}
