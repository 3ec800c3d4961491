import { createDriftRecord } from '../../engine/changes/drift/create-drift.ts';
import type { DriftDialect } from '../../engine/changes/drift/drift-sql.ts';
import type { DriftRecord } from '../../engine/ports/target-drift.ts';
import { sql } from '../../engine/quarantine/statement.ts';
import type { Pool } from './connections/pool.ts';
import type { LedgerTables } from './ledger-sql.ts';
import { ledgerSessions } from './quarantine.ts';
import { unquoted } from './structure/create-table-text.ts';

/** One transaction has the file's lock: rows need none. */
export const driftDialect = ({ drift, tables, lanes }: LedgerTables): DriftDialect => ({
  drift,
  tables,
  lanes,
  forUpdate: '',
  there: sql`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ${unquoted(drift)}`,
});

export const createTargetDriftRecord = (pool: Pool, tables: LedgerTables): DriftRecord =>
  createDriftRecord(driftDialect(tables), ledgerSessions(pool));
