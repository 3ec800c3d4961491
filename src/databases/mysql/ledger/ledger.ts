import { drawEpoch } from '../../../engine/driver/epoch.ts';
import { planHashOf } from '../../../engine/wire/fingerprint.ts';
import type { Ledger, OwnedRun, PlannedTable, Run, RunRequest } from '../../../engine/ports/ledger.ts';
import { staleTables } from '../../../engine/quarantine/stale-tables.ts';
import { refuseNotRunning } from '../../../engine/driver/refuse-not-running.ts';
import { refuseSecondAppend } from '../../../engine/driver/refuse-second-append.ts';
import type { LaneToOpen, Opening } from '../../../model/lane.ts';
import { decodePosition, encodePosition, type Position } from '../../../model/row-block.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import { inTransaction, type Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { type ErrorContext, toSluiceError } from '../error-codes.ts';
import { droppedBefore, readUnplanned, recordDrops, UNPLANNED } from './dropped-keys.ts';
import {
  dropParked,
  FENCE,
  forgetSource,
  installStatements,
  laneKey,
  type LedgerNames,
  driftStatement,
  parkedStatement,
  readLanes,
  readProgress,
  runKey,
  tableKey,
  type TableRef,
  upgradeStatement,
} from './ledger-sql.ts';
import { literal, quote } from '../sql/names.ts';
import { clearRows, clearTable, hasRows, replaceTable } from '../structure/clear-table.ts';
import { refuseCascades } from '../structure/delete-rows.ts';
import { dropKeys } from '../structure/standing-keys.ts';

const context = (names: LedgerNames): ErrorContext => ({ side: 'ledger', where: names.schema });

/** Whether the three tables are there, and what was added to them since. */
async function whatIsThere(session: Session, names: LedgerNames) {
  const among = names.bare.map(literal).join(', ');
  const { rows } = await session.query(
    `SELECT COUNT(DISTINCT TABLE_NAME), COALESCE(SUM(TABLE_NAME = ${literal(names.bare[2] ?? '')} AND COLUMN_NAME = 'epoch'), 0), COALESCE(SUM(TABLE_NAME = ${literal(names.bare[3] ?? '')} AND COLUMN_NAME = 'chain'), 0), COALESCE(SUM(TABLE_NAME = ${literal(names.bare[4] ?? '')} AND COLUMN_NAME = 'copied_upto'), 0) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${literal(names.schema)} AND TABLE_NAME IN (${among})`,
  );
  const [tables, epochs, ...added] = rows[0] ?? [];
  const later = added.filter((each) => each !== '0').length;
  const isWhole = later === added.length;
  return { installed: Number(tables) - later === 3, hasEpoch: epochs !== '0', isWhole };
}

async function install(session: Session, names: LedgerNames): Promise<void> {
  const before = await whatIsThere(session, names);
  if (before.installed && before.hasEpoch && before.isWhole) return;
  const statements = [
    ...(before.installed ? [] : installStatements(names)),
    ...(before.installed && !before.hasEpoch ? [upgradeStatement(names)] : []),
    parkedStatement(names),
    driftStatement(names),
  ];
  try {
    for (const statement of statements) await session.query(statement);
  } catch (error) {
    const known = toSluiceError(error, context(names));
    if (known.code !== 'database.permission_denied') throw known;
    throw new SluiceError('database.permission_denied', 'the ledger cannot be created', {
      ...known.details,
      suggestion: `GRANT CREATE, ALTER, REFERENCES, SELECT, INSERT, UPDATE, DELETE ON ${quote(names.schema)}.* TO ${session.facts.account};`,
    });
  }
}

