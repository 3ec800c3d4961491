import { SluiceError } from '../../model/sluice-error.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { TableSelection, TransferSpec } from '../../model/transfer-spec.ts';
import { globToRegExp, isPlainName } from './glob.ts';
import type { Capabilities, Database } from '../ports/dialect.ts';
import { nameParts, unquoted } from './target-names.ts';

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

interface Line<S = TableSelection> {
  readonly pattern: string;
  readonly selection: S | false;
  readonly matches: (table: TableName) => boolean;
}

const linesOf = <S>(
  tables: Readonly<Record<string, S | false>>,
  defaultSchema: string | undefined,
): readonly Line<S>[] => {
  const defaults = defaultSchema === undefined ? DEFAULT_SCHEMAS : [defaultSchema];
  return Object.entries(tables).map(([pattern, selection]) => ({
    pattern,
    selection,
    matches: matcher(pattern, defaults),
  }));
};

/** @throws SluiceError source.table_not_found */
function refuseUnknown<S>(line: Line<S>, available: readonly TableName[], source: string): void {
  if (line.selection === false || !isPlainName(line.pattern) || available.some(line.matches)) return;
  throw new SluiceError('source.table_not_found', `the source has no table "${line.pattern}"`, {
    where: source,
    suggestion: `sluice discover ${source}`,
  });
}

const isQuery = ({ selection }: Line): boolean => selection !== false && selection.query !== undefined;

const invalid = (pattern: string, message: string): SluiceError =>
  new SluiceError('config.invalid', message, { where: `tables.${JSON.stringify(pattern)}` });

/** @throws SluiceError config.invalid for what means nothing together */
function checkLine({ pattern, selection }: Line): void {
  if (selection === false) return;
  const { query, key, where } = selection;
  if (query === undefined) {
    if (key !== undefined) throw invalid(pattern, '"key" is said of a query; a table has its own');
    return;
  }
  if (where !== undefined)
    throw invalid(pattern, 'a query says in itself which rows it gives, not in "where"');
  if (!isPlainName(pattern) || nameParts(pattern) === null)
    throw invalid(pattern, 'a query stands under a name, table or schema.table, and not under a pattern');
}

/** Existing rows are events of a topic, or rows of a table: what is said of the one means nothing for the other. */
function refuseInit({ pattern, selection }: Line, { topics, mode }: TransferSpec): void {
  if (selection === false || selection.init === undefined || (topics !== undefined && mode === 'both'))
    return;
  throw invalid(pattern, '"init" is said of existing rows that go to topics: with topics and mode both');
}

/** The name that a query goes by: in the default schema, where it names none. */
function queryName(pattern: string, defaultSchema: string): TableName {
  const [schema, name] = nameParts(pattern) ?? [undefined, pattern];
  return { schema: schema === undefined ? defaultSchema : unquoted(schema), name: unquoted(name) };
}

type SourceSchemas = Pick<Database, 'defaultSchema'> & {
  readonly dialect: { readonly capabilities: Pick<Capabilities, 'schemas'> };
};

/** A query is a table of its own, and stands in the place of a table of the same name; only `false` takes it out again. */
function chooseQueries(lines: readonly Line[], defaultSchema: string): readonly SelectedTable[] {
  return lines.filter(isQuery).flatMap((line) => {
    const { pattern, selection } = line;
    const table = queryName(pattern, defaultSchema);
    const isOut = lines
      .slice(lines.indexOf(line))
      .some((later) => later.selection === false && later.matches(table));
    return selection === false || isOut ? [] : [{ table, selection }];
  });
}

function chooseTables<S>(
  lines: readonly Line<S>[],
  available: readonly TableName[],
): readonly { readonly table: TableName; readonly selection: S }[] {
  return available.flatMap((table) => {
    const last = lines.findLast(({ matches }) => matches(table));
    return last && last.selection !== false ? [{ table, selection: last.selection }] : [];
  });
}

/**
 * The tables that patterns choose, in their order, each with what the last pattern that matches it says; false: it is not chosen.
 * @throws SluiceError source.table_not_found for a name without wildcards that is not there
 */
export function chooseByPatterns<S>(
  tables: Readonly<Record<string, S | false>>,
  available: readonly TableName[],
  source: { readonly connection: string; readonly defaultSchema: string | undefined },
): readonly { readonly table: TableName; readonly selection: S }[] {
  const lines = linesOf(tables, source.defaultSchema);
  for (const line of lines) refuseUnknown(line, available, source.connection);
  return chooseTables(lines, available);
}

/**
 * The tables and queries that a transfer's lines choose, in name order; a later pattern wins over an earlier one.
 * @throws SluiceError config.invalid; source.table_not_found when nothing is chosen, or a name without wildcards is not there
 */
export function selectTables(
  spec: TransferSpec,
  available: readonly TableName[],
  source?: SourceSchemas,
): readonly SelectedTable[] {
  const { defaultSchema } = source ?? {};
  const lines = linesOf(spec.tables, defaultSchema);
  for (const line of lines) {
    checkLine(line);
    refuseInit(line, spec);
    if (!isQuery(line)) refuseUnknown(line, available, spec.source);
  }
  const own = source?.dialect.capabilities.schemas === false ? 'main' : 'public';
  const queries = chooseQueries(lines, defaultSchema ?? own);
  const named = new Set(queries.map(({ table }) => tableId(table)));
  if (named.size < queries.length)
    throw new SluiceError('config.invalid', 'two queries have the same name', { where: 'tables' });
  const tables = chooseTables(
    lines.filter((line) => !isQuery(line)),
    available.filter((table) => !named.has(tableId(table))),
  );
  const chosen = [...queries, ...tables];
  if (chosen.length === 0) {
    throw new SluiceError('source.table_not_found', 'no table of the source is chosen by the patterns', {
      where: spec.source,
      suggestion: `sluice discover ${spec.source}`,
    });
  }
  return chosen.toSorted((a, b) => (tableId(a.table) < tableId(b.table) ? -1 : 1));
}

/** The same of the tables that the source has now. @throws SluiceError as selectTables; database.* */
export const selectAtSource = async (
  source: SourceSchemas & Pick<Database, 'introspector'>,
  spec: TransferSpec,
  signal: AbortSignal,
): Promise<readonly SelectedTable[]> =>
  selectTables(
    spec,
    (await source.introspector.listTables(signal)).map(({ table }) => table),
    source,
  );
