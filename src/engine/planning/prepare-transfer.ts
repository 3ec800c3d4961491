import { createHash } from 'node:crypto';
import { SluiceError } from '../../model/sluice-error.ts';
import { someNames } from '../../model/some-names.ts';
import { tableId } from '../../model/table-name.ts';
import { type CapturePlace, capturePlaceOf } from '../../model/capture-spec.ts';
import { changesId } from '../../model/changes-plan.ts';
import { type ChangesLane, type RegisteredLanes, registerLanes } from '../lanes/register-lanes.ts';
import { findJoins } from '../lanes/table-joins.ts';
import { DEFAULTS, type TransferSpec } from '../../model/transfer-spec.ts';
import { unorderedTarget } from '../../model/unordered-target.ts';
import { CREDITS } from '../reading/largest-row.ts';
import type { Database } from '../ports/dialect.ts';
import type { Hub } from '../ports/hub.ts';
import type { LoadState } from '../ports/initial-load.ts';
import { type ReadUntil, summed } from '../reading/read-budget.ts';
import { type SelectedTable, selectTables } from './select-tables.ts';
import { captureOf, capturedTables, movesChanges, movesRows } from './changes-of-transfer.ts';
import { refuseKeyless } from './keyless-tables.ts';
import { leftOutByWish } from '../structure/planned-structure.ts';
import { namingRules, refuseClashes, targetName } from './target-names.ts';

export interface TransferDeps {
  readonly source: Database;
  readonly target: Database;
  readonly hub: Hub;
}

export interface PreparedTransfer {
  readonly run: number;
  /** True when an unfinished run goes on. */
  readonly continued: boolean;
  /** The run's own: that of an earlier attempt of this execution, where the configuration was edited since. */
  readonly spec: TransferSpec;
  readonly tables: readonly {
    readonly id: string;
    readonly ordinal: number;
    /** How far its existing rows are events of a topic. */
    readonly load?: LoadState;
  }[];
  /** Where the spec limits rows or bytes: what the ledger may hold when this start ends. */
  readonly until: ReadUntil | null;
  readonly warnings: readonly string[];
  /** Of the changes, where they are moved. */
  readonly lanes?: readonly ChangesLane[];
}

/** Size of the data stream: whatever is larger cannot pass (largest-row.ts). */
export const streamBytes = (spec: TransferSpec): number =>
  CREDITS * (spec.read?.creditBytes ?? DEFAULTS.creditBytes);

/** Everything that decides which rows go where; sizes and numbers of workers are left out, they may change. */
export function planHash(spec: TransferSpec, tables: readonly SelectedTable[]): string {
  const decisive = {
    source: spec.source,
    target: spec.target,
    ordering: spec.ordering ?? 'none',
    consistency: spec.consistency ?? 'range',
    structure: spec.structure ?? {},
    write: spec.write?.mode ?? 'fail-if-not-empty',
    encoding: spec.read?.encoding ?? 'auto',
    ...(movesChanges(spec) && { mode: spec.mode }),
    // Absent where it says nothing: runs of older versions go on.
    ...(spec.rename && { rename: spec.rename }),
    tables: tables.map(({ table, selection }) => [tableId(table), selection]),
  };
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex');
}

/** Counted from what the ledger holds already: each start may read as much again. */
async function untilOf(
  { target }: TransferDeps,
  { transfer, run }: { readonly transfer: string; readonly run: number },
  { limits }: TransferSpec,
  signal: AbortSignal,
): Promise<ReadUntil | null> {
  if (limits?.rows === undefined && limits?.bytes === undefined) return null;
  const held = summed(await target.ledger.progress(transfer, run, signal));
  return {
    ...(limits.rows !== undefined && { rows: held.rows + limits.rows }),
    ...(limits.bytes !== undefined && { bytes: held.bytes + limits.bytes }),
  };
}

