import { headers as createHeaders } from 'nats';
import type { TopicMessage } from '../../../engine/ports/topic-sink.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Connection } from '../connection.ts';
import { classify } from '../error-codes.ts';
import type { SubjectStreams } from './subject-streams.ts';

const ACK_TIMEOUT_MS = 10_000;
/** On their way at once. */
const MOST_MESSAGES = 256;
const MOST_BYTES = 4 * 1024 * 1024;
/** CloudEvents names them so in its binding of NATS, and with an underscore in that of Kafka. */
const attributeName = (name: string): string => name.replace(/^ce_/, 'ce-');

export interface Failed {
  readonly index: number;
  readonly error: unknown;
}

export interface Publishing {
  readonly connection: Connection;
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

async function publish(of: Publishing, message: TopicMessage, signal: AbortSignal): Promise<void> {
  const { connection, streams, incarnation } = of;
  const { stream, mostBytes } = await streams.get(message.topic);
  if (message.value.length > mostBytes) throw tooLarge(message);
  const headers = createHeaders();
  for (const { name, value } of message.headers) headers.set(attributeName(name), value);
  const stored = connection.js.publish(message.topic, message.value, {
    msgID: `${incarnation}.${message.eventId}`,
    timeout: ACK_TIMEOUT_MS,
    expect: { streamName: stream },
    headers,
  });
  try {
    await connection.answer(stored, signal);
  } catch (error) {
    throw classify(error) === 'hub.message_too_large' ? tooLarge(message) : error;
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
  const flying = new Set<Promise<void>>();
  const failures: Failed[] = [];
  let bytes = 0;
  for (let index = from; index < messages.length && failures.length === 0; index += 1) {
    const message = messages[index] as TopicMessage;
    bytes += message.value.length;
    const sent = publish(of, message, signal)
      .catch((error: unknown) => void failures.push({ index, error }))
      .finally(() => {
        bytes -= message.value.length;
        flying.delete(sent);
      });
    flying.add(sent);
    while (failures.length === 0 && (flying.size >= MOST_MESSAGES || bytes >= MOST_BYTES))
      await Promise.race(flying);
  }
  await Promise.all(flying);
  return failures.toSorted((a, b) => a.index - b.index)[0] ?? null;
}
