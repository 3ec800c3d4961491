import { AckPolicy, type ConsumerConfig, DeliverPolicy, type Msg, nanos } from 'nats';
import { blockPool } from '../../engine/driver/block-pool.ts';
import type { Consumer, ConsumerWindow, Delivery, Handled, RunTopic } from '../../engine/ports/hub.ts';
import type { NatsConfig } from './config.ts';
import type { Connection } from './connection.ts';
import { classify, hubError } from './error-codes.ts';
import { BATCH_HEADER, ID_HEADER, namesOf, ordinalOf, WHOLE, writersOf } from './names.ts';
import type { Share } from '../../model/lane.ts';
import { type Pull, type PullEnd, startPull } from './pull.ts';
import { backOff, onAbort, pause, within } from '../../engine/waiting.ts';

/**
 * Asked for and not yet here. The server cuts a connection off as a slow consumer when 64 MB (its max_pending) wait to be
 * sent to it: seen with 16 messages of 4 MiB, and the rate fell from 1 GB/s to 18 MB/s.
 */
const MOST_PULLED_BYTES = 32 * 1024 * 1024;
/** Held fragments of rows larger than a message count here, too. */
const MAX_ACK_PENDING = 4_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;
/** So long the last acknowledgements may take at the end of a run; what is lost is delivered again and dropped. */
const FLUSH_MS = 2_000;

/** What a session consumes: one share of a run's stream. */
interface Consumed {
  readonly stream: string;
  readonly config: NatsConfig;
  readonly share: Share;
  readonly subjects: (share: Share) => readonly string[];
}

const durable = ({ config, subjects }: Consumed, created: string, share: Share): Partial<ConsumerConfig> => ({
  durable_name: writersOf(created, share),
  ...(share.of > 1 && { filter_subjects: [...subjects(share)] }),
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(config.ackWaitMs),
  max_deliver: -1,
  max_ack_pending: MAX_ACK_PENDING,
  deliver_policy: DeliverPolicy.All,
  max_waiting: 4_096, // pull requests of all workers together
});

/**
 * `$JS.ACK.[domain.account.]stream.consumer.deliveries.…`: how often the message was delivered, this time included.
 *
 * @see https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-15.md
 */
function deliveries(reply: string): number {
  const tokens = reply.split('.');
  return Number(tokens[tokens.length === 9 ? 4 : 6]);
}

/** Grows with each delivery of a message: another lane's turn may take long. */
const delayMs = (message: Msg): number =>
  Math.min(FIRST_DELAY_MS * 2 ** Math.min(deliveries(message.reply ?? '') - 1, 10), LONGEST_DELAY_MS);

type Handle = (delivery: Delivery) => Promise<Handled>;

/** One call of `run`: what is being handled, what is asked for, and the rule that both together stay within the window. */
class ConsumerRun {
  readonly #connection: Connection;
  readonly #stream: string;
  readonly #window: ConsumerWindow;
  readonly #handle: Handle;
  readonly #handling = new Map<Msg, Promise<void>>();
  readonly #pulls = new Set<Pull>();
  #messages = 0;
  #bytes = 0;
  #lastBytes = 0;
  /** The next message is larger than what is free. */
  #tight = false;
  #stopping = false;
  /** Name of the consumer to pull from; null while there is none. */
  #consumer: string | null = null;
  #stopped: Promise<unknown> = Promise.resolve();
  #sessionEnded: () => void = () => undefined;

  constructor(
    connection: Connection,
    stream: string,
    options: { readonly window: ConsumerWindow; readonly handle: Handle },
  ) {
    this.#connection = connection;
    this.#stream = stream;
    this.#window = options.window;
    this.#handle = options.handle;
  }

