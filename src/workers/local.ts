import { computeTablePlan } from '../engine/planning/compute-table-plan.ts';
import type { Database } from '../engine/ports/dialect.ts';
import { selectAtSource } from '../engine/planning/select-tables.ts';
import type { SliceControl } from '../engine/slice.ts';
import { describeSelected } from '../engine/planning/source-query.ts';
import { wishedStructure, withStructure } from '../engine/structure/planned-structure.ts';
import { createNaming, namingRules, refuseClashes, targetName } from '../engine/planning/target-names.ts';
import { type TableVerification, type VerifyMode, verifyTable } from '../engine/finishing/verify-table.ts';
import { tablesOfRun } from '../engine/finishing/tables-of-run.ts';
import { verifyLive } from '../engine/finishing/live/verify-live.ts';
import type { ChangeCapture } from '../engine/ports/change-capture.ts';
import type { CapturePlace } from '../model/capture-spec.ts';
import { isSluiceError, type SluiceError } from '../model/sluice-error.ts';
import { tableId } from '../model/table-name.ts';
import type { TablePlan } from '../model/table-plan.ts';
import { DEFAULTS, type TransferSpec } from '../model/transfer-spec.ts';
import { previewStages, type StagedPreview } from './preview-stages.ts';

export type { EndFacts, HealthFacts, RunFacts, Trouble } from '../engine/capture/health/health-facts.ts';
export type { HealthWarning } from '../engine/capture/health/health-warnings.ts';
export { judgeCapture } from '../engine/capture/health/judge-capture.ts';
export { chooseNamed, selectCapturedTables } from '../engine/capture/select-captured-tables.ts';
export type { TableVerification };

/** Both ends of a transfer, opened by whoever asks. */
export interface Ends {
  readonly source: Database;
  readonly target: Database;
}

/** What would happen to one table. */
export interface PlannedLocally {
  readonly table: string;
  /** Null where the plan refuses the table: `refusal` says why. */
  readonly plan: TablePlan | null;
  readonly refusal: SluiceError | null;
  /** What is done to the table at the target. */
  readonly structure: 'create' | 'use' | 'replace' | 'missing';
  /** The statements that the target runs for it, and what they leave out; null where the table is refused. */
  readonly preview: StagedPreview | null;
  /** Key ranges that it is cut into, by the planner's estimate; null without one. */
  readonly ranges: number | null;
}

function structureOf(spec: TransferSpec, exists: boolean): PlannedLocally['structure'] {
  const policy = spec.structure?.policy ?? 'create-missing';
  if (exists) return policy === 'replace' ? 'replace' : 'use';
  return policy === 'verify' ? 'missing' : 'create';
}

function rangesOf(spec: TransferSpec, plan: TablePlan): number | null {
  if (spec.ordering === 'table' || plan.mostRows !== undefined) return 1;
  if (plan.estimatedRows === null) return null;
  return Math.max(1, Math.ceil(plan.estimatedRows / (spec.read?.rowsPerRange ?? DEFAULTS.rowsPerRange)));
}

/**
 * The plan of every chosen table as both databases are now; nothing is written. A table that the plan refuses stands
 * in the list with the reason.
 * @throws SluiceError source.table_not_found, config.invalid, database.*
 */
export async function planLocally(
  ends: Ends,
  spec: TransferSpec,
  signal: AbortSignal,
): Promise<readonly PlannedLocally[]> {
  const { source, target } = ends;
  const chosen = await selectAtSource(source, spec, signal);
  const rules = namingRules(ends, spec);
  refuseClashes(chosen, rules);
  const naming = createNaming(chosen, rules);
  const goesTo = chosen.map((selected) => targetName(selected, rules));
  const sources = new Map(chosen.map(({ table }, index) => [tableId(goesTo[index] ?? table), table]));
  const tables = { naming, sources };
  const sourceTables = await describeSelected(source, chosen, signal);
  const targetTables = new Map(
    (await target.introspector.describeTables(goesTo, signal)).map((table) => [tableId(table.table), table]),
  );
  const planned: PlannedLocally[] = [];
  for (const [index, { table: name, selection }] of chosen.entries()) {
    const table = sourceTables.get(tableId(name));
    const targetTable = goesTo[index];
    if (!table || !targetTable) continue;
    const existing = targetTables.get(tableId(targetTable)) ?? null;
    const structure = structureOf(spec, existing !== null);
    try {
      if (isSluiceError(table)) throw table;
      const plan = computeTablePlan({
        spec,
        selection,
        ordinal: index + 1,
        source: { dialect: source.dialect, table },
        target: {
          dialect: target.dialect,
          name: targetTable,
          table: structure === 'replace' ? null : existing,
        },
      });
      const wished = wishedStructure(table, spec);
      const whole = withStructure(plan, wished, naming);
      const at = { spec, plan: whole, source: wished, exists: existing !== null, tables };
      const preview = await previewStages(ends, at, signal);
      planned.push({ table: plan.id, plan, refusal: null, structure, preview, ranges: rangesOf(spec, plan) });
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      planned.push({
        table: tableId(name),
        plan: null,
        refusal: error,
        structure,
        preview: null,
        ranges: null,
      });
    }
  }
  return planned;
}

export interface LocalVerification {
  readonly transfer: string;
  readonly run: number;
  readonly spec: TransferSpec;
  readonly mode: VerifyMode;
  /** With mode `rows`: so many rows of each table are named at most. */
  readonly rowLimit?: number;
  /** Null: all tables of the run. */
  readonly tables: readonly string[] | null;
  /** Of a transfer that moves changes: where they are captured at the source. */
  readonly capture?: CapturePlace;
}

/** The changes that flow to the target, as far as the source has any for this transfer. */
async function changesOf(
  { source }: Ends,
  { transfer, capture: place }: LocalVerification,
  signal: AbortSignal,
): Promise<ChangeCapture | null> {
  const capture = place && source.capture?.(place);
  if (!capture || !(await capture.triggers.isInstalled(signal))) return null;
  return (await capture.changes.lanes(transfer, signal)).length > 0 ? capture.changes : null;
}

/** Compares the tables of a run, one after the other, in this process, also while changes flow; each is yielded when it is done. */
export async function* verifyLocally(
  ends: Ends,
  request: LocalVerification,
  signal: AbortSignal,
): AsyncGenerator<TableVerification> {
  const control: SliceControl = { stop: signal, overdue: () => false, progress: () => undefined };
  const all = await tablesOfRun(ends.target.ledger, request, signal);
  const changes = await changesOf(ends, request, signal);
  for (const each of all) {
    if (request.tables !== null && !request.tables.includes(each.table)) continue;
    const asked = { ...request, ...each };
    const compared =
      changes === null
        ? await verifyTable(ends, asked, control)
        : await verifyLive({ ...ends, changes }, asked, control);
    if (compared === null) return;
    yield compared;
  }
}
