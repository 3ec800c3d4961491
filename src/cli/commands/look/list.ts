import type { Command } from 'commander';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Context } from '../../context.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { showExecutions } from '../../show/show-executions.ts';
import { findExecutions } from '../../transfer/find-executions.ts';

interface ListOptions {
  readonly running?: boolean;
  readonly limit?: string;
}

const DEFAULT_LIMIT = 100;

export function limitOf(text: string | undefined): number {
  const limit = text === undefined ? DEFAULT_LIMIT : Number(text);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new SluiceError('input.invalid', `"${text}" is no number of lines`, { where: '--limit' });
}

/** Executions, newest first; also what `sluice status` without a name shows. */
export async function listTransfers(context: Context, options: ListOptions): Promise<Outcome> {
  const found = await findExecutions(await context.client(), {
    runningOnly: options.running === true,
    limit: limitOf(options.limit),
  });
  return { value: found, text: showExecutions(found, Date.now()) };
}

/** `sluice list` */
export function registerList(program: Command, run: Run): void {
  program
    .command('list')
    .description('transfers that run or ran, newest first')
    .option('--running', 'only those that run')
    .option('--limit <count>', `at most so many (default ${DEFAULT_LIMIT})`)
    .action(run<ListOptions>((context, _, options) => listTransfers(context, options)));
}
