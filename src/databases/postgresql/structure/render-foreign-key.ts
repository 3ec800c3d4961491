import type { TableName } from '../../../model/table-name.ts';
import type { ForeignKeySchema } from '../../../model/table-schema.ts';
import { qualified, quote } from '../sql.ts';

const list = (names: readonly string[]): string => names.map(quote).join(', ');
const CHECKED = {
  'at-once': '',
  deferrable: ' DEFERRABLE',
  deferred: ' DEFERRABLE INITIALLY DEFERRED',
} as const satisfies Record<ForeignKeySchema['checked'], string>;

/** What stands behind the name of the constraint. */
export function renderForeignKey(key: ForeignKeySchema): string {
  const { columns, references, referencedColumns, onUpdate, onDelete, onDeleteColumns } = key;
  const parent = referencedColumns.length > 0 ? ` (${list(referencedColumns)})` : '';
  const rules = [
    ...(key.match === 'full' ? ['MATCH FULL'] : []),
    ...(onUpdate === 'no action' ? [] : [`ON UPDATE ${onUpdate.toUpperCase()}`]),
    ...(onDelete === 'no action'
      ? []
      : [`ON DELETE ${onDelete.toUpperCase()}${onDeleteColumns ? ` (${list(onDeleteColumns)})` : ''}`]),
  ];
  const words = rules.length > 0 ? ` ${rules.join(' ')}` : '';
  return `FOREIGN KEY (${list(columns)}) REFERENCES ${qualified(references)}${parent}${words}${CHECKED[key.checked]}${key.valid ? '' : ' NOT VALID'}`;
}

/** Rows of a child whose parent is not there; null where the parent's columns are not named. */
export function renderOrphans(child: TableName, key: ForeignKeySchema): string | null {
  if (key.referencedColumns.length === 0) return null;
  const pairs = key.columns.map(
    (column, at) => `p.${quote(key.referencedColumns[at] ?? '')} = c.${quote(column)}`,
  );
  const given = key.columns.map((column) => `c.${quote(column)} IS NOT NULL`);
  return `SELECT c.* FROM ${qualified(child)} AS c WHERE ${given.join(' AND ')} AND NOT EXISTS (SELECT FROM ${qualified(key.references)} AS p WHERE ${pairs.join(' AND ')})`;
}
