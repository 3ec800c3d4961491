import { SluiceError } from '../model/sluice-error.ts';
import { type TableName, tableId } from '../model/table-name.ts';
import type { TableSelection, TransferSpec } from '../model/transfer-spec.ts';
import { globToRegExp, isPlainName } from './glob.ts';

export interface SelectedTable {
  readonly table: TableName;
  readonly selection: TableSelection;
}

const DEFAULT_SCHEMAS = ['public', 'main'];

/** A pattern without a dot means the default schema. Parts may be quoted as in a table id. */
function matcher(pattern: string, defaultSchemas: readonly string[]): (table: TableName) => boolean {
  const dotted = globToRegExp(pattern);
  const bare = pattern.includes('.') ? null : globToRegExp(pattern);
  return (table) =>
    dotted.test(tableId(table)) ||
    dotted.test(`${table.schema}.${table.name}`) ||
    (bare !== null && defaultSchemas.includes(table.schema) && bare.test(table.name));
}

/**
 * The tables that a transfer's patterns choose, in name order; a later pattern wins over an earlier one.
 * @throws SluiceError source.table_not_found when nothing is chosen, or a name without wildcards is not there
 */
export function selectTables(
  spec: TransferSpec,
  available: readonly TableName[],
  defaultSchema?: string,
): readonly SelectedTable[] {
  const defaults = defaultSchema === undefined ? DEFAULT_SCHEMAS : [defaultSchema];
  const patterns = Object.entries(spec.tables).map(([pattern, selection]) => ({
    pattern,
    selection,
    matches: matcher(pattern, defaults),
  }));
  for (const { pattern, selection, matches } of patterns) {
    if (selection !== false && isPlainName(pattern) && !available.some(matches)) {
      throw new SluiceError('source.table_not_found', `the source has no table "${pattern}"`, {
        where: spec.source,
        suggestion: `sluice discover ${spec.source}`,
      });
    }
  }
  const chosen = available.flatMap((table) => {
    const last = patterns.findLast(({ matches }) => matches(table));
    return last && last.selection !== false ? [{ table, selection: last.selection }] : [];
  });
  if (chosen.length === 0) {
    throw new SluiceError('source.table_not_found', 'no table of the source is chosen by the patterns', {
      where: spec.source,
      suggestion: `sluice discover ${spec.source}`,
    });
  }
  return chosen.sort((a, b) => (tableId(a.table) < tableId(b.table) ? -1 : 1));
}
