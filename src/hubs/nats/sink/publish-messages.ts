import { headers as createHeaders, NatsError } from 'nats';
import type { RefusedMessage, TopicMessage } from '../../../engine/ports/topic-sink.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { onAbort } from '../../../engine/waiting.ts';
import { type Connection, LOST } from '../connection.ts';
import { classify } from '../error-codes.ts';
import { ID_HEADER } from '../names.ts';
import type { Answers } from './answers.ts';
import type { SubjectStreams } from './subject-streams.ts';

/** A subject may have moved to another stream, whose messages nobody looks for. */
const EXPECTED_STREAM = 'Nats-Expected-Stream';
/** On their way at once. */
const MOST_MESSAGES = 1_000;
const MOST_BYTES = 4 * 1024 * 1024;
/** CloudEvents names them so in its binding of NATS, and with an underscore in that of Kafka. */
const attributeName = (name: string): string => name.replace(/^ce_/, 'ce-');

export interface Failed {
  readonly index: number;
  readonly error: unknown;
}

export interface Publishing {
  readonly connection: Connection;
  readonly answers: Answers;
  readonly streams: SubjectStreams;
  /** Before the ids of events: of the capture that counts them. */
  readonly incarnation: string;
}

const tooLarge = ({ topic, table, eventId }: TopicMessage): SluiceError =>
  new SluiceError('hub.message_too_large', `event ${eventId} of ${table} is larger than ${topic} takes`, {
    where: topic,
    table,
    suggestion: 'raise max_payload of nats-server, and max_msg_size of the stream',
  });

/**
 * Messages that are larger than what their streams take, looked for before anything is sent: what follows one of them in its key must
 * not be stored before it is.
 */
export async function findTooLarge(
  streams: SubjectStreams,
  messages: readonly TopicMessage[],
): Promise<readonly RefusedMessage[]> {
  const most = new Map<string, number>();
  const refused: RefusedMessage[] = [];
  for (const message of messages) {
    const { topic, value } = message;
    const mostBytes = most.get(topic) ?? (await streams.get(topic)).mostBytes;
    most.set(topic, mostBytes);
    if (value.length > mostBytes) refused.push({ message, error: tooLarge(message) });
  }
  return refused;
}

async function publish(of: Publishing, message: TopicMessage): Promise<void> {
  const { answers, streams, incarnation } = of;
  const { stream } = await streams.get(message.topic);
  const headers = createHeaders();
  headers.set(ID_HEADER, `${incarnation}.${message.eventId}`);
  headers.set(EXPECTED_STREAM, stream);
  for (const { name, value } of message.headers) headers.set(attributeName(name), value);
  try {
    await answers.publish({ subject: message.topic, data: message.value, headers });
  } catch (error) {
    throw classify(error) === 'hub.message_too_large' ? tooLarge(message) : error;
  }
}

/** Messages that are on their way, by their places. */
class Flight {
  readonly #waiting = new Map<number, number>();
  readonly #failures: Failed[] = [];
  #bytes = 0;
  #wake = (): void => undefined;

  get isFull(): boolean {
    return this.#waiting.size >= MOST_MESSAGES || this.#bytes >= MOST_BYTES;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  get failed(): Failed | null {
    return this.#failures.toSorted((a, b) => a.index - b.index)[0] ?? null;
  }

  /** Resolves with the next answer: one promise for all of them. */
  answered(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  async add(index: number, sizeBytes: number, sent: Promise<void>): Promise<void> {
    this.#waiting.set(index, sizeBytes);
    this.#bytes += sizeBytes;
    try {
      await sent;
    } catch (error) {
      if (this.#waiting.has(index)) this.#failures.push({ index, error });
    }
    if (this.#waiting.delete(index)) this.#bytes -= sizeBytes;
    this.#wake();
  }

  /** No answer comes any more. */
  lose(error: unknown): void {
    const [index] = this.#waiting.keys();
    if (index !== undefined) this.#failures.push({ index, error });
    this.#waiting.clear();
    this.#bytes = 0;
    this.#wake();
  }
}

/**
 * Stores messages from a place on, a window of them at a time, in their order while none is refused.
 * @returns the first that was not stored, once nothing is on its way any more; null: all are stored
 */
export async function publishFrom(
  of: Publishing,
  { messages, from }: { readonly messages: readonly TopicMessage[]; readonly from: number },
  signal: AbortSignal,
): Promise<Failed | null> {
  const flight = new Flight();
  const lose = (error: Error): void => {
    of.answers.forget();
    flight.lose(error);
  };
  const off = [
    of.connection.onDisconnect(() => lose(new NatsError('connection lost', LOST))),
    onAbort(signal, lose),
  ];
  try {
    for (let index = from; index < messages.length && flight.failed === null; index += 1) {
      const message = messages[index] as TopicMessage;
      void flight.add(index, message.value.length, publish(of, message));
      while (flight.isFull) await flight.answered();
    }
    while (!flight.isEmpty) await flight.answered();
  } finally {
    for (const stop of off) stop();
  }
  return flight.failed;
}
