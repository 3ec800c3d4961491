import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { loadNow } from '../measure/machine.ts';
import { createScratchDatabases, query } from '../source/scratch-databases.ts';
import { measureLatency } from './measure-latency.ts';

const COMMAND = fileURLToPath(new URL('capture-command.ts', import.meta.url));
const TABLE = 'public.changed_orders';
const PARTITIONS = 4;
/** Changes of one transaction of the load. */
const PER_TRANSACTION = 100;

const HELP = `usage: scripts/bench --topics [options]: captured changes of PostgreSQL into topics of Kafka
  --events N   changes of the filled staging table that is drained (400000)
  --runs N     drains (3)
  --rate N     changes a second while the latency is measured (500)
  --seconds N  of that (30)
`;

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

function required(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: start this with scripts/bench --topics`);
  return value;
}

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    topics: { type: 'boolean' },
    help: { type: 'boolean' },
    events: text,
    runs: text,
    rate: text,
    seconds: text,
  },
});
const numberOf = (given: string | undefined, byDefault: number): number => Number(given ?? byDefault);

/** An update of such a row is a message of about 550 bytes. */
const SOURCE_SQL = [
  `CREATE TABLE changed_orders (id bigint PRIMARY KEY, status text NOT NULL, amount numeric(12,2) NOT NULL, at timestamptz NOT NULL, note text, sent_us bigint)`,
  `INSERT INTO changed_orders SELECT i, 'new', i / 100.0, timestamptz '2024-01-01' + i * interval '1 s', md5(i::text), 0 FROM generate_series(1, 100000) i`,
  `CREATE PROCEDURE change_orders(n integer, per_transaction integer) LANGUAGE plpgsql AS $$
  BEGIN
    FOR i IN 0..n / per_transaction - 1 LOOP
      UPDATE changed_orders SET amount = amount + 1, status = 'paid'
        WHERE id > (i * per_transaction) % 100000 AND id <= (i * per_transaction) % 100000 + per_transaction;
      COMMIT;
    END LOOP;
  END $$`,
];

const createKafka = (): Kafka =>
  new Kafka({ brokers: [required('SLUICE_TEST_KAFKA_BROKERS')], logLevel: logLevel.NOTHING });

async function makeTopic(topic: string): Promise<void> {
  const admin = createKafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
}

/** Stored and not deleted again, markers of transactions included. */
async function storedIn(topic: string): Promise<number> {
  const admin = createKafka().admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
}

const environment = (source: string, topic: string): NodeJS.ProcessEnv => ({
  ...process.env,
  SOURCE_URL: source,
  TABLE,
  TOPIC: topic,
  KAFKA_BOOTSTRAP: required('SLUICE_TEST_KAFKA_BROKERS'),
});

interface Drained {
  readonly events: number;
  readonly claims: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function drain(source: string, topic: string): Promise<Drained> {
  const env = { ...environment(source, topic), UNTIL: 'caught-up' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', COMMAND], { env });
  return JSON.parse(stdout) as Drained;
}

async function measureDrains(source: string, topic: string): Promise<void> {
  const events = numberOf(values.events, 400_000);
  for (let run = 1; run <= numberOf(values.runs, 3); run += 1) {
    await query(source, `CALL change_orders(${events}, ${PER_TRANSACTION})`);
    await query(source, 'CHECKPOINT');
    const before = await storedIn(topic);
    const load = loadNow();
    const drained = await drain(source, topic);
    const stored = (await storedIn(topic)) - before;
    const ok = drained.events === events && stored >= events;
    const perSecond = Math.round(drained.events / drained.seconds);
    say(
      `drain ${run}: ${drained.events} events in ${drained.seconds.toFixed(2)} s, ${perSecond}/s, ${perSecond * 60} a minute, ` +
        `${drained.claims} claims, ${drained.cpuSeconds.toFixed(1)} s of CPU, load ${load}-${loadNow()}${ok ? '' : ' NOT GOOD'}`,
    );
    if (!ok) process.exitCode = 1;
  }
}

async function measure(): Promise<void> {
  const databases = await createScratchDatabases(required('SLUICE_TEST_POSTGRES_URL'));
  const topic = `bench-${process.pid}`;
  try {
    for (const sql of SOURCE_SQL) await query(databases.source, sql);
    await makeTopic(topic);
    await drain(databases.source, topic); // makes the triggers
    await measureDrains(databases.source, topic);
    const env = environment(databases.source, topic);
    const relay = spawn(process.execPath, ['--import', 'tsx', COMMAND], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      const latency = await measureLatency(createKafka(), {
        source: databases.source,
        topic,
        rate: numberOf(values.rate, 500),
        seconds: numberOf(values.seconds, 30),
      });
      say(`latency from the statement to a consumer: ${JSON.stringify(latency)}`);
    } finally {
      relay.kill('SIGTERM');
      await once(relay, 'exit');
    }
  } finally {
    await databases.drop();
  }
}

if (values.help) process.stdout.write(HELP);
else await measure();
