import { createDriftRecord } from '../../engine/changes/drift/create-drift.ts';
import type { DriftDialect } from '../../engine/changes/drift/drift-sql.ts';
import type { OpenOptions } from '../../engine/ports/dialect.ts';
import type { DriftRecord } from '../../engine/ports/target-drift.ts';
import { sql } from '../../engine/quarantine/statement.ts';
import { type LedgerNames, ledgerNames } from './ledger.ts';
import type { Pool } from './pool.ts';
import { ledgerSessions } from './quarantine.ts';

export const driftDialect = ({ drift, tables, lanes }: LedgerNames): DriftDialect => ({
  drift,
  tables,
  lanes,
  forUpdate: ' FOR UPDATE',
  there: sql`SELECT 1 WHERE to_regclass(${drift}) IS NOT NULL`,
});

export function createTargetDriftRecord(pool: Pool, options: OpenOptions['ledger']): DriftRecord {
  const names = ledgerNames(options);
  return createDriftRecord(driftDialect(names), ledgerSessions(pool, names));
}
