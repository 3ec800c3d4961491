import type { TableStatus } from '../model/table-status.ts';
import { type ControlState, freshTable, type TableRecord } from './control-state.ts';

/** What is not in the row below and not as it was at first, by the letters of `SHORT`; by whole names in older versions. */
type Rest = Readonly<Record<string, unknown>>;

/**
 * A table in a few bytes. Parents by their ordinals; of a comparison `source rows, target rows, equal, drift, basis`; of an
 * error `code, message, column, vendor code, suggestion`:
 *
 *     id, ordinal, status, generation, lanes, endedLanes, rows, bytes, estimatedRows, estimatedBytes, parents, comparison, error, rest
 */
type PackedTable = readonly [
  string,
  number,
  TableStatus,
  number,
  number,
  number,
  number,
  number,
  number | null,
  number | null,
  (readonly number[] | null)?,
  (readonly unknown[] | null)?,
  (readonly (string | null)[] | null)?,
  Rest?,
];

/** As older versions carried them: finished tables in a row of their own, others by what had changed. */
type OlderFinished = readonly [
  string,
  number,
  number,
  number,
  number,
  number,
  string,
  string,
  0 | 1,
  (readonly string[] | null)?,
];
type OlderTable = Pick<TableRecord, 'id' | 'ordinal'> & Partial<TableRecord>;

/** The control state on its way into the next run, which Temporal takes up to 2 MB of: thousands of tables in few words. */
export interface Carry extends Omit<ControlState, 'tables'> {
  /** In which tables were planned: few, of many tables. Absent in what older versions carried. */
  readonly snapshots?: readonly string[];
  readonly tables: readonly (PackedTable | OlderTable)[];
  readonly finished?: readonly OlderFinished[];
}

const IN_ROW = [
  'id',
  'ordinal',
  'status',
  'generation',
  'lanes',
  'endedLanes',
  'rows',
  'bytes',
  'estimatedRows',
  'estimatedBytes',
  'parents',
  'comparison',
  'error',
] as const satisfies readonly (keyof TableRecord)[];

/** One letter, thousands of times. */
const SHORT: Readonly<Record<string, string>> = {
  needsSnapshot: 's',
  readInOne: 'o',
  plannedIn: 'p',
  begun: 'b',
  altered: 'a',
  lacking: 'l',
  verifyPoint: 'v',
  fruitless: 'f',
  interruptions: 'i',
  notBeforeMs: 'n',
} satisfies Partial<Record<keyof TableRecord, string>>;
const LONG: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(SHORT).map(([name, letter]) => [letter, name]),
);

/** Characters of all errors together, and the least that one keeps. */
const ERROR_CHARS = 400_000;
const LEAST_ERROR_CHARS = 20;
/** Characters of the altered columns of all tables together; of each table there is one entry at least. */
const ALTERED_CHARS = 300_000;
/** Room for the entry that stands for all others. */
const LAST_ALTERED_CHARS = 40;

const cut = (text: string, mostChars: number): string =>
  text.length <= mostChars ? text : `${text.slice(0, mostChars)}…`;

type Altered = NonNullable<TableRecord['altered']>;

/** As many columns as there is room for; of the others how many there are, with their rows and the first one's policy. */
function cutAltered(altered: Altered, mostChars: number): Altered {
  const kept: Altered[number][] = [];
  let chars = 0;
  for (const each of altered) {
    chars += JSON.stringify(Object.values(each)).length;
    if (chars > mostChars - LAST_ALTERED_CHARS) break;
    kept.push(each);
  }
  const [first, ...others] = altered.slice(kept.length);
  if (first === undefined) return altered;
  const rows = others.reduce((sum, each) => sum + BigInt(each.rows), BigInt(first.rows)).toString();
  return [...kept, { ...first, column: `… ${others.length + 1} more`, rows }];
}

/** What only tables have that are being read; nothing is while the state is carried. */
const WHILE_READ: ReadonlySet<string> = new Set(['readers', 'partsEnded']);

interface Room {
  readonly alteredChars: number;
  readonly snapshots: readonly string[];
}

const packAltered = (altered: Altered, mostChars: number): readonly unknown[] =>
  cutAltered(altered, mostChars).map(({ column, policy, rows }) => [column, policy, rows]);

const unpackAltered = (packed: readonly unknown[]): Altered =>
  packed.map((each) => {
    if (!Array.isArray(each)) return each as Altered[number];
    const [column, policy, rows] = each as [string, Altered[number]['policy'], string];
    return { column, policy, rows };
  });

function restOf(record: TableRecord, { alteredChars, snapshots }: Room): Rest | undefined {
  const { altered, plannedIn } = record;
  const table = {
    ...record,
    plannedIn: plannedIn === null ? null : snapshots.indexOf(plannedIn),
    ...(altered && { altered: packAltered(altered, alteredChars) }),
  };
  const fresh: Partial<Record<string, unknown>> = { ...freshTable(table.id, table.ordinal) };
  const known: ReadonlySet<string> = new Set([...IN_ROW, ...WHILE_READ]);
  const changed = Object.entries(table).filter(
    ([key, value]) => !known.has(key) && JSON.stringify(value) !== JSON.stringify(fresh[key]),
  );
  if (changed.length === 0) return undefined;
  return Object.fromEntries(changed.map(([key, value]) => [SHORT[key] ?? key, value]));
}

