import type { TablePlan } from '../../../model/table-plan.ts';
import { parkedKeyText } from '../../changes/parking/event-keys.ts';
import type { Quarantine } from '../../ports/quarantine.ts';
import { nameOf } from './suspects.ts';

/** What is set apart without a key stands for all rows of its table. */
const ALL_KEYS = '';

export interface ParkedQuestion {
  readonly transfer: string;
  readonly plan: TablePlan;
  /** Source columns that name a row, in the order of the keys. */
  readonly columns: readonly string[];
  readonly keys: readonly (readonly string[])[];
}

/** Of rows, by their keys, those that have changes set apart: their names. */
export async function parkedAmong(
  quarantine: Pick<Quarantine, 'list'> | undefined,
  { transfer, plan, columns, keys }: ParkedQuestion,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const isThere = async (choice: { readonly key?: string }): Promise<boolean> => {
    const page = { limit: 1, after: null };
    return ((await quarantine?.list(transfer, { table: plan.id, ...choice }, page, signal)) ?? []).length > 0;
  };
  if (keys.length === 0 || !(await isThere({}))) return new Set();
  const inOrder = plan.targetKey.map((name) => plan.columns.find(({ target }) => target === name)?.source);
  const isSameKey = inOrder.length === columns.length && columns.every((name) => inOrder.includes(name));
  // Rows that are named by another key than events are: nobody can tell.
  if (!isSameKey || (await isThere({ key: ALL_KEYS }))) return new Set(keys.map(nameOf));
  const parked = new Set<string>();
  for (const key of keys) {
    const named = inOrder.map((name = '') => [name, key[columns.indexOf(name)] ?? ''] as const);
    if (await isThere({ key: parkedKeyText(named) })) parked.add(nameOf(key));
  }
  return parked;
}
