import type { KeyRange } from '../../model/lane.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import { DEFAULTS, type TransferSpec } from '../../model/transfer-spec.ts';
import { computeTablePlan } from './compute-table-plan.ts';
import { type FoundTable, lookUpTables } from './look-up-tables.ts';
import type { Database } from '../ports/dialect.ts';
import type { PlannedTable, TableProgress } from '../ports/ledger.ts';
import type { SnapshotRef } from '../ports/source-reader.ts';
import type { TransferDeps } from './prepare-transfer.ts';
import { refuseSecondAppend } from '../driver/refuse-second-append.ts';
import { isReadInOne } from './source-query.ts';
import { tableProgress } from '../table-progress.ts';
import { keysInTheWay, type TransferTables } from '../structure/keys-in-the-way.ts';
import { wishedStructure, withStructure } from '../structure/planned-structure.ts';

export interface PlanTableRequest {
  readonly transfer: string;
  readonly run: number;
  /** Whose run it is; absent in requests of older workflows. */
  readonly execution?: string | undefined;
  readonly spec: TransferSpec;
  /** tableId of the source table. */
  readonly table: string;
  readonly ordinal: number;
  /** Null: the ledger's, or the first. A higher one than the ledger's copies the table again. */
  readonly generation: number | null;
  /** The held snapshot, where the transfer has one by now. */
  readonly snapshot: SnapshotRef | null;
  /** What was found of it a moment ago, where several tables were looked up together. */
  readonly found?: FoundTable | undefined;
}

/** Counts and names only: what the workflow may see of a planned table. */
export interface PlannedSummary {
  readonly table: string;
  readonly generation: number;
  readonly lanes: number;
  readonly endedLanes: number;
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
  /** The table can only be read in a held snapshot; where the request had none, nothing was planned and `lanes` is 0. */
  readonly needsSnapshot: boolean;
  /** A query without a key: who interrupts it makes it begin again. */
  readonly readInOne?: true;
  /** What of the structure was left out, with its SQL. */
  readonly leftOut: readonly string[];
  /** Tables of the transfer that its foreign keys refer to, itself left out; null: it has no foreign key to make. */
  readonly parents: readonly string[] | null;
}

/** A big table is cut into at most so many ranges: the ledger is read whole, several times a second. */
const MAX_RANGES = 1_000;

/** The plan of one table as both databases are now; nothing is written. */
export async function computePlan(
  deps: Pick<TransferDeps, 'source' | 'target'>,
  request: Pick<PlanTableRequest, 'spec' | 'table' | 'ordinal' | 'found'>,
  signal: AbortSignal,
): Promise<{
  readonly plan: TablePlan;
  readonly source: TableSchema;
  readonly exists: boolean;
  readonly tables: TransferTables;
}> {
  const { spec, table: id, ordinal } = request;
  const found = request.found ?? (await lookUpTables(deps, spec, [id], signal)).get(id);
  if (!found)
    throw new SluiceError('source.table_not_found', `the source has no table "${id}" any more`, {
      table: id,
    });
  if (isSluiceError(found.source)) throw found.source;
  const plan = computeTablePlan({
    spec,
    selection: found.selection,
    ordinal,
    source: { dialect: deps.source.dialect, table: found.source },
    target: { dialect: deps.target.dialect, name: found.target, table: found.existing },
  });
  const source = wishedStructure(found.source, spec);
  return {
    plan: withStructure(plan, source, found.tables.naming),
    source,
    exists: found.existing !== null,
    tables: found.tables,
  };
}

const needsSnapshot = (spec: TransferSpec, plan: TablePlan): boolean =>
  plan.position.needsSnapshot || spec.consistency === 'snapshot';

const summary = (
  spec: TransferSpec,
  planned: PlannedTable,
  progress: TableProgress | undefined,
  leftOut: readonly string[] = [],
): PlannedSummary => ({
  table: planned.plan.id,
  generation: planned.generation,
  lanes: planned.ranges.length,
  endedLanes: progress?.endedLanes ?? 0,
  estimatedRows: planned.plan.estimatedRows,
  estimatedBytes: planned.plan.estimatedBytes,
  needsSnapshot: needsSnapshot(spec, planned.plan),
  ...(isReadInOne(planned.plan) && { readInOne: true }),
  leftOut,
  parents: parentsOf(planned.plan),
});

