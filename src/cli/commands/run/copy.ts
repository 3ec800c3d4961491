import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { Option, type Command } from 'commander';
import { maskUrl } from '../../../catalog/mask.ts';
import { readConfig } from '../../../catalog/read-config.ts';
import type { Config } from '../../../model/config.ts';
import { EXIT, type ExitCode } from '../../../model/error-codes.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TransferSettings } from '../../../model/transfer-settings.ts';
import { testConnection } from '../../connection/test-connection.ts';
import type { Context } from '../../context.ts';
import { copyFiles, removeFile, stateFolder, workerRuns, writeCopyConfig } from '../../copy/copy-files.ts';
import { copyConfig, copyName, type CopyRequest } from '../../copy/copy-spec.ts';
import { spawnWorker } from '../../copy/spawn-worker.ts';
import { hasPollers } from '../../temporal/has-pollers.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { addSettingsOptions, givenSettings, type SettingsOptions } from '../../transfer/settings-options.ts';
import { inputOf, startTransfer } from '../../transfer/start-transfer.ts';
import { timeoutMs } from '../../transfer/timeout-option.ts';
import { isRunning } from '../../transfer/transfer-handle.ts';
import { attachAgain, waitForEnd } from '../../transfer/wait-for-end.ts';

interface CopyOptions extends SettingsOptions {
  readonly tables: readonly string[];
  readonly hub?: string;
  readonly name?: string;
  readonly verify: 'count' | 'checksum';
  readonly write?: CopyRequest['writeMode'];
  readonly timeout?: string;
  readonly detach?: boolean;
  readonly mode: 'snapshot' | 'changes' | 'both';
  readonly until?: 'caught-up';
  readonly installCapture?: boolean;
  readonly removeCapture?: boolean;
}

const DEFAULT_HUB = 'nats://localhost:4222';

/** @throws SluiceError input.invalid for what means nothing where no changes are followed */
function checkFollowing({ mode, until, installCapture, removeCapture }: CopyOptions): void {
  if (mode !== 'snapshot') return;
  const flags = { '--until': until, '--install-capture': installCapture, '--remove-capture': removeCapture };
  const given = Object.entries(flags).find(([, value]) => value !== undefined);
  if (given)
    throw new SluiceError('input.invalid', 'only the rows that are there are copied', {
      where: given[0],
      suggestion: 'say --mode both, or --mode changes',
    });
}

function requestOf(
  context: Context,
  [source = '', target = '']: readonly string[],
  options: CopyOptions,
): CopyRequest {
  const hub = options.hub ?? (context.environment['SLUICE_HUB'] || DEFAULT_HUB);
  return {
    source,
    target,
    hub,
    tables: options.tables,
    verify: options.verify,
    folder: context.folder,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.write === undefined ? {} : { writeMode: options.write }),
    ...(options.mode === 'snapshot' ? {} : { mode: options.mode }),
    ...(options.until === undefined ? {} : { untilCaughtUp: true }),
  };
}

/** Every end must open before anything is started: mistakes in URLs are the commonest of all. */
async function checkEnds(config: Config): Promise<void> {
  const tested = await Promise.all(config.connectionNames.map((name) => testConnection(config, name)));
  const failed = tested.find(({ error }) => error !== null);
  if (failed?.error) throw failed.error;
}

interface Prepared {
  readonly name: string;
  readonly taskQueue: string;
  readonly override: Partial<TransferSettings>;
}

