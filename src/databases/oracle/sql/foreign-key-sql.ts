import { withReason } from '../../../engine/structure/wanted-indexes.ts';
import type { TableName } from '../../../model/table-name.ts';
import type { ForeignKeySchema } from '../../../model/table-schema.ts';
import { list, qualified, quote } from './names.ts';

const CHECKED = {
  'at-once': '',
  deferrable: ' DEFERRABLE',
  deferred: ' DEFERRABLE INITIALLY DEFERRED',
} as const satisfies Record<ForeignKeySchema['checked'], string>;

/** The key as Oracle has it: nothing happens when a parent's key changes but a refusal, and no default is set when it goes. */
export const asMade = (key: ForeignKeySchema): ForeignKeySchema => {
  const { onDeleteColumns: _, ...rest } = key;
  const onDelete = key.onDelete === 'set default' ? 'no action' : key.onDelete;
  return { ...rest, onUpdate: 'no action', onDelete, match: 'simple' };
};

/** What stands behind the name of the constraint. */
export function renderForeignKey(key: ForeignKeySchema): string {
  const { columns, references, referencedColumns, onDelete, checked, valid } = asMade(key);
  const parent = referencedColumns.length > 0 ? ` (${list(referencedColumns.map(quote))})` : '';
  const rule =
    onDelete === 'cascade' || onDelete === 'set null' ? ` ON DELETE ${onDelete.toUpperCase()}` : '';
  const trust = valid ? '' : ' ENABLE NOVALIDATE';
  return `FOREIGN KEY (${list(columns.map(quote))}) REFERENCES ${qualified(references)}${parent}${rule}${CHECKED[checked]}${trust}`;
}

/** What Oracle does not know of a foreign key. */
export function foreignKeyLosses(key: ForeignKeySchema): readonly string[] {
  const lost = [
    ...(key.onUpdate === 'no action' || key.onUpdate === 'restrict'
      ? []
      : ['the key of a parent cannot change while it has children']),
    ...(key.onDelete === 'set default' ? ['a parent cannot go while it has children'] : []),
    ...(key.match === 'full' && key.columns.length > 1 ? ['MATCH FULL is not known here'] : []),
    ...(key.onDeleteColumns ? ['all of its columns are set when the parent goes'] : []),
  ];
  return lost.map((what) => withReason(key.definition, `made with a difference: ${what}`));
}

/** Rows of a child whose parent is not there; null where the parent's columns are not named. */
export function renderOrphans(child: TableName, key: ForeignKeySchema): string | null {
  if (key.referencedColumns.length === 0) return null;
  const pairs = key.columns.map(
    (column, at) => `P.${quote(key.referencedColumns[at] ?? '')} = C.${quote(column)}`,
  );
  const given = key.columns.map((column) => `C.${quote(column)} IS NOT NULL`);
  return `SELECT C.* FROM ${qualified(child)} C WHERE ${given.join(' AND ')} AND NOT EXISTS (SELECT 1 FROM ${qualified(key.references)} P WHERE ${pairs.join(' AND ')})`;
}
