import { laneOfChanges } from '../model/changes-plan.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import type { Drift } from '../model/drift.ts';
import type { ParkedCounts } from '../model/quarantine.ts';
import {
  isExcluded,
  isSettled,
  nextTableStatus,
  type TableEvent,
  type TableStatus,
} from '../model/table-status.ts';
import type { TransferSettings } from '../model/transfer-settings.ts';
import type { PendingChanges, Prepared, VerifyResult } from '../activities/contract.ts';
import type { LiveCheckState } from './check-moves.ts';
import type { AlteredColumn, LeftOut, StandingReason, TableComparison, TableError } from './messages.ts';

/** A table as the workflow knows it. Which rows are copied only the ledger knows (invariant 4). */
export interface TableRecord {
  readonly id: string;
  readonly ordinal: number;
  status: TableStatus;
  /** 0: not planned by this execution yet; the ledger may have one from before. */
  generation: number;
  lanes: number;
  endedLanes: number;
  rows: number;
  bytes: number;
  estimatedRows: number | null;
  estimatedBytes: number | null;
  needsSnapshot: boolean;
  /** Interrupted it begins again: a query without a key. */
  readInOne: boolean;
  /** The snapshot in which this generation was planned: its positions mean nothing in another one. */
  plannedIn: string | null;
  /** The generation in which its query without a key was begun last; 0: none was, or the history is older. */
  begun: number;
  /** Tables that its foreign keys refer to; null: it has none to make. */
  parents: readonly string[] | null;
  error: TableError | null;
  comparison: TableComparison | null;
  /** Columns in which a policy altered values. */
  altered?: readonly AlteredColumn[];
  /** Rows by which the sides differed, as decimal text, when they were last compared; again after the grace period. */
  lacking: string | null;
  /** How far its comparison came in a slice that ended; null: it begins at the first range. */
  verifyPoint: NonNullable<VerifyResult['points']>[string] | null;
  /** Slices in a row that failed without moving anything; attempts are no error budget. */
  fruitless: number;
  /** Times in a row that its query without a key was interrupted; rows that such a slice moved do not count. */
  interruptions: number;
  /** Workflow time before which it is not tried again. */
  notBeforeMs: number;
  /** Readers that share it, in as many slices as they need; 0: it is not being read. */
  readers: number;
  /** Parts whose slices found nothing left that was theirs. */
  partsEnded: readonly number[];
}

export interface LastSample {
  atMs: number;
  rows: number;
  bytes: number;
  backlogMessages: number;
  backlogBytes: number;
  backlogMaxBytes: number;
  creditBytes: number;
  rowsPerSecond: number;
  bytesPerSecond: number;
  /** When the applied rows last grew. */
  movedAtMs: number;
  /** The first sample of a stopped transfer that was asked for after the last reader had ended; null before. */
  quietSinceMs: number | null;
  /** Changes that wait at the source; absent where none are moved. */
  pending?: PendingChanges;
  /** Changes that are set apart; absent where there are none. */
  parked?: ParkedCounts;
  /** Changes that found the target otherwise than they take for granted; absent where none did. */
  drift?: Drift;
  /** What the hub said then, besides what it says of itself for ever. */
  warnings: readonly string[];
}

/** A failure that ends the transfer. */
export interface Fatal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Everything that must outlive a continue-as-new. Plain data. */
export interface ControlState {
  readonly transfer: string;
  readonly startedAtMs: number;
  readonly override: Partial<TransferSettings>;
  readonly historyEvents: number | null;
  prepared: Omit<Prepared, 'tables' | 'warnings' | 'settings'> | null;
  settings: TransferSettings | null;
  /** Grows with each change of the settings; slices of an older one are started anew. */
  revision: number;
  warnings: string[];
  /** What of structures the target does not get; the first of it, and how much there is in all. */
  leftOut: LeftOut[];
  leftOutCount: number;
  paused: StandingReason | null;
  /** Set where it was not a person that paused: an error of the whole transfer. */
  pauseError: TableError | null;
  stopping: StandingReason | null;
  /** It stops because it reached a limit; absent in states of older versions. */
  limitReached?: boolean;
  tables: TableRecord[];
  /** Changes came near enough to the present once; absent where none are moved. */
  caughtUp?: boolean;
  /** Since when all rows are copied, as far as it is known. */
  copiedAtMs?: number | null;
  /** A person wants the transfer to end where nothing is pending any more. */
  cutOver?: StandingReason;
  /** Both sides are compared while changes flow, or were; absent: nobody wanted it. */
  check?: LiveCheckState;
  sample: LastSample | null;
  samples: number;
  snapshotInUse: boolean;
  writerNotBeforeMs: number;
  writerFruitless: number;
}

