import type { Observer } from '../engine/observer.ts';
import type { LostKey } from '../engine/structure/restore-keys.ts';
import type { ConnectionRegistry } from '../engine/ports/connection-registry.ts';
import type { LoadState } from '../engine/ports/initial-load.ts';
import type { ReadUntil } from '../engine/reading/read-budget.ts';
import type { ReadResult, Refusal, RelayedLane, RelayResult, WriteResult } from '../engine/slice.ts';
import type { LoadTableResult } from '../engine/topics/initial/load-table.ts';
import type { AlteredColumn, ComparisonBasis, VerifyPoint } from '../engine/finishing/verify-table.ts';
import type { LiveCounts } from '../engine/finishing/live/live-counts.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import type { Config } from '../model/config.ts';
import type { Drift } from '../model/drift.ts';
import type { ParkedCounts } from '../model/quarantine.ts';
import type { Share } from '../model/lane.ts';
import type { TransferSettings } from '../model/transfer-settings.ts';

/**
 * What workflow and activities say to each other: names and numbers only (invariant 1). A transfer's spec is not sent:
 * the run's own stands in the ledger, and connections are names that each worker's configuration resolves.
 */
export type { LoadState, ReadResult, Refusal, RelayedLane, RelayResult, WriteResult };

export interface ActivityDeps {
  readonly config: Pick<Config, 'transfer' | 'siteOf' | 'captures'>;
  readonly connections: ConnectionRegistry;
  readonly observer: (transfer: string) => Observer;
  readonly log: ActivityLog;
  /**
   * A slice that moves or verifies ends by itself after so long: often enough that new settings and new code are taken
   * up and the history stays small, seldom enough that starting slices costs nothing (0.1 s each).
   */
  readonly sliceBudgetMs: number;
  /** The queue of source activities that this process alone takes: for a snapshot that no other can read. */
  readonly ownSourceQueue: string;
  /** Whether the server knows our search attributes. */
  readonly knowsSearchAttributes: () => Promise<boolean>;
}

/** The part of a pino logger that activities need. Never given a vendor's error text (invariant 1). */
export interface ActivityLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A run and its ends: names of connections. */
export interface RunKey {
  readonly transfer: string;
  readonly run: number;
  readonly source: string;
  readonly hub: string;
  readonly target: string;
}

export type VerifyMode = 'none' | 'count' | 'checksum';

export interface PrepareRequest {
  readonly transfer: string;
  /** First execution id of the workflow: the same for all retries and continuations. */
  readonly execution: string;
}
export interface Prepared {
  readonly run: number;
  readonly continued: boolean;
  readonly source: string;
  readonly hub: string;
  readonly target: string;
  readonly settings: TransferSettings;
  readonly verify: VerifyMode;
  readonly gracePeriodMs: number;
  readonly reportingIntervalMs: number;
  /** A worker that is silent for so long is taken for dead. */
  readonly heartbeatTimeoutMs: number;
  /** All tables are read from one snapshot. */
  readonly oneSnapshot: boolean;
  /**
   * Changes are moved, each lane of them as one of the tables (changesId); `untilCaughtUp`: the transfer ends where nothing is pending.
   * Absent: only rows are, or the history is older.
   */
  readonly changes?: {
    readonly untilCaughtUp: boolean;
    /** They go out to topics of the hub: nothing is applied, and there is no ledger. */
    readonly toTopics?: boolean;
    /** Absent in histories of older versions: the one lane has all tables. */
    readonly lanes?: readonly LaneOfRun[];
  };
  /**
   * The most readers and writers of one slice: with more of them there are several slices, which the workers of a role
   * share. Absent in histories of older versions, whose slices had all.
   */
  readonly sliceReaders?: number;
  readonly sliceWriters?: number;
  /** Where the source and the target are: their activities go to the workers of that site. */
  readonly sourceSite?: string;
  readonly targetSite?: string;
  /** The server knows our search attributes; upserting unknown ones would stop the workflow for ever. */
  readonly searchAttributes: boolean;
  /** What ends this start before all is copied; absent: nothing does, or the history is older. */
  readonly limits?: StartLimits;
  readonly tables: readonly {
    readonly id: string;
    readonly ordinal: number;
    /** Its existing rows become events of a topic: how far that is. */
    readonly load?: LoadState;
  }[];
  readonly warnings: readonly string[];
}

/** A lane of changes, and the tables of the run, by their ordinals, whose changes it carries: those that are copied. */
export interface LaneOfRun {
  readonly lane: number;
  readonly tables: readonly number[];
}

