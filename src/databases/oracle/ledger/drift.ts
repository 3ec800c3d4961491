import { createDriftRecord } from '../../../engine/changes/drift/create-drift.ts';
import type { DriftDialect } from '../../../engine/changes/drift/drift-sql.ts';
import type { DriftRecord } from '../../../engine/ports/target-drift.ts';
import { sql } from '../../../engine/quarantine/statement.ts';
import { WAIT_SECONDS } from '../connections/pins.ts';
import type { Pool } from '../connections/pool.ts';
import type { LedgerNames } from './ledger-sql.ts';
import { ledgerSessions } from './quarantine.ts';

export const driftDialect = ({ schema, bare, drift, tables, lanes }: LedgerNames): DriftDialect => ({
  drift,
  tables,
  lanes,
  forUpdate: ` FOR UPDATE WAIT ${WAIT_SECONDS}`,
  there: sql`SELECT 1 FROM ALL_TABLES WHERE OWNER = ${schema} AND TABLE_NAME = ${bare[4] ?? ''}`,
});

export const createTargetDriftRecord = (pool: Pool, names: LedgerNames): DriftRecord =>
  createDriftRecord(driftDialect(names), ledgerSessions(pool, names));
