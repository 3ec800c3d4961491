import type { CapturePlace } from '../../model/capture-spec.ts';
import { type ChangedTable, changesId } from '../../model/changes-plan.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { PlannedTable } from '../ports/ledger.ts';
import type { Lease } from '../ports/change-capture.ts';
import type { CapturedTable } from '../ports/trigger-manager.ts';
import { capturedTypes } from '../changes/captured-types.ts';
import { beginOf, type KnownLane, knownLane } from '../lanes/known-lane.ts';
import { type Capture, captureOf, capturedTables, movesRows } from './changes-of-transfer.ts';
import { computeTablePlan } from './compute-table-plan.ts';
import { isKeyless, refuseKeyless, refuseOtherKey } from './keyless-tables.ts';
import { type FoundTable, lookUpTables } from './look-up-tables.ts';
import type { PlannedSummary, PlanTableRequest } from './plan-table.ts';
import type { TransferDeps } from './prepare-transfer.ts';
import { selectAtSource } from './select-tables.ts';

export interface PlanChangesRequest extends Pick<PlanTableRequest, 'transfer' | 'run' | 'spec' | 'ordinal'> {
  readonly execution?: string | undefined;
  readonly lane: number;
  /** Above 1: a person wants the changes anew, behind rows that are copied again. Null: as the ledger has them. */
  readonly generation?: number | null;
  /** Tables that a person left out: their changes are dropped. */
  readonly absent: readonly string[];
}