export interface StartLimits {
  /** What the ledger may hold when no more is read. */
  readonly until: ReadUntil | null;
  readonly timeMs: number | null;
  /** As a person reads it: `1,000 rows`, `1 h`. */
  readonly amount: string;
  readonly time: string;
}

export interface TableToPlan {
  readonly id: string;
  readonly ordinal: number;
  /** Null where this execution has not planned it yet: the ledger's generation, or the first. */
  readonly generation: number | null;
}
export interface PlanRequest extends RunKey {
  /** Tables that a person left out: their changes are not moved. */
  readonly absent?: readonly string[];
  /** As in PrepareRequest: a late request of an execution that has the run no more clears nothing. Absent in older histories. */
  readonly execution?: string;
  readonly tables: readonly TableToPlan[];
  readonly snapshot: string | null;
}
export interface PlannedSummary {
  readonly table: string;
  readonly generation: number;
  readonly lanes: number;
  readonly endedLanes: number;
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
  /** It can be read in a snapshot only; planned without one it must be planned again. */
  readonly needsSnapshot: boolean;
  /** A query without a key: who interrupts it makes it begin again. Absent: it is none, or the history is older. */
  readonly readInOne?: true;
  /** How much of the source's structure the target does not get; `sluice plan` lists it. */
  readonly leftOut: number;
  /** The first of it, as SQL with the reason. */
  readonly leftOutSql?: readonly string[];
  /** Tables that its foreign keys refer to; null or absent: it has none to make. */
  readonly parents?: readonly string[] | null;
}
/** Tables that are in neither list were not reached: the slice was told to end. */
export interface PlanResult {
  readonly planned: readonly PlannedSummary[];
  readonly refused: readonly Refusal[];
}

export interface ReadRequest extends RunKey {
  readonly table: string;
  readonly settings: TransferSettings;
  readonly readers: number;
  readonly snapshot: string | null;
  /** Where several slices read the table: which of them this one is. */
  readonly share?: Share;
  /** Of the transfer's rates, where it has any; absent: all of them. */
  readonly rateShare?: number;
  readonly until?: ReadUntil;
}

/** Small tables of one key range each: an activity for every one would take longer than their rows. */
export interface SmallTablesRequest extends RunKey {
  readonly tables: readonly string[];
  readonly settings: TransferSettings;
}
/** Tables that are in neither list were not reached or not ended: the slice was told to end. */
export interface SmallTablesResult {
  readonly ended: readonly string[];
  readonly refused: readonly Refusal[];
  readonly rows: number;
}

/** Moves the changes of a run to the hub; see engine/changes/relay-changes.ts. */
export interface RelayRequest extends RunKey {
  readonly settings: TransferSettings;
  readonly drain: boolean;
  /** Absent in older histories: the first one, of all tables. */
  readonly lanes?: readonly number[];
  /** Those of other slices included. */
  readonly lanesOfAll?: number;
  /** Lanes to topics that a person wants to go on although their topics have changes of another capture. */
  readonly anew?: readonly number[];
}

/** Makes existing rows of a table events of its topic; see engine/topics/initial/load-table.ts. */
export interface LoadRequest extends RunKey {
  readonly settings: TransferSettings;
  readonly table: string;
  readonly generation: number;
}
export interface LoadResult extends LoadTableResult {
  /** Of the generation so far. */
  readonly rowsOfAll: number;
}

export interface WriteRequest extends RunKey {
  readonly settings: TransferSettings;
  readonly excluded: readonly string[];
  readonly awaited: number;
  /** Where several slices share the writers: which of them this one is. */
  readonly share?: Share;
}

export interface VerifyRequest extends RunKey {
  readonly tables: readonly string[];
  readonly mode: VerifyMode;
  /** By table: where an earlier slice stopped. */
  readonly points?: Readonly<Record<string, VerifyPoint>>;
}
export type { AlteredColumn, ComparisonBasis, LiveCounts };
export interface Comparison {
  readonly table: string;
  readonly sourceRows: string;
  readonly targetRows: string;
  readonly ledgerRows: string;
  readonly ledgerBytes: number;
  /** What the comparison rests on; a target that may hold more than the copy is often compared by less. */
  readonly basis: ComparisonBasis;
  readonly equal: boolean;
  readonly drift: boolean;
  /** Columns in which a policy altered values; absent where it altered none. */
  readonly altered?: readonly AlteredColumn[];
}
export interface VerifyResult {
  readonly compared: readonly Comparison[];
  readonly refused: readonly Refusal[];
  /** By table that the slice did not get to the end of. */
  readonly points?: Readonly<Record<string, VerifyPoint>>;
}

