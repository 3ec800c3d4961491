import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RunningKafka } from '../../scripts/servers/start-kafka.mjs';
import { eventually } from '../support/eventually.ts';
import { openTestTopics, type TestTopics } from '../support/kafka-topics.ts';
import { createRelayStage, type RelayStage } from '../support/relay-stage.ts';
import { describeWith, startOwnKafka } from '../support/servers.ts';

const SQL = 'CREATE TABLE orders (id integer PRIMARY KEY, note text)';
const ROWS = 3_000;
/** A broker starts within seconds, and on a busy machine within minutes. */
const AWAY_MS = 400_000;
/** Longer than the relay itself asks again. Ten minutes: SLUICE_TEST_KAFKA_AWAY_SECONDS=600. */
const AWAY_UNDER_LOAD_MS = Number(process.env['SLUICE_TEST_KAFKA_AWAY_SECONDS'] ?? 20) * 1_000;
/** Also where that is longer than others may take. */
vi.setConfig({ testTimeout: 600_000 + 2 * AWAY_UNDER_LOAD_MS });
const KEYS = 50;

/** No statement of an application may take that long, on however busy a machine. */
const PATIENCE_OF_APPLICATIONS_MS = 5_000;

/** Raises the numbers of rows, one statement after the other. */
async function startBumping(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const told = { committed: 0, slowestMs: 0, isOver: false };
  const bump = async (): Promise<void> => {
    while (!told.isOver) {
      const beganMs = performance.now();
      await client.query(
        `UPDATE orders SET note = (note::integer + 1)::text WHERE id = ${-1 - (told.committed % KEYS)}`,
      );
      told.slowestMs = Math.max(told.slowestMs, performance.now() - beganMs);
      told.committed += 1;
      await delay(2);
    }
  };
  const running = bump();
  return {
    committed: () => told.committed,
    slowestMs: () => told.slowestMs,
    stop: async () => {
      told.isOver = true;
      await running;
      await client.end();
    },
  };
}

describeWith(['kafka', 'postgres'], 'changes in topics of a Kafka that is killed', () => {
  let broker: RunningKafka;
  let topics: TestTopics;
  let stage: RelayStage;
  beforeAll(async () => {
    broker = await startOwnKafka();
    topics = await openTestTopics(broker.brokers);
    stage = await createRelayStage(`kafka://${broker.brokers}`, SQL);
  });
  afterAll(async () => {
    await stage?.close();
    await topics?.close();
    await broker?.stop();
  });

  /** Those that are told of an outage that was longer than patience, as Temporal tries them again. */
  const relay = (topic: string, onClaim: () => void): Promise<unknown> =>
    eventually(
      'nothing is pending',
      async () => {
        const { why } = await stage.relay({ name: topic }, { events: 50, progress: onClaim });
        return why === 'caught-up';
      },
      AWAY_MS,
    );

  test('go on where they were once it is back, each once', async () => {
    const topic = await topics.create({}, 3);
    await stage.database.query(
      `DO $$ BEGIN FOR i IN 1..${ROWS} LOOP INSERT INTO orders VALUES (i, 'new'); END LOOP; END $$`,
    );
    let claims = 0;
    const running = relay(topic, () => {
      claims += 1;
    });
    for (const until of [5, 20]) {
      await eventually(`${until} claims are in`, () => claims >= until);
      await broker.kill();
      await broker.restart();
    }
    await running;
    const ids = (await topics.committed(topic)).map(
      ({ value }) => (JSON.parse(String(value)) as { id: number }).id,
    );
    expect(ids).toHaveLength(ROWS);
    expect(new Set(ids).size).toBe(ROWS);
  });

  test('wait at the source while it is away, of which the application notices nothing, and arrive once and in order', async () => {
    const topic = await topics.create({}, 3);
    const { database } = stage;
    await database.query(`INSERT INTO orders SELECT -i, '0' FROM generate_series(1, ${KEYS}) AS i`);
    const application = await startBumping(database.url);
    let isWriting = true;
    const running = eventually(
      'nothing is pending any more',
      async () => (await stage.relay({ name: topic }, { events: 200 })).why === 'caught-up' && !isWriting,
      AWAY_MS + AWAY_UNDER_LOAD_MS,
    );
    await eventually('some are in', async () => (await topics.committed(topic)).length > KEYS);
    await broker.kill();
    const awayAtMs = performance.now();
    const committed = application.committed();
    await eventually(
      'it was away for long',
      () => performance.now() - awayAtMs > AWAY_UNDER_LOAD_MS,
      2 * AWAY_UNDER_LOAD_MS,
    );
    const slowestMs = application.slowestMs();
    expect(application.committed()).toBeGreaterThan(committed);
    await broker.restart();
    await application.stop();
    isWriting = false;
    await running;
    const last = new Map<number, number>();
    for (const { value } of await topics.committed(topic)) {
      const { new: now } = JSON.parse(String(value)) as { new: { id: number; note: string } };
      if (now.id > 0) continue;
      // Each number once, one after the other.
      expect(Number(now.note)).toBe((last.get(now.id) ?? -1) + 1);
      last.set(now.id, Number(now.note));
    }
    const rows = await database.query('SELECT id, note FROM orders WHERE id < 0');
    expect(Object.fromEntries(last)).toEqual(
      Object.fromEntries(rows.map(([id, note]) => [id, Number(note)])),
    );
    expect(slowestMs).toBeLessThan(PATIENCE_OF_APPLICATIONS_MS);
  });
});
