import type { OpenOptions } from '../../engine/ports/dialect.ts';
import type { Quarantine } from '../../engine/ports/quarantine.ts';
import type { RunStatement } from '../../engine/quarantine/create-parking.ts';
import { createQuarantine, type QuarantineSessions } from '../../engine/quarantine/create-quarantine.ts';
import type { ParkingDialect } from '../../engine/quarantine/parking-sql.ts';
import { inText, sql } from '../../engine/quarantine/statement.ts';
import type { ErrorContext } from './error-codes.ts';
import { type LedgerNames, ledgerNames } from './ledger.ts';
import type { Pool, Session } from './pool.ts';
import { literal } from './sql.ts';

export const parkingDialect = (names: LedgerNames): ParkingDialect => ({
  parked: names.parked,
  lanes: names.lanes,
  runs: names.runs,
  rowsPerInsert: 100,
  limit: (rows) => ` LIMIT ${rows}`,
  forUpdate: ' FOR UPDATE',
  there: sql`SELECT 1 WHERE to_regclass(${names.parked}) IS NOT NULL`,
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

export function createTargetQuarantine(pool: Pool, options: OpenOptions['ledger']): Quarantine {
  const names = ledgerNames(options);
  return createQuarantine(parkingDialect(names), ledgerSessions(pool, names));
}
