import type { Quarantine } from '../../../engine/ports/quarantine.ts';
import type { RunStatement } from '../../../engine/quarantine/create-parking.ts';
import { createQuarantine, type QuarantineSessions } from '../../../engine/quarantine/create-quarantine.ts';
import type { ParkingDialect } from '../../../engine/quarantine/parking-sql.ts';
import { inText, sql } from '../../../engine/quarantine/statement.ts';
import type { Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import type { ErrorContext } from '../error-codes.ts';
import { literal } from '../sql/names.ts';
import type { LedgerNames } from './ledger-sql.ts';

export const parkingDialect = ({ schema, bare, ...names }: LedgerNames): ParkingDialect => ({
  parked: names.parked,
  lanes: names.lanes,
  runs: names.runs,
  rowsPerInsert: 100,
  limit: (rows) => ` LIMIT ${rows}`,
  forUpdate: ' FOR UPDATE',
  there: sql`SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${bare[3] ?? ''}`,
});

export const statementsOn =
  (session: Session): RunStatement =>
  (statement) =>
    session.query(inText(statement, literal));

/** Transactions over what stands beside the ledger. */
export function ledgerSessions(pool: Pool, { schema }: LedgerNames): QuarantineSessions {
  const context: ErrorContext = { side: 'ledger', where: schema };
  return {
    read: (work, signal) => pool.use((session) => work(statementsOn(session)), signal, context),
    write: (work, signal) => pool.transaction((session) => work(statementsOn(session)), signal, context),
  };
}

export const createTargetQuarantine = (pool: Pool, names: LedgerNames): Quarantine =>
  createQuarantine(parkingDialect(names), ledgerSessions(pool, names));