function packError(error: TableRecord['error'], mostChars: number): readonly (string | null)[] | null {
  if (error === null) return null;
  const { code, message, column, vendorCode, suggestion } = error;
  return [code, cut(message, mostChars), column, vendorCode, suggestion && cut(suggestion, mostChars)];
}

function unpackError(packed: readonly (string | null)[] | null): TableRecord['error'] {
  if (packed === null) return null;
  const [code, message, column = null, vendorCode = null, suggestion = null] = packed;
  return { code, message, column, vendorCode, suggestion } as TableRecord['error'];
}

const packComparison = (comparison: TableRecord['comparison']): readonly unknown[] | null => {
  if (comparison === null) return null;
  const { sourceRows, targetRows, equal, drift, basis } = comparison;
  return [sourceRows, targetRows, equal ? 1 : 0, drift ? 1 : 0, ...(basis ? [basis] : [])];
};

function unpackComparison(packed: readonly unknown[] | null): TableRecord['comparison'] {
  if (packed === null) return null;
  const [sourceRows, targetRows, equal, drift, basis] = packed;
  const counts = { sourceRows: String(sourceRows), targetRows: String(targetRows) };
  const found = { ...counts, equal: equal === 1, drift: drift === 1 };
  return basis === undefined ? found : ({ ...found, basis } as TableRecord['comparison']);
}

/** Without what stands at its end and says nothing. */
function trimmed(row: readonly unknown[]): readonly unknown[] {
  const last = row.findLastIndex((each) => each !== null && each !== undefined);
  return row.slice(0, last + 1);
}

export function packState(state: ControlState): Carry {
  const ordinals = new Map(state.tables.map(({ id, ordinal }) => [id, ordinal]));
  const failed = state.tables.filter(({ error }) => error !== null).length;
  // Each has a message and a suggestion.
  const errorChars = Math.max(LEAST_ERROR_CHARS, Math.floor(ERROR_CHARS / Math.max(1, 2 * failed)));
  const altered = state.tables.filter((table) => table.altered !== undefined).length;
  const snapshots = [...new Set(state.tables.flatMap(({ plannedIn }) => plannedIn ?? []))];
  const room = { alteredChars: Math.floor(ALTERED_CHARS / Math.max(1, altered)), snapshots };
  const pack = (table: TableRecord): PackedTable => {
    const parents = table.parents?.map((id) => ordinals.get(id) ?? 0) ?? null;
    const values = IN_ROW.slice(0, 10).map((key) => table[key]);
    const row = [
      ...values,
      parents,
      packComparison(table.comparison),
      packError(table.error, errorChars),
      restOf(table, room),
    ];
    return trimmed(row) as unknown as PackedTable;
  };
  return { ...state, snapshots, tables: state.tables.map(pack) };
}

function unpackRest(packed: Rest, snapshots: readonly string[]): Partial<TableRecord> {
  const rest = Object.fromEntries(Object.entries(packed).map(([key, value]) => [LONG[key] ?? key, value]));
  const { plannedIn, altered } = rest;
  return {
    ...rest,
    ...(typeof plannedIn === 'number' && { plannedIn: snapshots[plannedIn] ?? null }),
    ...(Array.isArray(altered) && { altered: unpackAltered(altered) }),
  };
}

interface Names {
  readonly idOf: (ordinal: number) => string;
  readonly snapshots: readonly string[];
}

function unpackTable(packed: PackedTable, { idOf, snapshots }: Names): TableRecord {
  const [id, ordinal, status, generation, lanes, endedLanes, rows, bytes] = packed;
  const [estimatedRows = null, estimatedBytes = null, parents = null, comparison = null, error = null, rest] =
    packed.slice(8) as [
      number?,
      number?,
      (readonly number[])?,
      (readonly unknown[])?,
      (readonly (string | null)[])?,
      Rest?,
    ];
  return {
    ...freshTable(id, ordinal),
    status,
    generation,
    lanes,
    endedLanes,
    rows,
    bytes,
    estimatedRows,
    estimatedBytes,
    parents: parents?.map(idOf) ?? null,
    comparison: unpackComparison(comparison),
    error: unpackError(error),
    ...unpackRest(rest ?? {}, snapshots),
  };
}

function unpackOlder(packed: OlderFinished): TableRecord {
  const [id, ordinal, generation, lanes, rows, bytes, sourceRows, targetRows, drift, parents = null] = packed;
  const comparison = { sourceRows, targetRows, equal: drift === 0, drift: drift === 1 };
  return {
    ...freshTable(id, ordinal),
    status: 'finished',
    parents,
    generation,
    lanes,
    endedLanes: lanes,
    rows,
    bytes,
    comparison: sourceRows === '' ? null : comparison,
  };
}

const isPacked = (table: PackedTable | OlderTable): table is PackedTable => Array.isArray(table);

export function unpackState(carry: Carry): ControlState {
  const { finished = [], snapshots = [], tables, ...rest } = carry;
  // What an older version carried lacks what came later.
  const { leftOut = [], leftOutCount = 0 } = carry as Partial<Carry>;
  const ids = new Map(tables.filter(isPacked).map(([id, ordinal]) => [ordinal, id]));
  const idOf = (ordinal: number): string => ids.get(ordinal) ?? '';
  const unpacked = tables.map((table) =>
    isPacked(table)
      ? unpackTable(table, { idOf, snapshots })
      : { ...freshTable(table.id, table.ordinal), ...table },
  );
  const all = [...unpacked, ...finished.map(unpackOlder)];
  return { ...rest, leftOut, leftOutCount, tables: all.sort((a, b) => a.ordinal - b.ordinal) };
}