  /** Pulls and handles until the consumer, the stream or the connection is lost, or `stop` is called. */
  async session(consumer: string): Promise<void> {
    await this.#stopped; // what the last requests still bring counts before more is asked for
    const ended = new Promise<void>((resolve) => (this.#sessionEnded = resolve));
    if (this.#stopping) return;
    this.#consumer = consumer;
    this.#tight = false;
    this.#fill();
    await ended;
  }

  /** The connection is gone, and with it every request. */
  disconnected(): void {
    for (const pull of this.#pulls) pull.forget();
    this.#pulls.clear();
    this.#endSession();
  }

  /** Takes no more; what still arrives is given back at once, for another worker. Resolves when nothing is handled. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endSession();
    await this.#stopped;
    while (this.#handling.size > 0) await Promise.all(this.#handling.values());
  }

  /** Every message in hand, held ones included, stays ours for another ack_wait. */
  sayWorking(): void {
    if (!this.#connection.connected) return;
    for (const message of this.#handling.keys()) this.#reply(message, '+WPI');
  }

  #endSession(): void {
    this.#consumer = null;
    this.#stopped = Promise.all([this.#stopped, ...[...this.#pulls].map((pull) => pull.stop())]);
    this.#pulls.clear();
    this.#sessionEnded();
  }

  /** Asks for as much as is free. */
  #fill(): void {
    if (this.#consumer === null || this.#stopping) return;
    if (!this.#connection.connected || this.#connection.nc.isClosed()) return;
    let messages = this.#window.messages - this.#messages;
    let bytes = Math.min(this.#window.bytes - this.#bytes, MOST_PULLED_BYTES);
    for (const pull of this.#pulls) {
      messages -= pull.messagesLeft;
      bytes -= pull.bytesLeft;
    }
    const idle = this.#messages === 0 && this.#pulls.size === 0;
    if (idle) {
      // One delivery is always let in, however large.
      this.#pull(
        this.#consumer,
        this.#tight || bytes < 1 ? { messages: 1, bytes: null } : { messages, bytes },
      );
    } else if (messages >= 1 && !this.#tight && bytes >= 1 && bytes >= this.#lastBytes) {
      this.#pull(this.#consumer, { messages, bytes });
    }
  }

  #pull(consumer: string, size: { readonly messages: number; readonly bytes: number | null }): void {
    const request = {
      stream: this.#stream,
      consumer,
      messages: Math.max(1, size.messages),
      bytes: size.bytes,
    };
    const pull = startPull(this.#connection.nc, request, {
      message: (message) => this.#receive(message),
      ended: (end) => this.#pullEnded(pull, end),
    });
    this.#pulls.add(pull);
  }

  #pullEnded(pull: Pull, end: PullEnd): void {
    if (!this.#pulls.delete(pull)) return;
    if (end === 'limited') this.#tight = true;
    if (end !== 'void') {
      this.#fill();
      return;
    }
    this.#endSession();
  }

  #receive(message: Msg): void {
    if (this.#stopping) {
      this.#reply(message, '-NAK');
      return;
    }
    const sizeBytes = message.data.length;
    this.#messages += 1;
    this.#bytes += sizeBytes;
    this.#lastBytes = sizeBytes;
    let held = false;
    const free = (): void => {
      if (held) return;
      held = true;
      this.#messages -= 1;
      this.#bytes -= sizeBytes;
      this.#tight = false;
      this.#fill();
    };
    this.#handling.set(message, this.#work(message, free));
  }

  async #work(message: Msg, free: () => void): Promise<void> {
    const outcome = await this.#outcome(message, free);
    this.#handling.delete(message);
    if (outcome === 'applied') blockPool.give(message.data);
    // Invariant 3: `applied` and `dropped` are said after the commit, or when the record can supply the batch again.
    if (outcome === 'applied' || outcome === 'dropped') this.#reply(message, '+ACK');
    else this.#reply(message, `-NAK ${JSON.stringify({ delay: nanos(delayMs(message)) })}`);
    free();
  }

  async #outcome(message: Msg, free: () => void): Promise<Handled | 'rejected'> {
    try {
      return await this.#handle({
        id: message.headers?.get(ID_HEADER) ?? '',
        ordinal: ordinalOf(message.subject),
        header: message.headers?.get(BATCH_HEADER) ?? '',
        data: message.data,
        redelivered: deliveries(message.reply ?? '') > 1,
        hold: free,
      });
    } catch {
      return 'rejected';
    }
  }

  /**
   * An acknowledgement is not awaited: one that is lost leads to a redelivery, which the ledger drops. Waiting for
   * the server's answer to it would gain nothing and double the process's cost of small messages (30 to 59 µs each).
   */
  #reply(message: Msg, text: string): void {
    try {
      message.respond(text);
    } catch {
      // The connection was closed: the message is delivered again after ack_wait.
    }
  }
}

