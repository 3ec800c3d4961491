import { createHash } from 'node:crypto';
import type { TableName } from '../../../model/table-name.ts';
import type { CaptureNames } from './capture-tables.ts';

export const TRIGGER_KINDS = ['insert', 'update', 'delete', 'cascade'] as const;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];

/** Of a trigger's name. */
const MOST_LETTERS = 64;
const HASH_LETTERS = 8;

/** `sluice_insert_orders`: it lies in the database of its table, where no other has its name. */
export function triggerName({ prefix }: CaptureNames, { name }: TableName, kind: TriggerKind): string {
  const whole = `${prefix}${kind}_${name}`;
  if (Array.from(whole).length <= MOST_LETTERS) return whole;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_LETTERS);
  return `${Array.from(whole)
    .slice(0, MOST_LETTERS - HASH_LETTERS - 1)
    .join('')}_${hash}`;
}
