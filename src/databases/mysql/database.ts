import type { Database, Dialect, OpenOptions } from '../../engine/ports/dialect.ts';
import { countsKeptOf } from '../../model/capture-spec.ts';
import type { MysqlConfig } from './config.ts';
import { Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import { Snapshots } from './connections/snapshots.ts';
import { createInspector } from './inspect-rows.ts';
import { createIntrospector } from './introspector.ts';
import { createLedger } from './ledger/ledger.ts';
import { ledgerNames } from './ledger/ledger-sql.ts';
import { createTargetDriftRecord } from './ledger/drift.ts';
import { createTargetQuarantine } from './ledger/quarantine.ts';
import { createReader } from './reader.ts';
import { createParkedPorts } from '../../engine/capture/parking/create-parked-quarantine.ts';
import { createChangeCapture } from './capture/change-capture.ts';
import { createParkingSource } from './capture/parking/parking-source.ts';
import { captureNames } from './capture/capture-tables.ts';
import { createCaptureInspector } from './capture/inspect-capture.ts';
import { createInitialLoad } from './capture/loads/initial-load.ts';
import { createTriggerManager } from './capture/trigger-manager.ts';
import { collectWarnings } from './warnings.ts';
import { createStructure } from './structure/make-structure.ts';
import { createWriter } from './writer.ts';

/**
 * MySQL has a number of its own for each server, and MariaDB one for each data directory's place; where a database was restored
 * from a backup on the same server nothing tells.
 */
async function incarnation(session: Session, database: string): Promise<string> {
  const variable = session.facts.flavour === 'mysql' ? 'server_uuid' : 'server_uid';
  const { rows } = await session.query(`SHOW GLOBAL VARIABLES LIKE '${variable}'`);
  const known = rows[0]?.[1] ?? null;
  const server =
    known ?? (await session.cell("SELECT CONCAT_WS('/', @@hostname, @@port, @@server_id, @@datadir)"));
  return `${server ?? ''}/${database}`;
}

export async function openMysql(
  dialect: Dialect,
  config: MysqlConfig,
  options: OpenOptions,
): Promise<Database> {
  const pool = new Pool(config, options);
  const snapshots = new Snapshots(pool);
  const names = ledgerNames(config.database, options.ledger);
  try {
    pool.give(await pool.take(new AbortController().signal));
  } catch (error) {
    await pool.close();
    throw error;
  }
  const introspector = createIntrospector(pool, names);
  const identity = (signal: AbortSignal): Promise<string> =>
    pool.use((session) => incarnation(session, config.database), signal);
  return {
    dialect,
    defaultSchema: config.database,
    introspector,
    reader: createReader(pool, snapshots),
    inspector: createInspector(pool),
    writer: createWriter(pool, names),
    structure: createStructure(pool),
    ledger: createLedger(pool, names),
    quarantine: createTargetQuarantine(pool, names),
    drift: createTargetDriftRecord(pool, names),
    capture: (place) => {
      const own = captureNames(config.database, place);
      return {
        triggers: createTriggerManager({ pool, names: own, introspector, incarnation: identity }),
        changes: createChangeCapture(pool, own, countsKeptOf(place), snapshots),
        loads: createInitialLoad(pool, own),
        inspector: createCaptureInspector(pool, own),
        ...createParkedPorts(createParkingSource(pool, own)),
      };
    },
    incarnation: identity,
    ping: (signal) =>
      pool.use(async (session) => {
        const { flavour, version } = session.facts;
        await session.query('SELECT 1');
        return `${flavour === 'mysql' ? 'MySQL' : 'MariaDB'} ${version}`;
      }, signal),
    warnings: (signal) => pool.use(collectWarnings, signal),
    close: async () => {
      snapshots.closeAll();
      await pool.close();
    },
  };
}
