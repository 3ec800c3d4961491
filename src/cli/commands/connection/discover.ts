import type { Command } from 'commander';
import type { TableSchema } from '../../../model/table-schema.ts';
import { tableId, type TableName } from '../../../model/table-name.ts';
import { withDatabase } from '../../connection/open-connection.ts';
import type { Run } from '../../run-command.ts';
import { formatColumns } from '../../show/columns.ts';
import { formatBytes, formatCount } from '../../show/quantities.ts';

interface DiscoverOptions {
  readonly columns?: boolean;
}

/** `*` any run, `?` any one character, of the id or of the bare name. */
function matches(glob: string, table: TableName): boolean {
  const escaped = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const pattern = new RegExp(`^${escaped}$`, 'su');
  return (
    pattern.test(tableId(table)) || pattern.test(`${table.schema}.${table.name}`) || pattern.test(table.name)
  );
}

const summary = (table: TableSchema) => ({
  table: tableId(table.table),
  kind: table.kind,
  estimatedRows: table.estimatedRows,
  estimatedBytes: table.estimatedBytes,
  key: table.primaryKey?.columns ?? table.uniqueKeys[0]?.columns ?? null,
  columns: table.columns.map(({ name, type, nullable, generated }) => ({ name, type, nullable, generated })),
});
type Summary = ReturnType<typeof summary>;

const columnLines = (table: Summary): readonly string[] =>
  formatColumns(
    [{ title: table.table }, { title: '' }, { title: '' }],
    table.columns.map(({ name, type, nullable, generated }) => [
      `  ${name}`,
      type,
      [
        nullable ? '' : 'not null',
        table.key?.includes(name) ? 'key' : '',
        generated === null ? '' : 'generated, not copied',
      ]
        .filter((note) => note !== '')
        .join(', '),
    ]),
  ).split('\n');

function show(found: readonly Summary[], withColumns: boolean): string {
  if (found.length === 0) return 'no tables';
  if (withColumns) return found.map((table) => columnLines(table).join('\n')).join('\n\n');
  return formatColumns(
    [{ title: 'TABLE' }, { title: 'ROWS', right: true }, { title: 'BYTES', right: true }, { title: 'KEY' }],
    found.map((table) => [
      table.table,
      table.estimatedRows === null ? '-' : formatCount(table.estimatedRows),
      table.estimatedBytes === null ? '-' : formatBytes(table.estimatedBytes),
      table.key === null ? 'none' : table.key.join(', '),
    ]),
  );
}

/** `sluice discover CONNECTION [GLOB]` */
export function registerDiscover(program: Command, run: Run): void {
  program
    .command('discover')
    .argument('<connection>')
    .argument('[glob]', 'for example "public.*"', '*')
    .description('tables of a database, with estimates and keys')
    .option('--columns', 'with columns and types')
    .action(
      run<DiscoverOptions>(async (context, [name = '', glob = '*'], options) => {
        const signal = new AbortController().signal;
        const found = await withDatabase(context.config(), name, async (database) => {
          const names = await database.introspector.listTables(signal);
          const wanted = names.map(({ table }) => table).filter((table) => matches(glob, table));
          return (await database.introspector.describeTables(wanted, signal)).map(summary);
        });
        return { value: found, text: show(found, options.columns === true) };
      }),
    );
}
