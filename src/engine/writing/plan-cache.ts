import type { BatchHeader } from '../../model/batch.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { planFingerprint, planHashOf } from '../wire/fingerprint.ts';
import type { Ledger } from '../ports/ledger.ts';

/** What rows need of a plan: with thousands of tables the rest would fill the memory. */
function rowsOnly(plan: TablePlan): TablePlan {
  const { structure: _, foreignKeys: __, changes, ...rest } = plan;
  if (!changes) return rest;
  const tables = changes.tables.map((table) => ({ ...table, plan: rowsOnly(table.plan) }));
  return { ...rest, changes: { ...changes, tables } };
}

/**
 * Plans of a run's tables by generation and hash: from the ledger, or earlier from an announcement. Null for one that the
 * ledger no longer has: its batches are of no use. By hash too, because a restored target may plan a generation anew.
 */
export function createPlanCache(ledger: Ledger, run: { readonly transfer: string; readonly run: number }) {
  const plans = new Map<string, TablePlan>();
  const keyOf = (table: string, generation: number, hash: string): string => `${generation} ${hash} ${table}`;
  return {
    async get(header: Pick<BatchHeader, 'table' | 'generation' | 'plan'>): Promise<TablePlan | null> {
      const { table, generation } = header;
      const key = keyOf(table, generation, header.plan);
      const known = plans.get(key);
      if (known) return known;
      const planned = await ledger.readTable(run.transfer, run.run, table, new AbortController().signal);
      if (planned?.generation !== generation || planFingerprint(planned.plan) !== header.plan) return null;
      plans.set(key, rowsOnly(planned.plan));
      return planned.plan;
    },
    /** @param text  the plan as JSON, or empty where it was too long to be announced */
    put(table: string, generation: number, text: string): void {
      if (text !== '')
        plans.set(keyOf(table, generation, planHashOf(text)), rowsOnly(JSON.parse(text) as TablePlan));
    },
  };
}
export type PlanCache = ReturnType<typeof createPlanCache>;
