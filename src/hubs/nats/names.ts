import type { RunTopic } from '../../engine/ports/hub.ts';
import type { Share } from '../../model/lane.ts';

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

/** Lanes are spread over so many subjects of a table: consumers can share them evenly by 2, 3, 4, 6, 8, 12 and 24. */
const SHARDS = 24;

export interface RunNames {
  readonly dataStream: string;
  readonly controlStream: string;
  /** `sluice.<transfer>.<run>.data.*.*` */
  readonly dataSubjects: string;
  readonly controlSubject: string;
  /** `sluice.<transfer>.<run>.data.<ordinal>.<shard>` */
  dataSubject(ordinal: number, lane: number): string;
  /** What one of several consumers takes. */
  shareSubjects(share: Share): readonly string[];
}

export function namesOf(topic: RunTopic): RunNames {
  const transfer = encodeName(topic.transfer);
  const stream = `SLUICE_${transfer}_${topic.run}`;
  const subject = `sluice.${transfer}.${topic.run}`;
  return {
    dataStream: stream,
    controlStream: `${stream}_CONTROL`,
    dataSubjects: `${subject}.data.*.*`,
    controlSubject: `${subject}.control`,
    dataSubject: (ordinal, lane) => `${subject}.data.${ordinal}.${(ordinal + lane) % SHARDS}`,
    shareSubjects: ({ part, of }) =>
      Array.from({ length: SHARDS }, (_, shard) => shard)
        .filter((shard) => shard % of === part - 1)
        .map((shard) => `${subject}.data.*.${shard}`),
  };
}

/** The ordinal of a data subject. */
export const ordinalOf = (subject: string): number => Number(subject.split('.').at(-2));

/**
 * Name of the durable consumer that all workers of a run share. It holds the stream's identity because JetStream matches
 * an acknowledgement by consumer name and stream sequence alone: a late one for a deleted stream would otherwise
 * acknowledge a message of its successor that nobody has applied. Consumers that share a run have their part in it.
 */
export const writersOf = (created: string, share: Share = WHOLE): string => {
  const name = `writers-${created.replaceAll(/[^0-9TZ]/g, '')}`;
  return share.of === 1 ? name : `${name}-${share.part}of${share.of}`;
};

/** By how many a consumer of that name shares its run. */
export const sharersOf = (consumer: string): number => Number(/-\d+of(\d+)$/.exec(consumer)?.[1] ?? 1);

export const WHOLE: Share = { part: 1, of: 1 };

/** The header that carries `HubMessage.header`. */
export const BATCH_HEADER = 'Sluice-Batch';
export const ID_HEADER = 'Nats-Msg-Id';

/** Room within max_payload for the headers: NATS counts both together. */
export const HEADER_BYTES = 4096;
