import type { StandingForeignKey } from '../../../engine/ports/target-structure.ts';
import { tableId } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { literal } from '../sql/names.ts';
import { type LedgerNames, runKey, tableKey, type TableRef } from './ledger-sql.ts';

/** Generation of a row that only says which keys were dropped for a table of which no plan stands there. */
export const UNPLANNED = 0;

const keyOf = ({ table, key }: StandingForeignKey): string => `${tableId(table)}\0${key.name}`;

const joinedKeys = (
  first: readonly StandingForeignKey[] = [],
  second: readonly StandingForeignKey[] = [],
): readonly StandingForeignKey[] => {
  const known = new Set(first.map(keyOf));
  return [...first, ...second.filter((each) => !known.has(keyOf(each)))];
};

/** Plans of tables whose keys were dropped, and whose planning ended before it was written. */
export async function readUnplanned(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number },
): Promise<readonly TablePlan[]> {
  const { rows } = await session.query(
    `SELECT plan FROM ${names.tables} WHERE ${runKey(ref)} AND generation = ${UNPLANNED} ORDER BY table_id`,
  );
  return rows.map(([plan]) => JSON.parse(plan ?? '') as TablePlan);
}

/**
 * Dropping commits by itself here: which keys it takes is in the ledger before, with the plan that stands there, or with one that is
 * none yet.
 */
export async function recordDrops(
  session: Session,
  names: LedgerNames,
  of: {
    readonly ref: TableRef;
    readonly plan: TablePlan;
    readonly dropped: readonly StandingForeignKey[];
  },
): Promise<void> {
  const { ref, plan, dropped } = of;
  const text = await session.cell(`SELECT plan FROM ${names.tables} WHERE ${tableKey(ref)} FOR UPDATE`);
  const standing = text === null ? plan : (JSON.parse(text) as TablePlan);
  const known = { ...standing, droppedKeys: joinedKeys(standing.droppedKeys, dropped) };
  await session.query(
    text === null
      ? `INSERT INTO ${names.tables} (transfer, run, table_id, generation, plan, incarnation, change_marker, planned_at)
         VALUES (${literal(ref.transfer)}, ${ref.run}, ${literal(ref.table)}, ${UNPLANNED}, ${literal(JSON.stringify(known))}, '', '', NOW(6))`
      : `UPDATE ${names.tables} SET plan = ${literal(JSON.stringify(known))} WHERE ${tableKey(ref)}`,
  );
}

/** What of the table was dropped until now, by whomever. */
export async function droppedBefore(
  session: Session,
  names: LedgerNames,
  ref: TableRef,
  keys: TablePlan['droppedKeys'],
): Promise<Pick<TablePlan, 'droppedKeys'>> {
  const text = await session.cell(`SELECT plan FROM ${names.tables} WHERE ${tableKey(ref)}`);
  const recorded = text === null ? [] : ((JSON.parse(text) as TablePlan).droppedKeys ?? []);
  const droppedKeys = joinedKeys(recorded, keys);
  return droppedKeys.length === 0 ? {} : { droppedKeys };
}
