import type { NeededTopic } from '../../../engine/ports/topic-sink.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Connection } from '../connection.ts';
import { HEADER_BYTES } from '../names.ts';

/** The stream that stores a subject. */
export interface SubjectStream {
  readonly stream: string;
  /** Of a message without its headers. */
  readonly mostBytes: number;
}

/** Which stream takes which subject; the streams are the users', so none is made. */
export interface SubjectStreams {
  /** @throws SluiceError hub.topic_missing */
  get(subject: string): Promise<SubjectStream>;
  check(needed: readonly NeededTopic[]): Promise<void>;
  /** What was known is asked again. */
  reset(): void;
}

export function createSubjectStreams(connection: Connection): SubjectStreams {
  const known = new Map<string, Promise<SubjectStream>>();
  const ask = async (subject: string): Promise<SubjectStream> => {
    const [stream] = await connection.jsm.streams.names(subject).next();
    if (stream === undefined)
      throw new SluiceError('hub.topic_missing', `no stream takes the subject ${subject}`, {
        where: subject,
        suggestion: `nats stream add CHANGES --subjects '${subject.split('.')[0]}.>'`,
      });
    const { config } = await connection.jsm.streams.info(stream);
    const most = config.max_msg_size > 0 ? config.max_msg_size : Infinity;
    return { stream, mostBytes: Math.min(most, connection.info.max_payload) - HEADER_BYTES };
  };
  const get = (subject: string): Promise<SubjectStream> => {
    const asked = known.get(subject) ?? ask(subject);
    known.set(subject, asked);
    asked.catch(() => known.delete(subject));
    return asked;
  };
  return {
    get,
    check: async (needed) => {
      for (const { topic } of needed) await get(topic);
    },
    reset: () => known.clear(),
  };
}
