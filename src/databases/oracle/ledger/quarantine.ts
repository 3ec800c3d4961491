import type { Quarantine } from '../../../engine/ports/quarantine.ts';
import type { RunStatement } from '../../../engine/quarantine/create-parking.ts';
import { createQuarantine, type QuarantineSessions } from '../../../engine/quarantine/create-quarantine.ts';
import type { ParkingDialect } from '../../../engine/quarantine/parking-sql.ts';
import { type Statement as AnyStatement, sql } from '../../../engine/quarantine/statement.ts';
import { WAIT_SECONDS } from '../connections/pins.ts';
import type { Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import type { ErrorContext } from '../error-codes.ts';
import type { Statement } from '../sql/names.ts';
import type { LedgerNames } from './ledger-sql.ts';

export const SAVEPOINT = 'SAVEPOINT ATTEMPT';
export const ROLLBACK_TO = 'ROLLBACK TO SAVEPOINT ATTEMPT';

/** No list of rows stands behind VALUES before version 23. */
export const parkingDialect = ({ schema, bare, ...names }: LedgerNames): ParkingDialect => ({
  parked: names.parked,
  lanes: names.lanes,
  runs: names.runs,
  rowsPerInsert: 1,
  limit: (rows) => ` FETCH FIRST ${rows} ROWS ONLY`,
  forUpdate: ` FOR UPDATE WAIT ${WAIT_SECONDS}`,
  there: sql`SELECT 1 FROM ALL_TABLES WHERE OWNER = ${schema} AND TABLE_NAME = ${bare[3] ?? ''}`,
});

/** Numbers stand in the text, texts are binds. */
export function namedStatement({ parts, values }: AnyStatement): Statement {
  const binds: Record<string, string | null> = {};
  const pieces = parts.map((part, at) => {
    const value = values[at];
    if (at === parts.length - 1 || value === undefined) return part;
    if (typeof value === 'number') return part + value;
    const name = `v${at}`;
    binds[name] = value;
    return `${part}:${name}`;
  });
  return { text: pieces.join(''), binds };
}

export const statementsOn =
  (session: Session): RunStatement =>
  (statement) =>
    session.run(namedStatement(statement));

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
