import type { TableName } from '../../../model/table-name.ts';
import type { CaptureNames } from './capture-names.ts';

/** What a trigger is called while it is compiled beside the one that stands. */
const BESIDE = '_NEW';

const bytesOf = (text: string): number => Buffer.byteLength(text);

/** `SLUICE_7_ORDERS`, by the number that no other table of the capture has; without the table's name where that is too long. */
export function triggerName(
  { prefix }: CaptureNames,
  table: { readonly number: number; readonly table: TableName },
  identifierBytes: number,
): string {
  const short = `${prefix}${table.number}`;
  const name = `${short}_${table.table.name}`;
  return bytesOf(name) + bytesOf(BESIDE) <= identifierBytes ? name : short;
}

export const besideName = (name: string): string => `${name}${BESIDE}`;
