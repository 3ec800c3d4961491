import type { FittingPolicy } from '../../model/limits.ts';
import type { KeyRange } from '../../model/lane.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import { compareRows, type RowComparison } from './compare-rows.ts';
import type { LiveCounts } from './live/live-counts.ts';
import type { Database } from '../ports/dialect.ts';
import type { PlannedTable } from '../ports/ledger.ts';
import type { RangeChecksum } from '../ports/source-reader.ts';
import type { SliceControl } from '../slice.ts';
import { tableProgress } from '../table-progress.ts';

/** `rows` names the rows that differ, which are data: it is for the command line and never for a worker. */
export type VerifyMode = 'none' | 'count' | 'checksum' | 'rows';

/**
 * What a comparison rests on. `contained`: every row of the source is at the target, which holds more;
 * `count-at-least`: the target holds as many rows or more, and whether the copied ones are among them was not compared.
 */
export type ComparisonBasis = 'none' | 'count' | 'checksum' | 'contained' | 'count-at-least';

/** How far the ranges of a table were compared when a slice ended. Counts as decimal text. */
export interface VerifyPoint {
  /** Ranges compared, in their order, under this generation of the plan. */
  readonly ranges: number;
  readonly generation: number;
  readonly sourceRows: string;
  readonly targetRows: string;
  /** Numbers of ranges that differ, the first hundred. */
  readonly differing: readonly number[];
}

export interface VerifyRequest {
  readonly transfer: string;
  readonly run: number;
  readonly table: string;
  readonly mode: VerifyMode;
  readonly spec: TransferSpec;
  /** What is known of the table; absent: what the ledger has of it. */
  readonly planned?: PlannedTable;
  /** With mode `rows`: so many rows are named at most. */
  readonly rowLimit?: number;
  /** Where an earlier call stopped. */
  readonly from?: VerifyPoint | null;
  /** Told after each range where to go on if the slice ends before the comparison does. */
  readonly onReached?: (point: VerifyPoint) => void;
}

/** Rows in which a policy made NULL or the nearest value of what the target cannot hold. Decimal text. */
export interface AlteredColumn {
  readonly column: string;
  readonly policy: FittingPolicy;
  readonly rows: string;
}

/** Counts as decimal text, for they may pass 2^53. */
export interface TableVerification {
  readonly table: string;
  readonly mode: VerifyMode;
  readonly basis: ComparisonBasis;
  readonly sourceRows: string;
  readonly targetRows: string;
  /** Rows and bytes that the ledger says were applied in this run. */
  readonly ledgerRows: string;
  readonly ledgerBytes: number;
  readonly equal: boolean;
  /** They differ and the source was changed since the table was planned: expected, reported, no failure. */
  readonly drift: boolean;
  /** Key ranges compared and those that differ; 1 and 0 or 1 where the table was compared as a whole. */
  readonly ranges: number;
  readonly differingRanges: readonly number[];
  /** Null unless asked for with mode `rows`. */
  readonly rows: RowComparison | null;
  /** Columns in which a policy gave rows another value, as the source is now; none where no value was altered. */
  readonly altered: readonly AlteredColumn[];
  /** Of a comparison while changes flow, row by row (live/verify-live.ts); `equal` then says that nothing is left to say but of `moving`. */
  readonly live?: LiveCounts;
  /** It differs, and nobody can tell whether for what is on its way. */
  readonly untold?: true;
}

interface Compared {
  readonly basis: ComparisonBasis;
  readonly source: bigint;
  readonly target: bigint;
  readonly ranges: number;
  readonly differing: readonly number[];
  readonly rows: RowComparison | null;
}

export interface VerifyDeps {
  readonly source: Pick<Database, 'reader' | 'inspector'>;
  readonly target: Pick<Database, 'ledger' | 'writer' | 'inspector'>;
  /** Where changes are moved too: whether any are that the target does not have yet. A quiet source has none. */
  readonly hasPendingChanges?: (signal: AbortSignal) => Promise<boolean>;
}

export const DEFAULT_ROW_LIMIT = 100;
const MOST_DIFFERING_KEPT = 100;
const TICK_MS = 10_000;

/** A query over a large table says nothing until it ends: it counts as progress as long as its connection lives. */
async function whileAsking<T>(control: SliceControl, asked: Promise<T>): Promise<T> {
  const ticker = setInterval(() => control.progress(), TICK_MS);
  try {
    return await asked;
  } finally {
    clearInterval(ticker);
    control.progress();
  }
}

