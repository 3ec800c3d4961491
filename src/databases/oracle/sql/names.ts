import { SluiceError } from '../../../model/sluice-error.ts';
import type { TableName } from '../../../model/table-name.ts';

/** Pure makers of SQL text. Identifiers go through `quote`, values through binds, or `literal` where DDL takes none. */

/** @throws SluiceError target.structure_differs for what no name can have: it is refused, and never spelled otherwise */
export const quote = (identifier: string): string => {
  if (identifier === '' || /["\0]/.test(identifier)) {
    throw new SluiceError('target.structure_differs', 'a name with a quotation mark is none in Oracle', {
      suggestion: 'give the table or column another name at the target',
    });
  }
  return `"${identifier}"`;
};

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const qualified = (table: TableName): string => `${quote(table.schema)}.${quote(table.name)}`;

export const list = (items: readonly string[]): string => items.join(', ');

/** Values of the named binds of a statement. */
export type Binds = Readonly<Record<string, string | null>>;

/** A statement and its values: values never stand in its text. */
export interface Statement {
  readonly text: string;
  readonly binds: Binds;
}
