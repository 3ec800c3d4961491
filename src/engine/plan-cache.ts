import type { TablePlan } from '../model/table-plan.ts';
import type { Ledger } from './ports/ledger.ts';

/**
 * Plans of a run's tables by generation: from the ledger, or earlier from an announcement. Null for a generation that
 * the ledger no longer has: its batches are of no use.
 */
export function createPlanCache(ledger: Ledger, run: { readonly transfer: string; readonly run: number }) {
  const plans = new Map<string, TablePlan>();
  const keyOf = (table: string, generation: number): string => `${generation} ${table}`;
  return {
    async get(table: string, generation: number): Promise<TablePlan | null> {
      const key = keyOf(table, generation);
      const known = plans.get(key);
      if (known) return known;
      const planned = await ledger.readTable(run.transfer, run.run, table, new AbortController().signal);
      if (planned?.generation !== generation) return null;
      plans.set(key, planned.plan);
      return planned.plan;
    },
    /** @param text  the plan as JSON, or empty where it was too long to be announced */
    put(table: string, generation: number, text: string): void {
      if (text !== '') plans.set(keyOf(table, generation), JSON.parse(text) as TablePlan);
    },
  };
}
export type PlanCache = ReturnType<typeof createPlanCache>;
