import type { FinishResult } from '../activities/contract.ts';
import type { Control } from './control.ts';
import { happen, type TableRecord } from './control-state.ts';
import { leaveOut } from './left-out.ts';
import { tableFailed } from './failing.ts';
import { named, refuse, runSlice, sliceOf } from './slices.ts';

/** An index over a large table is made when it is made; its heartbeats say that it lives. */
const FINISH_LIMIT = '72h';

const STAGES = {
  finish: { stage: 'table', begin: 'finish', end: 'built', during: 'finishing', of: 'indexes and checks' },
  link: { stage: 'foreign-keys', begin: 'link', end: 'linked', during: 'linking', of: 'foreign keys' },
} as const;

/** What tables get after their rows: indexes, checks and sequences, or foreign keys once their parents are there. */
export async function finishTables(
  control: Control,
  kind: keyof typeof STAGES,
  tables: readonly TableRecord[],
): Promise<void> {
  const { stage, begin, end, during, of } = STAGES[kind];
  const slice = sliceOf(control, kind, tables);
  for (const table of tables) happen(table, begin);
  const absent = control.state.tables.filter(({ status }) => status === 'skipped').map(({ id }) => id);
  const request = { ...control.runKey(), tables: slice.tables, stage, absent } as const;
  const summary = `${of} of ${named(tables)}`;
  const outcome = await runSlice<FinishResult>(control, slice, () =>
    control.target.finishTables.executeWithOptions({ summary, startToCloseTimeout: FINISH_LIMIT }, [request]),
  );
  if (outcome && 'result' in outcome) {
    for (const refusal of outcome.result.refused) refuse(control, refusal);
    for (const { table: id, leftOut, leftOutSql } of outcome.result.finished) {
      const table = control.table(id);
      leaveOut(control, id, leftOut, leftOutSql);
      if (table?.status === during) happen(table, end);
    }
  }
  // Paused meanwhile it waits for its slice to end; resumed since then it counts as copying, and is found copied.
  const left = tables.filter(({ status }) => [during, 'pausing', 'copying'].includes(status));
  for (const table of left) {
    const isOwn = table.status === during;
    happen(table, 'interrupted');
    if (isOwn && outcome && 'error' in outcome) tableFailed(control, table, outcome.error);
  }
}
