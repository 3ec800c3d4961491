import type { TSchema } from '@sinclair/typebox';
import type { ErrorCode } from '../../model/error-codes.ts';
import type { Share } from '../../model/lane.ts';
import type { TopicSink } from './topic-sink.ts';

/**
 * A durable transport between readers and writers of one run. It may lose everything it stored, deliver twice, late and
 * out of order: the ledger decides (invariants 3, 4, 5).
 */
export interface Hub {
  readonly kind: string;
  readonly topics: TopicAdmin;
  publisher(run: RunTopic): Promise<Publisher>;
  consumer(run: RunTopic, window: ConsumerWindow): Promise<Consumer>;
  control(run: RunTopic): ControlChannel;
  /** Where captured changes go that have no target. Absent: this hub has no topics for them. */
  readonly topicSink?: TopicSink;
  /** Version of the server. */
  ping(signal: AbortSignal): Promise<string>;
  /** What an operator should know: the server does not sync writes, a limit is too low. Empty: all well. */
  warnings(signal: AbortSignal): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What the hub keeps of one run of one transfer: a data stream with a subject a table, and a control stream. */
export interface RunTopic {
  readonly transfer: string;
  readonly run: number;
}

export interface TopicAdmin {
  /**
   * Makes what the run needs, where missing, with the settings that lose nothing. Idempotent.
   * @returns an identity of the data stream that changes when it was deleted and made again
   * @throws SluiceError hub.settings_differ, hub.unreachable
   */
  ensure(run: RunTopic, options: { readonly maxBytes: number }, signal: AbortSignal): Promise<string>;
  /** Bytes that one message may carry, header aside; asked from the server. */
  maxMessageBytes(signal: AbortSignal): Promise<number>;
  /** How much is stored and not acknowledged; `lost` when the stream is not there. */
  backlog(run: RunTopic, signal: AbortSignal): Promise<HubBacklog>;
  /** Frees what is acknowledged. */
  purgeAcknowledged(run: RunTopic, signal: AbortSignal): Promise<void>;
  remove(run: RunTopic, signal: AbortSignal): Promise<void>;
}

export interface HubBacklog {
  readonly lost: boolean;
  /** Messages stored and neither acknowledged nor dropped; of these, how many no consumer has been given yet. */
  readonly messages: number;
  readonly undelivered: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

/** One message. `header` is printable ASCII of at most a few KiB; `id` is unique for ever within the run. */
export interface HubMessage {
  readonly id: string;
  /** The table's ordinal in the run: a subject or a topic of its own. */
  readonly ordinal: number;
  /** Where the hub keeps an order only within parts, messages of one lane of a table share a part; 0 where it is left out. */
  readonly lane?: number;
  readonly header: string;
  readonly data: Uint8Array;
}

export interface Publisher {
  /**
   * Resolves when the hub has stored the message; calls may overlap and the order of overlapping
   * calls is kept; how many overlap is the caller's affair. Retries unanswered publishes under the same id until the signal aborts; waits while the hub is full.
   * @throws SluiceError hub.stream_lost, hub.message_too_large
   */
  publish(message: HubMessage, signal: AbortSignal): Promise<void>;
  /** Bytes that the message takes of what the data stream holds at most. */
  storedBytes(message: HubMessage): number;
  close(): Promise<void>;
}

export type Handled = 'applied' | 'dropped' | 'later';

export interface Delivery extends HubMessage {
  readonly redelivered: boolean;
  /** A fragment that waits for the rest of its batch takes no place in the window from this call on. */
  hold(): void;
}

/** Deliveries being handled at once. One delivery is always let in, however large. */
export interface ConsumerWindow {
  readonly messages: number;
  readonly bytes: number;
  /**
   * Where several consumers share a run: which of them this one is. All messages of a lane go to one of them; a hub that
   * shares by itself needs no number.
   */
  readonly share?: Share;
}

export interface Consumer {
  /**
   * Calls `handle` for each delivery, as many at once as the window allows, begun in stream order as far as that goes.
   * `applied` and `dropped` are acknowledged, `later` is delivered again after a delay, a rejection is delivered again.
   * While `handle` runs the hub is told that the message is being worked on. Resolves when the signal aborts and no
   * `handle` runs any more. Survives a restart of the hub and a deleted stream (after ensure made it again).
   */
  run(handle: (delivery: Delivery) => Promise<Handled>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Said beside the data: hints that make things faster, never the truth. Each new listener hears what was said before. */
export type Announcement =
  | { readonly kind: 'structure'; readonly table: string; readonly generation: number; readonly plan: string }
  | {
      readonly kind: 'range-end';
      readonly table: string;
      readonly generation: number;
      readonly lane: number;
      readonly rows: number;
    }
  | {
      readonly kind: 'gap';
      readonly table: string;
      readonly generation: number;
      readonly lane: number;
      readonly attempt: number;
    };

/** The control stream of a run. */
export interface ControlChannel {
  announce(announcement: Announcement, signal: AbortSignal): Promise<void>;
  /** Resolves when the signal aborts. */
  listen(heard: (announcement: Announcement) => void, signal: AbortSignal): Promise<void>;
}

/** What opening a hub needs; secrets included. */
export interface HubOptions {
  readonly applicationName: string;
}

/** A kind of hub. */
export interface HubKind<Config = unknown> {
  readonly name: string;
  readonly settings: TSchema;
  /** @throws SluiceError connection.invalid_url */
  parseUrl(url: string, settings: Readonly<Record<string, unknown>>): Config;
  maskUrl(url: string): string;
  /** @throws SluiceError hub.* */
  open(config: Config, options: HubOptions): Promise<Hub>;
  /** Total: by the vendor's code, never by its text. */
  classify(error: unknown): ErrorCode;
}
