import type { Quarantine } from '../../engine/ports/quarantine.ts';
import type { RunStatement } from '../../engine/quarantine/create-parking.ts';
import { createQuarantine, type QuarantineSessions } from '../../engine/quarantine/create-quarantine.ts';
import type { ParkingDialect } from '../../engine/quarantine/parking-sql.ts';
import { sql } from '../../engine/quarantine/statement.ts';
import type { Pool } from './connections/pool.ts';
import { reading, type Session, writing } from './connections/session.ts';
import type { LedgerTables } from './ledger-sql.ts';
import { unquoted } from './structure/create-table-text.ts';

/** One transaction has the file's lock: rows need none. */
export const parkingDialect = ({ parked, lanes, runs }: LedgerTables): ParkingDialect => ({
  parked,
  lanes,
  runs,
  rowsPerInsert: 100,
  limit: (rows) => ` LIMIT ${rows}`,
  forUpdate: '',
  there: sql`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ${unquoted(parked)}`,
});

const IS_QUERY = /^SELECT/;

export const statementsOn =
  (session: Session): RunStatement =>
  async ({ parts, values }) => {
    const text = parts.join('?');
    const bound = values.map((value) => (typeof value === 'number' ? BigInt(value) : value));
    if (!IS_QUERY.test(text)) return { rows: [], count: await session.run(text, bound) };
    const rows = await session.rows(text, bound);
    return {
      rows: rows.map((row) => row.map((cell) => (cell === null ? null : String(cell)))),
      count: rows.length,
    };
  };

/** Transactions over what stands beside the ledger. */
export const ledgerSessions = (pool: Pool): QuarantineSessions => ({
  read: (work, signal) => reading(pool, signal, (session) => work(statementsOn(session))),
  write: (work, signal) => writing(pool, signal, (session) => work(statementsOn(session))),
});

export const createTargetQuarantine = (pool: Pool, tables: LedgerTables): Quarantine =>
  createQuarantine(parkingDialect(tables), ledgerSessions(pool));
