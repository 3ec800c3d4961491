import { type Command, Option } from 'commander';
import { capturePlaceOf } from '../../../model/capture-spec.ts';
import { EXIT } from '../../../model/error-codes.ts';
import type { ParkedCounts } from '../../../model/quarantine.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Ends, TableVerification } from '../../../workers/local.ts';
import { withEnds } from '../../connection/with-ends.ts';
import type { Run } from '../../run-command.ts';
import { showVerification, verdict } from '../../show/show-verification.ts';
import { parkedLines } from '../../show/show-status.ts';
import { timeoutMs } from '../../transfer/timeout-option.ts';
import { verifyByWorkers } from '../../transfer/verify-by-workers.ts';
import { limitOf } from './list.ts';

interface VerifyOptions {
  readonly mode: 'count' | 'checksum' | 'rows';
  readonly run?: string;
  readonly table?: readonly string[];
  readonly limit?: string;
  readonly byWorkers?: boolean;
  readonly timeout?: string;
}

/** The run to compare: the one asked for, else the newest of the ledger. Neither Temporal nor a worker is needed. */
async function runOf({ target }: Ends, name: string, asked: string | undefined): Promise<number> {
  if (asked !== undefined) {
    const run = Number(asked);
    if (Number.isSafeInteger(run) && run > 0) return run;
    throw new SluiceError('input.invalid', 'a run is a number', { where: '--run' });
  }
  const newest = await target.ledger.newestRun(name, new AbortController().signal);
  if (newest !== null) return newest;
  throw new SluiceError('transfer.not_found', 'the ledger of the target has no run of it yet', {
    where: `transfer ${name}`,
    suggestion: `sluice start ${name}`,
  });
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Workers compare all that there is, and name nothing. @throws SluiceError input.invalid */
function refuseChoice({ mode, run, table, limit }: VerifyOptions): void {
  if (mode === 'checksum' && [run, table, limit].every((each) => each === undefined)) return;
  throw new SluiceError('input.invalid', 'workers compare all tables, by checksum', {
    where: '--by-workers',
    suggestion: 'leave it out: tables are chosen, and rows named, from here',
  });
}

/** `sluice verify NAME` */
export function registerVerify(program: Command, run: Run): void {
  program
    .command('verify')
    .argument('<name>', 'transfer of the configuration')
    .description(
      'compare source and target of the newest run, here and now and without a worker, also while changes flow; exit 4 where they differ or nobody can tell',
    )
    .addOption(
      new Option('--mode <mode>', 'what is compared; rows also names the keys that differ')
        .choices(['count', 'checksum', 'rows'])
        .default('checksum'),
    )
    .option('--run <number>', 'another run of the ledger')
    .option('--table <table>', 'only this one; may be given several times', collect)
    .option('--limit <count>', 'with --mode rows: rows of a table that are named at most (default 100)')
    .option(
      '--by-workers',
      'have the workers of the running transfer compare all tables by checksum while its changes flow, and wait for it',
    )
    .option('--timeout <duration>', 'with --by-workers: wait this long at most; then exit 124')
    .action(
      run<VerifyOptions>(async (context, [name = ''], options) => {
        const waitMs = timeoutMs(options.timeout);
        if (options.byWorkers) {
          refuseChoice(options);
          return verifyByWorkers(context, name, waitMs);
        }
        const config = context.config();
        const spec = config.transfer(name);
        const rowLimit = limitOf(options.limit);
        const { verifyLocally } = await import('../../../workers/local.ts');
        // What an older run had is not what flows now.
        const isFollowed = spec.mode !== undefined && spec.mode !== 'snapshot' && options.run === undefined;
        const flowing = isFollowed ? { capture: capturePlaceOf(config.captures[spec.source]) } : {};
        const compared: TableVerification[] = [];
        let parked: ParkedCounts = {};
        await withEnds(config, spec, async (ends) => {
          const number = await runOf(ends, name, options.run);
          const tables = options.table ?? null;
          const { mode } = options;
          const request = { transfer: name, run: number, spec, mode, tables, rowLimit, ...flowing };
          for await (const each of verifyLocally(ends, request, new AbortController().signal)) {
            compared.push(each);
            context.output.progress(
              `${compared.length} tables compared, last ${each.table}: ${verdict(each)}`,
            );
          }
          parked = (await ends.target.quarantine?.count(name, new AbortController().signal)) ?? {};
          if (compared.length > 0) return;
          throw new SluiceError('source.table_not_found', `run ${number} has no such table in the ledger`, {
            where: `transfer ${name}`,
          });
        });
        return {
          value: compared,
          text: [showVerification(compared), ...parkedLines({ transfer: name, parked })].join('\n'),
          exit: compared.some((each) => !each.equal) ? EXIT.findings : EXIT.done,
        };
      }),
    );
}
