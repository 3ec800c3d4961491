import { setImmediate } from 'node:timers/promises';
import type { ChangedTable, ChangesPlan } from '../../model/changes-plan.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { KeyBlock, RowGroup } from '../ports/target-writer.ts';
import { isJudged, type JudgedSince } from './drift/judging.ts';
import {
  blockOf,
  type Expected,
  ExpectedOfKeys,
  GroupedLines,
  REMOVING_ORDER,
  WRITING_ORDER,
} from './drift/row-groups.ts';
import { addToRows, linesOf, type NetRows } from './net-rows.ts';
import type { RawEvent } from './parse-events.ts';
import type { PayloadCells } from './read-payload.ts';
import { type TableReader, tableReaders } from './table-reader.ts';

/** Rows that are written with the same columns. */
export interface WrittenRows {
  /** The table's, with the columns that these rows have. */
  readonly plan: TablePlan;
  /** In the order of the events. */
  readonly block: KeyBlock;
  /** The same by what is expected of them; absent: nobody judges. */
  readonly groups?: readonly RowGroup[];
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
  /** Keys that are gone, and all, by what is expected of them; absent: nobody judges. */
  readonly judged?: {
    readonly removed: readonly RowGroup[];
    readonly touched: () => readonly RowGroup[];
  };
}

interface Net {
  readonly reader: TableReader;
  /** By key, in the order in which they are written or removed; null: the row is gone. */
  readonly rows: Map<string, PayloadCells | null>;
  emptied: boolean;
  updates: boolean;
  /** By key, what its first event takes for granted; null: nobody judges. */
  readonly expected: ExpectedOfKeys | null;
  readonly since: JudgedSince;
}

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

/** What comes behind a truncation is not judged, nor what the copy of the rows may have seen. */
function expect(net: Net, key: string, expected: Expected, { id }: RawEvent): void {
  if (!net.expected) return;
  const isToldOf = !net.emptied && isJudged(net.since, net.reader.table.plan.id, id);
  net.expected.first(key, isToldOf ? expected : null);
}

function add(net: Net, event: RawEvent): void {
  const { reader } = net;
  switch (event.operation) {
    case 'T':
      net.rows.clear();
      net.expected?.forgetAll();
      net.emptied = true;
      net.updates = false;
      return;
    case 'D': {
      const key = reader.key(event.old);
      expect(net, key, 'there', event);
      remove(net, key);
      return;
    }
    case 'U': {
      const cells = reader.row(event.new);
      const key = reader.keyOf(cells);
      // The same key to the source may have another text: 1.0 and 1.00.
      const before = event.old === null ? key : reader.key(event.old);
      expect(net, before, 'there', event);
      if (before !== key) {
        remove(net, before);
        // Of two texts that may be the same key to the target only one can be judged.
        net.expected?.forget(key);
      }
      net.updates ||= !net.rows.has(key);
      write(net, key, cells);
      return;
    }
    case 'I':
    case 'i': {
      const cells = reader.row(event.new);
      const key = reader.keyOf(cells);
      expect(net, key, event.operation === 'I' ? 'absent' : null, event);
      write(net, key, cells);
    }
  }
}

/** Rows by the columns that they have; nearly always all. */
function writtenOf({ reader: { table }, rows, expected }: Net): readonly WrittenRows[] {
  const groups = new Map<string, { readonly places: readonly number[]; readonly lines: GroupedLines }>();
  for (const [key, cells] of rows) {
    if (!cells) continue;
    const places = cells.includes(undefined)
      ? cells.flatMap((cell, place) => (cell === undefined ? [] : place))
      : null;
    const name = places?.join() ?? '';
    let group = groups.get(name);
    if (!group) groups.set(name, (group = { places: places ?? [], lines: new GroupedLines() }));
    const line = (places?.map((place) => cells[place]) ?? cells).join('\t');
    group.lines.add(line, expected?.of(key) ?? null);
  }
  return [...groups].map(([name, { places, lines }]) => ({
    plan:
      name === ''
        ? table.plan
        : { ...table.plan, columns: places.flatMap((place) => table.plan.columns[place] ?? []) },
    // Made where it is needed: groups hold the same once more.
    get block() {
      return blockOf(lines.lines);
    },
    ...(expected && { groups: lines.groups(WRITING_ORDER) }),
  }));
}

/** Keys by what is expected of them. */
function keysOf({ rows, expected }: Net, isWanted: (cells: PayloadCells | null) => boolean): GroupedLines {
  const keys = new GroupedLines();
  for (const [key, cells] of rows) if (isWanted(cells)) keys.add(key, expected?.of(key) ?? null);
  return keys;
}

function changeOf(net: Net): TableChange {
  const { rows, emptied, updates, reader, expected } = net;
  const removed = keysOf(net, (cells) => cells === null);
  return {
    table: reader.table,
    emptied,
    removed: blockOf(removed.lines),
    written: writtenOf(net),
    touched: () => blockOf(emptied ? [] : [...rows.keys()]),
    updates,
    ...(expected && {
      judged: {
        removed: removed.groups(REMOVING_ORDER),
        touched: () => (emptied ? [] : keysOf(net, () => true).groups(REMOVING_ORDER)),
      },
    }),
  };
}

/** A row that changed is one that went and one that came. */
function changeOfRows(net: NetRows): TableChange {
  const { table } = net.reader;
  const written = blockOf(linesOf(net, 1));
  const removed = blockOf(linesOf(net, -1));
  const groups: readonly RowGroup[] =
    removed.rows === 0 ? [] : [{ expected: net.isJudged ? 'there' : null, block: removed }];
  return {
    table,
    emptied: net.emptied,
    removed,
    written: written.rows === 0 ? [] : [{ plan: table.plan, block: written }],
    touched: () => blockOf([]),
    updates: false,
    judged: { removed: groups, touched: () => [] },
  };
}

/** What becomes of one table, event by event. */
interface Netting {
  add(event: RawEvent): void;
  change(): TableChange;
}

/** @param since  undefined: nobody judges */
function nettingOf(reader: TableReader, since: JudgedSince | undefined, { id }: RawEvent): Netting {
  if (reader.table.keyless) {
    // Sums do not tell which event a row is of: all of them are judged, or none is.
    const judges = since !== undefined && isJudged(since, reader.table.plan.id, id);
    const net: NetRows = { reader, counts: new Map(), emptied: false, isJudged: judges };
    return { add: (event) => addToRows(net, event), change: () => changeOfRows(net) };
  }
  const rows: Net['rows'] = new Map();
  const net: Net = {
    reader,
    rows,
    emptied: false,
    updates: false,
    expected: since === undefined ? null : new ExpectedOfKeys(rows),
    since: since ?? null,
  };
  return { add: (event) => add(net, event), change: () => changeOf(net) };
}

/** Events that are taken in before others have a turn: about a millisecond. */
const EVENTS_AT_ONCE = 256;

/**
 * The net effect of events in their order on each table and key: deleted, or written as the last event has it. An insert behind
 * a delete of the same key is one row that is written; what a table had is gone behind its truncation. Without a key rows are counted,
 * and one that comes and goes is nothing.
 * @param since  from when on what the target should have is told too; absent: it is not
 * @throws SluiceError source.value_rejected
 */
export async function netChanges(
  plan: ChangesPlan,
  events: Iterable<RawEvent>,
  since?: JudgedSince,
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
      net = nettingOf(reader, since, event);
      nets.set(event.table, net);
    }
    net.add(event);
  }
  return { events: count, changes: [...nets.values()].map((net) => net.change()) };
}
