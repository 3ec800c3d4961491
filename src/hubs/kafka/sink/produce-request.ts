import { ByteReader, createWriter } from '../wire/bytes.ts';
import type { EncodedBatch } from '../wire/records.ts';
import { PRODUCE } from '../wire/requests.ts';

const ACKS_ALL = -1;

export interface BatchTarget {
  readonly topic: string;
  readonly partition: number;
  readonly batch: EncodedBatch;
}

function byTopic(targets: readonly BatchTarget[]): ReadonlyMap<string, readonly BatchTarget[]> {
  const topics = new Map<string, BatchTarget[]>();
  for (const target of targets) {
    const known = topics.get(target.topic);
    if (known) known.push(target);
    else topics.set(target.topic, [target]);
  }
  return topics;
}

/**
 * Body of a produce request of a transaction, of one batch for each of its partitions, with topics by name: later versions add the
 * partitions to the transaction themselves and number transactions in another way.
 */
export function transactionalProduce(
  transactionalId: string,
  targets: readonly BatchTarget[],
  timeoutMs: number,
): readonly Uint8Array[] {
  const topics = byTopic(targets);
  const begin = createWriter()
    .end()
    .text(transactionalId)
    .int16(ACKS_ALL)
    .int32(timeoutMs)
    .array(topics.size);
  const parts: Uint8Array[] = [begin.done()];
  for (const [topic, batches] of topics) {
    parts.push(createWriter().text(topic).array(batches.length).done());
    for (const { partition, batch } of batches) {
      const before = createWriter()
        .int32(partition)
        .uvarint(batch.sizeBytes + 1);
      parts.push(before.done(), ...batch.parts, createWriter().end().done());
    }
    parts.push(createWriter().end().done());
  }
  parts.push(createWriter().end().done());
  return parts;
}

export interface StoredBatch {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
}

export function readStored(payload: Buffer): readonly StoredBatch[] {
  const reader = new ByteReader(payload);
  reader.end();
  return reader
    .array(() => {
      const topic = reader.text() ?? '';
      const partitions = reader.array(() => {
        const stored = { topic, partition: reader.int32(), errorCode: reader.int16() };
        reader.int64();
        reader.int64();
        reader.int64();
        reader.array(() => {
          reader.int32();
          reader.text();
          reader.end();
        });
        reader.text();
        reader.end();
        return stored;
      });
      reader.end();
      return partitions;
    })
    .flat();
}

export const TRANSACTIONAL_PRODUCE = {
  apiKey: PRODUCE.apiKey,
  apiName: PRODUCE.apiName,
  apiVersion: PRODUCE.byName,
} as const;
