import type oracledb from 'oracledb';
import type { GroupWritten, RowGroup as ExpectedRows } from '../../../engine/ports/target-writer.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Batch } from '../../../model/batch.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { list, qualified, quote } from '../sql/names.ts';
import { isLob, parseType } from '../types/type-text.ts';
import {
  bindDefinitions,
  type BindContext,
  bindValue,
  type BindValue,
  type ColumnBind,
  columnBinds,
  decodeRows,
} from './bind-rows.ts';

type Row = Readonly<Record<string, BindValue>>;

/** Rows that are written by one text: empty large objects stand in it, for no bind carries one. */
export interface RowGroup {
  readonly empties: ReadonlySet<string>;
  readonly rows: Row[];
}

export function groupRows(
  binds: readonly ColumnBind[],
  data: Buffer,
  context: BindContext,
): readonly RowGroup[] {
  const groups = new Map<string, RowGroup>();
  for (const cells of decodeRows(data, context.table)) {
    const empties: string[] = [];
    const row: Record<string, BindValue> = {};
    for (const [place, bind] of binds.entries()) {
      const value = bindValue(cells[place] ?? null, bind, context);
      if (value === undefined) empties.push(bind.name);
      else row[bind.name] = value;
    }
    const key = empties.join();
    const group = groups.get(key) ?? { empties: new Set(empties), rows: [] };
    groups.set(key, group);
    group.rows.push(row);
  }
  return [...groups.values()];
}

/** What stands for a column in a statement. */
function valueOf({ column, name, empty }: ColumnBind, empties: RowGroup['empties']): string {
  if (empties.has(name) && empty !== null) return empty;
  return column.load === null ? `:${name}` : column.load.replaceAll('$value', () => `:${name}`);
}

export function renderInsert(
  plan: TablePlan,
  binds: readonly ColumnBind[],
  empties: RowGroup['empties'],
): string {
  const names = binds.map(({ column }) => quote(column.target));
  const values = binds.map((bind) => valueOf(bind, empties));
  return `INSERT INTO ${qualified(plan.target)} (${list(names)}) VALUES (${list(values)})`;
}

const isKeyOf =
  ({ targetKey }: TablePlan) =>
  ({ column }: ColumnBind): boolean =>
    targetKey.includes(column.target);

/** Rows of the same key are found by it alone: no other unique key of the table is asked. */
export function renderMerge(plan: TablePlan, binds: readonly ColumnBind[]): string {
  const isKey = isKeyOf(plan);
  const none: ReadonlySet<string> = new Set();
  const given = binds.map((bind) => `${valueOf(bind, none)} AS ${bind.name.toUpperCase()}`);
  const on = binds
    .filter(isKey)
    .map(({ column, name }) => `T.${quote(column.target)} = S.${name.toUpperCase()}`)
    .join(' AND ');
  const sets = binds
    .filter((bind) => !isKey(bind))
    .map(({ column, name }) => `T.${quote(column.target)} = S.${name.toUpperCase()}`);
  const update = sets.length === 0 ? '' : ` WHEN MATCHED THEN UPDATE SET ${list(sets)}`;
  const names = binds.map(({ column }) => quote(column.target));
  const values = binds.map(({ name }) => `S.${name.toUpperCase()}`);
  return `MERGE INTO ${qualified(plan.target)} T USING (SELECT ${list(given)} FROM DUAL) S ON (${on})${update} WHEN NOT MATCHED THEN INSERT (${list(names)}) VALUES (${list(values)})`;
}

/** For rows with large objects, of which a MERGE takes none that is longer than a text. */
export function renderUpdate(
  plan: TablePlan,
  binds: readonly ColumnBind[],
  empties: RowGroup['empties'],
): string {
  const isKey = isKeyOf(plan);
  const sets = binds
    .filter((bind) => !isKey(bind))
    .map((bind) => `${quote(bind.column.target)} = ${valueOf(bind, empties)}`);
  const where = renderSame(binds.filter(isKey), empties);
  return `UPDATE ${qualified(plan.target)} SET ${list(sets)} WHERE ${where}`;
}

const renderSame = (keys: readonly ColumnBind[], empties: RowGroup['empties']): string =>
  keys.map((bind) => `${quote(bind.column.target)} = ${valueOf(bind, empties)}`).join(' AND ');

/** @param keys  binds of the key alone */
export const renderRemove = (plan: TablePlan, keys: readonly ColumnBind[]): string =>
  `DELETE FROM ${qualified(plan.target)} WHERE ${renderSame(keys, new Set())}`;

interface Writing {
  readonly session: Session;
  readonly plan: TablePlan;
  readonly binds: readonly ColumnBind[];
}

