import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { BatchHeader } from '../model/batch.ts';
import { encodePosition } from '../model/row-block.ts';

type Identified = Pick<BatchHeader, 'table' | 'operation' | 'rows' | 'first' | 'last'>;

const positionText = (position: Identified['first']): string => (position ? encodePosition(position) : '-');

/**
 * The batch key: first and last key, row count, action, table and a hash of the data, as 24 hexadecimal digits.
 * It is integrity, never identity: the same rows sent twice on purpose have the same fingerprint.
 */
export function fingerprint(batch: Identified, data: Uint8Array): string {
  return createHash('sha256')
    .update(`${batch.table}\n${batch.operation}\n${batch.rows}\n${data.byteLength}\n${crc32(data)}\n`)
    .update(`${positionText(batch.first)}\n${positionText(batch.last)}`)
    .digest('hex')
    .slice(0, 24);
}
