import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type Command, Option } from 'commander';
import type { TableVerification } from '../../../workers/local.ts';
import { EXIT } from '../../../model/error-codes.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TransferReport } from '../../../workflows/messages.ts';
import { withEnds } from '../../connection/with-ends.ts';
import type { Run } from '../../run-command.ts';
import { formatColumns } from '../../show/columns.ts';
import { formatCount } from '../../show/quantities.ts';
import { queryStatus, transferHandle } from '../../transfer/transfer-handle.ts';

interface VerifyOptions {
  readonly mode: 'count' | 'checksum';
  readonly run?: string;
  readonly table?: readonly string[];
}

/** The number of the newest run: asked from the workflow, or read from its report once it has ended. */
async function newestRun(client: Client, name: string): Promise<number> {
  try {
    const { run } = await queryStatus(client, name);
    if (run !== null) return run;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw error;
    const description = await transferHandle(client, name).describe();
    if (description.status.name === 'COMPLETED')
      return ((await transferHandle(client, name).result()) as TransferReport).run;
    throw error;
  }
  throw new SluiceError('transfer.not_running', 'the transfer has no run yet', { where: `transfer ${name}` });
}

const isWrong = (compared: TableVerification): boolean => !compared.equal;

const verdict = (compared: TableVerification): string => {
  if (compared.equal) return 'equal';
  const ranges = compared.differingRanges.slice(0, 5).join(', ');
  return `${compared.drift ? 'differs; the source changed' : 'DIFFERS'}${compared.ranges > 1 ? `, ranges ${ranges}` : ''}`;
};

const show = (compared: readonly TableVerification[]): string =>
  formatColumns(
    [
      { title: 'TABLE' },
      { title: 'SOURCE', right: true },
      { title: 'TARGET', right: true },
      { title: 'RESULT' },
    ],
    compared.map((each) => [
      each.table,
      formatCount(BigInt(each.sourceRows)),
      formatCount(BigInt(each.targetRows)),
      verdict(each),
    ]),
  );

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** `sluice verify NAME` */
export function registerVerify(program: Command, run: Run): void {
  program
    .command('verify')
    .argument('<name>', 'transfer of the configuration')
    .description('compare source and target of the newest run, here and now; exit 4 where they differ')
    .addOption(
      new Option('--mode <mode>', 'what is compared').choices(['count', 'checksum']).default('checksum'),
    )
    .option('--run <number>', 'another run of the ledger')
    .option('--table <table>', 'only this one; may be given several times', collect)
    .action(
      run<VerifyOptions>(async (context, [name = ''], options) => {
        const config = context.config();
        const spec = config.transfer(name);
        const number =
          options.run === undefined ? await newestRun(await context.client(), name) : Number(options.run);
        if (!Number.isSafeInteger(number))
          throw new SluiceError('input.invalid', 'a run is a number', { where: '--run' });
        const { verifyLocally } = await import('../../../workers/local.ts');
        const request = {
          transfer: name,
          run: number,
          spec,
          mode: options.mode,
          tables: options.table ?? null,
        };
        const compared: TableVerification[] = [];
        await withEnds(config, spec, async (ends) => {
          for await (const each of verifyLocally(ends, request, new AbortController().signal)) {
            compared.push(each);
            context.output.progress(
              `${compared.length} tables compared, last ${each.table}: ${verdict(each)}`,
            );
          }
        });
        if (compared.length === 0) {
          throw new SluiceError('source.table_not_found', `run ${number} has no such table in the ledger`, {
            where: `transfer ${name}`,
          });
        }
        return {
          value: compared,
          text: show(compared),
          exit: compared.some(isWrong) ? EXIT.findings : EXIT.done,
        };
      }),
    );
}
