/** A table's name as the catalog of its database spells it. SQLite's schema is `main`. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

const PLAIN = /^[A-Za-z_][A-Za-z0-9_$]*$/;
const part = (text: string): string => (PLAIN.test(text) ? text : `"${text.replaceAll('"', '""')}"`);

/** `public.orders`, parts quoted where they are not plain words: the table's id in ledger, hub and reports. */
export const tableId = (table: TableName): string => `${part(table.schema)}.${part(table.name)}`;