/** Changes are written by key where there is one, whatever the rows are; and their values are texts. */
const asChanges = (spec: TransferSpec, captured: CapturedTable): TransferSpec => ({
  ...spec,
  write: { ...spec.write, mode: isKeyless(captured) ? 'append' : 'upsert' },
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

/** @throws SluiceError capture.key_needed */
function refuseOther(plan: TablePlan, { primaryKey }: CapturedTable): void {
  const keyAtSource = plan.targetKey.map(
    (name) => plan.columns.find(({ target }) => target === name)?.source,
  );
  if (keyAtSource.length === primaryKey.length && primaryKey.every((name) => keyAtSource.includes(name)))
    return;
  throw new SluiceError('capture.key_needed', 'the target has another key than the source', {
    table: plan.id,
    suggestion: `give the target the primary key ${primaryKey.join(', ')}`,
  });
}

function changedTable(
  deps: Pick<Planning, 'source' | 'target' | 'capture'>,
  spec: TransferSpec,
  found: FoundTable,
  captured: CapturedTable,
): ChangedTable {
  if (isSluiceError(found.source)) throw found.source;
  refuseKeyless(captured, spec, { target: deps.target.dialect, changes: deps.capture.changes });
  const computed = computeTablePlan({
    spec: asChanges(spec, captured),
    selection: found.selection,
    ordinal: 0,
    source: { dialect: deps.source.dialect, table: found.source },
    target: { dialect: deps.target.dialect, name: found.target, table: found.existing },
  });
  refuseUnrecorded(computed, captured);
  const plan = isKeyless(captured) ? { ...computed, targetKey: [] } : computed;
  if (isKeyless(captured)) refuseOtherKey(plan, found.source, found.existing);
  else refuseOther(plan, captured);
  const parents = found.source.foreignKeys.map(({ references }) => tableId(references));
  return {
    number: captured.number,
    plan,
    ...(isKeyless(captured) && { keyless: true }),
    parents: [...new Set(parents)].filter((parent) => parent !== plan.id),
    ...capturedTypes(deps.source.dialect, found.source, plan),
  };
}

/** It carries events of many tables and has no columns, key or rows of its own; nothing is cleared for it. */
const planOf = (id: string, ordinal: number, tables: readonly ChangedTable[]): TablePlan => ({
  id,
  ordinal,
  source: { schema: '', name: id },
  target: { schema: '', name: id },
  encoding: 'event-rows',
  columns: [],
  position: { kind: 'row-address', columns: [], types: [], sameOrder: false, needsSnapshot: false },
  targetKey: [],
  where: null,
  writeMode: 'upsert',
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

const resync = (table: string, message: string): SluiceError =>
  new SluiceError('capture.resync_required', message, { table });

/**
 * Plans one lane of the changes of a run, once: what its events mean goes into the ledger. What the ledger has already is returned as it
 * stands, as long as it is of the same installation of the capture: of another one a person must want it anew. Idempotent.
 * @throws SluiceError capture.*, target.structure_differs, type.unsupported, database.*
 */
export async function planChanges(
  deps: TransferDeps & { readonly place: CapturePlace },
  request: PlanChangesRequest,
  signal: AbortSignal,
): Promise<PlannedSummary> {
  const { transfer, run, lane, generation: wanted } = request;
  const table = changesId(lane);
  const capture = captureOf(deps.source, deps.place);
  const incarnation = await capture.triggers.incarnation(signal);
  const { ledger } = deps.target;
  const known = await knownLane(ledger, request, signal);
  const isAnother = known.incarnation !== undefined && known.incarnation !== incarnation;
  const isWanted = (wanted ?? 1) > 1;
  if (isAnother && !isWanted) throw resync(table, 'the capture is another one than the changes began with');
  const last = known.planned?.generation ?? 0;
  const generation = isWanted ? Math.max(wanted ?? 1, isAnother ? last + 1 : last) : Math.max(1, last);
  const planned =
    known.planned?.generation === generation
      ? known.planned
      : await planAnew(
          { ...deps, capture },
          request,
          { incarnation, generation, position: known.position, before: known.incarnation ?? incarnation },
          signal,
        );
  const [progress] = await ledger.lanes(transfer, run, table, signal);
  return {
    table,
    generation: planned.generation,
    lanes: planned.ranges.length,
    endedLanes: progress?.ended === true ? 1 : 0,
    estimatedRows: null,
    estimatedBytes: null,
    needsSnapshot: false,
    leftOut: [],
    parents: null,
  };
}

interface Planning extends TransferDeps {
  readonly capture: Capture;
}

interface TakenTable {
  readonly found: FoundTable;
  readonly captured: CapturedTable;
}

/** Tables of the lane that are not left out, as both databases have them now. */
async function tablesOfLane(
  deps: Planning,
  { transfer, spec, lane, absent }: PlanChangesRequest,
  signal: AbortSignal,
): Promise<readonly TakenTable[]> {
  const selected = (await selectAtSource(deps.source, spec, signal)).filter(
    ({ table }) => !absent.includes(tableId(table)),
  );
  const captured = await capturedTables(deps.capture, spec, selected, signal);
  const lanes = await deps.capture.changes.lanes(transfer, signal);
  const registered = new Set(lanes.flatMap(({ tables }) => tables));
  const unknown = captured.find(({ number }) => !registered.has(number));
  const standing = lanes.find((each) => each.lane === lane);
  if (unknown || !standing)
    throw resync(
      unknown ? tableId(unknown.table) : changesId(lane),
      'the capture does not have the lanes that the transfer began with',
    );
  const own = captured.filter(({ number }) => standing.tables.includes(number));
  const ids = own.map(({ table }) => tableId(table));
  const all = await lookUpTables(deps, spec, ids, signal);
  return own.flatMap((each) => {
    const found = all.get(tableId(each.table));
    return found ? [{ found, captured: each }] : [];
  });
}

/** A lane that is planned, with what the target has of it from before. */
interface StandingLane extends Pick<PlannedTable, 'incarnation' | 'generation'>, Pick<KnownLane, 'position'> {
  /** The incarnation of the source from which it has that. */
  readonly before: string;
}

/** The installation of a capture stands at the beginning of an incarnation: events of another one are all of later changes. */
const installationOf = (incarnation: string): string => incarnation.split(/[/:]/)[0] ?? '';

/**
 * A source that was restored gives changes again that the target has. Tables with a key end as they were; without one rows would come
 * twice.
 * @throws SluiceError capture.resync_required
 */
function refuseDoubling(
  tables: readonly TakenTable[],
  { sealed }: Lease,
  { position, before, incarnation }: StandingLane,
): void {
  const keyless = tables.find(({ captured }) => isKeyless(captured));
  const isRestored =
    position !== null &&
    installationOf(before) === installationOf(incarnation) &&
    (before !== incarnation || Number(position[0]) > sealed);
  if (!keyless || !isRestored) return;
  const table = tableId(keyless.captured.table);
  throw new SluiceError(
    'capture.resync_required',
    `the source was restored, and which of its changes of ${table} the target has cannot be told, for the table has no primary key`,
    {
      table,
      suggestion:
        'make both sides equal, give up what is pending with sluice capture release, and start the transfer anew',
    },
  );
}

async function planAnew(
  deps: Planning,
  request: PlanChangesRequest,
  known: StandingLane,
  signal: AbortSignal,
): Promise<PlannedTable> {
  const { transfer, run, spec, ordinal, execution, lane } = request;
  const taken = await tablesOfLane(deps, request, signal);
  // What earlier runs applied. Written down, for a target that is restored to here needs it again, whatever was confirmed since.
  const lease = await deps.capture.changes.lease({ transfer, lane }, signal);
  if (!movesRows(spec)) refuseDoubling(taken, lease, known);
  const tables = taken.map(({ found, captured }) => ({
    found,
    changed: changedTable(deps, spec, found, captured),
  }));
  await prepareTargets(deps, spec, tables, signal);
  const changed = tables.map((each) => each.changed);
  const { incarnation, generation, before } = known;
  const position = before === incarnation ? known.position : null;
  return deps.target.ledger.planTable(
    { transfer, run, execution },
    {
      plan: planOf(changesId(lane), ordinal, changed),
      generation,
      // The number of the lane at the source, too.
      ranges: [{ lane, after: beginOf(lease, position), upto: null }],
      incarnation,
      changeMarker: '',
    },
    { replaceBy: null },
    signal,
  );
}