/** Starts the transfer, or attaches to it where it runs. @returns whether it was started */
async function startOrAttach(context: Context, { name, taskQueue, override }: Prepared): Promise<boolean> {
  if (await isRunning(await context.client(), name)) return false;
  try {
    await startTransfer(context, name, { input: inputOf(name, override), taskQueue });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

type CopyOutcome = Outcome & { readonly exit?: ExitCode };

/** What a copy that follows changes says when it begins, and has at the source before. */
async function beginToFollow(
  context: Context,
  config: Config,
  { name, options }: { readonly name: string; readonly options: CopyOptions },
): Promise<void> {
  if (options.mode === 'snapshot' || (await isRunning(await context.client(), name))) return;
  const { readyCapture } = await import('../../copy/copy-capture.ts');
  await readyCapture(config, { install: options.installCapture === true, output: context.output });
  if (options.until === undefined)
    context.output.note(
      `it follows the changes until there is a cut-over, when nobody writes at the source any more: sluice cut-over ${name}`,
    );
}

async function copy(context: Context, request: CopyRequest, options: CopyOptions): Promise<CopyOutcome> {
  checkFollowing(options);
  const waitMs = timeoutMs(options.timeout);
  const override = givenSettings(options);
  const name = copyName(request);
  const taskQueue = context.options.taskQueue ?? `sluice-${name.startsWith('copy-') ? name : `copy-${name}`}`;
  const file = copyConfig(name, request);
  const { config, problems } = readConfig({
    text: JSON.stringify(file),
    path: 'command line',
    folder: context.folder,
    environment: context.environment,
  });
  if (config === null) throw problems[0] ?? new SluiceError('config.invalid', 'the copy cannot be described');
  const shown = `${maskUrl(request.source)} → ${maskUrl(request.target)} through ${maskUrl(request.hub)}`;
  if (context.options.dryRun) {
    const capture = options.installCapture ? ', with tables and triggers of ours at the source' : '';
    return {
      value: { transfer: name, taskQueue, started: false },
      text: `would copy ${shown} as ${name}${capture}`,
    };
  }

  await checkEnds(config);
  await beginToFollow(context, config, { name, options });
  const client = await context.client();
  const folder = stateFolder(context.environment);
  const files = copyFiles(folder, name);
  const started = await startOrAttach(context, { name, taskQueue, override });
  let died: AbortSignal | undefined;
  const { namespace } = await context.temporal();
  const served = workerRuns(files) ?? (!started && (await hasPollers(client, namespace, taskQueue)));
  if (!served) {
    writeCopyConfig(folder, files, file);
    died = spawnWorker({ ...context, transfer: name, taskQueue, files });
  }
  context.output.note(`${started ? 'copying' : 'attached to'} ${name}: ${shown}`);
  if (options.detach)
    return {
      value: { transfer: name, taskQueue, started, log: files.log },
      text: `attach with: ${attachAgain(context, name)}\nthe worker's log: ${files.log}`,
    };
  const outcome = await waitForEnd(context, name, {
    timeoutMs: waitMs,
    log: files.log,
    ...(died ? { givenUp: died } : {}),
  });
  if (outcome.exit === EXIT.done) removeFile(files.log);
  if (outcome.exit === EXIT.done && options.removeCapture) {
    const { removeCapture } = await import('../../copy/copy-capture.ts');
    await removeCapture(config, { transfer: name, output: context.output });
  }
  return outcome;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value.split(','),
];

/** `sluice copy SRC DST --tables …` */
export function registerCopy(program: Command, run: Run): void {
  const command = program
    .command('copy')
    .argument(
      '<source>',
      'postgres://user@host/database, mysql://user@host/database, oracle://user@host/service or sqlite:PATH',
    )
    .argument('<target>', 'the same')
    .description(
      'copy tables without a configuration file; exit 0 only when both sides were compared and are equal',
    )
    .requiredOption(
      '--tables <patterns>',
      'for example "public.*,!public.audit_*"; may be given several times',
      collect,
    )
    .option('--hub <url>', `event hub (SLUICE_HUB; default ${DEFAULT_HUB})`)
    .option('--name <name>', 'name of the transfer; by default made from what is copied')
    .addOption(
      new Option('--verify <mode>', 'what is compared at the end')
        .choices(['count', 'checksum'])
        .default('checksum'),
    )
    .addOption(
      new Option('--write <mode>', 'how rows are written (default: only into empty tables)').choices([
        'fail-if-not-empty',
        'append',
        'truncate',
        'upsert',
      ]),
    )
    .addOption(
      new Option('--mode <mode>', 'the rows that are there, their changes from now on, or both')
        .choices(['snapshot', 'changes', 'both'])
        .default('snapshot'),
    )
    .addOption(
      new Option('--until <when>', 'with changes: end as soon as none is pending').choices(['caught-up']),
    )
    .option(
      '--install-capture',
      'with changes: make our tables and triggers at the source where they are missing',
    )
    .option('--remove-capture', 'with changes: take them away at the end, unless others use them')
    .option('--timeout <duration>', 'wait this long at most; then exit 124, and the copy goes on')
    .option('--detach', 'do not wait');
  addSettingsOptions(command).action(
    run<CopyOptions>((context, args, options) => copy(context, requestOf(context, args, options), options)),
  );
}
