import type { PlannedTable } from '../ports/ledger.ts';

/**
 * Ids of tables of which nothing that is set apart is of use once this is planned: rows that are copied anew are newer, and a lane of
 * changes that begins anew has lost what came between.
 */
export const staleTables = ({ plan, generation }: PlannedTable): readonly string[] => {
  if (!plan.changes) return [plan.id];
  return generation > 1 ? plan.changes.tables.map((table) => table.plan.id) : [];
};