async function openRun(session: Session, names: LedgerNames, request: RunRequest): Promise<Run> {
  const { transfer, execution, planHash, spec } = request;
  const of = `transfer = ${literal(transfer)}`;
  const { rows } = await session.query(
    `SELECT run, opened_by, execution, spec FROM ${names.runs} WHERE ${of} AND (execution = ${literal(execution)} OR (finished_at IS NULL AND plan_hash = ${literal(planHash)}))
     ORDER BY (execution = ${literal(execution)}) DESC, run DESC LIMIT 1`,
  );
  const [known] = rows;
  if (known) {
    const run = Number(known[0]);
    const same = known[2] === execution;
    // The spec changes hands with the execution, and never within one.
    if (!same) {
      await session.query(
        `UPDATE ${names.runs} SET execution = ${literal(execution)}, spec = ${literal(spec)} WHERE ${runKey({ transfer, run })}`,
      );
    }
    return { run, continued: known[1] !== execution, spec: same ? (known[3] ?? '') : spec };
  }
  // Runs before lanes, as openLane locks them.
  await session.query(`UPDATE ${names.runs} SET finished_at = NOW(6) WHERE ${of} AND finished_at IS NULL`);
  // Fences the older runs: waits for a batch of theirs that is being applied, and drops every later one.
  await session.query(`UPDATE ${names.lanes} SET ${FENCE} WHERE ${of}`);
  const run = Number(await session.cell(`SELECT COALESCE(MAX(run), 0) + 1 FROM ${names.runs} WHERE ${of}`));
  await session.query(
    `INSERT INTO ${names.runs} (transfer, run, execution, opened_by, plan_hash, spec, opened_at)
     VALUES (${[transfer].map(literal).join()}, ${run}, ${[execution, execution, planHash, spec].map(literal).join(', ')}, NOW(6))`,
  );
  return { run, continued: false, spec };
}

/**
 * Locks the run's row against closing and going on.
 * @throws SluiceError transfer.not_running for a run that a newer one fenced, or that another execution has
 */
async function lockRun(session: Session, names: LedgerNames, ref: OwnedRun): Promise<void> {
  const { rows } = await session.query(
    `SELECT finished_at IS NULL, execution FROM ${names.runs} WHERE ${runKey(ref)} FOR UPDATE`,
  );
  const [run] = rows;
  refuseNotRunning(ref, run && { isOpen: run[0] === '1', execution: run[1] ?? null });
}

const positionOf = (text: string | null | undefined): Position | null => (text ? decodePosition(text) : null);

async function readTable(session: Session, names: LedgerNames, ref: TableRef): Promise<PlannedTable | null> {
  const { rows } = await session.query(
    `SELECT generation, plan, incarnation, change_marker FROM ${names.tables} WHERE ${tableKey(ref)} AND generation > ${UNPLANNED}`,
  );
  const [found] = rows;
  if (!found) return null;
  const lanes = await session.query(
    `SELECT lane, range_after, range_upto FROM ${names.lanes} WHERE ${tableKey(ref)} AND generation = ${Number(found[0])} ORDER BY lane`,
  );
  return {
    generation: Number(found[0]),
    plan: JSON.parse(found[1] ?? '') as TablePlan,
    incarnation: found[2] ?? '',
    changeMarker: found[3] ?? '',
    ranges: lanes.rows.map((lane) => ({
      lane: Number(lane[0]),
      after: positionOf(lane[1]),
      upto: positionOf(lane[2]),
    })),
  };
}

const LANES_A_STATEMENT = 500;

async function writePlan(
  session: Session,
  names: LedgerNames,
  ref: TableRef,
  planned: PlannedTable,
): Promise<void> {
  const { plan, generation, ranges, incarnation, changeMarker } = planned;
  const values = [JSON.stringify(plan), incarnation, changeMarker].map(literal).join(', ');
  await session.query(`DELETE FROM ${names.tables} WHERE ${tableKey(ref)}`);
  await session.query(
    `INSERT INTO ${names.tables} (transfer, run, table_id, generation, plan, incarnation, change_marker, planned_at)
     VALUES (${literal(ref.transfer)}, ${ref.run}, ${literal(ref.table)}, ${generation}, ${values}, NOW(6))`,
  );
  const position = (at: Position | null): string => (at ? literal(encodePosition(at)) : 'NULL');
  for (let at = 0; at < ranges.length; at += LANES_A_STATEMENT) {
    const rows = ranges
      .slice(at, at + LANES_A_STATEMENT)
      .map(
        ({ lane, after, upto }) =>
          `(${literal(ref.transfer)}, ${ref.run}, ${literal(ref.table)}, ${generation}, ${lane}, ${position(after)}, ${position(upto)})`,
      );
    await session.query(
      `INSERT INTO ${names.lanes} (transfer, run, table_id, generation, lane, range_after, range_upto) VALUES ${rows.join(', ')}`,
    );
  }
}