/** Also of a plan without any key to make: those whose parents are not copied have to be listed. */
function parentsOf({ id, structure, foreignKeys = [] }: TablePlan): readonly string[] | null {
  if (!structure || structure.foreignKeys.length === 0) return null;
  const made = new Set(foreignKeys.map(({ name }) => name));
  const parents = structure.foreignKeys.filter(({ name }) => made.has(name));
  return [...new Set(parents.map(({ references }) => tableId(references)))].filter((parent) => parent !== id);
}

/** What the ledger has of the table already and may go on with; null when it must be planned, in which generation. */
async function findPlanned(deps: TransferDeps, request: PlanTableRequest, signal: AbortSignal) {
  const { ledger } = deps.target;
  const known = await ledger.readTable(request.transfer, request.run, request.table, signal);
  if (!known) return { known: null, progress: undefined, generation: request.generation ?? 1 };
  const progress = await tableProgress(ledger, request, signal);
  const ended = progress !== undefined && progress.endedLanes === progress.lanes;
  // Also where a clearing that commits by itself was begun, and no plan written after it: then it has none.
  const otherSource = known.incarnation !== (await deps.source.incarnation(signal));
  // Positions of a lost snapshot mean nothing in another one; without a number it is a new execution, its snapshot new.
  const lostSnapshot = request.generation === null && needsSnapshot(request.spec, known.plan) && !ended;
  const least = otherSource || lostSnapshot ? known.generation + 1 : known.generation;
  const wanted = Math.max(least, request.generation ?? least);
  if (wanted <= known.generation) return { known, progress, generation: known.generation };
  return { known: null, progress, generation: wanted };
}

interface Emptiness {
  readonly plan: TablePlan;
  readonly generation: number;
  /** Rows that earlier generations of the table applied. */
  readonly appliedRows: number;
}

/** @throws SluiceError target.not_empty */
async function refuseRows(deps: TransferDeps, table: Emptiness, signal: AbortSignal): Promise<void> {
  const { plan, generation } = table;
  // The ledger asks again behind its fence: a batch may be on its way.
  await refuseSecondAppend(table, () => table.appliedRows);
  if (plan.writeMode !== 'fail-if-not-empty' || generation > 1) return;
  if (await deps.target.writer.hasRows(plan, signal)) {
    throw new SluiceError('target.not_empty', 'the target table holds rows already', {
      table: plan.id,
      suggestion: 'set write.mode to append, truncate or upsert',
    });
  }
}

/**
 * Plans a table once a generation: structure at the target, ranges of its key, plan and ranges into the ledger, with the
 * clearing that the write mode asks for. What the ledger has already is returned as it stands. Idempotent.
 * @throws SluiceError target.not_empty, target.structure_differs, type.unsupported, source.*, database.*
 */
export async function planTable(
  deps: TransferDeps,
  request: PlanTableRequest,
  signal: AbortSignal,
): Promise<PlannedSummary> {
  const { spec, transfer, run, execution } = request;
  const found = await findPlanned(deps, request, signal);
  if (found.known) return summary(spec, found.known, found.progress);
  const { plan, source, tables } = await computePlan(deps, request, signal);
  if (needsSnapshot(spec, plan) && request.snapshot === null) {
    return {
      table: plan.id,
      generation: found.generation,
      lanes: 0,
      endedLanes: 0,
      estimatedRows: plan.estimatedRows,
      estimatedBytes: plan.estimatedBytes,
      needsSnapshot: true,
      leftOut: [],
      parents: parentsOf(plan),
    };
  }
  if (plan.writeMode === 'upsert' && plan.targetKey.length === 0) {
    throw new SluiceError('target.structure_differs', 'upsert needs a key that both sides have', {
      table: plan.id,
    });
  }
  const outcome = await deps.target.writer.prepare(
    { plan, source, policy: spec.structure?.policy ?? 'create-missing' },
    signal,
  );
  await refuseRows(
    deps,
    { plan, generation: found.generation, appliedRows: found.progress?.rows ?? 0 },
    signal,
  );
  const ranges = await planRanges(deps.source, request, plan, signal);
  const dropKeys = await keysInTheWay(deps, { plan, spec, tables }, signal);
  // What an older generation dropped may still be away.
  const before = await deps.target.ledger.readTable(transfer, run, request.table, signal);
  const droppedKeys = [...(before?.plan.droppedKeys ?? []), ...dropKeys];
  const written = await deps.target.ledger.planTable(
    { transfer, run, execution },
    {
      plan: droppedKeys.length === 0 ? plan : { ...plan, droppedKeys },
      generation: found.generation,
      ranges,
      incarnation: await deps.source.incarnation(signal),
      changeMarker: await deps.source.reader.changeMarker(plan, signal),
    },
    {
      replaceBy: spec.structure?.policy === 'replace' ? source : null,
      dropKeys,
    },
    signal,
  );
  await announce(deps, request, written, signal);
  return summary(spec, written, undefined, outcome.leftOut);
}

