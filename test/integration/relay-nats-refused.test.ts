import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterAll, beforeAll } from 'vitest';
import {
  describeRefusedEvents,
  LIMIT_BYTES,
  type NarrowTopics,
  type ReadEvent,
} from '../contract/describe-refused-events.ts';
import { uniqueName } from '../support/databases.ts';
import { describeWith, servers } from '../support/servers.ts';

describeWith(['nats', 'postgres'], 'changes of PostgreSQL in subjects of NATS that refuse some', () => {
  let nc: NatsConnection;
  let jsm: JetStreamManager;
  beforeAll(async () => {
    nc = await connect({ servers: servers().natsUrl.replace('nats://', '') });
    jsm = await nc.jetstreamManager();
  });
  afterAll(() => nc?.close());

  /** By key: what is not above the last id of its key was seen before, and a consumer drops it. */
  const read = async (stream: string, repeats = 'by key'): Promise<readonly ReadEvent[]> => {
    const { state } = await jsm.streams.info(stream);
    const events: ReadEvent[] = [];
    const lastIds = new Map<number, number>();
    const ids = new Set<number>();
    for (let seq = state.first_seq; seq > 0 && seq <= state.last_seq; seq += 1) {
      const event = (await jsm.streams.getMessage(stream, { seq })).json<ReadEvent>();
      const key = event.new?.id ?? event.old?.id ?? 0;
      if (repeats === 'by key' ? event.id <= (lastIds.get(key) ?? 0) : ids.has(event.id)) continue;
      ids.add(event.id);
      lastIds.set(key, event.id);
      events.push(event);
    }
    return events;
  };
  const narrow = async (): Promise<NarrowTopics> => {
    const [stream, prefix] = [uniqueName('stream'), uniqueName('cdc')];
    await jsm.streams.add({ name: stream, subjects: [`${prefix}.>`], max_msg_size: LIMIT_BYTES });
    return {
      topics: { name: `${prefix}.{schema}.{table}` },
      read: (repeats) => read(stream, repeats),
      raiseLimit: async () => void (await jsm.streams.update(stream, { max_msg_size: 1_000_000 })),
      drop: async () => void (await jsm.streams.delete(stream)),
    };
  };
  describeRefusedEvents({
    get url() {
      return servers().natsUrl;
    },
    narrow,
    deaths: ['publish', 'replace'],
  });
});
