import type { NamedRows } from '../../engine/ports/row-inspector.ts';
import type { KeyRange } from '../../model/lane.ts';
import type { Position } from '../../model/row-block.ts';
import type { TableName } from '../../model/table-name.ts';
import type { ColumnPlan, TablePlan } from '../../model/table-plan.ts';
import { parseType } from './types/type-text.ts';
import { INT_BITS } from './types/write-numbers.ts';

/** Pure makers of SQL text. Identifiers go through `quote`, texts through `literal`. */
export const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/** Needs standard_conforming_strings = on, which every session pins. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const qualified = (table: TableName): string => `${quote(table.schema)}.${quote(table.name)}`;

const list = (items: readonly string[]): string => items.join(', ');

/**
 * What of the catalog a read depends on. `only`: a plain table, whose inheritance children are tables of their own;
 * a partitioned one is read through its root.
 */
export interface ReadShape {
  readonly only: boolean;
  /** What stands in the place of the table: a query. */
  readonly from?: string;
}

export const renderFrom = (table: TableName, shape: ReadShape): string =>
  shape.from ?? `${shape.only ? 'ONLY ' : ''}${qualified(table)}`;

/** SQL of the position columns: the key's, or the row address with the partition before it where there are several. */
export function positionColumns(plan: TablePlan, shape: ReadShape): readonly string[] {
  if (plan.position.kind === 'key') return plan.position.columns.map(quote);
  if (shape.from !== undefined) return ['sluice_hash', 'sluice_copy'];
  return shape.only ? ['ctid'] : ['tableoid', 'ctid'];
}

function positionTypes(plan: TablePlan, shape: ReadShape): readonly string[] {
  if (plan.position.kind === 'key') return plan.position.types;
  if (shape.from !== undefined) return ['text', 'bigint'];
  return shape.only ? ['tid'] : ['oid', 'tid'];
}

const row = (items: readonly string[]): string => (items.length === 1 ? items[0]! : `(${list(items)})`);

/** Row-wise comparison: one index condition, and null-free because key columns are. */
function compare(
  columns: readonly string[],
  operator: string,
  position: Position,
  types: readonly string[],
): string {
  const values = columns.map((_, index) => `${literal(position[index] ?? '')}::${types[index] ?? 'text'}`);
  return `${row(columns)} ${operator} ${row(values)}`;
}

const latest = (range: KeyRange | null, after: Position | null): Position | null =>
  after ?? range?.after ?? null;

