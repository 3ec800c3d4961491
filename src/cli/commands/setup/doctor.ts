import type { Command } from 'commander';
import { EXIT } from '../../../model/error-codes.ts';
import { isSluiceError } from '../../../model/sluice-error.ts';
import { bad, type Check, good, warning } from '../../doctor/check.ts';
import { checkConnections } from '../../doctor/check-connections.ts';
import { checkNode } from '../../doctor/check-node.ts';
import { checkTemporal } from '../../doctor/check-temporal.ts';
import type { Context } from '../../context.ts';
import { errorValue, exitCodeOf } from '../../format-error.ts';
import type { Run } from '../../run-command.ts';

interface DoctorOptions {
  readonly install?: boolean;
}

const MARKS = { good: '✓', warning: '!', bad: '✗' } as const;

const line = (check: Check): string =>
  `${MARKS[check.state]} ${check.name}: ${check.found}${check.mend === null ? '' : `\n    → ${check.mend}`}`;

async function configChecks(context: Context, install: boolean): Promise<readonly Check[]> {
  try {
    const config = context.configIfThere();
    if (config === null)
      return [warning('configuration', 'there is none here', 'name it with --config, or write sluice.yaml')];
    return [good('configuration', config.path), ...(await checkConnections(config, install))];
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return [bad('configuration', error)];
  }
}

/** `sluice doctor` */
export function registerDoctor(program: Command, run: Run): void {
  program
    .command('doctor')
    .description('check Node, Temporal, workers and every connection; says what mends what is wrong')
    .option('--install', 'also make the ledger in the targets, to see whether the rights suffice')
    .action(
      run<DoctorOptions>(async (context, _, options) => {
        const install = options.install === true && !context.options.dryRun;
        const checks = [
          checkNode(process.versions.node),
          ...(await checkTemporal(context)),
          ...(await configChecks(context, install)),
        ];
        const worst = checks.find(({ state }) => state === 'bad');
        return {
          value: checks.map(({ error, ...rest }) => ({ ...rest, error: error && errorValue(error) })),
          text: checks.map(line).join('\n'),
          exit: worst?.error ? exitCodeOf(worst.error) : EXIT.done,
        };
      }),
    );
}
