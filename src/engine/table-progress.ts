import type { Ledger, TableProgress } from './ports/ledger.ts';

/** Totals of one table's newest generation, from its own lanes: a run may have thousands of tables. */
export async function tableProgress(
  ledger: Ledger,
  { transfer, run, table }: { readonly transfer: string; readonly run: number; readonly table: string },
  signal: AbortSignal,
): Promise<TableProgress | undefined> {
  const lanes = await ledger.lanes(transfer, run, table, signal);
  const [first] = lanes;
  if (!first) return undefined;
  const sum = (count: (lane: (typeof lanes)[number]) => number): number =>
    lanes.reduce((total, lane) => total + count(lane), 0);
  return {
    table,
    generation: first.generation,
    lanes: lanes.length,
    endedLanes: sum(({ ended }) => (ended ? 1 : 0)),
    rows: sum(({ rows }) => rows),
    bytes: sum(({ bytes }) => bytes),
  };
}
