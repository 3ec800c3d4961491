import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kafka } from '../../src/hubs/kafka/hub.ts';
import { namesOf } from '../../src/hubs/kafka/names.ts';
import {
  collect,
  createGate,
  idsOf,
  message,
  MIB,
  never,
  range,
  rowBytes,
  sorted,
  until,
} from '../contract/hub-fixture.ts';
import { hubRestartSuite, RESTART_WINDOW, type RestartContext } from '../contract/hub-restart-suite.ts';
import { describeWith, startOwnKafka } from '../support/servers.ts';

/** What a vanished worker holds comes back after this: the least that brokers take. */
const SETTINGS = { sessionTimeoutMs: 6_000, partitions: 3, compression: 'lz4' };

/** The file with the newest records of the one partition of a topic that has any. */
function logFile(folder: string, topic: string): string {
  const files = readdirSync(join(folder, 'data'), { recursive: true, encoding: 'utf8' });
  const logs = files.filter((file) => file.startsWith(`${topic}-`) && file.endsWith('.log'));
  const full = logs.map((file) => join(folder, 'data', file)).find((file) => readFileSync(file).length > 0);
  if (full === undefined) throw new Error(`${topic} has no records`);
  return full;
}

function ofKafka(context: RestartContext): void {
  test('a long handler keeps its message for itself, also when another worker comes', async () => {
    const { hub } = context;
    const topic = await context.topic('long');
    const publisher = await hub.publisher(topic);
    let last = 1;
    const [first, second] = [
      await hub.consumer(topic, RESTART_WINDOW),
      await hub.consumer(topic, RESTART_WINDOW),
    ];
    const gate = createGate();
    const one = collect(first, gate.pass);
    await publisher.publish(message(1), never);
    await until(() => gate.waiting.has('id.1'));
    const other = collect(second);
    // Idle partitions find their way to the second; so many fit into the window of the first.
    for (let n = 2; other.seen.length === 0; n += 1) {
      if (n > 14) throw new Error('the second was given nothing');
      await publisher.publish({ ...message(n), lane: n % 3 }, never);
      last = n;
      const before = Date.now();
      await until(() => Date.now() - before > 300);
    }
    const began = Date.now();
    await until(() => Date.now() - began > SETTINGS.sessionTimeoutMs + 2_000);
    gate.open();
    await until(async () => (await context.backlog(topic.transfer)) === 0);
    await Promise.all([one.stop(), other.stop()]);
    await Promise.all([first.close(), second.close(), publisher.close()]);
    expect(sorted([...one.ids(), ...other.ids()])).toEqual(idsOf(1, last));
    expect(other.ids().length).toBeGreaterThan(0);
  });

  test('a broker that lost the end of its topics: what is published after it is delivered, the loss shows', async () => {
    const { hub } = context;
    const topic = await context.topic('lost end');
    const publisher = await hub.publisher(topic);
    const consumer = await hub.consumer(topic, RESTART_WINDOW);
    const got = collect(consumer);
    for (const n of range(1, 5)) await publisher.publish(message(n), never);
    await until(() => got.seen.length === 5);
    await hub.topics.remove(topic, never);
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    await context.killAndRestart();
    await expect(publisher.publish(message(6), never)).rejects.toMatchObject({ code: 'hub.stream_lost' });
    await publisher.publish(message(7), never);
    await until(() => got.ids().includes('id.7'));
    await until(async () => (await context.backlog(topic.transfer)) === 0);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
  });

  test('a batch that was altered on the disk is passed over and said, and the rest is delivered', async () => {
    const { hub, own } = context;
    const topic = await context.topic('altered');
    const publisher = await hub.publisher(topic);
    for (const n of range(1, 3)) await publisher.publish(message(n, rowBytes(MIB)), never);
    await publisher.close();
    await own.server.kill('SIGTERM'); // after a kill it would look at its records and cut them off there
    const file = logFile(own.server.folder, namesOf(topic).dataTopic);
    const bytes = readFileSync(file);
    const second = 12 + bytes.readInt32BE(8);
    bytes.writeUInt8(bytes.readUInt8(second + 80) ^ 0xff, second + 80);
    writeFileSync(file, bytes);
    await own.server.restart();
    const consumer = await hub.consumer(topic, RESTART_WINDOW);
    const got = collect(consumer);
    await until(async () => (await context.backlog(topic.transfer)) === 0);
    await got.stop();
    await consumer.close();
    expect(got.ids()).toEqual(['id.1', 'id.3']);
    expect((await hub.warnings(never)).join('\n')).toMatch(
      /1 batch\(es\) of sluice\.altered\.1 .*\[batch\.damaged]/,
    );
  });
}

describeWith(['kafka'], 'Kafka', () => {
  hubRestartSuite(
    {
      title: 'a broker that is killed and restarted on the same store',
      kind: kafka,
      start: async () => {
        const server = await startOwnKafka();
        return { server, url: `kafka://${server.brokers}` };
      },
      settings: SETTINGS,
      away: ['Kafka is away', 'publishing waits'],
    },
    ofKafka,
  );
});
