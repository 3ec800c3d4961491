import { drawEpoch } from '../../../engine/driver/epoch.ts';
import { planHashOf } from '../../../engine/wire/fingerprint.ts';
import type { Ledger, Run, RunRequest } from '../../../engine/ports/ledger.ts';
import type { LaneToOpen, Opening } from '../../../model/lane.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Pool } from '../connections/pool.ts';
import type { Cells, Session } from '../connections/session.ts';
import { type ErrorContext, toSluiceError, vendorCode } from '../error-codes.ts';
import {
  installStatements,
  laneBinds,
  type LedgerNames,
  driftStatement,
  parkedStatements,
  runBinds,
  tableBinds,
  thereStatement,
  upgradeStatement,
} from './ledger-sql.ts';
import { lockRun, planTable, positionOf, readTable } from './plan-table.ts';
import { readLanes, readProgress } from './read-lanes.ts';
import {
  fenceTransfer,
  fenceUnended,
  findRun,
  finishOlderRuns,
  finishRun,
  forgetRuns,
  insertRun,
  lockRuns,
  newestRunOf,
  nextRun,
  openingOfLane,
  openNextAttempt,
  planOfGeneration,
  specOf,
  takeOverRun,
} from './run-sql.ts';

const context = (names: LedgerNames): ErrorContext => ({ side: 'ledger', where: names.schema });

async function whatIsThere(session: Session, names: LedgerNames) {
  const { rows } = await session.run(thereStatement(names));
  const [tables, epochs, parked, drift] = rows[0] ?? [];
  const hasParked = parked !== undefined && parked !== '0';
  const hasDrift = drift !== undefined && drift !== '0';
  const installed = Number(tables) - (hasParked ? 1 : 0) - (hasDrift ? 1 : 0) === 3;
  return { installed, hasEpoch: epochs !== '0', hasParked, hasDrift };
}

/** Another process made the table or the column at the same time. */
const MADE_ALREADY = new Set(['ORA-00955', 'ORA-01430']);

async function install(session: Session, names: LedgerNames): Promise<void> {
  const before = await whatIsThere(session, names);
  if (before.installed && before.hasEpoch && before.hasParked && before.hasDrift) return;
  const statements = [
    ...(before.installed ? [] : installStatements(names)),
    ...(before.installed && !before.hasEpoch ? [upgradeStatement(names)] : []),
    ...(before.hasParked ? [] : parkedStatements(names)),
    ...(before.hasDrift ? [] : [driftStatement(names)]),
  ];
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

async function openRun(session: Session, names: LedgerNames, request: RunRequest): Promise<Run> {
  const { transfer, execution, planHash, spec } = request;
  await session.query(lockRuns(names));
  const { rows } = await session.query(findRun(names), { transfer, execution, planHash });
  const [known] = rows;
  if (known) {
    const run = Number(known[0]);
    const same = known[2] === execution;
    if (!same) {
      await session.query(takeOverRun(names), {
        execution,
        spec,
        ...runBinds({ transfer, run }),
      });
    }
    return { run, continued: known[1] !== execution, spec: same ? (known[3] ?? '') : spec };
  }
  await session.query(finishOlderRuns(names), { transfer });
  await session.query(fenceTransfer(names), { transfer });
  const run = Number(await session.cell(nextRun(names), { transfer }));
  await session.query(insertRun(names), {
    ...runBinds({ transfer, run }),
    execution,
    planHash,
    spec,
  });
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
  const plan = await session.cell(planOfGeneration(names), {
    ...tableBinds(lane),
    generation: String(lane.generation),
  });
  if (plan !== null) {
    const { ifAttempt, epoch = drawEpoch() } = lane;
    const { count } = await session.query(openNextAttempt(names, ifAttempt !== undefined), {
      ...laneBinds(lane),
      epoch,
      ...(ifAttempt === undefined ? {} : { ifAttempt: String(ifAttempt) }),
    });
    // Of a lane that stands at another attempt the opening that it has is told.
    const { rows } = await session.query(openingOfLane(names), laneBinds(lane));
    if (rows[0] && (count === 1 || ifAttempt !== undefined)) return openingOf(rows[0], lane.lane, plan);
  }
  throw new SluiceError('database.transient', 'the ledger has another generation of the table', {
    table: lane.table,
  });
}

async function newestRun(session: Session, names: LedgerNames, transfer: string): Promise<number | null> {
  if (!(await whatIsThere(session, names)).installed) return null;
  const run = await session.cell(newestRunOf(names), { transfer });
  return run === null ? null : Number(run);
}

async function closeRun(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number },
): Promise<void> {
  const { count } = await session.query(finishRun(names), runBinds(ref));
  if (count === 0) return;
  await session.query(fenceUnended(names), runBinds(ref));
}

async function forget(session: Session, names: LedgerNames, before: Date): Promise<number> {
  const finishedBefore = before.toISOString().replace('T', ' ').replace('Z', '');
  const { count } = await session.query(forgetRuns(names), { finishedBefore });
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
      read(signal, (session) => session.cell(specOf(names), runBinds({ transfer, run }))),
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
