import type { Ledger, OwnedRun, PlannedTable } from '../../../engine/ports/ledger.ts';
import { staleTables } from '../../../engine/quarantine/stale-tables.ts';
import { refuseNotRunning } from '../../../engine/driver/refuse-not-running.ts';
import { refuseSecondAppend } from '../../../engine/driver/refuse-second-append.ts';
import { decodePosition, encodePosition, type Position } from '../../../model/row-block.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import { inTransaction } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { clearRows, clearTable, hasRows, replaceTable } from '../structure/clear-table.ts';
import { refuseCascades } from '../structure/delete-rows.ts';
import { dropKeys } from '../structure/standing-keys.ts';
import { type LedgerNames, runBinds, tableBinds } from './ledger-sql.ts';
import {
  appliedRows,
  dropParked,
  deletePlan,
  fenceTable,
  forgetSource,
  insertLane,
  insertPlan,
  lockRunRow,
  plannedTable,
} from './run-sql.ts';

export interface TableRef {
  readonly transfer: string;
  readonly run: number;
  readonly table: string;
}

export const positionOf = (text: string | null | undefined): Position | null =>
  text ? decodePosition(text) : null;

/**
 * Locks the run's row against closing and going on.
 * @throws SluiceError transfer.not_running for a run that a newer one fenced, or that another execution has
 */
export async function lockRun(session: Session, names: LedgerNames, ref: OwnedRun): Promise<void> {
  const { rows } = await session.query(lockRunRow(names), runBinds(ref));
  const [run] = rows;
  refuseNotRunning(ref, run && { isOpen: run[0] === '1', execution: run[1] ?? null });
}

export async function readTable(
  session: Session,
  names: LedgerNames,
  ref: TableRef,
): Promise<PlannedTable | null> {
  const { rows } = await session.query(plannedTable(names), tableBinds(ref));
  const [found] = rows;
  if (!found) return null;
  return {
    generation: Number(found[0]),
    plan: JSON.parse(found[1] ?? '') as TablePlan,
    incarnation: found[2] ?? '',
    changeMarker: found[3] ?? '',
    ranges: rows.map(([, , , , lane, after, upto]) => ({
      lane: Number(lane),
      after: positionOf(after),
      upto: positionOf(upto),
    })),
  };
}

async function writePlan(
  session: Session,
  names: LedgerNames,
  ref: TableRef,
  planned: PlannedTable,
): Promise<void> {
  const { plan, generation, ranges, incarnation, changeMarker } = planned;
  await session.query(deletePlan(names), tableBinds(ref));
  await session.query(insertPlan(names), {
    ...tableBinds(ref),
    generation: String(generation),
    plan: JSON.stringify(plan),
    incarnation,
    changeMarker,
  });
  const position = (at: Position | null): string | null => (at ? encodePosition(at) : null);
  const rows = ranges.map(({ lane, after, upto }) => ({
    ...tableBinds(ref),
    generation: String(generation),
    lane: String(lane),
    rangeAfter: position(after),
    rangeUpto: position(upto),
  }));
  await session.texts(insertLane(names), rows);
}

interface Planning {
  readonly ref: OwnedRun;
  readonly planned: PlannedTable;
  readonly options: Parameters<Ledger['planTable']>[2];
  /** Whether the session holds the lock of the table: only then may it do what commits by itself. */
  readonly locked: boolean;
}

/** What stands already, or null when all older lanes are fenced and the way is free. @throws SluiceError target.not_empty */
async function fence(session: Session, names: LedgerNames, { ref, planned, options }: Planning) {
  const table = { ...ref, table: planned.plan.id };
  await lockRun(session, names, ref);
  const before = await readTable(session, names, table);
  if (before && before.generation >= planned.generation) return before;
  await session.query(fenceTable(names), tableBinds(table));
  for (const tableId of staleTables(planned))
    await session.query(dropParked(names), { transfer: ref.transfer, tableId });
  if (options.replaceBy === null)
    await refuseSecondAppend(planned, async () =>
      Number(await session.cell(appliedRows(names), tableBinds(table))),
    );
  return null;
}

/** What commits by itself. @returns whether the table is empty by it */
async function clearByItself(
  session: Session,
  names: LedgerNames,
  planning: Planning,
  clears: boolean,
): Promise<boolean> {
  const { ref, planned, options, locked } = planning;
  const dropped = options.dropKeys ?? [];
  const commits = options.replaceBy !== null || dropped.length > 0;
  if (!commits && !(clears && locked)) return false;
  if (!locked) {
    throw new SluiceError(
      'database.permission_denied',
      'a table is replaced, and foreign keys are dropped, only under a lock of the server',
      {
        table: planned.plan.id,
        suggestion: `GRANT EXECUTE ON SYS.DBMS_LOCK TO "${session.facts.user}";`,
      },
    );
  }
  const { plan } = planned;
  // What is dropped stays so: what would be refused behind it is refused before.
  if (clears && dropped.length > 0)
    await inTransaction(session, () => refuseCascades(session, plan, dropped));
  // Invariant 4: what stands there says of rows that they are applied, and they are about to go.
  if (clears || options.replaceBy !== null)
    await inTransaction(session, async () => {
      await lockRun(session, names, ref);
      await session.query(forgetSource(names), tableBinds({ ...ref, table: plan.id }));
    });
  await dropKeys(session, dropped);
  if (options.replaceBy === null) return clears ? clearTable(session, plan) : false;
  await replaceTable(session, plan, options.replaceBy);
  return true;
}

/**
 * Clearing commits by itself here, so it stands between two transactions: the first fences all lanes of the table, the second
 * looks again, fences them again, deletes what was written meanwhile, and writes the new ones. Before it clears, the plan that
 * stands there loses its source: whoever dies in between leaves a table that the next planning clears again, whatever generation
 * it was to have. The lock, which is held throughout, keeps others from planning meanwhile; without
 * the right to it nothing is done that commits by itself, and the rows are deleted in the second transaction.
 */
export async function planTable(
  session: Session,
  names: LedgerNames,
  planning: Planning,
): Promise<PlannedTable> {
  const { ref, planned, options } = planning;
  const { plan, generation } = planned;
  const clears = plan.writeMode === 'truncate' || (plan.writeMode === 'fail-if-not-empty' && generation > 1);
  const known = await inTransaction(session, () => fence(session, names, planning));
  // What stands there was cleared by whoever wrote it: nothing is cleared a second time.
  if (known) return known;
  const emptied = await clearByItself(session, names, planning, clears);
  return inTransaction(session, async () => {
    const meanwhile = await fence(session, names, planning);
    if (meanwhile) return meanwhile;
    const mustBeEmpty = options.replaceBy !== null || clears;
    if (mustBeEmpty && (!emptied || (await hasRows(session, plan)))) await clearRows(session, plan);
    const table = { ...ref, table: plan.id };
    await writePlan(session, names, table, planned);
    return (await readTable(session, names, table)) ?? planned;
  });
}
