/**
 * Captures one table into one topic of Kafka until SIGTERM, as CAPTURE_CMD of ../shared/peers/debezium/run.sh does. With
 * UNTIL=caught-up it ends where nothing is pending, and says what it moved.
 *
 *   env: SOURCE_URL, or PGHOST PGPORT PGUSER PGDATABASE · TABLE · TOPIC · KAFKA_BOOTSTRAP · READY_FILE · FORMAT · UNTIL
 */
import { writeFile } from 'node:fs/promises';
import { relayToTopics } from '../../src/engine/topics/relay-to-topics.ts';
import { kafka } from '../../src/hubs/kafka/hub.ts';
import { openCapturedSource } from './open-source.ts';

const setting = (name: string, byDefault: string): string => process.env[name] || byDefault;

const sourceUrl = (): string =>
  setting(
    'SOURCE_URL',
    `postgres://${setting('PGUSER', 'postgres')}@${setting('PGHOST', '127.0.0.1')}:${setting('PGPORT', '5432')}/${setting('PGDATABASE', 'peer_src')}`,
  );

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());

const source = await openCapturedSource(
  sourceUrl(),
  // Of the default schema, with or without its name.
  setting('TABLE', 'public.peer_cdc').replace(/^public\./, ''),
  setting('TOPIC', 'peer_dbz'),
);
const hubUrl = `kafka://${setting('KAFKA_BOOTSTRAP', '127.0.0.1:9092')}`;
const hub = await kafka.open(kafka.parseUrl(hubUrl, {}), { applicationName: 'sluice bench' });
if (!hub.topicSink) throw new Error('Kafka without topics');
const { READY_FILE: ready } = process.env;
if (ready) await writeFile(ready, 'ready\n');

const beganMs = performance.now();
const cpu = process.cpuUsage();
const { topics, ...request } = source.request;
const format = setting('FORMAT', 'movex') === 'debezium' ? 'debezium' : 'movex';
const result = await relayToTopics(
  { source: source.capture, sink: hub.topicSink },
  {
    ...request,
    topics: { ...topics, format },
    until: setting('UNTIL', '') === 'caught-up' ? 'caught-up' : undefined,
  },
  { stop: stop.signal, overdue: () => false, progress: () => undefined },
);
const seconds = (performance.now() - beganMs) / 1000;
const { user, system } = process.cpuUsage(cpu);
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(
  `${JSON.stringify({ ...result, seconds, cpuSeconds: (user + system) / 1e6, peakBytes })}\n`,
);
await hub.close();
await source.database.close();
process.exitCode = result.refusal ? 1 : 0;