const same = (a: RangeChecksum, b: RangeChecksum): boolean => a.rows === b.rows && a.sum === b.sum;

/** One range at a time where both sides order the key alike, so that a difference has a place; else the whole table. */
const rangesOf = ({ plan, ranges }: PlannedTable): readonly (KeyRange | null)[] =>
  plan.position.kind === 'key' && plan.position.sameOrder ? ranges : [null];

/** Ranges that differ, with the rows that they hold on the fuller side. */
interface Summed extends Compared {
  readonly unequal: readonly { readonly range: KeyRange | null; readonly rows: bigint }[];
}

async function compareChecksums(
  deps: VerifyDeps,
  planned: PlannedTable,
  request: Pick<VerifyRequest, 'from' | 'onReached'>,
  control: SliceControl,
): Promise<Summed | null> {
  const { plan, generation } = planned;
  const ranges = rangesOf(planned);
  // Points of an older generation are of other ranges.
  const from = request.from?.generation === generation ? request.from : null;
  let source = BigInt(from?.sourceRows ?? 0);
  let target = BigInt(from?.targetRows ?? 0);
  const unequal: Summed['unequal'][number][] = (from?.differing ?? []).map((lane) => ({
    range: ranges.find((range) => range?.lane === lane) ?? null,
    rows: 0n,
  }));
  const lanes = (): number[] => unequal.map(({ range }) => range?.lane ?? 1);
  for (const [index, range] of ranges.entries()) {
    if (index < (from?.ranges ?? 0)) continue;
    if (control.stop.aborted || control.overdue()) return null;
    const [left, right] = await whileAsking(
      control,
      Promise.all([
        deps.source.reader.checksum(plan, range, control.stop),
        deps.target.writer.checksum(plan, range, control.stop),
      ]),
    );
    source += left.rows;
    target += right.rows;
    if (!same(left, right)) unequal.push({ range, rows: left.rows > right.rows ? left.rows : right.rows });
    const differing = lanes().slice(0, MOST_DIFFERING_KEPT);
    const rows = { sourceRows: `${source}`, targetRows: `${target}` };
    request.onReached?.({ ranges: index + 1, generation, ...rows, differing });
  }
  return {
    basis: 'checksum',
    source,
    target,
    ranges: ranges.length,
    differing: lanes(),
    unequal,
    rows: null,
  };
}

async function compareCounts(deps: VerifyDeps, plan: TablePlan, control: SliceControl): Promise<Compared> {
  const [source, target] = await whileAsking(
    control,
    Promise.all([
      deps.source.reader.countRows(plan, control.stop),
      deps.target.writer.countRows(plan, control.stop),
    ]),
  );
  const differing = source === target ? [] : [1];
  return { basis: 'count', source, target, ranges: 1, differing, rows: null };
}

/** The target may hold other rows besides those that were copied: only a lack is a difference. */
export const mayHoldMore = (plan: TablePlan): boolean =>
  plan.writeMode === 'append' || plan.writeMode === 'upsert';

/** Rows have names by which those of the copy are told from those that were there. */
const canTellApart = (plan: TablePlan): boolean => plan.writeMode === 'upsert' && plan.targetKey.length > 0;

/** The rows behind the ranges that differ; what only the target has counts where it was only the copy's. */
async function nameRows(
  deps: VerifyDeps,
  found: { readonly plan: TablePlan; readonly summed: Summed; readonly limit: number },
  control: SliceControl,
): Promise<RowComparison | null> {
  const { plan, summed, limit } = found;
  const ranges = summed.unequal.map(({ range }) => range);
  const rows = summed.unequal.map((each) => each.rows);
  const ignoreExtra = mayHoldMore(plan) && summed.target > summed.source;
  return compareRows(deps, { plan, ranges, rows, limit, ignoreExtra }, control);
}

