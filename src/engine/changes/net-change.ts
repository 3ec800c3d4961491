import { setImmediate } from 'node:timers/promises';
import type { ChangedTable, ChangesPlan } from '../../model/changes-plan.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { KeyBlock } from '../ports/target-writer.ts';
import { addToRows, linesOf, type NetRows } from './net-rows.ts';
import type { RawEvent } from './parse-events.ts';
import type { PayloadCells } from './read-payload.ts';
import { type TableReader, tableReaders } from './table-reader.ts';

/** Rows that are written with the same columns. */
export interface WrittenRows {
  /** The table's, with the columns that these rows have. */
  readonly plan: TablePlan;
  readonly block: KeyBlock;
}

/** What a batch makes of one table, whatever happened in between. */
export interface TableChange {
  readonly table: ChangedTable;
  /** All rows from before are gone. */
  readonly emptied: boolean;
  /** Keys of rows that are gone; without a key the rows, as often as they are. */
  readonly removed: KeyBlock;
  readonly written: readonly WrittenRows[];
  /** All keys that anything happened to. */
  readonly touched: () => KeyBlock;
  /** Some of the rows that are written were there before. */
  readonly updates: boolean;
}

interface Net {
  readonly reader: TableReader;
  /** By key, in the order in which they are written or removed; null: the row is gone. */
  readonly rows: Map<string, PayloadCells | null>;
  emptied: boolean;
  updates: boolean;
}

/** Lines of `text-rows`, of which each letter is a byte. */
const blockOf = (lines: readonly string[]): KeyBlock => ({
  rows: lines.length,
  data: Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`, 'latin1'),
});

/** Invariant 7: a column that an update did not record keeps the value that it was given last. */
const completed = (cells: PayloadCells, before: PayloadCells): PayloadCells =>
  cells.map((cell, place) => cell ?? before[place]);

function write(net: Net, key: string, cells: PayloadCells): void {
  const before = net.rows.get(key);
  if (before) {
    net.rows.set(key, cells.includes(undefined) ? completed(cells, before) : cells);
    return;
  }
  net.updates ||= before === null;
  net.rows.delete(key);
  net.rows.set(key, cells);
}

function remove(net: Net, key: string): void {
  net.rows.delete(key);
  if (!net.emptied) net.rows.set(key, null);
}

function add(net: Net, event: RawEvent): void {
  const { reader } = net;
  switch (event.operation) {
    case 'T':
      net.rows.clear();
      net.emptied = true;
      net.updates = false;
      return;
    case 'D':
      remove(net, reader.key(event.old));
      return;
    case 'U': {
      const cells = reader.row(event.new);
      const key = reader.keyOf(cells);
      // The same key to the source may have another text: 1.0 and 1.00.
      const before = event.old === null ? key : reader.key(event.old);
      if (before !== key) remove(net, before);
      net.updates ||= !net.rows.has(key);
      write(net, key, cells);
      return;
    }
    case 'I':
    case 'i': {
      const cells = reader.row(event.new);
      write(net, reader.keyOf(cells), cells);
    }
  }
}

/** Rows by the columns that they have; nearly always all. */
function writtenOf({ reader: { table }, rows }: Net): readonly WrittenRows[] {
  const groups = new Map<string, { readonly places: readonly number[]; readonly lines: string[] }>();
  for (const cells of rows.values()) {
    if (!cells) continue;
    const places = cells.includes(undefined)
      ? cells.flatMap((cell, place) => (cell === undefined ? [] : place))
      : null;
    const name = places?.join() ?? '';
    let group = groups.get(name);
    if (!group) groups.set(name, (group = { places: places ?? [], lines: [] }));
    group.lines.push((places?.map((place) => cells[place]) ?? cells).join('\t'));
  }
  return [...groups].map(([name, { places, lines }]) => ({
    plan:
      name === ''
        ? table.plan
        : { ...table.plan, columns: places.flatMap((place) => table.plan.columns[place] ?? []) },
    block: blockOf(lines),
  }));
}

function changeOf(net: Net): TableChange {
  const { rows, emptied, updates, reader } = net;
  const removed: string[] = [];
  for (const [key, cells] of rows) if (cells === null) removed.push(key);
  return {
    table: reader.table,
    emptied,
    removed: blockOf(removed),
    written: writtenOf(net),
    touched: () => blockOf(emptied ? [] : [...rows.keys()]),
    updates,
  };
}

/** A row that changed is one that went and one that came. */
function changeOfRows(net: NetRows): TableChange {
  const { table } = net.reader;
  const written = blockOf(linesOf(net, 1));
  return {
    table,
    emptied: net.emptied,
    removed: blockOf(linesOf(net, -1)),
    written: written.rows === 0 ? [] : [{ plan: table.plan, block: written }],
    touched: () => blockOf([]),
    updates: false,
  };
}

/** What becomes of one table, event by event. */
interface Netting {
  add(event: RawEvent): void;
  change(): TableChange;
}

function nettingOf(reader: TableReader): Netting {
  if (reader.table.keyless) {
    const net: NetRows = { reader, counts: new Map(), emptied: false };
    return { add: (event) => addToRows(net, event), change: () => changeOfRows(net) };
  }
  const net: Net = { reader, rows: new Map(), emptied: false, updates: false };
  return { add: (event) => add(net, event), change: () => changeOf(net) };
}

/** Events that are taken in before others have a turn: about a millisecond. */
const EVENTS_AT_ONCE = 256;

/**
 * The net effect of events in their order on each table and key: deleted, or written as the last event has it. An insert behind
 * a delete of the same key is one row that is written; what a table had is gone behind its truncation. Without a key rows are counted,
 * and one that comes and goes is nothing.
 * @throws SluiceError source.value_rejected
 */
export async function netChanges(
  plan: ChangesPlan,
  events: Iterable<RawEvent>,
): Promise<{ readonly events: number; readonly changes: readonly TableChange[] }> {
  const readers = tableReaders(plan);
  const nets = new Map<number, Netting>();
  let count = 0;
  for (const event of events) {
    count += 1;
    if (count % EVENTS_AT_ONCE === 0) await setImmediate();
    let net = nets.get(event.table);
    if (!net) {
      const reader = readers.get(event.table);
      // A table that was left out of the transfer while its lane goes on.
      if (!reader) continue;
      net = nettingOf(reader);
      nets.set(event.table, net);
    }
    net.add(event);
  }
  return { events: count, changes: [...nets.values()].map((net) => net.change()) };
}
