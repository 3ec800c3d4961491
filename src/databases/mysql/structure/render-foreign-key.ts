import { withReason } from '../../../engine/structure/wanted-indexes.ts';
import type { TableName } from '../../../model/table-name.ts';
import type { ForeignKeySchema } from '../../../model/table-schema.ts';
import { list, qualified, quote } from '../sql/names.ts';

/** What stands behind the name of the constraint. */
export function renderForeignKey({
  columns,
  references,
  referencedColumns,
  onUpdate,
  onDelete,
}: ForeignKeySchema): string {
  const rules = [
    ...(onUpdate === 'no action' ? [] : [`ON UPDATE ${onUpdate.toUpperCase()}`]),
    ...(onDelete === 'no action' ? [] : [`ON DELETE ${onDelete.toUpperCase()}`]),
  ];
  return `FOREIGN KEY (${list(columns.map(quote))}) REFERENCES ${qualified(references)} (${list(referencedColumns.map(quote))})${rules.length > 0 ? ` ${rules.join(' ')}` : ''}`;
}

/** What InnoDB does not know of a foreign key: when it is checked otherwise than at once, and of which columns. */
export function foreignKeyLosses(key: ForeignKeySchema): readonly string[] {
  const lost = [
    ...(key.checked === 'at-once' ? [] : ['it is checked at once, and never at the end of a transaction']),
    ...(key.match === 'full' && key.columns.length > 1 ? ['MATCH FULL is not known here'] : []),
    ...(key.valid ? [] : ['all rows are checked, those from before too']),
    ...(key.onDeleteColumns ? ['all of its columns are set when the parent goes'] : []),
  ];
  return lost.map((what) => withReason(key.definition, `made with a difference: ${what}`));
}

/** Rows of a child whose parent is not there. */
export function renderOrphans(child: TableName, key: ForeignKeySchema): string | null {
  if (key.referencedColumns.length === 0) return null;
  const pairs = key.columns.map(
    (column, at) => `p.${quote(key.referencedColumns[at] ?? '')} = c.${quote(column)}`,
  );
  const given = key.columns.map((column) => `c.${quote(column)} IS NOT NULL`);
  return `SELECT c.* FROM ${qualified(child)} AS c WHERE ${given.join(' AND ')} AND NOT EXISTS (SELECT 1 FROM ${qualified(key.references)} AS p WHERE ${pairs.join(' AND ')})`;
}
