import { createHash } from 'node:crypto';
import type { ChangedTable } from '../../../model/changes-plan.ts';
import type { ColumnPlan } from '../../../model/table-plan.ts';
import { cutText } from '../../quarantine/cut-text.ts';
import { type RawEvent, unescapeText } from '../parse-events.ts';
import { keyColumns, type TableReader } from '../table-reader.ts';

/** Names of the keys that an event touches; the first is its own. Names are the same in every process and every run. */
export interface EventKeys {
  readonly own: string;
  /** Of the row before, where an update gave it another text of its key. */
  readonly other: string | null;
  /** As a person reads it: see ParkedEvent.key. */
  readonly text: string;
}

const nameOf = (table: string, key: string): string =>
  createHash('sha256').update(`${table}\0${key}`, 'latin1').digest('hex');

/** Of all rows of a table at once: no key has a NUL. */
export const wholeTable = ({ plan }: Pick<ChangedTable, 'plan'>): string => nameOf(plan.id, '\0');

const DECIMAL = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/;

/** The same number has the same text: 1.0 and 1.00 are one key. */
function normal({ logical }: ColumnPlan, cell: string): string {
  if (logical.kind !== 'decimal') return cell;
  const [, sign = '', whole, fraction = ''] = DECIMAL.exec(cell) ?? [];
  if (whole === undefined) return cell;
  const digits = fraction === '' ? whole : `${whole}.${fraction}`;
  return digits === '0' ? digits : sign + digits;
}

const decoded = (cell: string): string => Buffer.from(unescapeText(cell), 'latin1').toString('utf8');

/** A key as ParkedEvent.key has it. @param named  its columns at the source, in the order of the target's key, with their texts */
export const parkedKeyText = (named: readonly (readonly [string, string])[]): string =>
  cutText(JSON.stringify(Object.fromEntries(named)));

const textOf = (columns: readonly ColumnPlan[], cells: readonly string[]): string =>
  parkedKeyText(columns.map(({ source }, at) => [source, decoded(cells[at] ?? '')]));

const orNothing = (read: () => string): string | null => {
  try {
    return read();
  } catch {
    return null; // what cannot be read has no key
  }
};

/** Null: it concerns the whole table, or nobody can tell which row; without a key that is all of them. */
export function eventKeys(reader: TableReader, event: RawEvent): EventKeys | null {
  const { table } = reader;
  if (table.keyless) return null;
  const columns = keyColumns(table);
  const payloads = event.operation === 'D' ? [event.old] : [event.new, event.old];
  const keys = payloads.flatMap((payload) => {
    const key = payload === null ? null : orNothing(() => reader.key(payload));
    return key === null ? [] : [key.split('\t')];
  });
  const names = keys.map((cells) =>
    nameOf(table.plan.id, cells.map((cell, at) => normal(columns[at] as ColumnPlan, cell)).join('\t')),
  );
  const [own, before = own] = names;
  if (event.operation === 'T' || own === undefined) return null;
  return { own, other: before === own ? null : (before ?? null), text: textOf(columns, keys[0] ?? []) };
}
