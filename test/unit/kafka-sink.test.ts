import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { checkTopicTemplate } from '../../src/engine/topics/topic-name.ts';
import type { TopicMessage } from '../../src/engine/ports/topic-sink.ts';
import { encodeMessages } from '../../src/hubs/kafka/sink/encode-messages.ts';
import { murmur2, partitionOfKey } from '../../src/hubs/kafka/sink/murmur2.ts';

const require = createRequire(import.meta.url);
const driver = require('kafkajs/src/producer/partitioners/default/murmur2') as (key: Buffer) => number;

test('keys have the hashes that Java’s clients give them', () => {
  // UtilsTest.testMurmur2 of Kafka
  const known: Readonly<Record<string, number>> = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  };
  for (const [key, hash] of Object.entries(known)) expect(murmur2(Buffer.from(key))).toBe(hash);
});

test('keys of all lengths and bytes lie where the driver would put them', () => {
  for (let length = 0; length < 40; length += 1) {
    const key = Buffer.from(Array.from({ length }, (_, at) => (at * 37 + length * 101) & 0xff));
    expect(murmur2(key)).toBe(driver(key));
    expect(partitionOfKey(key, 12)).toBe((driver(key) & 0x7fffffff) % 12);
  }
});

const message = (valueBytes: number): TopicMessage => ({
  eventId: '1',
  table: 't',
  operation: 'I',
  topic: 'x',
  key: null,
  value: Buffer.alloc(valueBytes, 'v'),
  headers: [],
});

test('records of a batch stay below what it may hold, and one is always taken', () => {
  const messages = Array.from({ length: 10 }, () => message(300));
  const first = encodeMessages(messages, 0, 1_000);
  expect(first.to).toBe(3);
  expect(first.bytes.length).toBeLessThan(1_000);
  expect(encodeMessages(messages, 3, 10).to).toBe(4);
});

test('a template of topics that no hub takes is refused', () => {
  for (const good of ['cdc.{schema}.{table}', 'one', '{schema}_{table}-x']) checkTopicTemplate(good);
  for (const bad of ['cdc.{column}', 'a b', 'a..b', '.a', 'a.*', 'a/b'])
    expect(() => checkTopicTemplate(bad)).toThrow(
      expect.objectContaining({ code: 'config.invalid' }) as Error,
    );
});
