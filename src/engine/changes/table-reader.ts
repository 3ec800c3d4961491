import type { ChangedTable, ChangesPlan } from '../../model/changes-plan.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { ColumnPlan } from '../../model/table-plan.ts';
import { valueReading } from './payload-value.ts';
import { type PayloadCells, type PayloadColumn, PayloadReader } from './read-payload.ts';

/** How events of one captured table are read. */
export interface TableReader {
  readonly table: ChangedTable;
  /** All columns of the plan, in its order; undefined where the payload lacks one. */
  row(payload: string | null): PayloadCells;
  /** Cells of the key in the order of `targetKey`, as one text that names the row. Without a key: the row itself. */
  keyOf(cells: PayloadCells): string;
  /** The same of a payload of which nothing else is wanted. */
  key(payload: string | null): string;
}

function columnsOf({ plan, captured }: ChangedTable): readonly PayloadColumn[] {
  return plan.columns.map((column, place) => ({
    name: column.source,
    ...valueReading(column, captured?.[place] ?? column.logical),
  }));
}

function placesOfKey({ plan }: ChangedTable): readonly number[] {
  const places = plan.targetKey.map((name) => plan.columns.findIndex(({ target }) => target === name));
  if (places.length > 0 && !places.includes(-1)) return places;
  throw new SluiceError(
    'capture.key_needed',
    `changes of ${plan.id} need a key of columns that are recorded`,
    {
      table: plan.id,
    },
  );
}

type Fail = (what: string) => SluiceError;

const given = (payload: string | null, fail: Fail): string => {
  if (payload === null) throw fail('lacks its row');
  return payload;
};

/** A row is named by all that it has: one that lacks a value names none. */
function wholeRowReader(table: ChangedTable, fail: Fail): TableReader {
  const reader = new PayloadReader({ columns: columnsOf(table), fail });
  const row = (payload: string | null): PayloadCells => {
    const cells = reader.read(given(payload, fail));
    if (cells.includes(undefined)) throw fail('lacks a value, and the table has no key');
    return cells;
  };
  return { table, row, keyOf: (cells) => cells.join('\t'), key: (payload) => row(payload).join('\t') };
}

function createTableReader(table: ChangedTable): TableReader {
  const { id } = table.plan;
  const fail: Fail = (what) =>
    new SluiceError('source.value_rejected', `a captured change of ${id} ${what}`, { table: id });
  if (table.keyless) return wholeRowReader(table, fail);
  const columns = columnsOf(table);
  const places = placesOfKey(table);
  const whole = new PayloadReader({ columns, fail });
  const keys = new PayloadReader({
    columns: places.flatMap((place) => columns[place] ?? []),
    partly: true,
    fail,
  });
  const joined = (cells: PayloadCells): string => {
    if (cells.includes(undefined) || cells.includes('\\N')) throw fail('lacks a value of its key');
    return cells.join('\t');
  };
  return {
    table,
    row: (payload) => whole.read(given(payload, fail)),
    keyOf: (cells) => joined(places.map((place) => cells[place])),
    key: (payload) => joined(keys.read(given(payload, fail))),
  };
}

export type TableReaders = ReadonlyMap<number, TableReader>;

const known = new WeakMap<ChangesPlan, TableReaders>();

/** By the tables' numbers in the capture; made once a plan. */
export function tableReaders(plan: ChangesPlan): TableReaders {
  const made =
    known.get(plan) ?? new Map(plan.tables.map((table) => [table.number, createTableReader(table)]));
  known.set(plan, made);
  return made;
}

/** The columns of the key, in its order. */
export const keyColumns = ({ plan }: Pick<ChangedTable, 'plan'>): readonly ColumnPlan[] =>
  plan.targetKey.flatMap((name) => plan.columns.find(({ target }) => target === name) ?? []);
