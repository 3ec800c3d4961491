import type { ColumnSchema } from '../../../model/table-schema.ts';
import { globToRegExp } from '../../planning/glob.ts';
import type { TableToCapture } from '../../ports/trigger-manager.ts';

/** Columns that the specification takes, in the table's order; those of the key always, generated ones never. */
export function recordedColumns({ table, spec }: TableToCapture): readonly ColumnSchema[] {
  const { include = ['*'], exclude = [] } = spec.columns ?? {};
  const any = (globs: readonly string[], name: string): boolean =>
    globs.some((glob) => globToRegExp(glob).test(name));
  const key = new Set(table.primaryKey?.columns);
  return table.columns.filter(
    ({ name, generated }) =>
      generated === null && (key.has(name) || (any(include, name) && !any(exclude, name))),
  );
}

/** By which the events of the table are read. */
export function payloadColumns(wanted: TableToCapture): readonly ColumnSchema[] {
  const keys = wanted.table.primaryKey?.columns ?? [];
  const columns = recordedColumns(wanted);
  return wanted.spec.payload === 'key' ? columns.filter(({ name }) => keys.includes(name)) : columns;
}
