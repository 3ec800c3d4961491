import { quote } from '../../sql.ts';
import { affinityOf } from '../../values/affinity.ts';
import { isExact, OWN_COLUMNS } from '../captured-shape.ts';
import type { TriggerSource } from './trigger-source.ts';

const AFFINITY_TYPES: Readonly<Record<string, string>> = {
  integer: 'INTEGER',
  real: 'REAL',
  numeric: 'NUMERIC',
  text: 'TEXT',
};

/** The tables that the triggers of a layout fill. No types in the one of rows: every value stays what it is. */
export function renderLayoutTables(source: TriggerSource): readonly string[] {
  const { names, shape, table, facts, oldColumns } = source;
  const cells = [...shape.columns, ...shape.expressions].map((_, at) => `c${at + 1}`);
  const rows = `CREATE TABLE ${names.rows} (sluice_row INTEGER PRIMARY KEY, ${cells.join(', ')})`;
  if (oldColumns === null) return [rows];
  const columns = table.columns
    .filter(({ name }) => oldColumns.includes(name))
    .map(({ name, type, collation }) => {
      const affinity = isExact(type, facts) ? '' : ` ${AFFINITY_TYPES[affinityOf(type)] ?? 'NUMERIC'}`;
      const own = collation === null || /^UTF-/i.test(collation) ? '' : ` COLLATE ${quote(collation)}`;
      return `${quote(name)}${affinity}${own}`;
    });
  const own = [`${OWN_COLUMNS.flags} INTEGER`, `${OWN_COLUMNS.rowid} INTEGER`];
  const place = `${OWN_COLUMNS.place} INTEGER PRIMARY KEY`;
  return [rows, `CREATE TABLE ${names.old} (${[place, ...columns, ...own].join(', ')})`];
}
