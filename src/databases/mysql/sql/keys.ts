import type { NamedRows } from '../../../engine/ports/row-inspector.ts';
import type { KeyRange } from '../../../model/lane.ts';
import type { Position } from '../../../model/row-block.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { list, literal, quote } from './names.ts';
import { parseType } from '../types/type-text.ts';
import { INT_BITS } from '../types/type-text.ts';

/** One column of a key: what rows are ordered by, and how a canonical text of it is written to be compared. */
interface KeyColumn {
  readonly order: string;
  readonly value: (text: string) => string;
}

const number = (text: string): string => {
  if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) return text;
  throw new SluiceError('internal', 'the position of a number is none');
};

const withoutZone = (text: string): string => literal(text.endsWith('+00') ? text.slice(0, -3) : text);
const hex = (text: string): string => `X'${/^\\x([0-9a-f]*)$/.exec(text)?.[1] ?? ''}'`;

/** Compared as the index has them: the collation of a text is the column's. */
function keyColumn(column: ColumnPlan, side: 'source' | 'target'): KeyColumn {
  const [name, type] =
    side === 'source' ? [column.source, column.sourceType] : [column.target, column.targetType];
  const { base, labels } = parseType(type);
  const order = quote(name);
  if (column.logical.kind === 'boolean')
    return { order, value: (text) => ({ t: '1', f: '0' })[text] ?? number(text) };
  if (INT_BITS[base] !== undefined || base === 'decimal' || base === 'year') return { order, value: number };
  if (base === 'float' || base === 'double')
    return { order, value: (text) => (text.includes('e') ? number(text) : `${number(text)}e0`) };
  if (base === 'datetime' || base === 'timestamp') return { order, value: withoutZone };
  if (base === 'binary' || base === 'varbinary' || base.endsWith('blob')) return { order, value: hex };
  if (base === 'bit') return { order, value: (text) => `CAST(CONV(${literal(text)}, 2, 10) AS UNSIGNED)` };
  // Ordered by the number of the label; the empty text of an error has 0.
  if (base === 'enum') return { order, value: (text) => String(labels.indexOf(text) + 1) };
  if (['char', 'varchar', 'date', 'time', 'uuid', 'inet4', 'inet6'].includes(base) || base.endsWith('text'))
    return { order, value: literal };
  return {
    order: `CAST(${column.renderSource} AS BINARY)`,
    value: (text) => `X'${Buffer.from(text).toString('hex')}'`,
  };
}

export const keyColumns = (plan: TablePlan, side: 'source' | 'target'): readonly KeyColumn[] =>
  plan.columns.slice(0, plan.position.columns.length).map((column) => keyColumn(column, side));

/**
 * Beyond a position, spelled out: servers use no index for a comparison of rows. `k1 >= a AND (k1 > a OR k2 > b)`.
 */
function beyond(keys: readonly KeyColumn[], position: Position, operator: '>' | '<='): string {
  const strict = operator === '>' ? '>' : '<';
  const at = (place: number): string => {
    const key = keys[place]!;
    const value = key.value(position[place] ?? '');
    if (place === keys.length - 1) return `${key.order} ${operator} ${value}`;
    return `${key.order} ${strict}= ${value} AND (${key.order} ${strict} ${value} OR (${at(place + 1)}))`;
  };
  return `(${at(0)})`;
}

const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;

export interface Bounds {
  readonly range: KeyRange | null;
  readonly after: Position | null;
}

/** Conditions of a range on the source, with the selection's own. A table without a key has one range. */
export function renderSourceWhere(
  plan: TablePlan,
  { range, after }: Bounds,
  more: readonly string[] = [],
): string {
  const keys = plan.position.kind === 'key' ? keyColumns(plan, 'source') : [];
  const from = after ?? range?.after ?? null;
  return whereOf([
    ...(keys.length > 0 && from ? [beyond(keys, from, '>')] : []),
    ...(keys.length > 0 && range?.upto ? [beyond(keys, range.upto, '<=')] : []),
    // On lines of its own, so that a comment at its end cannot swallow what follows.
    ...(plan.where === null ? [] : [`(\n${plan.where}\n)`]),
    ...more,
  ]);
}

/** Conditions of a range on the target: only where both sides order the key alike. */
export function renderTargetWhere(plan: TablePlan, range: KeyRange | null): string {
  if (range === null) return '';
  const keys = keyColumns(plan, 'target');
  return whereOf([
    ...(range.after ? [beyond(keys, range.after, '>')] : []),
    ...(range.upto ? [beyond(keys, range.upto, '<=')] : []),
  ]);
}

/** Rows of the source that have a key. */
export const renderWhereAt = (plan: TablePlan, position: Position): string =>
  whereOf(
    keyColumns(plan, 'source').map(({ order, value }, at) => `${order} = ${value(position[at] ?? '')}`),
  );

/** Condition of the rows that have one of these names, for the index of the key. Spelled out as in `beyond`. */
export function renderNamed({ plan, side, keys, names }: NamedRows): string {
  const columns = keys.flatMap((at) => plan.columns[at] ?? []);
  const sameAs = columns.map((column) => {
    const { order, value } = keyColumn(column, side);
    const { load, target } = column;
    // A value that is made of its text is compared as the column has it.
    return side === 'target' && load !== null
      ? (text: string) => `${quote(target)} = ${load.replaceAll('$value', () => literal(text))}`
      : (text: string) => `${order} = ${value(text)}`;
  });
  const same = (name: readonly string[]): string =>
    sameAs.map((make, at) => make(name[at] ?? '')).join(' AND ');
  return `(${names.map((name) => `(${same(name)})`).join(' OR ')})`;
}

/** What rows of a table with a key are ordered by. */
export const renderKeyOrder = (plan: TablePlan): string =>
  list(keyColumns(plan, 'source').map(({ order }) => order));

/** The key that lies `rows` places behind another, walked through the index. */
export function renderNextBound(plan: TablePlan, from: string, after: Position | null, rows: number): string {
  const keys = keyColumns(plan, 'source');
  const texts = plan.columns.slice(0, keys.length).map((column) => column.renderSource);
  const where = after === null ? '' : ` WHERE ${beyond(keys, after, '>')}`;
  const order = list(keys.map(({ order: each }) => each));
  return `SELECT ${list(texts)} FROM ${from}${where} ORDER BY ${order} LIMIT 1 OFFSET ${rows - 1}`;
}