interface Planning {
  readonly ref: OwnedRun;
  readonly planned: PlannedTable;
  readonly options: Parameters<Ledger['planTable']>[2];
}

/** Behind it all that was applied of the table is committed. @throws SluiceError target.not_empty */
async function fence(
  session: Session,
  names: LedgerNames,
  { ref, planned, options }: Planning,
): Promise<void> {
  const table = tableKey({ ...ref, table: planned.plan.id });
  await session.query(`UPDATE ${names.lanes} SET ${FENCE} WHERE ${table}`);
  for (const stale of staleTables(planned)) await session.query(dropParked(names, { ...ref, table: stale }));
  if (options.replaceBy === null)
    await refuseSecondAppend(planned, async () =>
      Number(await session.cell(`SELECT COALESCE(SUM(\`rows\`), 0) FROM ${names.lanes} WHERE ${table}`)),
    );
}

/**
 * Clearing commits by itself here, so it stands between two transactions: the first fences all lanes of the table, the second
 * fences them again, deletes what was written meanwhile, and writes the new ones. Before it clears, the plan that stands there loses
 * its source: whoever dies in between leaves a table that the next planning clears again, whatever generation it was to have.
 * The lock of the transfer, which is held throughout, keeps another run from planning meanwhile.
 */
async function planTable(session: Session, names: LedgerNames, planning: Planning): Promise<PlannedTable> {
  const { ref, planned, options } = planning;
  const { plan, generation } = planned;
  const table = { ...ref, table: plan.id };
  const known = await inTransaction(session, async () => {
    await lockRun(session, names, ref);
    const before = await readTable(session, names, table);
    if (before && before.generation >= generation) return before;
    await fence(session, names, planning);
    return null;
  });
  // What stands there was cleared by whoever wrote it: nothing is cleared a second time.
  if (known) return known;
  const clears = plan.writeMode === 'truncate' || (plan.writeMode === 'fail-if-not-empty' && generation > 1);
  let emptied = true;
  const dropped = options.dropKeys ?? [];
  // What is dropped stays so: what would be refused behind it is refused before.
  if (clears && dropped.length > 0) await refuseCascades(session, plan, dropped);
  const mustBeEmpty = options.replaceBy !== null || clears;
  if (dropped.length > 0 || mustBeEmpty) {
    await inTransaction(session, async () => {
      await lockRun(session, names, ref);
      if (dropped.length > 0) await recordDrops(session, names, { ref: table, plan, dropped });
      // Invariant 4: what stands there says of rows that they are applied, and they are about to go.
      if (mustBeEmpty) await session.query(forgetSource(names, table));
    });
  }
  await dropKeys(session, dropped);
  if (options.replaceBy) await replaceTable(session, plan, options.replaceBy);
  else if (clears) emptied = await clearTable(session, plan);
  return inTransaction(session, async () => {
    await lockRun(session, names, ref);
    // While nothing of it was locked, a lane of the older generation could be opened and its batches be applied.
    await fence(session, names, planning);
    if (!emptied || (mustBeEmpty && (await hasRows(session, plan)))) await clearRows(session, plan, !emptied);
    const droppedKeys = await droppedBefore(session, names, table, plan.droppedKeys);
    await writePlan(session, names, table, { ...planned, plan: { ...plan, ...droppedKeys } });
    return (await readTable(session, names, table)) ?? planned;
  });
}

