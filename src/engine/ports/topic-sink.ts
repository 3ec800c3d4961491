import type { ChangeLetter } from '../../model/change-event.ts';
import type { SluiceError } from '../../model/sluice-error.ts';

/** A topic that messages of a lane go to. */
export interface NeededTopic {
  readonly topic: string;
  /** Every message has a key: what a compacted topic needs. */
  readonly keyed: boolean;
  /** Id of a table whose changes go there, for what is said of it. */
  readonly table: string;
}

export interface LaneToOpen {
  readonly transfer: string;
  readonly lane: number;
  /** Of the capture at the source; kept with each claim, since another capture counts its claims anew. */
  readonly incarnation: string;
  readonly topics: readonly NeededTopic[];
}

export interface MessageHeader {
  readonly name: string;
  readonly value: string;
}

/** One event as consumers get it. */
export interface TopicMessage {
  /** Digits; grows within a key. */
  readonly eventId: string;
  readonly table: string;
  readonly operation: ChangeLetter;
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: readonly MessageHeader[];
}

/** A message that the hub does not take as it is, however often it is sent, and why: naming table and event, never the payload. */
export interface RefusedMessage {
  readonly message: TopicMessage;
  readonly error: SluiceError;
}

/** The last claim that is in, and of which capture it is. */
export interface ClaimIn {
  readonly claim: number;
  readonly incarnation: string;
}

/** A lane that this process has, until somebody else opens it. */
export interface TopicLane {
  /** As it was when the lane was opened; null: none, or so long ago that the hub has forgotten it. */
  readonly last: ClaimIn | null;
  /**
   * Stores the messages of a claim and its number, in the order given for each key; resolves when both are stored. A claim that is in
   * already is left alone. Repeats what is unanswered for a while. One call at a time.
   *
   * Where the hub has transactions the messages and the number are visible together or never; elsewhere a claim may be stored
   * again after a crash, each message under the same id.
   * @returns messages that are refused; there may be more, which the next try tells. With any of them the claim is not in, and will
   *   not be by this call: where the hub has transactions nothing of it is visible, elsewhere nothing was sent unless a limit of the
   *   hub was lowered meanwhile. None: it is in.
   * @throws SluiceError capture.lease_lost, hub.topic_missing, hub.topic_unsuitable, hub.*
   */
  write(
    claim: number,
    messages: readonly TopicMessage[],
    signal: AbortSignal,
  ): Promise<readonly RefusedMessage[]>;
  /** What is on its way is given up; whoever opens the lane next settles it. */
  close(): Promise<void>;
}

/** Topics of a hub as the place where captured changes go: they are the users', so none is made or altered. */
export interface TopicSink {
  /**
   * Takes the lane over: who had it can store nothing more of it, and what he left half done is settled.
   * @throws SluiceError hub.topic_missing, hub.topic_unsuitable (compacted, and messages without keys), hub.*
   */
  open(lane: LaneToOpen, signal: AbortSignal): Promise<TopicLane>;
  /** Forgets which claims are in: for a transfer that begins anew with a capture that counts from 1. */
  forget(lane: { readonly transfer: string; readonly lane: number }, signal: AbortSignal): Promise<void>;
}