/** Conditions of a range on the source, with the selection's own. */
export function renderConditions(
  plan: TablePlan,
  shape: ReadShape,
  range: KeyRange | null,
  after: Position | null,
): string {
  const columns = positionColumns(plan, shape);
  const types = positionTypes(plan, shape);
  const from = latest(range, after);
  const conditions = [
    ...(from ? [compare(columns, '>', from, types)] : []),
    ...(range?.upto ? [compare(columns, '<=', range.upto, types)] : []),
    // On lines of its own, so that a comment at its end cannot swallow what follows.
    ...(plan.where === null ? [] : [`(\n${plan.where}\n)`]),
  ];
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

/** How many rows of a query have a key. */
export const renderRowsAt = (plan: TablePlan, shape: ReadShape, position: Position): string =>
  `SELECT count(*) FROM ${renderFrom(plan.source, shape)} WHERE ${compare(positionColumns(plan, shape), '=', position, positionTypes(plan, shape))}`;

/**
 * Bounds of the source may lie beyond the integers, or the digits, of the target's column. Its index serves integers of any
 * size; a bound beyond 64 bits does without it.
 */
function boundType(type: string, bound: string): string {
  const { base } = parseType(type);
  if (base === 'numeric') return base;
  if (INT_BITS[base] === undefined || !/^-?\d+$/.test(bound)) return type;
  return BigInt.asIntN(64, BigInt(bound)) === BigInt(bound) ? 'bigint' : 'numeric';
}

/** Conditions of a range on the target: only where both sides order the key alike. */
export function renderTargetConditions(plan: TablePlan, range: KeyRange | null): string {
  if (range === null) return '';
  const keys = plan.columns.slice(0, plan.position.columns.length);
  const columns = keys.map((column) => quote(column.target));
  const typesOf = (bounds: Position): readonly string[] =>
    keys.map(({ targetType }, at) => boundType(targetType, bounds[at] ?? ''));
  const conditions = [
    ...(range.after ? [compare(columns, '>', range.after, typesOf(range.after))] : []),
    ...(range.upto ? [compare(columns, '<=', range.upto, typesOf(range.upto))] : []),
  ];
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

/**
 * Reads a range in position order. `hidden` cells come first and are cut off again by the row cutter.
 * COMMIT is in the same message: a slow consumer of the last block leaves no open transaction behind.
 * A single scan by row address is in its order by itself; a sort of a big table by it would cost more than the copy. With a
 * condition it may be no such scan: an index or a join gives the rows in another order.
 */
export function renderCopyOut(
  plan: TablePlan,
  shape: ReadShape,
  request: {
    readonly range: KeyRange;
    readonly after: Position | null;
    readonly hidden: readonly string[];
    readonly mostRows?: number | undefined;
  },
): string {
  const position = positionColumns(plan, shape);
  const select = list([...request.hidden, ...plan.columns.map((column) => column.select)]);
  const isScan = position.length === 1 && position[0] === 'ctid' && plan.where === null;
  const order = isScan ? '' : ` ORDER BY ${list(position)}`;
  const limit = request.mostRows === undefined ? '' : ` LIMIT ${request.mostRows}`;
  const where = renderConditions(plan, shape, request.range, request.after);
  return `COPY (SELECT ${select} FROM ${renderFrom(plan.source, shape)}${where}${order}${limit}) TO STDOUT (FORMAT ${plan.encoding === 'binary-rows' ? 'binary' : 'text'}); COMMIT`;
}

/** Every rowsPerRange-th key, walked through the key's index: exact, and only index pages are read. */
export function renderKeyWalk(plan: TablePlan, shape: ReadShape, rowsPerRange: number): string {
  const keys = list(positionColumns(plan, shape));
  const names = plan.position.columns.map((_, index) => `k${index}`);
  const from = renderFrom(plan.source, shape);
  const step = (where: string): string =>
    `SELECT ${keys} FROM ${from}${where} ORDER BY ${keys} OFFSET ${rowsPerRange - 1} LIMIT 1`;
  const next = ` WHERE ${row(positionColumns(plan, shape))} > ${row(names.map((name) => `walk.${name}`))}`;
  return `WITH RECURSIVE walk(${list(names)}) AS ((${step('')}) UNION ALL SELECT step.* FROM walk, LATERAL (${step(next)}) AS step) SELECT ${list(names)} FROM walk`;
}

/** Keys at equal distances in a sample of pages: bounded work on tables of any size and any distribution of keys. */
export function renderKeySample(
  plan: TablePlan,
  shape: ReadShape,
  sample: { readonly percent: number; readonly ranges: number },
): string {
  const keys = list(positionColumns(plan, shape));
  const percent = Math.min(100, Math.max(sample.percent, 0.001)).toFixed(4);
  const inner = `SELECT ${keys}, row_number() OVER (ORDER BY ${keys}) AS sluice_n, count(*) OVER () AS sluice_c FROM ${renderFrom(plan.source, shape)} TABLESAMPLE SYSTEM (${percent})`;
  return `SELECT ${keys} FROM (${inner}) AS s WHERE sluice_n % greatest(1, sluice_c / ${sample.ranges}) = 0 AND sluice_n < sluice_c ORDER BY ${keys}`;
}

/**
 * One row's text: per column `-;` for NULL, else octet length, colon, text, semicolon. concat() prints by the type's
 * output function as COPY does; a cast to text does not (boolean, char(n), inet).
 * IS DISTINCT FROM NULL and not IS NULL: a composite of NULLs is not NULL.
 */
export function renderRowText(renders: readonly string[], utf8: boolean): string {
  const cells = renders.map((render) => {
    const text = `concat(${render})`;
    const octets = utf8 ? `octet_length(${text})` : `octet_length(convert_to(${text}, 'UTF8'))`;
    return `CASE WHEN (${render}) IS DISTINCT FROM NULL THEN ${octets} || ':' || ${text} || ';' ELSE '-;' END`;
  });
  return cells.length === 0 ? "''" : cells.join(' || ');
}

/** count, and sum modulo 2^64 of the first 8 bytes of MD5 as an unsigned number; numeric carries it. */
export function renderChecksum(from: string, where: string, rowText: string, utf8: boolean): string {
  const bytes = utf8 ? rowText : `convert_to(${rowText}, 'UTF8')`;
  const head = `('x' || substr(md5(${bytes}), 1, 16))::bit(64)::bigint`;
  return `SELECT n::text, mod(mod(s, 18446744073709551616) + 18446744073709551616, 18446744073709551616)::text FROM (SELECT count(*) AS n, coalesce(sum((${head})::numeric), 0) AS s FROM ${from}${where}) AS c`;
}

const MOD_2_64 = (sum: string): string =>
  `mod(mod(${sum}, 18446744073709551616) + 18446744073709551616, 18446744073709551616)`;

/** What tells the rows of one side apart, as SQL. */
export interface RowNaming {
  readonly from: string;
  readonly where: string;
  /** The cells that name a row; none: its own text does. */
  readonly keys: readonly string[];
  readonly keyText: string;
  readonly rowText: string;
  readonly buckets: number;
  readonly utf8: boolean;
}

const md5Of = (text: string, utf8: boolean): string => `md5(${utf8 ? text : `convert_to(${text}, 'UTF8')`})`;

const bucketOf = ({ keyText, buckets, utf8 }: RowNaming): string =>
  `(('x' || substr(${md5Of(keyText, utf8)}, 1, 8))::bit(32)::bigint & ${buckets - 1})`;

/** Per bucket what renderChecksum gives of a range. */
export function renderBucketSums(naming: RowNaming): string {
  const head = `('x' || substr(${md5Of(naming.rowText, naming.utf8)}, 1, 16))::bit(64)::bigint`;
  return `SELECT b::text, count(*)::text, ${MOD_2_64('sum(h)')}::text FROM (SELECT ${bucketOf(naming)} AS b, (${head})::numeric AS h FROM ${naming.from}${naming.where}) AS c GROUP BY b`;
}

/** MD5 of the whole row, then the cells of its name. @param which  condition of the rows */
export function renderDigests(naming: RowNaming, which: string): string {
  const cells = [md5Of(naming.rowText, naming.utf8), ...naming.keys.map((key) => `concat(${key})`)];
  const where = naming.where === '' ? ' WHERE' : `${naming.where} AND`;
  return `SELECT ${list(cells)} FROM ${naming.from}${where} ${which}`;
}

export const renderRowDigests = (naming: RowNaming, chosen: readonly number[]): string =>
  renderDigests(naming, `${bucketOf(naming)} IN (${list(chosen.map(String))})`);

/** Condition of the rows that have one of these names, for the index of the key. */
export function renderNamed({ plan, side, keys, names }: NamedRows): string {
  const columns = keys.flatMap((at) => plan.columns[at] ?? []);
  const valueOf = ({ load, sourceType, targetType }: ColumnPlan, text: string): string =>
    side === 'target' && load !== null
      ? load.replaceAll('$value', () => `${literal(text)}::text`)
      : `${literal(text)}::${boundType(side === 'source' ? sourceType : targetType, text)}`;
  const values = names.map((name) => row(columns.map((column, at) => valueOf(column, name[at] ?? ''))));
  return `${row(columns.map((column) => quote(column[side])))} IN (${list(values)})`;
}

export const renderCopyIn = (into: string, columns: readonly string[], binary: boolean): string =>
  `COPY ${into} (${list(columns.map(quote))}) FROM STDIN (FORMAT ${binary ? 'binary' : 'text'})`;

const loaded = ({ load, target }: ColumnPlan, of = ''): string =>
  load === null ? `${of}${quote(target)}` : load.replaceAll('$value', () => `${of}${quote(target)}`);

/** Rows whose keys are staged. @param from  the table as it is written in FROM */
export function renderDeleteStaged(from: string, keys: readonly ColumnPlan[], staging: string): string {
  const same = keys.map((key) => `t.${quote(key.target)} = ${loaded(key, 's.')}`).join(' AND ');
  return `DELETE FROM ${from} AS t USING pg_temp.${quote(staging)} AS s WHERE ${same}`;
}

/** Moves the staged rows on; with a key, rows whose key is there already are updated. */
export function renderInsertStaged(plan: TablePlan, staging: string): string {
  const columns = plan.columns.map((column) => quote(column.target));
  const values = plan.columns.map((column) => loaded(column));
  const insert = `INSERT INTO ${qualified(plan.target)} (${list(columns)}) OVERRIDING SYSTEM VALUE SELECT ${list(values)} FROM pg_temp.${quote(staging)}`;
  if (plan.writeMode !== 'upsert') return insert;
  const keys = new Set(plan.targetKey);
  const rest = plan.columns
    .filter((column) => !keys.has(column.target))
    .map((column) => quote(column.target));
  const action =
    rest.length === 0 ? 'NOTHING' : `UPDATE SET ${list(rest.map((name) => `${name} = excluded.${name}`))}`;
  return `${insert} ON CONFLICT (${list(plan.targetKey.map(quote))}) DO ${action}`;
}

/**
 * The same for several groups of rows, in one statement. A cell a group: how many rows were written, and how many of them were there.
 * They are written in the order of the groups, for that is the order in which they are asked for.
 */
export function renderWriteGroups(plan: TablePlan, stagings: readonly string[]): string {
  const writes = stagings.map(
    (staging, at) => `g${at} AS (${renderInsertStaged(plan, staging)} RETURNING xmax = 0 AS fresh)`,
  );
  const counts = stagings.map(
    (_, at) => `(SELECT count(*) || ' ' || count(*) FILTER (WHERE NOT fresh) FROM g${at})`,
  );
  return `WITH ${list(writes)} SELECT ${list(counts)}`;
}
