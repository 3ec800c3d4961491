import type { CapturePlace } from '../../model/capture-spec.ts';
import { CHANGES, type ChangedTable } from '../../model/changes-plan.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { CapturedTable } from '../ports/trigger-manager.ts';
import { capturedTypes } from '../changes/captured-types.ts';
import { captureOf, capturedTables, CHANGE_LANE, movesRows } from './changes-of-transfer.ts';
import { computeTablePlan } from './compute-table-plan.ts';
import { type FoundTable, lookUpTables } from './look-up-tables.ts';
import type { PlannedSummary, PlanTableRequest } from './plan-table.ts';
import type { TransferDeps } from './prepare-transfer.ts';
import { selectTables } from './select-tables.ts';

export interface PlanChangesRequest extends Pick<PlanTableRequest, 'transfer' | 'run' | 'spec' | 'ordinal'> {
  readonly execution?: string | undefined;
  /** Tables that a person left out: their changes are dropped. */
  readonly absent: readonly string[];
}

/** Changes are written by key, whatever the rows are; and their values are texts. */
const asChanges = (spec: TransferSpec): TransferSpec => ({
  ...spec,
  write: { ...spec.write, mode: 'upsert' },
  read: { ...spec.read, encoding: 'text-rows' },
});

/** @throws SluiceError capture.table_unsupported for a column that is copied and not recorded */
function refuseUnrecorded(plan: TablePlan, { columns }: CapturedTable): void {
  const lost = plan.columns.find(({ source }) => !columns.includes(source));
  if (lost === undefined) return;
  throw new SluiceError(
    'capture.table_unsupported',
    `changes of the column "${lost.source}" are not recorded, and it is part of the transfer`,
    { table: plan.id, column: lost.source, suggestion: 'record it, or exclude it from the transfer' },
  );
}

function changedTable(
  deps: Pick<TransferDeps, 'source' | 'target'>,
  spec: TransferSpec,
  found: FoundTable,
  captured: CapturedTable,
): ChangedTable {
  if (isSluiceError(found.source)) throw found.source;
  const plan = computeTablePlan({
    spec: asChanges(spec),
    selection: found.selection,
    ordinal: 0,
    source: { dialect: deps.source.dialect, table: found.source },
    target: { dialect: deps.target.dialect, name: found.target, table: found.existing },
  });
  refuseUnrecorded(plan, captured);
  const keyAtSource = plan.targetKey.map(
    (name) => plan.columns.find(({ target }) => target === name)?.source,
  );
  const isSameKey =
    keyAtSource.length === captured.primaryKey.length &&
    captured.primaryKey.every((name) => keyAtSource.includes(name));
  if (!isSameKey)
    throw new SluiceError('capture.key_needed', 'the target has another key than the source', {
      table: plan.id,
      suggestion: `give the target the primary key ${captured.primaryKey.join(', ')}`,
    });
  const parents = found.source.foreignKeys.map(({ references }) => tableId(references));
  return {
    number: captured.number,
    plan,
    parents: [...new Set(parents)].filter((parent) => parent !== plan.id),
    ...capturedTypes(deps.source.dialect, found.source, plan),
  };
}

/** It carries events of many tables and has no columns, key or rows of its own; nothing is cleared for it. */
const planOf = (ordinal: number, tables: readonly ChangedTable[]): TablePlan => ({
  id: CHANGES,
  ordinal,
  source: { schema: '', name: CHANGES },
  target: { schema: '', name: CHANGES },
  encoding: 'event-rows',
  columns: [],
  position: { kind: 'row-address', columns: [], types: [], sameOrder: false, needsSnapshot: false },
  targetKey: [],
  where: null,
  writeMode: 'append',
  estimatedRows: null,
  estimatedBytes: null,
  changes: { tables },
});

/** Where no rows are copied nobody has made the tables yet. */
async function prepareTargets(
  { target }: Pick<TransferDeps, 'target'>,
  spec: TransferSpec,
  tables: readonly { readonly changed: ChangedTable; readonly found: FoundTable }[],
  signal: AbortSignal,
): Promise<void> {
  if (movesRows(spec)) return;
  const policy = spec.structure?.policy === 'verify' ? 'verify' : 'create-missing';
  for (const { changed, found } of tables) {
    if (isSluiceError(found.source)) throw found.source;
    await target.writer.prepare({ plan: changed.plan, source: found.source, policy }, signal);
  }
}

/**
 * Plans the changes of a run once: what its events mean goes into the ledger, with the one lane that carries them. What the ledger has
 * already is returned as it stands, as long as it is of the same installation of the capture. Idempotent.
 * @throws SluiceError capture.*, target.structure_differs, type.unsupported, database.*
 */
export async function planChanges(
  deps: TransferDeps & { readonly place: CapturePlace },
  request: PlanChangesRequest,
  signal: AbortSignal,
): Promise<PlannedSummary> {
  const { transfer, run } = request;
  const { triggers } = captureOf(deps.source, deps.place);
  const incarnation = await triggers.incarnation(signal);
  const { ledger } = deps.target;
  const known = await ledger.readTable(transfer, run, CHANGES, signal);
  if (known && known.incarnation !== incarnation)
    throw new SluiceError('capture.resync_required', 'the capture is another one than the run began with', {
      table: CHANGES,
    });
  const planned = known ?? (await planAnew(deps, request, incarnation, signal));
  const [lane] = await ledger.lanes(transfer, run, CHANGES, signal);
  return {
    table: CHANGES,
    generation: planned.generation,
    lanes: planned.ranges.length,
    endedLanes: lane?.ended === true ? 1 : 0,
    estimatedRows: null,
    estimatedBytes: null,
    needsSnapshot: false,
    leftOut: [],
    parents: null,
  };
}

interface Selected {
  readonly table: TableName;
  readonly found: FoundTable;
}

/** Tables of the transfer that are not left out, as both databases have them now. */
async function selectedNow(
  deps: TransferDeps,
  spec: TransferSpec,
  absent: readonly string[],
  signal: AbortSignal,
): Promise<readonly Selected[]> {
  const names = (await deps.source.introspector.listTables(signal)).map(({ table }) => table);
  const tables = selectTables(spec, names, deps.source)
    .map(({ table }) => table)
    .filter((table) => !absent.includes(tableId(table)));
  const all = await lookUpTables(deps, spec, tables.map(tableId), signal);
  return tables.flatMap((table) => {
    const found = all.get(tableId(table));
    return found ? [{ table, found }] : [];
  });
}

async function planAnew(
  deps: TransferDeps & { readonly place: CapturePlace },
  request: PlanChangesRequest,
  incarnation: string,
  signal: AbortSignal,
) {
  const { transfer, run, spec, ordinal, absent, execution } = request;
  const taken = await selectedNow(deps, spec, absent, signal);
  const captured = await capturedTables(
    captureOf(deps.source, deps.place),
    spec,
    taken.map(({ table, found: { selection } }) => ({ table, selection })),
    signal,
  );
  const tables = taken.map((each, at) => ({
    found: each.found,
    changed: changedTable(deps, spec, each.found, captured[at] as CapturedTable),
  }));
  await prepareTargets(deps, spec, tables, signal);
  return deps.target.ledger.planTable(
    { transfer, run, execution },
    {
      plan: planOf(
        ordinal,
        tables.map(({ changed }) => changed),
      ),
      generation: 1,
      ranges: [{ lane: CHANGE_LANE, after: null, upto: null }],
      incarnation,
      changeMarker: '',
    },
    { replaceBy: null },
    signal,
  );
}
