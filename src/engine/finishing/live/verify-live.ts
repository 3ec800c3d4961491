import { durationMs, LIVE_VERIFY_DEFAULTS, type TransferSpec } from '../../../model/transfer-spec.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import { type Clock, systemClock } from '../../clock.ts';
import type { ChangeCapture } from '../../ports/change-capture.ts';
import type { Database } from '../../ports/dialect.ts';
import type { SliceControl } from '../../slice.ts';
import { tableProgress } from '../../table-progress.ts';
import { namedBy, type RowComparison, shown } from '../compare-rows.ts';
import {
  DEFAULT_ROW_LIMIT,
  mayHoldMore,
  type TableVerification,
  type VerifyRequest,
  verifyTable,
} from '../verify-table.ts';
import { compareLive, type LiveComparison } from './compare-live.ts';
import type { LiveCounts } from './live-counts.ts';
import { parkedAmong } from './parked-among.ts';
import { pendingChanges } from './pending-changes.ts';
import type { Fate, Settled } from './suspects.ts';

export interface LiveVerifyDeps {
  readonly source: Pick<Database, 'reader' | 'inspector'>;
  readonly target: Pick<Database, 'ledger' | 'writer' | 'inspector' | 'quarantine'>;
  readonly changes: Pick<ChangeCapture, 'backlog' | 'now'>;
  readonly clock?: Clock;
}

/** Rows of a table that are watched at once, or found to differ: what is held of each is a key and two digests. */
const MOST_ROWS = 10_000;

function optionsOf({ changes }: Pick<TransferSpec, 'changes'>) {
  const { delay = LIVE_VERIFY_DEFAULTS.delay, rowsPerSecond = LIVE_VERIFY_DEFAULTS.rowsPerSecond } =
    changes?.verify ?? {};
  return { delayMs: durationMs(delay), rowsPerSecond };
}

const DIFFERENCES: ReadonlySet<Fate> = new Set(['missing', 'extra', 'different']);

function countsOf({ settled, isComplete }: LiveComparison): LiveCounts {
  const count = (is: (fate: Fate) => boolean): number => settled.filter(({ fate }) => is(fate)).length;
  return {
    different: count((fate) => DIFFERENCES.has(fate)),
    parked: count((fate) => fate === 'parked'),
    waiting: count((fate) => fate === 'waiting'),
    moving: count((fate) => fate === 'moving'),
    complete: isComplete,
  };
}

/** Differences first. */
function namedRows(plan: TablePlan, { settled, isComplete }: LiveComparison, limit: number): RowComparison {
  const rows = settled.flatMap(({ key, fate }: Settled) => (fate === 'moving' ? [] : [{ kind: fate, key }]));
  const inOrder = [
    ...shown(
      plan,
      rows.filter(({ kind }) => DIFFERENCES.has(kind)),
    ),
    ...shown(
      plan,
      rows.filter(({ kind }) => !DIFFERENCES.has(kind)),
    ),
  ];
  return {
    keyColumns: namedBy(plan).map((at) => plan.columns[at]?.source ?? ''),
    differences: inOrder.slice(0, limit),
    complete: isComplete && inOrder.length <= limit,
  };
}

/**
 * Compares one table while its changes flow: a row that differs is looked at again until it agrees, or is a difference that no change
 * on its way is the reason of (compareLive). As verifyTable does where rows have no names, are still being copied, or only counts are wanted:
 * what differs then while changes are pending cannot be told.
 * @returns null when the slice had to end before the comparison did
 * @throws SluiceError database.*, capture.*
 */
export async function verifyLive(
  deps: LiveVerifyDeps,
  request: VerifyRequest,
  control: SliceControl,
): Promise<TableVerification | null> {
  const { changes, clock = systemClock, source, target } = deps;
  const { ledger, quarantine } = target;
  const { transfer, run, table, mode } = request;
  try {
    const planned = request.planned ?? (await ledger.readTable(transfer, run, table, control.stop));
    if (!planned) throw new SluiceError('internal', 'the table is not planned in this run', { table });
    const { plan } = planned;
    const progress = await tableProgress(ledger, request, control.stop);
    const isCopied = request.planned !== undefined || progress?.endedLanes === progress?.lanes;
    const keys = namedBy(plan);
    if (mode === 'count' || mode === 'none' || !isCopied || keys.length === 0) {
      const asked = { changes, quarantine, transfer, table };
      const hasPendingChanges = await pendingChanges(asked, control.stop);
      const found = await verifyTable({ source, target, hasPendingChanges }, request, control);
      return found && { ...found, ...(found.drift && { untold: true as const }) };
    }
    const columns = keys.map((at) => plan.columns[at]?.source ?? '');
    const parked = (asked: readonly (readonly string[])[], signal: AbortSignal) =>
      parkedAmong(quarantine, { transfer, plan, columns, keys: asked }, signal);
    const wanted = { plan, ignoreExtra: mayHoldMore(plan), most: MOST_ROWS, ...optionsOf(request.spec) };
    const compared = await compareLive({ source, target, changes, transfer, parked, clock }, wanted, control);
    if (!compared) return null;
    const live = countsOf(compared);
    const equal = live.different + live.parked + live.waiting === 0 && live.complete;
    return {
      table,
      mode,
      basis: 'checksum',
      sourceRows: compared.sourceRows.toString(),
      targetRows: compared.targetRows.toString(),
      ledgerRows: String(progress?.rows ?? 0),
      ledgerBytes: progress?.bytes ?? 0,
      equal,
      drift: !equal && live.different === 0,
      ranges: compared.ranges,
      differingRanges: [],
      rows: mode === 'rows' ? namedRows(plan, compared, request.rowLimit ?? DEFAULT_ROW_LIMIT) : null,
      altered: [],
      live,
    };
  } catch (error) {
    if (control.stop.aborted) return null;
    throw error;
  }
}