/** Makes the durable consumer once the stream is there; waits for both. @throws the signal's reason */
async function ensureConsumer(
  connection: Connection,
  options: Consumed,
  signal: AbortSignal,
): Promise<string> {
  const { stream, share } = options;
  const { of } = share;
  const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  for (;;) {
    await connection.whenConnected(signal);
    try {
      const { created } = await connection.answer(connection.jsm.streams.info(stream), signal);
      // All of them, so that what nobody consumes yet is counted.
      for (let part = 1; part <= of; part += 1) {
        const wanted = durable(options, created, { part, of });
        await connection.answer(connection.jsm.consumers.add(stream, wanted), signal);
      }
      return writersOf(created, share);
    } catch (error) {
      signal.throwIfAborted();
      if (classify(error) === 'hub.authentication_failed') throw hubError(error, stream);
      await pause(delays.next(), signal);
    }
  }
}

/** Lost without a message in between, it is asked for again ever more slowly. */
async function pullUntilAborted(
  connection: Connection,
  options: Consumed,
  signal: AbortSignal,
  run: ConsumerRun,
): Promise<void> {
  const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  for (;;) {
    const began = Date.now();
    await run.session(await ensureConsumer(connection, options, signal));
    signal.throwIfAborted();
    if (Date.now() - began > LONGEST_DELAY_MS) delays.reset();
    else await pause(delays.next(), signal);
  }
}

/** The durable consumer of a run on a connection of its own, so that no other answer waits behind its megabytes. */
export function createConsumer(
  connection: Connection,
  config: NatsConfig,
  topic: RunTopic,
  window: ConsumerWindow,
): Consumer {
  const names = namesOf(topic);
  const stream = names.dataStream;
  const subjects: Consumed['subjects'] = (share) => names.shareSubjects(share);
  const consumed: Consumed = { stream, config, share: window.share ?? WHOLE, subjects };
  const running = new Set<{ readonly stop: AbortController; readonly done: Promise<void> }>();
  const runOnce = async (handle: Handle, signal: AbortSignal): Promise<void> => {
    const run = new ConsumerRun(connection, stream, { window, handle });
    const off = connection.onDisconnect(() => run.disconnected());
    const working = setInterval(() => run.sayWorking(), config.ackWaitMs / 3);
    const offAbort = onAbort(signal, () => void run.stop());
    try {
      await pullUntilAborted(connection, consumed, signal, run);
    } catch (error) {
      if (!signal.aborted && !connection.nc.isClosed()) throw error;
    } finally {
      await run.stop();
      clearInterval(working);
      off();
      offAbort();
      if (connection.connected)
        await within(connection.nc.flush(), FLUSH_MS, undefined).catch(() => undefined);
    }
  };
  return {
    run: async (handle, signal) => {
      const stop = new AbortController();
      const off = onAbort(signal, (reason) => stop.abort(reason));
      const entry = { stop, done: runOnce(handle, stop.signal) };
      running.add(entry);
      try {
        await entry.done;
      } finally {
        running.delete(entry);
        off();
      }
    },
    close: async () => {
      for (const { stop } of running) stop.abort();
      await Promise.allSettled([...running].map(({ done }) => done));
      await connection.close();
    },
  };
}
