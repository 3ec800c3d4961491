import { SluiceError } from '../../model/sluice-error.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { Database, Dialect } from '../ports/dialect.ts';
import type { SelectedTable } from './select-tables.ts';

type End = Pick<Database, 'dialect' | 'defaultSchema'>;

/** What decides how tables are called at the target. */
export interface NamingRules {
  readonly dialect: Dialect;
  /** Default schemas of both sides, where a database has one of another name than its product. */
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  readonly schemas: Readonly<Record<string, string>>;
}

export const namingRules = (
  ends: { readonly source: Pick<End, 'defaultSchema'>; readonly target: End },
  spec: Pick<TransferSpec, 'rename'>,
): NamingRules => ({
  dialect: ends.target.dialect,
  source: ends.source.defaultSchema,
  target: ends.target.defaultSchema,
  schemas: spec.rename?.schemas ?? {},
});

const PARTS = /^("(?:[^"]|"")*"|[^."]+)(?:\.("(?:[^"]|"")*"|[^."]+))?$/su;

/** A part of a name without its quotes. */
export const unquoted = (part: string): string =>
  part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;

/** `table`, or `schema.table`; parts may be in double quotes, and still are. Null: it is no such name. */
export function nameParts(text: string): readonly [schema: string | undefined, name: string] | null {
  const [, first, second] = PARTS.exec(text) ?? [];
  if (first === undefined) return null;
  return second === undefined ? [undefined, first] : [first, second];
}

/** A star in quotes is a star. */
const filled = (part: string, own: string): string =>
  part.startsWith('"') ? unquoted(part) : part.replaceAll('*', () => own);

function partsOf(to: string, table: TableName): readonly [string | undefined, string] {
  const parts = nameParts(to);
  if (parts !== null) return parts;
  throw new SluiceError('config.invalid', '"to" is no name of a table', {
    table: tableId(table),
    suggestion: 'write table or schema.table; a name with a dot stands in double quotes',
  });
}

/** The schema that a table would have at a target with schemas; null: what stands for the default one. */
function schemaOf(table: TableName, rules: NamingRules): string | null {
  if (Object.hasOwn(rules.schemas, table.schema)) return rules.schemas[table.schema] as string;
  const defaults = rules.source === undefined ? ['public', 'main'] : [rules.source];
  return defaults.includes(table.schema) ? null : table.schema;
}

/**
 * Where a source table goes: the name of `to`, or its own in its schema or what that is renamed to; a database without schemas
 * gets the schema in the name. The default schema of one database is the default schema of another.
 * @throws SluiceError config.invalid when `to` is no name
 */
export function targetName({ table, selection }: SelectedTable, rules: NamingRules): TableName {
  const own = schemaOf(table, rules);
  if (!rules.dialect.capabilities.schemas) {
    const isMain = own === null || own === 'main';
    if (selection.to === undefined)
      return { schema: 'main', name: isMain ? table.name : `${own}_${table.name}` };
    return { schema: 'main', name: filled(partsOf(selection.to, table)[1], table.name) };
  }
  const schema = own ?? rules.target ?? 'public';
  if (selection.to === undefined) return { schema, name: table.name };
  const [into, name] = partsOf(selection.to, table);
  return { schema: into === undefined ? schema : filled(into, schema), name: filled(name, table.name) };
}

/**
 * What every table of a transfer and its columns are called at the target, for what refers from one table to another:
 * foreign keys, indexes, views. From the configuration alone, without a look at either database.
 */
export interface Naming {
  /** Null: the table is not copied. */
  table(source: TableName): TableName | null;
  /** The name of a column of a table that is copied; its own where nothing renames it. */
  column(source: TableName, column: string): string;
}

export function createNaming(tables: readonly SelectedTable[], rules: NamingRules): Naming {
  const byId = new Map(tables.map((selected) => [tableId(selected.table), selected]));
  return {
    table: (source) => {
      const selected = byId.get(tableId(source));
      return selected ? targetName(selected, rules) : null;
    },
    column: (source, column) => {
      const renames = byId.get(tableId(source))?.selection.columns?.rename ?? {};
      return Object.hasOwn(renames, column) ? (renames[column] as string) : column;
    },
  };
}

/** @throws SluiceError config.invalid when two source tables would go into one target table */
export function refuseClashes(tables: readonly SelectedTable[], rules: NamingRules): void {
  const taken = new Map<string, string>();
  for (const selected of tables) {
    const goesTo = tableId(targetName(selected, rules));
    // A database without schemas (SQLite) takes names that differ by case for one.
    const key = rules.dialect.capabilities.schemas ? goesTo : goesTo.toLowerCase();
    const other = taken.get(key);
    if (other !== undefined) {
      throw new SluiceError(
        'config.invalid',
        `"${other}" and "${tableId(selected.table)}" would both go into "${goesTo}"`,
        { suggestion: 'give one of them another name with "to"' },
      );
    }
    taken.set(key, tableId(selected.table));
  }
}
