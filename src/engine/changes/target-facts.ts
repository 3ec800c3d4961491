import type { ChangedTable } from '../../model/changes-plan.ts';
import type { LogicalKind, LogicalType } from '../../model/logical-type.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { ColumnPlan } from '../../model/table-plan.ts';
import type { Database } from '../ports/dialect.ts';
import type { Judge } from './drift/judging.ts';
import { keyColumns } from './table-reader.ts';

/** A target as changes are applied to it. */
export type ChangeTarget = Pick<Database, 'writer' | 'dialect'> &
  Partial<Pick<Database, 'structure' | 'introspector' | 'drift'>> & {
    /** Absent: what is found otherwise than changes take for granted is neither counted nor refused. */
    readonly judge?: Judge;
  };

const isSame = (one: TableName, other: TableName): boolean => tableId(one) === tableId(other);

const CASCADING: ReadonlySet<string> = new Set(['cascade', 'set null', 'set default']);

/** Whether rows of other tables go or change when a row of this one goes. Asked anew each time: keys come and go. */
export async function hasCascades(
  { structure }: ChangeTarget,
  { plan }: ChangedTable,
  signal: AbortSignal,
): Promise<boolean> {
  if (!structure) return true;
  if (structure.foreignKeysWhileLoading === 'ignored') return false;
  return (await structure.standingForeignKeys(plan, signal)).some(
    ({ key }) => isSame(key.references, plan.target) && CASCADING.has(key.onDelete),
  );
}

/** Whether a row that is removed and written again is the same: no column is there that no payload has. */
export async function isWhole(
  { introspector }: ChangeTarget,
  { plan }: ChangedTable,
  signal: AbortSignal,
): Promise<boolean> {
  const [found] = (await introspector?.describeTables([plan.target], signal)) ?? [];
  if (!found) return false;
  const known = new Set(plan.columns.map(({ target }) => target));
  return found.columns.every(({ name, generated }) => generated !== null || known.has(name));
}

/** Kinds of which two keys are the same only where their canonical texts are. */
const TOLD_BY_TEXT: ReadonlySet<LogicalKind> = new Set([
  'int',
  'uuid',
  'boolean',
  'bytes',
  'date',
  'timestamp',
  'timestamptz',
  'enum',
]);

const isToldByText = (logical: LogicalType): boolean =>
  TOLD_BY_TEXT.has(logical.kind) || (logical.kind === 'decimal' && logical.scale !== null);

/** Whether the target takes other texts of these columns for other values. */
async function tellsApart(
  { introspector, dialect }: ChangeTarget,
  { plan }: ChangedTable,
  columns: readonly ColumnPlan[],
  signal: AbortSignal,
): Promise<boolean> {
  const unsure = columns.filter(({ logical }) => !isToldByText(logical));
  if (unsure.length === 0) return true;
  if (unsure.some(({ logical }) => logical.kind !== 'text')) return false;
  const [found] = (await introspector?.describeTables([plan.target], signal)) ?? [];
  return unsure.every(({ target }) => {
    const column = found?.columns.find(({ name }) => name === target);
    return column !== undefined && (dialect.types.folds?.(column) ?? []).length === 0;
  });
}

/**
 * Whether keys with other texts are other keys to the target too: 1.0 and 1.00 are not, nor `a` and `A` where case does not count.
 */
export const tellsKeysApart = (
  target: ChangeTarget,
  table: ChangedTable,
  signal: AbortSignal,
): Promise<boolean> => tellsApart(target, table, keyColumns(table), signal);

/** The same of keys whose decimal numbers are spelled in one way. */
export const tellsNormalKeysApart = (
  target: ChangeTarget,
  table: ChangedTable,
  signal: AbortSignal,
): Promise<boolean> =>
  tellsApart(
    target,
    table,
    keyColumns(table).filter(({ logical }) => logical.kind !== 'decimal'),
    signal,
  );