/** So many ranges for each reader, so that all have work to the end; smaller ones are not worth their opening. */
const RANGES_A_READER = 4;
const LEAST_ROWS = 10_000;
const LEAST_BYTES = 4 * 1024 * 1024;
/** Fewer read a table in one slice, and share whatever ranges it has. */
const FEW_READERS = 2;

/** Rows of a range: what the spec says, else the default, or less where many readers share the table. */
function wishedRows(
  { read = {} }: TransferSpec,
  plan: Pick<TablePlan, 'estimatedRows' | 'estimatedBytes'>,
): number {
  const { rowsPerRange, readers = DEFAULTS.readers } = read;
  if (rowsPerRange !== undefined || readers <= FEW_READERS) return rowsPerRange ?? DEFAULTS.rowsPerRange;
  const { estimatedRows, estimatedBytes } = plan;
  const rows = Math.max(1, estimatedRows ?? 0);
  const shared = Math.ceil(rows / (readers * RANGES_A_READER));
  const worthIt = Math.min(LEAST_ROWS, Math.ceil((LEAST_BYTES * rows) / Math.max(1, estimatedBytes ?? 0)));
  return Math.min(DEFAULTS.rowsPerRange, Math.max(worthIt, shared));
}

/** Neighbours become one where there are too many: databases know about how many rows they have, not how many. */
export function atMost(ranges: readonly KeyRange[], most: number): readonly KeyRange[] {
  const together = Math.ceil(ranges.length / most);
  return Array.from({ length: Math.ceil(ranges.length / Math.max(1, together)) }, (_, place) => {
    const joined = ranges.slice(place * together, (place + 1) * together);
    return { lane: place + 1, after: joined[0]?.after ?? null, upto: joined.at(-1)?.upto ?? null };
  });
}

async function planRanges(
  source: Database,
  request: PlanTableRequest,
  plan: TablePlan,
  signal: AbortSignal,
): Promise<readonly KeyRange[]> {
  const isOne = request.spec.ordering === 'table' || plan.mostRows !== undefined;
  // The key of a query is looked through in any case.
  if (isOne && plan.query === undefined) return [{ lane: 1, after: null, upto: null }];
  const estimatedRows = plan.estimatedRows ?? 0;
  const wished = isOne ? Number.MAX_SAFE_INTEGER : wishedRows(request.spec, plan);
  const rowsPerRange = Math.max(wished, Math.ceil(estimatedRows / MAX_RANGES));
  const options = { rowsPerRange, snapshot: request.snapshot };
  return atMost(await source.reader.planRanges(plan, options, signal), MAX_RANGES);
}

/** A hint for writers; the ledger has the plan. */
async function announce(
  deps: TransferDeps,
  request: PlanTableRequest,
  written: PlannedTable,
  signal: AbortSignal,
): Promise<void> {
  const plan = JSON.stringify(written.plan);
  try {
    await deps.hub
      .control(request)
      .announce({ kind: 'structure', table: request.table, generation: written.generation, plan }, signal);
  } catch (error) {
    if (!isSluiceError(error)) throw error;
  }
}
