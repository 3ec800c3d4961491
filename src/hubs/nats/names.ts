import type { RunTopic } from '../../engine/ports/hub.ts';

/**
 * A transfer's name in the letters that stream names, subjects and file names allow. Injective: letters, digits and
 * hyphens stay, each other byte of its UTF-8 is `_` and two hex digits. So `_` and a digit run never end it ambiguously:
 * what follows the last `_` of a data stream's name is the run.
 */
export const encodeName = (name: string): string =>
  Array.from(Buffer.from(name, 'utf8'), (byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9-]/.test(letter) ? letter : `_${byte.toString(16).padStart(2, '0')}`;
  }).join('');

export interface RunNames {
  readonly dataStream: string;
  readonly controlStream: string;
  /** `sluice.<transfer>.<run>.data.*` */
  readonly dataSubjects: string;
  readonly controlSubject: string;
  dataSubject(ordinal: number): string;
}

export function namesOf(topic: RunTopic): RunNames {
  const transfer = encodeName(topic.transfer);
  const stream = `SLUICE_${transfer}_${topic.run}`;
  const subject = `sluice.${transfer}.${topic.run}`;
  return {
    dataStream: stream,
    controlStream: `${stream}_CONTROL`,
    dataSubjects: `${subject}.data.*`,
    controlSubject: `${subject}.control`,
    dataSubject: (ordinal) => `${subject}.data.${ordinal}`,
  };
}

/** The ordinal of a data subject. */
export const ordinalOf = (subject: string): number => Number(subject.slice(subject.lastIndexOf('.') + 1));

/**
 * Name of the durable consumer that all workers of a run share. It holds the stream's identity because JetStream matches
 * an acknowledgement by consumer name and stream sequence alone: a late one for a deleted stream would otherwise
 * acknowledge a message of its successor that nobody has applied.
 */
export const writersOf = (created: string): string => `writers-${created.replaceAll(/[^0-9TZ]/g, '')}`;

/** The header that carries `HubMessage.header`. */
export const BATCH_HEADER = 'Sluice-Batch';
export const ID_HEADER = 'Nats-Msg-Id';

/** Room within max_payload for the headers: NATS counts both together. */
export const HEADER_BYTES = 4096;
