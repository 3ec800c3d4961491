import type { Command } from 'commander';
import type { Config } from '../../../model/config.ts';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import type { TransferSpec } from '../../../model/transfer-spec.ts';
import { unorderedTarget } from '../../../model/unordered-target.ts';
import { checkConnection } from '../../connection/open-connection.ts';
import type { Run } from '../../run-command.ts';

const expectedOf = ({ topics }: TransferSpec) =>
  ({ source: 'database', hub: 'hub', target: topics ? 'hub' : 'database' }) as const;

/** URLs, settings and secrets of all connections, that each stands where its kind can stand, and what transfers ask for; nothing is opened. */
async function problemsOf(config: Config): Promise<readonly SluiceError[]> {
  const problems: SluiceError[] = [];
  const kinds = new Map<string, 'database' | 'hub'>();
  for (const name of config.connectionNames) {
    try {
      kinds.set(name, (await checkConnection(config, name)).is);
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      problems.push(error);
    }
  }
  for (const [transfer, spec] of Object.entries(config.transfers)) {
    const unordered = unorderedTarget(transfer, spec);
    if (unordered) problems.push(unordered);
    for (const [role, wanted] of Object.entries(expectedOf(spec))) {
      const name = spec[role as 'source' | 'hub' | 'target'];
      const is = kinds.get(name);
      if (is === undefined || is === wanted) continue;
      problems.push(
        new SluiceError('config.invalid', `"${name}" is a ${is}, and a ${wanted} is wanted`, {
          where: `transfers.${transfer}.${role} (${config.path})`,
        }),
      );
    }
  }
  return problems;
}

/** `sluice validate` */
export function registerValidate(program: Command, run: Run): void {
  program
    .command('validate')
    .description('check the configuration and every variable and secret file it names; opens nothing')
    .action(
      run(async (context) => {
        const config = context.config();
        const problems = await problemsOf(config);
        const [first] = problems;
        if (first) {
          throw problems.length === 1
            ? first
            : new SluiceError(first.code, first.message, {
                ...first.details,
                cause: new AggregateError(problems),
              });
        }
        const transfers = Object.keys(config.transfers);
        return {
          value: { path: config.path, valid: true, connections: config.connectionNames, transfers },
          text: `✓ ${config.path}: ${config.connectionNames.length} connections, ${transfers.length} transfers`,
        };
      }),
    );
}