/** Where the target may hold more: all that can be said of the copied rows. */
async function compareContained(
  deps: VerifyDeps,
  planned: PlannedTable,
  request: VerifyRequest,
  control: SliceControl,
): Promise<Compared | null> {
  const { plan } = planned;
  const counted = await compareCounts(deps, plan, control);
  const { source, target } = counted;
  // Counts alone: a lack is one, and more than the source has is no difference.
  if (request.mode === 'count' || target < source)
    return target > source ? { ...counted, basis: 'count-at-least', differing: [] } : counted;
  if (target > source && !canTellApart(plan)) return { ...counted, basis: 'count-at-least', differing: [] };
  // Begun anew in each slice it would never end: containment has no point to go on from.
  const untilDone = { ...control, overdue: () => false };
  const summed = await compareChecksums(deps, planned, {}, untilDone);
  if (!summed || (summed.differing.length === 0 && request.mode !== 'rows')) return summed;
  const limit = request.mode === 'rows' ? (request.rowLimit ?? DEFAULT_ROW_LIMIT) : 0;
  const rows = await nameRows(deps, { plan, summed, limit }, untilDone);
  if (!rows) return null;
  const isEqual = rows.complete && rows.differences.length === 0;
  return {
    ...summed,
    basis: summed.target > summed.source ? 'contained' : 'checksum',
    differing: isEqual ? [] : summed.differing,
    rows: request.mode === 'rows' ? rows : null,
  };
}

async function compare(
  deps: VerifyDeps,
  planned: PlannedTable,
  request: VerifyRequest,
  control: SliceControl,
): Promise<Compared | null> {
  const { plan } = planned;
  if (mayHoldMore(plan)) return compareContained(deps, planned, request, control);
  if (request.mode === 'count') return compareCounts(deps, plan, control);
  const summed = await compareChecksums(deps, planned, request, control);
  if (!summed || request.mode !== 'rows') return summed;
  const rows = await nameRows(deps, { plan, summed, limit: request.rowLimit ?? DEFAULT_ROW_LIMIT }, control);
  return rows && { ...summed, rows };
}

/**
 * Counted at the source by one query, at the end: what batches were sent twice or dropped does not matter, and the result
 * of the policy is compared with the target by the same expressions.
 */
async function countAltered(
  deps: VerifyDeps,
  plan: TablePlan,
  control: SliceControl,
): Promise<readonly AlteredColumn[]> {
  const { reader } = deps.source;
  if (!plan.columns.some(({ fit }) => fit) || reader.countAltered === undefined) return [];
  const rows = await whileAsking(control, reader.countAltered(plan, control.stop));
  return plan.columns.flatMap(({ source, policy, fit }, at) => {
    const found = rows[at] ?? 0n;
    if (!fit || found === 0n) return [];
    return [{ column: source, policy: policy === 'clamp' ? 'clamp' : 'null', rows: String(found) }];
  });
}

/**
 * Compares one copied table on both sides: by count, by count and checksum, or row by row where those differ.
 *
 * Unequal is a failure only when the source was quiet since the table was planned, or no change is pending; otherwise it is drift.
 * @returns null when the slice had to end before the comparison did
 * @throws SluiceError database.*
 */
export async function verifyTable(
  deps: VerifyDeps,
  request: VerifyRequest,
  control: SliceControl,
): Promise<TableVerification | null> {
  const { ledger } = deps.target;
  const { transfer, run, table, mode } = request;
  try {
    const planned = request.planned ?? (await ledger.readTable(transfer, run, table, control.stop));
    if (!planned) throw new SluiceError('internal', 'the table is not planned in this run', { table });
    const progress = await tableProgress(ledger, request, control.stop);
    const applied = BigInt(progress?.rows ?? 0);
    const compared: Compared | null =
      mode === 'none'
        ? { basis: 'none', source: applied, target: applied, ranges: 0, differing: [], rows: null }
        : await compare(deps, planned, request, control);
    if (!compared) return null;
    const equal = compared.differing.length === 0;
    const isQuiet = async (): Promise<boolean> =>
      deps.hasPendingChanges !== undefined
        ? !(await deps.hasPendingChanges(control.stop))
        : (await deps.source.reader.changeMarker(planned.plan, control.stop)) === planned.changeMarker;
    return {
      table,
      mode,
      basis: compared.basis,
      sourceRows: compared.source.toString(),
      targetRows: compared.target.toString(),
      ledgerRows: applied.toString(),
      ledgerBytes: progress?.bytes ?? 0,
      equal,
      drift: !equal && !(await isQuiet()),
      ranges: compared.ranges,
      differingRanges: compared.differing,
      rows: compared.rows,
      altered: await countAltered(deps, planned.plan, control),
    };
  } catch (error) {
    if (control.stop.aborted) return null;
    throw error;
  }
}
