import { Partitioners } from 'kafkajs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Hub } from '../../src/engine/ports/hub.ts';
import type { NeededTopic, TopicLane, TopicMessage, TopicSink } from '../../src/engine/ports/topic-sink.ts';
import { kafka } from '../../src/hubs/kafka/hub.ts';
import { COMPRESSIONS } from '../../src/hubs/kafka/wire/codecs.ts';
import { never, range } from '../contract/hub-fixture.ts';
import { uniqueName } from '../support/databases.ts';
import { openTestTopics, type TestTopics } from '../support/kafka-topics.ts';
import { describeWith, servers } from '../support/servers.ts';

describeWith(['kafka'], 'topics of Kafka as a sink', () => {
  let topics: TestTopics;
  const hubs: Hub[] = [];
  beforeAll(async () => {
    topics = await openTestTopics(servers().kafkaUrl.replace('kafka://', ''));
  });
  afterAll(() => topics?.close());
  afterEach(async () => {
    for (const hub of hubs.splice(0)) await hub.close();
  });

  const openSink = async (settings: Record<string, unknown> = {}): Promise<TopicSink> => {
    const hub = await kafka.open(kafka.parseUrl(servers().kafkaUrl, settings), {
      applicationName: 'sink test',
    });
    hubs.push(hub);
    if (!hub.topicSink) throw new Error('no sink');
    return hub.topicSink;
  };
  const needed = (topic: string, keyed = true): NeededTopic => ({ topic, keyed, table: 'public.t' });
  const openLane = (sink: TopicSink, topic: string, transfer: string): Promise<TopicLane> =>
    sink.open({ transfer, lane: 1, incarnation: 'one', topics: [needed(topic)] }, never);
  const message = (topic: string, id: number, more: Partial<TopicMessage> = {}): TopicMessage => ({
    eventId: String(id),
    table: 'public.t',
    operation: 'I',
    topic,
    key: Buffer.from(`{"ID": ${id % 7}}`),
    value: Buffer.from(`{"id":${id}}`),
    headers: [],
    ...more,
  });
  const messages = (topic: string, from: number, to: number): TopicMessage[] =>
    range(from, to).map((id) => message(topic, id));
  const valuesOf = async (topic: string): Promise<readonly string[]> =>
    (await topics.committed(topic)).map(({ value }) => String(value));
  const idsOf = async (topic: string): Promise<readonly number[]> =>
    (await valuesOf(topic))
      .map((value) => (JSON.parse(value) as { id: number }).id)
      .toSorted((a, b) => a - b);

  for (const compression of COMPRESSIONS)
    test(`claims are read whole, each once, and the last one is known to the next owner (${compression})`, async () => {
      const topic = await topics.create();
      const transfer = uniqueName('transfer');
      const lane = await openLane(await openSink({ compression }), topic, transfer);
      expect(lane.last).toBeNull();
      for (const claim of [1, 2, 3])
        await lane.write(claim, messages(topic, claim * 100, claim * 100 + 49), never);
      await lane.write(2, messages(topic, 200, 249), never);
      const next = await openLane(await openSink(), topic, transfer);
      expect(next.last).toEqual({ claim: 3, incarnation: 'one' });
      await next.write(3, messages(topic, 300, 349), never);
      await next.write(4, messages(topic, 400, 449), never);
      expect(await idsOf(topic)).toEqual(
        [1, 2, 3, 4].flatMap((claim) => range(claim * 100, claim * 100 + 49)),
      );
    });

  test('who had the lane before stores nothing any more', async () => {
    const topic = await topics.create();
    const transfer = uniqueName('transfer');
    const before = await openLane(await openSink(), topic, transfer);
    await before.write(1, messages(topic, 1, 10), never);
    const after = await openLane(await openSink(), topic, transfer);
    await expect(before.write(2, messages(topic, 11, 20), never)).rejects.toMatchObject({
      code: 'capture.lease_lost',
    });
    await after.write(2, messages(topic, 11, 20), never);
    expect(await idsOf(topic)).toEqual(range(1, 20));
  });

  test('messages of a key lie in the partition of other clients, in their order, headers and bytes as given', async () => {
    const topic = await topics.create({}, 5);
    const lane = await openLane(await openSink(), topic, uniqueName('transfer'));
    const headers = [{ name: 'ce_id', value: 'é' }];
    const value = Buffer.from([0xff, 0, 0x80]);
    const sent = range(1, 300).map((id) => message(topic, id, { headers }));
    await lane.write(1, [...sent, message(topic, 301, { value, key: null })], never);
    const read = await topics.committed(topic);
    const partitionMetadata = range(0, 4).map((partitionId) => ({ partitionId, leader: 1 }));
    const choose = Partitioners.DefaultPartitioner();
    for (const found of read.filter((each) => each.key !== null)) {
      const asMessage = { key: found.key, value: found.value };
      expect(found.partition).toBe(
        choose({ topic, partitionMetadata: partitionMetadata as never, message: asMessage }),
      );
      expect(String(found.headers?.['ce_id'])).toBe('é');
    }
    for (const key of new Set(sent.map((each) => String(each.key)))) {
      const ids = read
        .filter((each) => String(each.key) === key)
        .map((each) => JSON.parse(String(each.value)).id);
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    }
    expect(read.filter(({ key }) => key === null)).toMatchObject([{ value }]);
    expect(read).toHaveLength(301);
  });

  test('a claim is larger than any message of the topic may be, and is read whole', async () => {
    const topic = await topics.create({ 'max.message.bytes': '20000' });
    const lane = await openLane(await openSink(), topic, uniqueName('transfer'));
    const value = Buffer.alloc(500, 'x');
    await lane.write(
      1,
      range(1, 3_000).map((id) => message(topic, id, { value })),
      never,
    );
    expect(await topics.committed(topic)).toHaveLength(3_000);
  });

  test('a limit that was lowered meanwhile is learned from the refusal', async () => {
    const topic = await topics.create({ 'max.message.bytes': '500000' });
    const lane = await openLane(await openSink(), topic, uniqueName('transfer'));
    const value = Buffer.alloc(500, 'x');
    const claim = (from: number) => range(from, from + 2_999).map((id) => message(topic, id, { value }));
    await lane.write(1, claim(1), never);
    const configEntries = [{ name: 'max.message.bytes', value: '30000' }];
    await topics.admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: topic, configEntries }],
    });
    await lane.write(2, claim(3_001), never);
    expect(await topics.committed(topic)).toHaveLength(6_000);
  });

  test('one event that is too large is named, and nothing of its claim is in', async () => {
    const topic = await topics.create({ 'max.message.bytes': '20000' });
    const transfer = uniqueName('transfer');
    const sink = await openSink();
    const lane = await openLane(sink, topic, transfer);
    const secret = Buffer.alloc(30_000, 'secret');
    const claim = [...messages(topic, 1, 10), message(topic, 11, { value: secret })];
    const [refused, ...others] = await lane.write(1, claim, never);
    expect(others).toEqual([]);
    expect(refused?.message.eventId).toBe('11');
    const { error } = refused!;
    expect(error).toMatchObject({ code: 'hub.message_too_large', details: { table: 'public.t' } });
    expect(String(error)).toMatch(/event 11 of public\.t/);
    expect(String(error)).not.toContain('secret');
    expect(await idsOf(topic)).toEqual([]);
    await lane.write(1, messages(topic, 1, 10), never);
    expect(await idsOf(topic)).toEqual(range(1, 10));
    expect((await openLane(sink, topic, transfer)).last?.claim).toBe(1);
  });

  test('a topic that is not there is named, and not made', async () => {
    const topic = uniqueName('missing');
    await expect(openLane(await openSink(), topic, uniqueName('transfer'))).rejects.toMatchObject({
      code: 'hub.topic_missing',
      message: expect.stringContaining(topic) as string,
    });
    expect(await topics.admin.listTopics()).not.toContain(topic);
  });

  test('a compacted topic is refused for messages without keys, before and while they come', async () => {
    const topic = await topics.create({ 'cleanup.policy': 'compact' });
    const sink = await openSink();
    const lane = { transfer: uniqueName('transfer'), lane: 1, incarnation: 'one' };
    await expect(sink.open({ ...lane, topics: [needed(topic, false)] }, never)).rejects.toMatchObject({
      code: 'hub.topic_unsuitable',
      details: { table: 'public.t' },
    });
    const open = await sink.open({ ...lane, topics: [needed(topic)] }, never);
    await expect(open.write(1, [message(topic, 7, { key: null })], never)).rejects.toMatchObject({
      code: 'hub.topic_unsuitable',
      message: expect.stringContaining('event 7') as string,
    });
    await open.write(1, messages(topic, 1, 3), never);
    expect(await idsOf(topic)).toEqual([1, 2, 3]);
  });

  test('an empty claim is in as any other', async () => {
    const topic = await topics.create();
    const transfer = uniqueName('transfer');
    const sink = await openSink();
    await (await openLane(sink, topic, transfer)).write(1, [], never);
    expect((await openLane(sink, topic, transfer)).last?.claim).toBe(1);
  });

  test('a lane that is forgotten begins anew', async () => {
    const topic = await topics.create();
    const transfer = uniqueName('transfer');
    const sink = await openSink();
    const lane = await openLane(sink, topic, transfer);
    await lane.write(5, messages(topic, 1, 3), never);
    await sink.forget({ transfer, lane: 1 }, never);
    await sink.forget({ transfer, lane: 1 }, never);
    expect((await openLane(sink, topic, transfer)).last).toBeNull();
  });
});
