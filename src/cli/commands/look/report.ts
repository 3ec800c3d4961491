import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { ERRORS, EXIT, type ExitCode } from '../../../model/error-codes.ts';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import { type TransferReport, transferWorkflowId } from '../../../workflows/messages.ts';
import type { Context } from '../../context.ts';
import { formatError } from '../../format-error.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { isClean, showReport } from '../../show/show-report.ts';
import { explainTemporalError, failedReport } from '../../temporal/explain-error.ts';
import { findExecutions } from '../../transfer/find-executions.ts';
import { transferHandle } from '../../transfer/transfer-handle.ts';

type ReportOutcome = Outcome & { readonly exit: ExitCode };

const outcomeOf = (report: TransferReport): ReportOutcome => ({
  value: report,
  text: showReport(report),
  exit: isClean(report) ? EXIT.done : EXIT.findings,
});

const resultOf = (client: Client, name: string, runId?: string): Promise<TransferReport> =>
  client.workflow.getHandle(transferWorkflowId(name), runId).result() as Promise<TransferReport>;

/** A start that came to nothing: its input or the configuration was wrong, and no table was touched. */
const neverRan = (error: unknown): boolean => isSluiceError(error) && ERRORS[error.code].exit === EXIT.usage;

/** The report of the newest execution that did something; older ones are looked for only behind starts that did not. */
async function olderReport(client: Client, name: string): Promise<TransferReport | null> {
  const [, ...older] = await findExecutions(client, { transfer: name, limit: HISTORY });
  for (const { runId } of older) {
    try {
      return await resultOf(client, name, runId);
    } catch (error) {
      const report = failedReport(error);
      if (report) return report;
      if (!neverRan(explainTemporalError(error, name))) return null;
    }
  }
  return null;
}

/**
 * The report of an execution that has ended, with the exit code that it deserves. Where the newest start failed on its
 * input that is said, and the report of the run before it is shown.
 * @throws WorkflowFailedError
 */
export async function reportOf(context: Context, name: string): Promise<ReportOutcome> {
  const client = await context.client();
  try {
    return outcomeOf(await resultOf(client, name));
  } catch (error) {
    const explained = explainTemporalError(error, name);
    const report = failedReport(error);
    if (report && isSluiceError(explained)) {
      const { output } = context;
      if (output.format === 'text') output.error(formatError(explained, output));
      return { ...outcomeOf(report), exit: ERRORS[explained.code].exit };
    }
    const older = neverRan(explained) ? await olderReport(client, name) : null;
    if (!older) throw error;
    const { code, message } = explained as SluiceError;
    context.output.note(`the newest start failed before it ran: ${code}: ${message}`);
    context.output.note('what the run before it did:');
    return outcomeOf(older);
  }
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
        if (description.status.name !== 'RUNNING') return reportOf(context, name);
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
