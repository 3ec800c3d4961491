import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningKafka } from '../../scripts/servers/start-kafka.mjs';
import { eventually } from '../support/eventually.ts';
import { openTestTopics, type TestTopics } from '../support/kafka-topics.ts';
import { createRelayStage, type RelayStage } from '../support/relay-stage.ts';
import { describeWith, startOwnKafka } from '../support/servers.ts';

const SQL = 'CREATE TABLE orders (id integer PRIMARY KEY, note text)';
const ROWS = 3_000;
/** A broker starts within seconds, and on a busy machine within minutes. */
const AWAY_MS = 400_000;

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
});
