import type { ChangeLetter } from '../../model/change-event.ts';
import type { LaneRef } from '../../model/lane.ts';
import type { ParkedState } from '../../model/quarantine.ts';

/** Where an event stands among all of a transfer: claims are in order within a run, events within a claim. */
export interface EventPlace {
  readonly run: number;
  readonly claim: number;
  /** Digits. */
  readonly event: string;
}

/** What of an event that is set apart says which later ones must wait behind it. Names of keys are hashes: a key may be long. */
export interface HeldKeys {
  /** Id of its table at the source. */
  readonly table: string;
  /** The events that are tried in order, one behind the other: named by the key of which the first one is. */
  readonly chain: string;
  readonly own: string;
  /** An update that found its row under another text of the key holds that one too. */
  readonly other: string | null;
}

/** An event as it is set apart beside the ledger. */
export interface StoredEvent extends EventPlace, HeldKeys {
  readonly transfer: string;
  readonly lane: number;
  readonly operation: ChangeLetter;
  /** The key as a person reads it: see ParkedEvent.key. */
  readonly key: string;
  readonly state: ParkedState;
  readonly attempts: number;
  readonly parkedAtMs: number;
  readonly retryAtMs: number | null;
  readonly finalAtMs: number | null;
  readonly code: string;
  readonly message: string;
  /** Recorded columns as JSON text. */
  readonly old: string | null;
  readonly new: string | null;
}

/** What changes of an event that was tried. */
export type ParkedMark = Pick<
  StoredEvent,
  'state' | 'attempts' | 'retryAtMs' | 'finalAtMs' | 'code' | 'message'
>;

/** A part of a chain that is in memory at once. */
export interface ChainLimits {
  readonly events: number;
  readonly bytes: number;
}

/**
 * What a transaction of the target does about events that are set apart. All of it happens behind the lock of the lane's row in the
 * ledger, which `advance` or `hold` took: so nobody parks behind an event that another one just applied.
 */
export interface TargetParking {
  /**
   * Begins the transaction without a batch, and locks the lane's row. In place of `advance`.
   * @returns false: the run is closed, or the ledger has another generation of the lane
   */
  hold(lane: LaneRef): Promise<boolean>;
  /**
   * Steps of this transaction that are taken back together where one of them is refused (isRefused): the transaction goes on without
   * them, and the refusal is thrown. Any other error ends the transaction, as ever. Never within another one.
   */
  attempt(work: () => Promise<void>): Promise<void>;
  /** Has all constraints checked that wait for the commit. Absent: none can wait. */
  check?(): Promise<void>;
  /** Of the events behind which others must wait. */
  held(transfer: string): Promise<readonly HeldKeys[]>;
  /** Inserts, each once: events of a claim that is applied again in a later run have that run's number. */
  park(events: readonly StoredEvent[]): Promise<void>;
  /** Events of another chain, or of all chains of a table, become part of this one. */
  merge(
    transfer: string,
    into: string,
    of: { readonly chain: string } | { readonly table: string },
  ): Promise<void>;
  /** Deletes all of a table. @returns events */
  drop(transfer: string, table: string): Promise<number>;
  /** Chains of which an event is to be tried by now, in the order of those events. */
  due(transfer: string, nowMs: number, most: number): Promise<readonly HeldKeys[]>;
  /** Chains of which an event has been final since then or longer. */
  expired(transfer: string, beforeMs: number, most: number): Promise<readonly HeldKeys[]>;
  /** The beginning of a chain in order; from the last truncation on where it has one. At least one event unless it is empty. */
  chain(transfer: string, chain: string, limits: ChainLimits): Promise<readonly StoredEvent[]>;
  /** Deletes what a chain has up to an event. @returns events */
  remove(transfer: string, chain: string, upto: EventPlace): Promise<number>;
  /** Deletes one event. */
  discard(transfer: string, place: EventPlace): Promise<void>;
  /** Of an event that is, from now on, one that others wait behind. */
  mark(transfer: string, place: EventPlace, mark: ParkedMark): Promise<void>;
}