/** With the policy `fail`: target tables that are there. A run that goes on made them itself. */
async function presentTables(
  deps: TransferDeps,
  spec: TransferSpec,
  wanted: readonly SelectedTable[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (spec.structure?.policy !== 'fail') return [];
  const rules = namingRules(deps, spec);
  const names = wanted.map((selected) => targetName(selected, rules));
  const found = await deps.target.introspector.describeTables(names, signal);
  return found.map(({ table }) => tableId(table));
}

const NAMED_TABLES = 10;

function refusePresent(present: readonly string[]): never {
  throw new SluiceError(
    'target.table_exists',
    `the target has ${someNames(present, NAMED_TABLES)}, and structure.policy is fail`,
    { suggestion: 'drop or rename them, name other tables with "to", or choose another policy' },
  );
}

const wishes = (spec: TransferSpec): readonly string[] => {
  const kinds = leftOutByWish(spec);
  return kinds.length === 0 ? [] : [`left out of the structure by wish: ${kinds.join(', ')}`];
};

/** What a run has lanes of: its tables, as far as rows are copied, and the changes of all of them. */
const tablesOf = (
  spec: TransferSpec,
  selected: readonly SelectedTable[],
  lanes: readonly ChangesLane[],
): readonly string[] => [
  ...(movesRows(spec) ? selected.map(({ table }) => tableId(table)) : []),
  ...lanes.map(({ lane }) => changesId(lane)),
];

/** The lanes of the changes, where these are moved: see registerLanes. */
async function lanesOf(
  deps: TransferDeps,
  request: { readonly transfer: string; readonly spec: TransferSpec; readonly isFirst: boolean },
  selected: readonly SelectedTable[],
  { place, signal }: { readonly place: CapturePlace; readonly signal: AbortSignal },
): Promise<RegisteredLanes> {
  const { transfer, spec, isFirst } = request;
  if (!movesChanges(spec)) return { lanes: [], warnings: [] };
  const tables = selected.map(({ table }) => tableId(table));
  const joins = await findJoins(deps, spec, tables, signal);
  const isNew = isFirst && movesRows(spec);
  return registerLanes(captureOf(deps.source, place), { transfer, spec, isNew, joins }, selected, signal);
}

/**
 * Opens the run in the ledger and the streams at the hub. Idempotent for one execution.
 * @throws SluiceError source.table_not_found, config.invalid, database.*, hub.*
 */
export async function prepareTransfer(
  deps: TransferDeps,
  request: {
    readonly transfer: string;
    readonly execution: string;
    readonly spec: TransferSpec;
    /** Of the source's capture; only asked where changes are moved. */
    readonly place?: CapturePlace;
  },
  signal: AbortSignal,
): Promise<PreparedTransfer> {
  const { transfer, execution, place = capturePlaceOf(undefined) } = request;
  const unordered = unorderedTarget(transfer, request.spec);
  if (unordered) throw unordered;
  const available = (await deps.source.introspector.listTables(signal)).map(({ table }) => table);
  const wanted = selectTables(request.spec, available, deps.source);
  refuseClashes(wanted, namingRules(deps, request.spec));
  // What cannot be followed is told before anything of ours is made.
  if (movesChanges(request.spec)) {
    const capture = captureOf(deps.source, place);
    for (const each of await capturedTables(capture, request.spec, wanted, signal))
      refuseKeyless(each, request.spec, { target: deps.target.dialect, changes: capture.changes });
  }
  const present = await presentTables(deps, request.spec, wanted, signal);
  // Nothing of ours is there yet: not even the ledger is made.
  if (present.length > 0 && (await deps.target.ledger.newestRun(transfer, signal)) === null)
    refusePresent(present);
  await deps.target.ledger.install(signal);
  const hash = planHash(request.spec, wanted);
  const run = await deps.target.ledger.openRun(
    { transfer, execution, planHash: hash, spec: JSON.stringify(request.spec) },
    signal,
  );
  // A second call for an execution that took the run over is told of no continuation: then the ledger says it.
  const isFirst =
    !run.continued && (await deps.target.ledger.progress(transfer, run.run, signal)).length === 0;
  if (present.length > 0 && isFirst) {
    await deps.target.ledger.closeRun(transfer, run.run, signal);
    refusePresent(present);
  }
  const spec = JSON.parse(run.spec) as TransferSpec;
  const selected = selectTables(spec, available, deps.source);
  const { lanes, ...told } = await lanesOf(deps, { transfer, spec, isFirst }, selected, { place, signal });
  await deps.hub.topics.ensure({ transfer, run: run.run }, { maxBytes: streamBytes(spec) }, signal);
  return {
    run: run.run,
    continued: run.continued,
    spec,
    tables: tablesOf(spec, selected, lanes).map((id, index) => ({ id, ordinal: index + 1 })),
    until: await untilOf(deps, { transfer, run: run.run }, spec, signal),
    warnings: [
      ...(await deps.hub.warnings(signal)),
      ...((await deps.target.warnings?.(signal)) ?? []),
      ...wishes(spec),
      ...told.warnings,
    ],
    lanes,
  };
}
