import type { RunTopic } from '../../engine/ports/hub.ts';

/**
 * A transfer's name in the letters that topic names allow. Injective: letters, digits and hyphens stay, each other byte
 * of its UTF-8 is `_` and two hex digits.
 */
const encodeName = (name: string): string =>
  Array.from(Buffer.from(name, 'utf8'), (byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9-]/.test(letter) ? letter : `_${byte.toString(16).padStart(2, '0')}`;
  }).join('');

export interface RunNames {
  readonly dataTopic: string;
  readonly controlTopic: string;
}

export function namesOf(topic: RunTopic): RunNames {
  const dataTopic = `sluice.${encodeName(topic.transfer)}.${topic.run}`;
  return { dataTopic, controlTopic: `${dataTopic}.control` };
}

/**
 * The consumer group that all workers of a run share. It holds the topic's id, so that a late commit for a deleted topic
 * says nothing of its successor.
 */
export const writersOf = (topic: string, topicId: string): string => `${topic}.${topicId}`;

/** Messages of one lane lie in one partition, in their order; lanes are spread over all of them. */
export const partitionOf = (ordinal: number, lane: number, partitions: number): number =>
  (ordinal + lane) % partitions;