async function execute(
  { session, binds }: Writing,
  text: string,
  group: RowGroup,
): Promise<readonly number[]> {
  const bound = binds.filter(({ name }) => !group.empties.has(name));
  const rows = group.rows as readonly oracledb.BindParameters[];
  return session.many(text, rows, bindDefinitions(bound, group.rows));
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

const insert = async (writing: Writing, group: RowGroup): Promise<number> =>
  sumOf(await execute(writing, renderInsert(writing.plan, writing.binds, group.empties), group));

function refuseSeveral({ plan }: Writing, counts: readonly number[]): void {
  if (counts.every((count) => count <= 1)) return;
  throw new SluiceError('target.structure_differs', 'the key of the target names several rows', {
    table: plan.id,
  });
}

/** Rows that are not there to be updated are inserted: so it is known which were. */
async function updateOrInsert(writing: Writing, group: RowGroup): Promise<GroupWritten> {
  const { plan, binds } = writing;
  const counts = await execute(writing, renderUpdate(plan, binds, group.empties), group);
  refuseSeveral(writing, counts);
  const missing = group.rows.filter((_, place) => counts[place] === 0);
  const inserted = missing.length === 0 ? 0 : await insert(writing, { ...group, rows: missing });
  const there = sumOf(counts);
  return { rows: there + inserted, there };
}

async function merge(writing: Writing, group: RowGroup): Promise<readonly number[]> {
  const counts = await execute(writing, renderMerge(writing.plan, writing.binds), group);
  refuseSeveral(writing, counts);
  return counts;
}

async function upsert(writing: Writing, group: RowGroup): Promise<number> {
  const large = writing.binds.some(({ column }) => isLob(parseType(column.targetType).base));
  if (large) return (await updateOrInsert(writing, group)).rows;
  await merge(writing, group);
  // A row of which all is key, and which is there already, counts as written.
  return group.rows.length;
}

/** A merge tells only of rows that are all key: those that were there it does not touch. */
async function upsertTelling(writing: Writing, group: RowGroup): Promise<GroupWritten> {
  if (!writing.binds.every(isKeyOf(writing.plan))) return updateOrInsert(writing, group);
  const rows = group.rows.length;
  return { rows, there: rows - sumOf(await merge(writing, group)) };
}

type EmptyText = BindContext['emptyText'];

/** @returns rows that were there */
export async function removeRows(
  session: Session,
  {
    plan,
    data,
    emptyText,
  }: { readonly plan: TablePlan; readonly data: Buffer; readonly emptyText: EmptyText },
): Promise<number> {
  const columns = plan.targetKey.flatMap((name) => plan.columns.find(({ target }) => target === name) ?? []);
  const binds = columnBinds({ ...plan, columns });
  const context = { table: plan.id, charset: session.facts.charset, emptyText };
  let rows = 0;
  for (const group of groupRows(binds, data, context))
    rows += sumOf(await execute({ session, plan, binds }, renderRemove(plan, binds), group));
  return rows;
}

/** @returns rows that the server counted */
export async function writeRows(
  session: Session,
  {
    plan,
    batch,
    emptyText,
  }: { readonly plan: TablePlan; readonly batch: Batch; readonly emptyText: EmptyText },
): Promise<number> {
  if (batch.header.encoding !== 'text-rows')
    throw new SluiceError('internal', 'Oracle takes text-rows only', { table: plan.id });
  if (plan.writeMode === 'upsert' && plan.targetKey.length === 0)
    throw new SluiceError('target.structure_differs', 'upsert needs a key at the target', { table: plan.id });
  const binds = columnBinds(plan);
  const writing: Writing = { session, plan, binds };
  const context = { table: plan.id, charset: session.facts.charset, emptyText };
  let rows = 0;
  for (const group of groupRows(binds, batch.data, context))
    rows += plan.writeMode === 'upsert' ? await upsert(writing, group) : await insert(writing, group);
  return rows;
}

/** @returns of each group what was there before */
export async function writeGroups(
  session: Session,
  { plan, emptyText }: { readonly plan: TablePlan; readonly emptyText: EmptyText },
  groups: readonly ExpectedRows[],
): Promise<readonly GroupWritten[]> {
  const writing: Writing = { session, plan, binds: columnBinds(plan) };
  const context = { table: plan.id, charset: session.facts.charset, emptyText };
  const written: GroupWritten[] = [];
  for (const { block } of groups) {
    let [rows, there] = [0, 0];
    for (const group of groupRows(writing.binds, block.data, context)) {
      const told = await upsertTelling(writing, group);
      rows += told.rows;
      there += told.there;
    }
    written.push({ rows, there });
  }
  return written;
}
