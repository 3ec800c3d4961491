import { SluiceError } from '../../src/model/sluice-error.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TargetRow, TargetState } from './target-state.ts';

/** What an open transaction does to a table once it commits. */
export interface TargetStep {
  readonly kind: 'write' | 'remove' | 'empty';
  readonly plan: TablePlan;
  readonly data: Buffer;
}

const linesOf = (data: Buffer): string[] => data.toString('utf8').split('\n').slice(0, -1);

export const rowsOf = (plan: TablePlan, data: Buffer): TargetRow[] =>
  linesOf(data).map((text) => ({
    text,
    key: plan.position.kind === 'key' ? text.slice(0, text.indexOf('\t')) : null,
  }));

/** @returns the rows afterwards; null where a key is there already */
function write(rows: readonly TargetRow[], { plan, data }: TargetStep): TargetRow[] | null {
  const table = [...rows];
  const keys = new Map(table.map((row, index) => [row.key, index]));
  for (const row of rowsOf(plan, data)) {
    const at = row.key === null ? undefined : keys.get(row.key);
    if (at === undefined) table.push(row);
    else if (plan.writeMode === 'upsert') table[at] = row;
    else return null;
  }
  return table;
}

/** All of them, or none where one is refused. */
export function commitSteps(state: TargetState, steps: readonly TargetStep[]): SluiceError | null {
  const tables = new Map<string, TargetRow[]>();
  for (const step of steps) {
    const { id } = step.plan;
    const rows = tables.get(id) ?? state.tables.get(id) ?? [];
    const gone = step.kind === 'remove' ? new Set(linesOf(step.data)) : null;
    const left = gone ? rows.filter(({ key }) => !gone.has(key ?? '')) : [];
    const after = step.kind === 'write' ? write(rows, step) : left;
    if (!after) return new SluiceError('target.constraint_violated', 'a key is there already', { table: id });
    tables.set(id, after);
  }
  for (const [id, rows] of tables) state.tables.set(id, rows);
  return null;
}
