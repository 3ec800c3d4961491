import type { Command } from 'commander';
import { EXIT } from '../../../model/error-codes.ts';
import { listConnection, type TestedConnection, testConnection } from '../../connection/test-connection.ts';
import { errorValue, exitCodeOf, formatError } from '../../format-error.ts';
import type { Run } from '../../run-command.ts';
import { formatColumns } from '../../show/columns.ts';

const valueOf = (tested: TestedConnection) => ({
  ...tested,
  error: tested.error && errorValue(tested.error),
});

/** `sluice connection list` */
function registerList(group: Command, run: Run): void {
  group
    .command('list')
    .description('connections of the configuration, with masked URLs')
    .action(
      run(async (context) => {
        const config = context.config();
        const listed = await Promise.all(config.connectionNames.map((name) => listConnection(config, name)));
        const rows = listed.map(({ name, kind, url, error }) => [
          name,
          kind ?? '-',
          url ?? (error ? `✗ ${error.message}` : '-'),
        ]);
        return {
          value: listed.map(({ name, kind, url, error }) => ({
            name,
            kind,
            url,
            error: error && errorValue(error),
          })),
          text: formatColumns([{ title: 'CONNECTION' }, { title: 'KIND' }, { title: 'URL' }], rows),
        };
      }),
    );
}

/** `sluice connection test [NAME…]` */
function registerTest(group: Command, run: Run): void {
  group
    .command('test')
    .argument('[names...]', 'connections; without one all are tested')
    .description('open connections and ask for their versions')
    .action(
      run(async (context, args) => {
        const config = context.config();
        const names = (args[0] ?? []) as unknown as readonly string[];
        const tested: TestedConnection[] = [];
        for (const name of names.length > 0 ? names : config.connectionNames)
          tested.push(await testConnection(config, name));
        const lines = tested.flatMap((each) => [
          each.error
            ? formatError(each.error, { format: 'text', color: context.output.color })
            : `✓ ${each.name}   ${each.kind} ${each.version} at ${each.url} (${each.tookMs} ms)`,
          ...each.warnings.map((warning) => `    ! ${warning}`),
        ]);
        const failed = tested.find(({ error }) => error !== null);
        return {
          value: tested.map(valueOf),
          text: lines.join('\n'),
          exit: failed ? exitCodeOf(failed.error) : EXIT.done,
        };
      }),
    );
}

/** `sluice connection …` */
export function registerConnection(program: Command, run: Run): void {
  const group = program.command('connection').description('databases and hubs of the configuration');
  registerList(group, run);
  registerTest(group, run);
}
