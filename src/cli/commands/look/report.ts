import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../../model/error-codes.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TransferReport } from '../../../workflows/messages.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { isClean, showReport } from '../../show/show-report.ts';
import { findExecutions } from '../../transfer/find-executions.ts';
import { transferHandle } from '../../transfer/transfer-handle.ts';

/** The report of an execution that has ended, with the exit code that it deserves. @throws WorkflowFailedError */
export async function reportOf(client: Client, name: string): Promise<Outcome & { readonly exit: ExitCode }> {
  const report = (await transferHandle(client, name).result()) as TransferReport;
  return { value: report, text: showReport(report), exit: isClean(report) ? EXIT.done : EXIT.findings };
}

/** `sluice report NAME` */
export function registerReport(program: Command, run: Run): void {
  program
    .command('report')
    .argument('<name>')
    .description(
      'what the last finished run of a transfer did; exit 4 where something differs or was left out',
    )
    .action(
      run(async (context, [name = '']) => {
        const client = await context.client();
        const description = await transferHandle(client, name).describe();
        if (description.status.name !== 'RUNNING') return reportOf(client, name);
        throw new SluiceError('transfer.already_running', 'it has not ended yet', {
          where: `transfer ${name}`,
          suggestion: `sluice status ${name}`,
        });
      }),
    );
}

/** `sluice describe NAME` */
export function registerDescribe(program: Command, run: Run): void {
  program
    .command('describe')
    .argument('<name>')
    .description('configuration and run history of a transfer')
    .action(
      run(async (context, [name = '']) => {
        const config = context.configIfThere();
        const spec = config && Object.hasOwn(config.transfers, name) ? config.transfers[name] : null;
        const runs = await findExecutions(await context.client(), { transfer: name, limit: HISTORY });
        if (runs.length === 0 && !spec) {
          throw new SluiceError('transfer.not_found', `there is no transfer "${name}"`, {
            suggestion: 'sluice list, or check --config and --namespace',
          });
        }
        const { showDescription } = await import('../../show/show-description.ts');
        return {
          value: { transfer: name, spec, runs },
          text: showDescription({ name, spec: spec ?? null, path: config?.path ?? null, runs }, Date.now()),
        };
      }),
    );
}

const HISTORY = 20;
