import type { Command } from 'commander';
import type { CapturedTable } from '../../../engine/ports/trigger-manager.ts';
import { EXIT } from '../../../model/error-codes.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';
import type { Run } from '../../run-command.ts';
import { showCaptured } from '../../show/show-trigger-plan.ts';
import { registerHealth } from './health.ts';
import { deployOutcome, registerDeploy, registerPlanOfTriggers, tablesOf } from './plan-and-deploy.ts';
import { registerRelease } from './release.ts';
import { registerStats } from './stats.ts';
import { demandYes, type OpenCapture, withCapture } from './with-capture.ts';

const CONNECTION = ['<connection>', 'source of the configuration'] as const;

/** `sluice capture install CONNECTION` */
function registerInstall(group: Command, run: Run): void {
  group
    .command('install')
    .argument(...CONNECTION)
    .description('make the schema and the tables of the capture in a source, or bring them up to date')
    .action(
      run((context, [connection = '']) =>
        withCapture(context.config(), connection, async ({ triggers, signal }) => {
          if (context.options.dryRun) {
            const installed = await triggers.isInstalled(signal);
            return {
              value: { connection, installed },
              text: installed ? 'is installed' : 'would be installed',
            };
          }
          await triggers.install(signal);
          return {
            value: { connection, installed: true },
            text: `✓ the capture of ${connection} is installed`,
          };
        }),
      ),
    );
}

const capturedValue = (table: CapturedTable) => ({ ...table, table: tableId(table.table) });

/** `sluice capture status CONNECTION` */
function registerStatusOfCapture(group: Command, run: Run): void {
  group
    .command('status')
    .argument(...CONNECTION)
    .description('tables that are captured; exit 4 where triggers are not as they were deployed')
    .action(
      run((context, [connection = '']) =>
        withCapture(context.config(), connection, async ({ triggers, signal }) => {
          const installed = await triggers.isInstalled(signal);
          const captured = installed ? await triggers.captured(signal) : [];
          return {
            value: { connection, installed, tables: captured.map(capturedValue) },
            text: installed ? showCaptured(captured) : 'nothing is installed',
            exit: captured.every(({ intact }) => intact) ? EXIT.done : EXIT.findings,
          };
        }),
      ),
    );
}

/** Tables with triggers of ours, in the configuration or not. */
async function withTriggers({ triggers, signal }: OpenCapture): Promise<readonly TableName[]> {
  const captured = (await triggers.captured(signal)).map(({ table }) => table);
  const standing = (await triggers.plan([], signal)).triggers.map(({ table }) => table);
  return [...new Map([...captured, ...standing].map((table) => [tableId(table), table])).values()];
}

/** `sluice capture drop CONNECTION TABLE…` */
function registerDrop(group: Command, run: Run): void {
  group
    .command('drop')
    .argument(...CONNECTION)
    .argument('<tables...>', 'patterns of tables that have triggers of ours, captured still or not')
    .description('take the triggers of tables away; what was recorded stays')
    .action(
      run((context, args) => {
        const [connection = ''] = args;
        return withCapture(context.config(), connection, async (capture) => {
          const { chooseNamed } = await import('../../../workers/local.ts');
          const named = chooseNamed(await withTriggers(capture), tablesOf(args), {
            connection,
            defaultSchema: capture.defaultSchema,
          });
          const names = named.map((table) => tableId(table));
          if (context.options.dryRun)
            return { value: names, text: `would drop the triggers of ${names.join(', ')}` };
          demandYes(context, connection, `changes of ${names.join(', ')} will be recorded no more`);
          return deployOutcome(await capture.triggers.drop(named, capture.signal));
        });
      }),
    );
}

/** `sluice capture uninstall CONNECTION` */
function registerUninstall(group: Command, run: Run): void {
  group
    .command('uninstall')
    .argument(...CONNECTION)
    .description(
      'take all of ours out of a source: triggers, functions, tables with what they recorded, schema',
    )
    .action(
      run((context, [connection = '']) =>
        withCapture(context.config(), connection, async (capture) => {
          const names = (await withTriggers(capture)).map((table) => tableId(table));
          if (context.options.dryRun)
            return {
              value: { connection, tables: names },
              text: `would end the capture of ${names.join(', ') || 'no table'}`,
            };
          demandYes(context, connection, 'what was recorded and not yet applied is thrown away');
          await capture.triggers.uninstall(capture.signal);
          return {
            value: { connection, installed: false },
            text: `✓ nothing of the capture is left at ${connection}`,
          };
        }),
      ),
    );
}

/** `sluice capture …` */
export function registerCapture(program: Command, run: Run): void {
  const group = program.command('capture').description('triggers that record the changes of a source');
  registerInstall(group, run);
  registerPlanOfTriggers(group, run);
  registerDeploy(group, run);
  registerStatusOfCapture(group, run);
  registerHealth(group, run);
  registerDrop(group, run);
  registerRelease(group, run);
  registerStats(group, run);
  registerUninstall(group, run);
}
