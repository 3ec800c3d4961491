import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  AlteredColumn,
  ComparisonBasis,
  LiveComparison,
  PendingChanges,
} from '../activities/contract.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import type { Drift } from '../model/drift.ts';
import type { ParkedCounts } from '../model/quarantine.ts';
import type { Phase, TableStatus } from '../model/table-status.ts';
import type { TransferSettings } from '../model/transfer-settings.ts';

export type { AlteredColumn, LiveComparison };

/**
 * Everything that clients and workflows say to each other. Signals and updates of one name do the same thing; an
 * update is validated and answered, a signal is neither. All are idempotent: they say what shall be, not what changes.
 * @see docs/reference/workflow-interface.md
 */

/** Names of the workflow types, as `temporal workflow start --type` wants them. */
export const TRANSFER_WORKFLOW = 'transfer';
export const LAUNCH_WORKFLOW = 'launchTransfer';

/** The task queues of one installation: `base` takes the workflows and quick steps, the others move rows. */
export interface TaskQueues {
  readonly control: string;
  readonly source: string;
  readonly target: string;
}

export const DEFAULT_TASK_QUEUE = 'sluice';

/** Where databases are that only the workers near them shall read or write; null: nowhere in particular. */
export interface Sites {
  readonly source: string | null;
  readonly target: string | null;
}

export const taskQueues = (
  base: string = DEFAULT_TASK_QUEUE,
  sites: Sites = { source: null, target: null },
): TaskQueues => ({
  control: base,
  source: `${base}-source${sites.source === null ? '' : `-${sites.source}`}`,
  target: `${base}-target${sites.target === null ? '' : `-${sites.target}`}`,
});

/** The id of a transfer's workflow, which is its mutex: one open execution at a time. */
export const transferWorkflowId = (name: string): string => `transfer/${name}`;

/** Search attributes, all of type Keyword. */
export const SEARCH_ATTRIBUTES = {
  transfer: 'SluiceTransfer',
  source: 'SluiceSource',
  target: 'SluiceTarget',
  phase: 'SluicePhase',
  health: 'SluiceHealth',
} as const;

export type Health = 'ok' | 'warning' | 'stalled' | 'blocked';

/** What a person types: the transfer's name, or the name and settings that differ from its configuration. */
export type TransferInput = string | TransferRequest;
export interface TransferRequest {
  readonly transfer: string;
  readonly override?: Partial<TransferSettings>;
}

/** Who wants it and why; both are shown in status and report. Never a secret: Temporal stores them. */
export interface Wish {
  readonly reason?: string;
  readonly by?: string;
}
export interface TableWish extends Wish {
  /** tableId: `public.orders`. */
  readonly table: string;
}

/** The answer of an update: the phase right after it took effect. */
export interface Answer {
  readonly phase: Phase;
}
export interface TableAnswer extends Answer {
  readonly table: string;
  readonly status: TableStatus;
}

/** A reason that stands: who paused, stopped or blocked the transfer, when and why. */
export interface StandingReason {
  readonly text: string;
  readonly by: string | null;
  readonly at: string;
}

/** Counts of the whole run. Applied is what the target's ledger holds; read is that and what waits in the hub. */
export interface Totals {
  readonly rowsRead: number;
  readonly rowsApplied: number;
  readonly bytesRead: number;
  readonly bytesApplied: number;
  /** Sum of the planner's estimates; null while a table has none. */
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
  /** Applied per second between the last two samples; 0 while nothing runs. */
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
}

export interface HealthReport {
  readonly health: Health;
  /** Rows read and not yet applied. */
  readonly difference: number;
  /** Shares from 0 to 1: of the credit, of the hub's limit, of the writers. */
  readonly windowUsed: number;
  readonly hubUsed: number;
  readonly writersUsed: number;
  readonly warnings: readonly string[];
}

export interface TransferStatus {
  readonly transfer: string;
  readonly phase: Phase;
  /** Number of the run in the target's ledger; null before it is opened. */
  readonly run: number | null;
  /** True when an unfinished run is continued. */
  readonly continued: boolean;
  readonly source: string | null;
  readonly hub: string | null;
  readonly target: string | null;
  /** Why it is paused, stopped or blocked; null otherwise. */
  readonly reason: StandingReason | null;
  readonly startedAt: string;
  readonly elapsedMs: number;
  /** When the totals were sampled; null before the first sample. */
  readonly sampledAt: string | null;
  readonly totals: Totals;
  /** Lanes of changes, and what all of them have moved; absent where none are. */
  readonly changes?: { readonly lanes: number; readonly moved: number };
  /** Changes that wait at the source when the totals were sampled; absent where none are moved. */
  readonly pending?: PendingChanges;
  /** Changes that are set apart, when the totals were sampled; absent where there are none. */
  readonly parked?: ParkedCounts;
  /** Changes that found the target otherwise than they take for granted, when the totals were sampled; absent where none did. */
  readonly drift?: Drift;
  /** The newest comparison of both sides that somebody wanted while changes flow; absent: nobody did. */
  readonly check?: LiveCheck;
  readonly health: HealthReport;
  readonly settings: TransferSettings | null;
  readonly tables: TableCounts;
  /** The queues that its work waits in: where no worker polls one of them, that work stands still. */
  readonly taskQueues: TaskQueues;
}

