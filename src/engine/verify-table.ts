import type { KeyRange } from '../model/lane.ts';
import { SluiceError } from '../model/sluice-error.ts';
import type { TablePlan } from '../model/table-plan.ts';
import type { TransferSpec } from '../model/transfer-spec.ts';
import type { Database } from './ports/dialect.ts';
import type { PlannedTable } from './ports/ledger.ts';
import type { RangeChecksum } from './ports/source-reader.ts';
import type { SliceControl } from './slice.ts';

export type VerifyMode = 'none' | 'count' | 'checksum';

export interface VerifyRequest {
  readonly transfer: string;
  readonly run: number;
  readonly table: string;
  readonly mode: VerifyMode;
  readonly spec: TransferSpec;
}

/** Counts as decimal text, for they may pass 2^53. */
export interface TableVerification {
  readonly table: string;
  readonly mode: VerifyMode;
  readonly sourceRows: string;
  readonly targetRows: string;
  /** Rows that the ledger says were applied in this run. */
  readonly ledgerRows: string;
  readonly equal: boolean;
  /** They differ and the source was changed since the table was planned: expected, reported, no failure. */
  readonly drift: boolean;
  /** Key ranges compared and those that differ; 1 and 0 or 1 where the table was compared as a whole. */
  readonly ranges: number;
  readonly differingRanges: readonly number[];
}

interface Compared {
  readonly source: bigint;
  readonly target: bigint;
  readonly ranges: number;
  readonly differing: readonly number[];
}

export interface VerifyDeps {
  readonly source: Pick<Database, 'reader'>;
  readonly target: Pick<Database, 'ledger' | 'writer'>;
}

const same = (a: RangeChecksum, b: RangeChecksum): boolean => a.rows === b.rows && a.sum === b.sum;

/** One range at a time where both sides order the key alike, so that a difference has a place; else the whole table. */
async function compareChecksums(
  deps: VerifyDeps,
  planned: PlannedTable,
  control: SliceControl,
): Promise<Compared | null> {
  const { plan } = planned;
  const whole: readonly (KeyRange | null)[] = [null];
  const ranges = plan.position.kind === 'key' && plan.position.sameOrder ? planned.ranges : whole;
  let source = 0n;
  let target = 0n;
  const differing: number[] = [];
  for (const range of ranges) {
    if (control.stop.aborted || control.overdue()) return null;
    const [left, right] = await Promise.all([
      deps.source.reader.checksum(plan, range, control.stop),
      deps.target.writer.checksum(plan, range, control.stop),
    ]);
    source += left.rows;
    target += right.rows;
    if (!same(left, right)) differing.push(range?.lane ?? 1);
    control.progress();
  }
  return { source, target, ranges: ranges.length, differing };
}

async function compareCounts(deps: VerifyDeps, plan: TablePlan, control: SliceControl): Promise<Compared> {
  const [source, target] = await Promise.all([
    deps.source.reader.countRows(plan, control.stop),
    deps.target.writer.countRows(plan, control.stop),
  ]);
  control.progress();
  return { source, target, ranges: 1, differing: source === target ? [] : [1] };
}

/** Target rows that are there besides what was copied make no difference in these modes: only a lack is one. */
const mayHoldMore = (plan: TablePlan): boolean => plan.writeMode === 'append' || plan.writeMode === 'upsert';

/**
 * Compares one copied table on both sides: by count, or by count and checksum.
 *
 * Unequal is a failure only when the source was quiet since the table was planned; otherwise it is drift.
 * @returns null when the slice had to end before the comparison did
 * @throws SluiceError database.*
 */
export async function verifyTable(
  deps: VerifyDeps,
  request: VerifyRequest,
  control: SliceControl,
): Promise<TableVerification | null> {
  const { ledger } = deps.target;
  try {
    const planned = await ledger.readTable(request.transfer, request.run, request.table, control.stop);
    if (!planned)
      throw new SluiceError('internal', 'the table is not planned in this run', { table: request.table });
    const progress = (await ledger.progress(request.transfer, request.run, control.stop)).find(
      ({ table }) => table === request.table,
    );
    const ledgerRows = BigInt(progress?.rows ?? 0);
    const base = { table: request.table, mode: request.mode, ledgerRows: ledgerRows.toString() };
    if (request.mode === 'none') {
      const rows = ledgerRows.toString();
      return {
        ...base,
        sourceRows: rows,
        targetRows: rows,
        equal: true,
        drift: false,
        ranges: 0,
        differingRanges: [],
      };
    }
    const compared =
      request.mode === 'checksum' && !mayHoldMore(planned.plan)
        ? await compareChecksums(deps, planned, control)
        : await compareCounts(deps, planned.plan, control);
    if (!compared) return null;
    const enough = mayHoldMore(planned.plan) && compared.target >= compared.source;
    const equal = compared.differing.length === 0 || enough;
    const quiet =
      (await deps.source.reader.changeMarker(planned.plan, control.stop)) === planned.changeMarker;
    return {
      ...base,
      sourceRows: compared.source.toString(),
      targetRows: compared.target.toString(),
      equal,
      drift: !equal && !quiet,
      ranges: compared.ranges,
      differingRanges: equal ? [] : compared.differing,
    };
  } catch (error) {
    if (control.stop.aborted) return null;
    throw error;
  }
}
