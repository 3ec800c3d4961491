import { headers as createHeaders, NatsError, type PubAck } from 'nats';
import type { Publisher, RunTopic } from '../../engine/ports/hub.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { Connection } from './connection.ts';
import { API, apiCode, classify, hubError } from './error-codes.ts';
import { BATCH_HEADER, ID_HEADER, namesOf } from './names.ts';
import { backOff, pause, untilAborted } from '../../engine/waiting.ts';
import type { Troubles } from '../../engine/hub/troubles.ts';

/**
 * Stored within milliseconds as a rule, and a lost connection ends the wait at once. So only a server that is connected
 * and mute makes us wait so long: nats-server 2.15.2 confirms nothing any more on a stream whose disk was full, not even
 * after space was made, until it is restarted (seen; what it had confirmed is still there then).
 */
const ACK_TIMEOUT_MS = 10_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5_000;

export interface Outgoing {
  readonly subject: string;
  readonly id: string;
  readonly header: string | null;
  readonly data: Uint8Array;
}

/**
 * Sends into one stream until each message is stored; see Publisher.publish.
 *
 * Overlapping calls are stored in their order: a first attempt goes out at once while nothing waits; what must be
 * repeated queues up, one repeat at a time, and later calls queue behind it. One exception remains: a publish whose
 * answer was a refusal is repeated after its successors that were already on the way (the sequencer sorts them).
 */
export class StreamSender {
  readonly #connection: Connection;
  readonly #stream: string;
  readonly #troubles: Troubles;
  readonly #closing = new AbortController();
  #highestSeq = 0;
  #queued = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, stream: string, troubles: Troubles) {
    this.#connection = connection;
    this.#stream = stream;
    this.#troubles = troubles;
  }

  async send(message: Outgoing, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    await untilAborted(this.#store(message, signal), this.#closing.signal);
  }

  /** What is on its way is given up: it rejects, and may be stored or not. */
  close(): void {
    const message = `the publisher was closed (${this.#stream})`;
    this.#closing.abort(new SluiceError('hub.unreachable', message, { where: this.#stream }));
  }

  async #store(message: Outgoing, signal: AbortSignal): Promise<void> {
    const isFirst = this.#queued === 0 && this.#connection.connected;
    if (isFirst && (await this.#attempt(message, signal)) === 'stored') return;
    this.#queued += 1;
    const mine = this.#turn.then(() => this.#repeat(message, signal)).finally(() => (this.#queued -= 1));
    this.#turn = mine.catch(() => undefined);
    await untilAborted(mine, signal);
  }

  async #repeat(message: Outgoing, signal: AbortSignal): Promise<void> {
    const delays = backOff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
    for (;;) {
      await this.#connection.whenConnected(signal);
      const outcome = await this.#attempt(message, signal);
      if (outcome === 'stored') break;
      // Invariant 11: full or away, the caller waits; the next repeat of the queue waits behind this one.
      if (outcome !== 'disconnected') await pause(delays.next(), signal);
    }
    this.#troubles.clear(this.#stream);
  }

  /** @throws SluiceError where repeating cannot help */
  async #attempt(message: Outgoing, signal: AbortSignal): Promise<'stored' | 'disconnected' | 'refused'> {
    const before = this.#highestSeq;
    try {
      const ack = await this.#publish(message, signal);
      // A sequence that falls back: the stream was made again, or lost its end in a power cut (hazards of sync_interval).
      if (!ack.duplicate && ack.seq <= before) {
        // Told once: from here on the new stream is the one that counts.
        this.#highestSeq = ack.seq;
        throw this.#lost('the stream starts again below what it had confirmed');
      }
      this.#highestSeq = Math.max(this.#highestSeq, ack.seq);
      return 'stored';
    } catch (error) {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      const code = classify(error);
      if (code !== 'hub.full' && code !== 'hub.unreachable') throw hubError(error, this.#stream);
      if (!this.#connection.connected) return 'disconnected';
      this.#troubles.note(this.#stream, await this.#explain(error, signal));
      return 'refused';
    }
  }

  /**
   * 503: nobody listens on the subject, so the stream is gone or JetStream is not up. TIMEOUT: see ACK_TIMEOUT_MS.
   *
   * @throws SluiceError hub.stream_lost
   */
  async #explain(error: unknown, signal: AbortSignal): Promise<SluiceError> {
    const code = error instanceof NatsError ? error.code : '';
    if (code !== '503' && code !== 'TIMEOUT') return hubError(error, this.#stream);
    try {
      await this.#connection.answer(this.#connection.jsm.streams.info(this.#stream), signal);
    } catch (silence) {
      if (apiCode(silence) === API.streamNotFound) throw this.#lost('the stream is not there');
      return hubError(error, this.#stream);
    }
    if (code === '503') return hubError(error, this.#stream);
    const message = `NATS takes messages and confirms none: free its disk if that is full, then restart it (${this.#stream})`;
    return new SluiceError('hub.full', message, { where: this.#stream, vendorCode: code });
  }

  async #publish(message: Outgoing, signal: AbortSignal): Promise<PubAck> {
    const headers = createHeaders();
    if (message.header !== null) headers.set(BATCH_HEADER, message.header);
    const stored = this.#connection.js.publish(message.subject, message.data, {
      msgID: message.id,
      timeout: ACK_TIMEOUT_MS,
      expect: { streamName: this.#stream },
      headers,
    });
    return this.#connection.answer(stored, signal);
  }

  #lost(why: string): SluiceError {
    return new SluiceError('hub.stream_lost', `${why} (${this.#stream})`, { where: this.#stream });
  }
}

/** A header line cannot carry more: NATS trims it and ends it at a line end. */
const CARRIED = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/;

/**
 * What the file store keeps of a message besides its subject, headers and data: lengths, times, checksum.
 *
 * @see https://github.com/nats-io/nats-server/blob/main/server/filestore.go (fileStoreMsgSize)
 */
const RECORD_BYTES = 22 + 4 + 8;
const HEADER_NAMES = `NATS/1.0\r\nNats-Expected-Stream: \r\n${ID_HEADER}: \r\n${BATCH_HEADER}: \r\n\r\n`;

/** A publisher into the data stream of a run; see StreamSender for order and repeats. */
export function createPublisher(connection: Connection, topic: RunTopic, troubles: Troubles): Publisher {
  const names = namesOf(topic);
  const sender = new StreamSender(connection, names.dataStream, troubles);
  return {
    publish: async (message, signal) => {
      if (!CARRIED.test(message.header)) {
        throw new SluiceError(
          'internal',
          'the header of a message is printable ASCII without blanks around it',
        );
      }
      const { id, header, data, ordinal, lane = 0 } = message;
      await sender.send({ subject: names.dataSubject(ordinal, lane), id, header, data }, signal);
    },
    storedBytes: ({ id, ordinal, lane = 0, header, data }) =>
      RECORD_BYTES +
      names.dataSubject(ordinal, lane).length +
      HEADER_NAMES.length +
      id.length +
      names.dataStream.length +
      header.length +
      data.byteLength,
    close: async () => sender.close(),
  };
}