/** A comparison of both sides while changes flow. Counts of tables. */
export interface LiveCheck {
  readonly asked: StandingReason;
  /** Null: it goes on. */
  readonly endedAt: string | null;
  /** Compared so far. */
  readonly tables: number;
  readonly equal: number;
  /** They have rows that differ, and no change on its way is the reason. */
  readonly differing: number;
  /** What differs may be on its way, or is set apart, or could not be compared. */
  readonly untold: number;
  /** The first hundred that are not equal. */
  readonly named: readonly LiveComparison[];
  /** Why it ended before the last table. */
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

/** Tables by status, and all of them. */
export interface TableCounts {
  readonly total: number;
  readonly byStatus: Readonly<Partial<Record<TableStatus, number>>>;
}

export interface TableError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly column: string | null;
  readonly vendorCode: string | null;
  readonly suggestion: string | null;
}

/** Counts as decimal text: they can pass 2^53. */
export interface TableComparison {
  readonly sourceRows: string;
  readonly targetRows: string;
  readonly equal: boolean;
  /** The source changed while it was read, so a difference is no failure. */
  readonly drift: boolean;
  /** What the comparison rests on; absent in runs of older versions. */
  readonly basis?: ComparisonBasis;
}

/** What of a table's structure the target does not get: SQL of the source with the reason. */
export interface LeftOut {
  readonly table: string;
  readonly sql: string;
}

export interface TableState {
  readonly table: string;
  readonly status: TableStatus;
  readonly generation: number;
  readonly lanes: number;
  readonly endedLanes: number;
  readonly rows: number;
  readonly bytes: number;
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
  readonly error: TableError | null;
  readonly comparison: TableComparison | null;
  /** Columns in which a policy made NULL or the nearest value of what the target cannot hold; absent: in none. */
  readonly altered?: readonly AlteredColumn[];
}

export interface TablesRequest {
  /** First table to give, from 0, in the order of the plan. Default 0. */
  readonly offset?: number;
  /** At most 500. Default 100. */
  readonly limit?: number;
  readonly status?: TableStatus;
}
export interface TablesPage {
  readonly total: number;
  readonly offset: number;
  readonly tables: readonly TableState[];
}

/** What a finished transfer returns: counts only. Tables with problems first, at most 500 of them. */
export interface TransferReport {
  readonly transfer: string;
  readonly run: number;
  readonly phase: Phase;
  /** Why it stopped before all was copied; absent where it did not. */
  readonly reason?: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly elapsedMs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly verify: 'none' | 'count' | 'checksum';
  /** Tables compared, compared equal, different while the source changed. */
  readonly compared: number;
  readonly equal: number;
  readonly drifted: number;
  readonly skipped: number;
  readonly counts: TableCounts;
  readonly tables: readonly TableState[];
  /** Changes that are set apart at the end: exit code 4. Absent where there are none. */
  readonly parked?: ParkedCounts;
  /** Changes that found the target otherwise than they take for granted, and were applied; absent where none did. */
  readonly drift?: Drift;
  readonly warnings: readonly string[];
  /** How much of the structure the target did not get, and the first hundred of it. */
  readonly leftOutCount: number;
  readonly leftOut: readonly LeftOut[];
}

/** What a launched transfer did: `started` and awaited, or left alone because it was running. */
export interface LaunchReport {
  readonly transfer: string;
  readonly outcome: 'finished' | 'skipped';
  readonly report: TransferReport | null;
}

export const pauseSignal = defineSignal<[Wish?]>('pause');
export const resumeSignal = defineSignal<[Wish?]>('resume');
export const stopSignal = defineSignal<[Wish?]>('stop');
export const cutOverSignal = defineSignal<[Wish?]>('cutOver');
export const verifySignal = defineSignal<[Wish?]>('verify');
export const tablePauseSignal = defineSignal<[TableWish]>('tablePause');
export const tableResumeSignal = defineSignal<[TableWish]>('tableResume');
export const tableRetrySignal = defineSignal<[TableWish]>('tableRetry');
export const tableSkipSignal = defineSignal<[TableWish]>('tableSkip');
export const tableResnapshotSignal = defineSignal<[TableWish]>('tableResnapshot');
/**
 * From the transfer's own activity that holds the snapshot; nobody else sends it. With a task queue where only its process can
 * read in it.
 */
export const snapshotReadySignal =
  defineSignal<[{ readonly ref: string; readonly taskQueue?: string }]>('snapshotReady');

export const pauseUpdate = defineUpdate<Answer, [Wish?]>('pause');
/** Answers only when nothing runs any more. */
export const pauseAndWaitUpdate = defineUpdate<Answer, [Wish?]>('pauseAndWait');
export const resumeUpdate = defineUpdate<Answer, [Wish?]>('resume');
export const stopUpdate = defineUpdate<Answer, [Wish?]>('stop');
export const cutOverUpdate = defineUpdate<Answer, [Wish?]>('cutOver');
/** Refused by a transfer that moves no changes to a target. */
export const verifyUpdate = defineUpdate<Answer, [Wish?]>('verify');
export const tablePauseUpdate = defineUpdate<TableAnswer, [TableWish]>('tablePause');
export const tableResumeUpdate = defineUpdate<TableAnswer, [TableWish]>('tableResume');
export const tableRetryUpdate = defineUpdate<TableAnswer, [TableWish]>('tableRetry');
export const tableSkipUpdate = defineUpdate<TableAnswer, [TableWish]>('tableSkip');
export const tableResnapshotUpdate = defineUpdate<TableAnswer, [TableWish]>('tableResnapshot');
/** Settings of the running transfer; what is not given stays. Answers with all of them. */
export const settingsUpdate = defineUpdate<TransferSettings, [Partial<TransferSettings>]>('settings');

export const statusQuery = defineQuery<TransferStatus>('status');
export const tablesQuery = defineQuery<TablesPage, [TablesRequest?]>('tables');
