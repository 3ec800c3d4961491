import { drawEpoch } from '../../../engine/epoch.ts';
import { planHashOf } from '../../../engine/fingerprint.ts';
import type { Ledger, Run, RunRequest } from '../../../engine/ports/ledger.ts';
import type { LaneToOpen, Opening } from '../../../model/lane.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { WAIT_SECONDS } from '../connections/pins.ts';
import type { Pool } from '../connections/pool.ts';
import type { Cells, Session } from '../connections/session.ts';
import { type ErrorContext, toSluiceError, vendorCode } from '../error-codes.ts';
import {
  FENCE,
  installStatements,
  LANE_KEY,
  laneBinds,
  type LedgerNames,
  readLanes,
  readProgress,
  RUN_KEY,
  runBinds,
  thereStatement,
  upgradeStatement,
} from './ledger-sql.ts';
import { lockRun, planTable, positionOf, readTable } from './plan-table.ts';

const context = (names: LedgerNames): ErrorContext => ({ side: 'ledger', where: names.schema });

async function whatIsThere(session: Session, names: LedgerNames) {
  const { rows } = await session.run(thereStatement(names));
  const [tables, epochs] = rows[0] ?? [];
  return { installed: tables === '3', hasEpoch: epochs !== '0' };
}

/** Another process made the table or the column at the same time. */
const MADE_ALREADY = new Set(['ORA-00955', 'ORA-01430']);

async function install(session: Session, names: LedgerNames): Promise<void> {
  const before = await whatIsThere(session, names);
  if (before.installed && before.hasEpoch) return;
  const statements = before.installed ? [upgradeStatement(names)] : installStatements(names);
  for (const statement of statements) {
    try {
      await session.query(statement);
    } catch (error) {
      if (!MADE_ALREADY.has(vendorCode(error))) throw installError(error, session, names);
    }
  }
}

function installError(error: unknown, { facts: { user } }: Session, names: LedgerNames): SluiceError {
  const known = toSluiceError(error, context(names));
  const code = vendorCode(error);
  if (known.code !== 'database.permission_denied' && code !== 'ORA-01536') return known;
  // A user without room in the tablespace gets the same error as one without a right to any.
  const isQuota = code === 'ORA-01950' || code === 'ORA-01536';
  return new SluiceError('database.permission_denied', 'the ledger cannot be created', {
    ...known.details,
    suggestion: isQuota
      ? `ALTER USER "${user}" QUOTA UNLIMITED ON USERS;`
      : `GRANT CREATE TABLE, UNLIMITED TABLESPACE TO "${user}";`,
  });
}

const FIND_RUN = (names: LedgerNames): string =>
  `SELECT RUN, OPENED_BY, EXECUTION, SPEC FROM ${names.runs} WHERE TRANSFER = :transfer AND (EXECUTION = :execution OR (FINISHED_AT IS NULL AND PLAN_HASH = :planHash)) ORDER BY CASE WHEN EXECUTION = :execution THEN 0 ELSE 1 END, RUN DESC FETCH FIRST 1 ROWS ONLY`;

async function openRun(session: Session, names: LedgerNames, request: RunRequest): Promise<Run> {
  const { transfer, execution, planHash, spec } = request;
  // One after the other: of rows that are not there yet none can be locked.
  await session.query(`LOCK TABLE ${names.runs} IN EXCLUSIVE MODE WAIT ${WAIT_SECONDS}`);
  const { rows } = await session.query(FIND_RUN(names), { transfer, execution, planHash });
  const [known] = rows;
  if (known) {
    const run = Number(known[0]);
    const same = known[2] === execution;
    // The spec changes hands with the execution, and never within one.
    if (!same) {
      await session.query(`UPDATE ${names.runs} SET EXECUTION = :execution, SPEC = :spec WHERE ${RUN_KEY}`, {
        execution,
        spec,
        ...runBinds({ transfer, run }),
      });
    }
    return { run, continued: known[1] !== execution, spec: same ? (known[3] ?? '') : spec };
  }
  await session.query(
    `UPDATE ${names.runs} SET FINISHED_AT = SYS_EXTRACT_UTC(SYSTIMESTAMP) WHERE TRANSFER = :transfer AND FINISHED_AT IS NULL`,
    { transfer },
  );
  // Fences the older runs: waits for a batch of theirs that is being applied, and drops every later one.
  await session.query(`UPDATE ${names.lanes} SET ${FENCE} WHERE TRANSFER = :transfer`, { transfer });
  const run = Number(
    await session.cell(`SELECT NVL(MAX(RUN), 0) + 1 FROM ${names.runs} WHERE TRANSFER = :transfer`, {
      transfer,
    }),
  );
  await session.query(
    `INSERT INTO ${names.runs} (TRANSFER, RUN, EXECUTION, OPENED_BY, PLAN_HASH, SPEC, OPENED_AT) VALUES (:transfer, TO_NUMBER(:run), :execution, :execution, :planHash, :spec, SYS_EXTRACT_UTC(SYSTIMESTAMP))`,
    { ...runBinds({ transfer, run }), execution, planHash, spec },
  );
  return { run, continued: false, spec };
}