export const freshState = (
  input: { transfer: string; override?: Partial<TransferSettings>; historyEvents?: number },
  nowMs: number,
): ControlState => ({
  transfer: input.transfer,
  startedAtMs: nowMs,
  override: input.override ?? {},
  historyEvents: input.historyEvents ?? null,
  prepared: null,
  settings: null,
  revision: 0,
  warnings: [],
  leftOut: [],
  leftOutCount: 0,
  paused: null,
  pauseError: null,
  stopping: null,
  tables: [],
  sample: null,
  samples: 0,
  snapshotInUse: false,
  writerNotBeforeMs: 0,
  writerFruitless: 0,
});

export const freshTable = (id: string, ordinal: number): TableRecord => ({
  id,
  ordinal,
  status: 'waiting',
  generation: 0,
  lanes: 0,
  endedLanes: 0,
  rows: 0,
  bytes: 0,
  estimatedRows: null,
  estimatedBytes: null,
  needsSnapshot: false,
  readInOne: false,
  plannedIn: null,
  begun: 0,
  parents: null,
  error: null,
  comparison: null,
  lacking: null,
  verifyPoint: null,
  fruitless: 0,
  interruptions: 0,
  notBeforeMs: 0,
  readers: 0,
  partsEnded: [],
});

/** The only way in which a table's status changes. @returns whether it did */
export function happen(table: TableRecord, event: TableEvent): boolean {
  const next = nextTableStatus(table.status, event);
  if (next === table.status) return false;
  table.status = next;
  if (event === 'retry' || event === 'resume' || event === 'ended') table.interruptions = 0;
  if (
    event === 'retry' ||
    event === 'resnapshot' ||
    event === 'resume' ||
    event === 'ended' ||
    event === 'built' ||
    event === 'verified' ||
    event === 'linked'
  ) {
    table.error = null;
    table.fruitless = 0;
    table.notBeforeMs = 0;
    // What was compared before a person mended it, or before more was copied, is compared again.
    table.verifyPoint = null;
  }
  if (event === 'resnapshot') {
    // Of changes that were not planned yet the ledger knows its own: see planChanges.
    const isNew = table.generation === 0 && laneOfChanges(table.id) === null;
    Object.assign(table, {
      generation: isNew ? 0 : Math.max(1, table.generation) + 1,
      plannedIn: null,
      lanes: 0,
      endedLanes: 0,
      rows: 0,
      bytes: 0,
      comparison: null,
      lacking: null,
      verifyPoint: null,
    });
  }
  return true;
}

/** The ledger has all of it. Of changes there is nothing more to make or to compare. */
export function endTable(table: TableRecord): boolean {
  const isEnded = happen(table, 'ended');
  if (laneOfChanges(table.id) !== null) finishAtOnce(table);
  return isEnded;
}

/** There is no target in which anything would be made or compared. */
export function endLoad(table: TableRecord): void {
  happen(table, 'ended');
  finishAtOnce(table);
}

function finishAtOnce(table: TableRecord): void {
  for (const event of ['finish', 'built', 'verify', 'verified', 'linked'] as const) happen(table, event);
}

/** Rows and bytes of these together, as far as they are known. */
export const sumOf = (
  tables: readonly Pick<TableRecord, 'rows' | 'bytes'>[],
): { readonly rows: number; readonly bytes: number } => ({
  rows: tables.reduce((sum, { rows }) => sum + rows, 0),
  bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** Its rows are still on their way: it must end before the transfer does. */
export const isMoving = (table: TableRecord): boolean =>
  !isExcluded(table.status) && ['waiting', 'ready', 'copying'].includes(table.status);

const AFTER_COPYING: ReadonlySet<TableStatus> = new Set([
  'copied',
  'finishing',
  'built',
  'verifying',
  'verified',
  'linking',
]);

/** All of it is applied, and it is not finished yet. */
export const isCopied = ({ status }: Pick<TableRecord, 'status'>): boolean => AFTER_COPYING.has(status);

export { isExcluded, isSettled };
