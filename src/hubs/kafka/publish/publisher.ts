import type { Publisher, RunTopic } from '../../../engine/ports/hub.ts';
import { namesOf } from '../names.ts';
import { type Sending, TopicSender } from './topic-sender.ts';

/** A publisher into the data topic of a run; see TopicSender for order and repeats. */
export function createPublisher(deps: Sending, topic: RunTopic): Publisher {
  const sender = new TopicSender(deps, namesOf(topic).dataTopic);
  return {
    publish: ({ id, ordinal, lane = 0, header, data }, signal) =>
      sender.send({ id, ordinal, lane, header, data }, signal),
    // A topic has no limit of its own: the record's own bytes are what it takes.
    storedBytes: ({ id, header, data }) => id.length + header.length + data.byteLength,
    close: async () => sender.close(),
  };
}
