import { createParkedPorts } from '../../engine/capture/parking/create-parked-quarantine.ts';
import type { Database, Dialect, OpenOptions } from '../../engine/ports/dialect.ts';
import { countsKeptOf, stagingOf } from '../../model/capture-spec.ts';
import { captureNames } from './capture/capture-names.ts';
import { createChangeCapture } from './capture/change-capture.ts';
import { createCaptureInspector } from './capture/inspect-capture.ts';
import { createInitialLoad } from './capture/loads/initial-load.ts';
import { createParkingSource } from './capture/parking/parking-source.ts';
import { createTriggerManager } from './capture/trigger-manager.ts';
import type { OracleConfig } from './config.ts';
import { Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import { Snapshots } from './connections/snapshots.ts';
import { vendorCode } from './error-codes.ts';
import { createInspector } from './inspect-rows.ts';
import { createIntrospector } from './introspector.ts';
import { createLedger } from './ledger/ledger.ts';
import { ledgerNames } from './ledger/ledger-sql.ts';
import { createTargetDriftRecord } from './ledger/drift.ts';
import { createTargetQuarantine } from './ledger/quarantine.ts';
import { createReader } from './reader.ts';
import { createStructure } from './structure/make-structure.ts';
import { createWriter } from './writer.ts';

export const INCARNATION_STATEMENTS = {
  /** Another number, and another beginning of its log, for each database and each that was restored. */
  view: "SELECT TO_CHAR(DBID, 'TM9') || '/' || TO_CHAR(RESETLOGS_CHANGE#, 'TM9') || '/' || SYS_CONTEXT('USERENV', 'CON_ID') FROM V$DATABASE",
  /** For who may not see that: name, and when it was made. A restored one looks the same. */
  names:
    "SELECT SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME') || '/' || SYS_CONTEXT('USERENV', 'CON_NAME') || '/' || (SELECT TO_CHAR(MIN(CREATED), 'YYYY-MM-DD HH24:MI:SS') FROM ALL_USERS) FROM DUAL",
} as const;

async function incarnation(session: Session): Promise<string> {
  try {
    return (await session.cell(INCARNATION_STATEMENTS.view)) ?? '';
  } catch (error) {
    if (!['ORA-00942', 'ORA-01031'].includes(vendorCode(error))) throw error;
    return (await session.cell(INCARNATION_STATEMENTS.names)) ?? '';
  }
}

export async function openOracle(
  dialect: Dialect,
  config: OracleConfig,
  options: OpenOptions,
): Promise<Database> {
  const pool = new Pool(config, options);
  const snapshots = new Snapshots(pool);
  try {
    const session = await pool.take(new AbortController().signal);
    const { schema, identifierBytes } = session.facts;
    pool.give(session);
    const names = ledgerNames(schema, options.ledger);
    const identity = (signal: AbortSignal): Promise<string> => pool.use(incarnation, signal);
    const capabilities = Object.freeze({ ...dialect.capabilities, identifierBytes });
    return {
      dialect: { ...dialect, capabilities },
      defaultSchema: schema,
      introspector: createIntrospector(pool, names),
      reader: createReader(pool, snapshots),
      inspector: createInspector(pool),
      writer: createWriter(pool, names),
      structure: createStructure(pool),
      ledger: createLedger(pool, names),
      quarantine: createTargetQuarantine(pool, names),
      drift: createTargetDriftRecord(pool, names),
      capture: (place) => {
        const own = captureNames(schema, place);
        const staging = stagingOf(place);
        return {
          triggers: createTriggerManager({ pool, names: own, staging, incarnation: identity }),
          changes: createChangeCapture(pool, own, countsKeptOf(place)),
          loads: createInitialLoad(pool, own),
          inspector: createCaptureInspector(pool, own),
          ...createParkedPorts(createParkingSource(pool, own)),
        };
      },
      incarnation: identity,
      ping: (signal) =>
        pool.use(async (asked) => {
          await asked.query('SELECT 1 FROM DUAL');
          return `Oracle ${asked.facts.version}`;
        }, signal),
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}
