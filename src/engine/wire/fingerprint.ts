import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { BatchHeader } from '../../model/batch.ts';
import type { TablePlan } from '../../model/table-plan.ts';

/** What a batch is and where it belongs: all of its header that anything is decided by. */
type Fingerprinted = Omit<BatchHeader, 'fingerprint'>;

/**
 * The batch key (first and last key, row count, action, table and a hash of the data) together with the batch's place in
 * its lane and the totals that it claims, as 24 hexadecimal digits. What arrives with another header or other data than
 * was sent is found damaged; nothing is ever recognised by it.
 */
export function fingerprint(batch: Fingerprinted, data: Uint8Array): string {
  const key = [batch.table, batch.operation, batch.rows, batch.first, batch.last];
  const content = [batch.encoding, batch.bytes, data.byteLength, crc32(data), batch.plan];
  const place = [batch.transfer, batch.run, batch.generation, batch.lane, batch.ordinal];
  const turn = [batch.attempt, batch.epoch, batch.n, batch.end && [batch.end.rows, batch.end.bytes]];
  return createHash('sha256')
    .update(JSON.stringify([key, content, place, turn]))
    .digest('hex')
    .slice(0, 24);
}

/** Of a plan's JSON: equal for the same plan, wherever it was read. */
export const planHashOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Names the plan by which the rows of a batch were read, as 16 hexadecimal digits. */
export const planFingerprint = (plan: TablePlan): string => planHashOf(JSON.stringify(plan));