function openingOf(cells: readonly (string | null)[], lane: number, plan: string): Opening {
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
  // Only the newest generation of a run that is open: a fenced lane gets no attempt that a batch could match again. The rows
  // that are locked are read as they are committed last, whatever was waited for.
  const { rows: current } = await session.query(
    `SELECT t.plan FROM ${names.runs} r JOIN ${names.tables} t ON t.transfer = r.transfer AND t.run = r.run
     WHERE r.transfer = ${literal(lane.transfer)} AND r.run = ${lane.run} AND r.finished_at IS NULL
       AND t.table_id = ${literal(lane.table)} AND t.generation = ${lane.generation} LOCK IN SHARE MODE`,
  );
  const [plan] = current[0] ?? [];
  const changed =
    plan === undefined || plan === null
      ? 0
      : (
          await session.query(
            `UPDATE ${names.lanes} SET attempt = attempt + 1, epoch = ${literal(lane.epoch ?? drawEpoch())}, n = 0
             WHERE ${laneKey(lane)}${lane.ifAttempt === undefined ? '' : ` AND attempt = ${lane.ifAttempt}`}`,
          )
        ).count;
  // Of a lane that stands at another attempt the opening that it has is told.
  if (changed === 1 || (lane.ifAttempt !== undefined && plan !== undefined && plan !== null)) {
    const { rows } = await session.query(
      `SELECT attempt, epoch, position, \`rows\`, bytes, ended, range_after, range_upto FROM ${names.lanes} WHERE ${laneKey(lane)}`,
    );
    if (rows[0]) return openingOf(rows[0], lane.lane, plan ?? '');
  }
  await lockRun(session, names, lane);
  throw new SluiceError('database.transient', 'the ledger has another generation of the table', {
    table: lane.table,
  });
}

async function newestRun(session: Session, names: LedgerNames, transfer: string): Promise<number | null> {
  if (!(await whatIsThere(session, names)).installed) return null;
  const run = await session.cell(`SELECT MAX(run) FROM ${names.runs} WHERE transfer = ${literal(transfer)}`);
  return run === null ? null : Number(run);
}

async function closeRun(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number },
): Promise<void> {
  const { count } = await session.query(
    `UPDATE ${names.runs} SET finished_at = NOW(6) WHERE ${runKey(ref)} AND finished_at IS NULL`,
  );
  if (count === 0) return;
  await session.query(`UPDATE ${names.lanes} SET ${FENCE} WHERE ${runKey(ref)} AND NOT ended`);
}

async function forget(session: Session, names: LedgerNames, before: Date): Promise<number> {
  const at = literal(before.toISOString().replace('T', ' ').replace('Z', ''));
  const { count } = await session.query(
    `DELETE r FROM ${names.runs} AS r JOIN (SELECT transfer, MAX(run) AS newest FROM ${names.runs} GROUP BY transfer) AS n
       ON n.transfer = r.transfer WHERE r.finished_at < ${at} AND r.run < n.newest`,
  );
  return count;
}

/** The ledger in InnoDB tables of the target (invariants 2 and 4). */
export function createLedger(pool: Pool, names: LedgerNames): Ledger {
  const transaction = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.transaction(work, signal, context(names));
  const read = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context(names));
  const locked = <T>(what: string, signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.locked(`${what} ${names.lanes}`, work, signal, context(names));
  return {
    install: (signal) => locked('install', signal, (session) => install(session, names)),
    openRun: (request, signal) =>
      locked(`run ${request.transfer}`, signal, (session) =>
        inTransaction(session, () => openRun(session, names, request)),
      ),
    newestRun: (transfer, signal) => read(signal, (session) => newestRun(session, names, transfer)),
    readSpec: (transfer, run, signal) =>
      read(signal, (session) =>
        session.cell(`SELECT spec FROM ${names.runs} WHERE ${runKey({ transfer, run })}`),
      ),
    closeRun: (transfer, run, signal) =>
      transaction(signal, (session) => closeRun(session, names, { transfer, run })),
    planTable: (ref, planned, options, signal) =>
      locked(`table ${ref.transfer} ${planned.plan.id}`, signal, (session) =>
        planTable(session, names, { ref, planned, options }),
      ),
    // Plan and ranges from one snapshot: two statements, and a new generation may come between them.
    readTable: (transfer, run, table, signal) =>
      read(signal, async (session) => {
        await session.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        return inTransaction(session, () => readTable(session, names, { transfer, run, table }));
      }),
    unplanned: (transfer, run, signal) =>
      read(signal, (session) => readUnplanned(session, names, { transfer, run })),
    openLane: (lane, signal) => transaction(signal, (session) => openLane(session, names, lane)),
    lanes: (transfer, run, table, signal) =>
      read(signal, (session) => readLanes(session, names, { transfer, run, table })),
    progress: (transfer, run, signal) =>
      read(signal, (session) => readProgress(session, names, { transfer, run })),
    forget: (finishedBefore, signal) =>
      transaction(signal, (session) => forget(session, names, finishedBefore)),
  };
}