/** Compares tables of a run while their changes flow; see engine/finishing/live/verify-live.ts. */
export interface CompareLiveRequest extends RunKey {
  /** Tables are compared in the order of their ids: those behind this one. Null: all of them. */
  readonly after: string | null;
}
/** Counts only: keys are data. */
export interface LiveComparison {
  readonly table: string;
  readonly sourceRows: string;
  readonly targetRows: string;
  readonly equal: boolean;
  /** Rows that differed, by what can be said of them; absent: they have no names, or are still being copied. */
  readonly live?: LiveCounts;
  /** It differs, and nobody can tell whether for what is on its way. */
  readonly untold?: true;
  /** Why it could not be compared. */
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}
export interface CompareLiveResult {
  readonly compared: readonly LiveComparison[];
  /** False: the slice was told to end before the last table. */
  readonly ended: boolean;
}

/** What of the structure is made after the load. */
export interface FinishTablesRequest extends RunKey {
  readonly tables: readonly string[];
  /** `table`: indexes, checks, sequences; `foreign-keys`: when the parents are there. */
  readonly stage: 'table' | 'foreign-keys';
  /** Tables that a person left out: no foreign key refers to them. */
  readonly absent: readonly string[];
}
export interface FinishedSummary {
  readonly table: string;
  readonly made: number;
  readonly leftOut: number;
  readonly leftOutSql: readonly string[];
}
/** Tables that are in neither list were not done: the slice was told to end. */
export interface FinishResult {
  readonly finished: readonly FinishedSummary[];
  readonly refused: readonly Refusal[];
}

export interface SampleRequest extends RunKey {
  /** Changes are moved: their backlog is wanted too; `topics`: and nothing else is known. */
  readonly changes?: boolean;
  readonly topics?: boolean;
  /** Tables whose own counts are wanted: those that move. */
  readonly tables: readonly string[];
}
export interface TableSample {
  readonly table: string;
  readonly generation: number;
  readonly lanes: number;
  readonly endedLanes: number;
  readonly rows: number;
  readonly bytes: number;
}
export interface Sample {
  /** Of all tables of the run, from the ledger; of changes to topics what slices that still run have moved. */
  readonly rows: number;
  readonly bytes: number;
  readonly backlog: {
    readonly lost: boolean;
    readonly messages: number;
    readonly bytes: number;
    readonly maxBytes: number;
  };
  readonly creditBytes: number;
  readonly tables: readonly TableSample[];
  /** What hub and target say of themselves now: a full disk, no connection, commits that are not durable. */
  readonly warnings?: readonly string[];
  /** Changes that are recorded at the source and not known to be applied; absent where none are moved. */
  readonly pending?: PendingChanges;
  /** Changes that are set apart; absent where there are none. */
  readonly parked?: ParkedCounts;
  /** Changes that found the target otherwise than they take for granted; absent where none did. */
  readonly drift?: Drift;
}
export interface PendingChanges {
  readonly events: number;
  /** Age of the oldest; 0 where there is none. */
  readonly lagMs: number;
}

export interface CleanUpRequest extends RunKey {
  /** There is no ledger and no stream of ours. */
  readonly topics?: boolean;
  /** Marks the run finished: the next start opens a new one instead of continuing it. */
  readonly close: boolean;
  /** Some table did not come to its end: foreign keys that were dropped for the rows are made again before the run is closed. */
  readonly restore?: boolean;
}

export interface TransferActivities {
  prepareTransfer(request: PrepareRequest): Promise<Prepared>;
  planTables(request: PlanRequest): Promise<PlanResult>;
  readAndPublish(request: ReadRequest): Promise<ReadResult>;
  readSmallTables(request: SmallTablesRequest): Promise<SmallTablesResult>;
  relayChanges(request: RelayRequest): Promise<RelayResult>;
  relayToTopics(request: RelayRequest): Promise<RelayResult>;
  loadTable(request: LoadRequest): Promise<LoadResult>;
  writeBatches(request: WriteRequest): Promise<WriteResult>;
  finishTables(request: FinishTablesRequest): Promise<FinishResult>;
  verifyTables(request: VerifyRequest): Promise<VerifyResult>;
  compareLive(request: CompareLiveRequest): Promise<CompareLiveResult>;
  sampleProgress(request: SampleRequest): Promise<Sample>;
  holdSnapshot(request: RunKey): Promise<void>;
  /** @returns foreign keys that could not be made again */
  cleanUp(request: CleanUpRequest): Promise<readonly LostKey[]>;
}
