import type { KeyRange } from '../../../model/lane.ts';
import type { Position } from '../../../model/row-block.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import { LOAD_BYTES, LOAD_MOMENT, LOAD_SECOND, LOAD_TIMESTAMP, LOAD_ZONED } from '../types/load-text.ts';
import { isNational, parseType } from '../types/type-text.ts';
import { type Binds, list, qualified, quote, type Statement } from './names.ts';

/** One column of a key: what rows are ordered by, its canonical text, and how such a text is made a value again. */
interface KeyColumn {
  readonly order: string;
  readonly text: string;
  readonly value: (bind: string) => string;
}

const loaded = (load: string) => (bind: string) => load.replaceAll('$value', () => bind);

/** base type -> SQL that makes a value of a canonical text: compared as the index has it. */
const VALUES: Readonly<Record<string, string>> = {
  NUMBER: 'TO_NUMBER($value)',
  FLOAT: 'TO_NUMBER($value)',
  BINARY_DOUBLE: 'TO_BINARY_DOUBLE($value)',
  BINARY_FLOAT: 'TO_BINARY_FLOAT($value)',
  DATE: LOAD_SECOND,
  TIMESTAMP: LOAD_TIMESTAMP,
  'TIMESTAMP WITH LOCAL TIME ZONE': LOAD_MOMENT,
  'INTERVAL YEAR TO MONTH': 'TO_YMINTERVAL($value)',
  'INTERVAL DAY TO SECOND': 'TO_DSINTERVAL($value)',
  RAW: LOAD_BYTES,
};

function valueOf(base: string, column: ColumnPlan): string {
  if (column.logical.kind === 'boolean')
    return "CASE $value WHEN 't' THEN 1 WHEN 'f' THEN 0 ELSE TO_NUMBER($value) END";
  if (base === 'TIMESTAMP WITH TIME ZONE') return column.logical.kind === 'native' ? LOAD_ZONED : LOAD_MOMENT;
  if (base === 'RAW' && column.logical.kind === 'uuid') return "HEXTORAW(REPLACE($value, '-'))";
  return VALUES[base] ?? (isNational(base) ? 'TO_NCHAR($value)' : '$value');
}

/** Large texts of bytes are read as bytes: as a position they are a text. */
const textOf = (base: string, render: string): string =>
  base === 'RAW' && !render.includes('(') ? String.raw`'\x' || LOWER(RAWTOHEX(${render}))` : render;

function keyColumn(column: ColumnPlan, side: 'source' | 'target'): KeyColumn {
  const [name, type, render] =
    side === 'source'
      ? [column.source, column.sourceType, column.renderSource]
      : [column.target, column.targetType, column.renderTarget];
  const { base } = parseType(type);
  return { order: quote(name), text: textOf(base, render), value: loaded(valueOf(base, column)) };
}

/** By the address of a row where a table has no key. */
const ADDRESS: KeyColumn = {
  order: 'ROWID',
  text: 'ROWIDTOCHAR(ROWID)',
  value: (bind) => `CHARTOROWID(${bind})`,
};

export const keyColumns = (plan: TablePlan, side: 'source' | 'target'): readonly KeyColumn[] =>
  plan.position.kind === 'key'
    ? plan.columns.slice(0, plan.position.columns.length).map((column) => keyColumn(column, side))
    : [ADDRESS];

/** Beyond a position, spelled out, for rows are not compared as such: `k1 >= a AND (k1 > a OR (k2 > b))`. */
function beyond(keys: readonly KeyColumn[], operator: '>' | '<=', prefix: string): string {
  const strict = operator === '>' ? '>' : '<';
  const at = (place: number): string => {
    const key = keys[place]!;
    const value = key.value(`:${prefix}${place}`);
    if (place === keys.length - 1) return `${key.order} ${operator} ${value}`;
    return `${key.order} ${strict}= ${value} AND (${key.order} ${strict} ${value} OR (${at(place + 1)}))`;
  };
  return `(${at(0)})`;
}

const bindsOf = (position: Position, prefix: string): Binds =>
  Object.fromEntries(position.map((text, place) => [`${prefix}${place}`, text]));

export interface Bounds {
  readonly range: KeyRange | null;
  readonly after: Position | null;
}

/** Conditions of a range, as what follows FROM. */
export function renderWhere(
  plan: TablePlan,
  side: 'source' | 'target',
  { range, after }: Bounds,
  more: readonly string[] = [],
): Statement {
  const keys = keyColumns(plan, side);
  const from = after ?? range?.after ?? null;
  const upto = range?.upto ?? null;
  const conditions = [
    ...(from ? [beyond(keys, '>', 'a')] : []),
    ...(upto ? [beyond(keys, '<=', 'u')] : []),
    // On lines of its own, so that a comment at its end cannot swallow what follows.
    ...(side === 'target' || plan.where === null ? [] : [`(\n${plan.where}\n)`]),
    ...more,
  ];
  return {
    text: conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`,
    binds: { ...(from ? bindsOf(from, 'a') : {}), ...(upto ? bindsOf(upto, 'u') : {}) },
  };
}

/** Conditions of the rows that the plan selects, of a range of them. A row of the first few is told by its address. */
export function renderSelected(plan: TablePlan, range: KeyRange | null): Statement {
  const where = renderWhere(plan, 'source', { range, after: null });
  if (plan.mostRows === undefined) return where;
  const sample = `SELECT ROWID FROM ${qualified(plan.source)}${where.text} ORDER BY ${renderOrder(plan)} FETCH FIRST ${plan.mostRows} ROWS ONLY`;
  return { text: ` WHERE ROWID IN (${sample})`, binds: where.binds };
}

/** The source as it was in a snapshot, or as it is. */
export function renderSource(plan: TablePlan, snapshot: string | null): Statement {
  const table = qualified(plan.source);
  return snapshot === null
    ? { text: table, binds: {} }
    : { text: `${table} AS OF SCN TO_NUMBER(:scn)`, binds: { scn: snapshot } };
}

/** What rows are ordered by. */
export const renderOrder = (plan: TablePlan): string =>
  list(keyColumns(plan, 'source').map(({ order }) => order));

/** Every so many rows the position of one, in order: one walk through the index of the key, or the addresses of all rows. */
export function renderBounds(plan: TablePlan, rowsPerRange: number, snapshot: string | null): Statement {
  const keys = keyColumns(plan, 'source');
  const from = renderSource(plan, snapshot);
  const names = keys.map((_, place) => `K${place}`);
  const columns = keys.map(({ text }, place) => `${text} AS K${place}`);
  const order = renderOrder(plan);
  const numbered = `SELECT ${list(columns)}, ROW_NUMBER() OVER (ORDER BY ${order}) AS N FROM ${from.text}`;
  return {
    text: `SELECT ${list(names)} FROM (${numbered}) WHERE MOD(N, ${Math.floor(rowsPerRange)}) = 0 ORDER BY N`,
    binds: from.binds,
  };
}