function openingOf(cells: Cells, lane: number, plan: string): Opening {
  const [attempt, epoch, position, count, bytes, ended, after, upto] = cells;
  return {
    attempt: Number(attempt),
    epoch: epoch ?? '',
    range: { lane, after: positionOf(after), upto: positionOf(upto) },
    plan: planHashOf(plan),
    position: positionOf(position),
    rows: Number(count),
    bytes: Number(bytes),
    ended: ended === '1',
  };
}

async function openLane(session: Session, names: LedgerNames, lane: LaneToOpen): Promise<Opening> {
  // Only the newest generation of a run that is open: a fenced lane gets no attempt that a batch could match again. Planning
  // and opening both lock the run's row first, so what is read behind it is as it was committed last.
  await lockRun(session, names, lane);
  const plan = await session.cell(
    `SELECT PLAN FROM ${names.tables} WHERE ${RUN_KEY} AND TABLE_ID = :tableId AND GENERATION = TO_NUMBER(:generation)`,
    { ...runBinds(lane), tableId: lane.table, generation: String(lane.generation) },
  );
  if (plan !== null) {
    const { ifAttempt, epoch = drawEpoch() } = lane;
    const { count } = await session.query(
      `UPDATE ${names.lanes} SET ATTEMPT = ATTEMPT + 1, EPOCH = :epoch, N = 0 WHERE ${LANE_KEY}${ifAttempt === undefined ? '' : ' AND ATTEMPT = TO_NUMBER(:ifAttempt)'}`,
      {
        ...laneBinds(lane),
        epoch,
        ...(ifAttempt === undefined ? {} : { ifAttempt: String(ifAttempt) }),
      },
    );
    // Of a lane that stands at another attempt the opening that it has is told.
    const { rows } = await session.query(
      `SELECT ATTEMPT, EPOCH, POSITION, ROW_COUNT, BYTES, ENDED, RANGE_AFTER, RANGE_UPTO FROM ${names.lanes} WHERE ${LANE_KEY}`,
      laneBinds(lane),
    );
    if (rows[0] && (count === 1 || ifAttempt !== undefined)) return openingOf(rows[0], lane.lane, plan);
  }
  throw new SluiceError('database.transient', 'the ledger has another generation of the table', {
    table: lane.table,
  });
}

async function newestRun(session: Session, names: LedgerNames, transfer: string): Promise<number | null> {
  if (!(await whatIsThere(session, names)).installed) return null;
  const run = await session.cell(`SELECT MAX(RUN) FROM ${names.runs} WHERE TRANSFER = :transfer`, {
    transfer,
  });
  return run === null ? null : Number(run);
}

async function closeRun(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number },
): Promise<void> {
  const { count } = await session.query(
    `UPDATE ${names.runs} SET FINISHED_AT = SYS_EXTRACT_UTC(SYSTIMESTAMP) WHERE ${RUN_KEY} AND FINISHED_AT IS NULL`,
    runBinds(ref),
  );
  if (count === 0) return;
  await session.query(`UPDATE ${names.lanes} SET ${FENCE} WHERE ${RUN_KEY} AND ENDED = 0`, runBinds(ref));
}

async function forget(session: Session, names: LedgerNames, before: Date): Promise<number> {
  const finishedBefore = before.toISOString().replace('T', ' ').replace('Z', '');
  const { count } = await session.query(
    `DELETE FROM ${names.runs} R WHERE R.FINISHED_AT < TO_TIMESTAMP(:finishedBefore, 'YYYY-MM-DD HH24:MI:SS.FF') AND R.RUN < (SELECT MAX(N.RUN) FROM ${names.runs} N WHERE N.TRANSFER = R.TRANSFER)`,
    { finishedBefore },
  );
  return count;
}

/** The ledger in tables of the target (invariants 2 and 4). */
export function createLedger(pool: Pool, names: LedgerNames): Ledger {
  const transaction = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.transaction(work, signal, context(names));
  const read = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context(names));
  return {
    install: (signal) => read(signal, (session) => install(session, names)),
    openRun: (request, signal) => transaction(signal, (session) => openRun(session, names, request)),
    newestRun: (transfer, signal) => read(signal, (session) => newestRun(session, names, transfer)),
    readSpec: (transfer, run, signal) =>
      read(signal, (session) =>
        session.cell(`SELECT SPEC FROM ${names.runs} WHERE ${RUN_KEY}`, runBinds({ transfer, run })),
      ),
    closeRun: (transfer, run, signal) =>
      transaction(signal, (session) => closeRun(session, names, { transfer, run })),
    planTable: (ref, planned, options, signal) =>
      pool.locked(
        `table ${names.lanes} ${ref.transfer} ${planned.plan.id}`,
        (session, locked) => planTable(session, names, { ref, planned, options, locked }),
        signal,
        context(names),
      ),
    readTable: (transfer, run, table, signal) =>
      read(signal, (session) => readTable(session, names, { transfer, run, table })),
    openLane: (lane, signal) => transaction(signal, (session) => openLane(session, names, lane)),
    lanes: (transfer, run, table, signal) =>
      read(signal, (session) => readLanes(session, names, { transfer, run, table })),
    progress: (transfer, run, signal) =>
      read(signal, (session) => readProgress(session, names, { transfer, run })),
    forget: (finishedBefore, signal) =>
      transaction(signal, (session) => forget(session, names, finishedBefore)),
  };
}
