import { resolve } from 'node:path';
import { WorkflowNotFoundError } from '@temporalio/client';
import { type Command, Option } from 'commander';
import type { Config } from '../../../model/config.ts';
import { EXIT, type ExitCode } from '../../../model/error-codes.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { durationMs } from '../../../model/transfer-spec.ts';
import { taskQueues } from '../../../workflows/messages.ts';
import type { runWorker as RunWorker } from '../../../workers/main.ts';
import type { Context } from '../../context.ts';
import { removeCopyConfig } from '../../copy/copy-files.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { transferHandle } from '../../transfer/transfer-handle.ts';

type WorkerSettings = Parameters<typeof RunWorker>[0];
type WorkerRole = WorkerSettings['role'];

interface WorkerOptions {
  readonly role?: WorkerRole;
  readonly site?: readonly string[];
  readonly sourceSlots?: string;
  readonly targetSlots?: string;
  readonly metricsPort?: string;
  readonly logLevel?: string;
  readonly sliceBudget?: string;
  readonly exitWith?: string;
  readonly removeConfig?: boolean;
}

const ROLES = ['control', 'source', 'target', 'all'] as const satisfies readonly WorkerRole[];
/** The longest is well below the time after which Temporal gives a slice up. */
const SLICE_BUDGET = { fallback: '8m', leastMs: 500, mostMs: 15 * 60_000 } as const;
/** A held snapshot takes one of the source's for as long as it is held. */
const SLOTS = { least: 2, most: 200, source: 40, target: 16 } as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

function metricsPort(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new SluiceError('input.invalid', `"${text}" is no port`, { where: '--metrics-port' });
}

function slots(text: string | undefined, option: string, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const count = Number(text);
  if (Number.isInteger(count) && count >= SLOTS.least && count <= SLOTS.most) return count;
  throw new SluiceError('input.invalid', `"${text}" is no number from ${SLOTS.least} to ${SLOTS.most}`, {
    where: option,
  });
}

/** @throws SluiceError config.unknown_name for a site that no connection has: its queue would stay empty for ever */
function sitesOf(config: Config, wanted: readonly string[]): readonly string[] | null {
  if (wanted.length === 0) return null;
  const known = config.connectionNames.map((name) => config.siteOf(name));
  const unknown = wanted.find((site) => !known.includes(site));
  if (unknown === undefined) return wanted;
  throw new SluiceError('config.unknown_name', `no connection has the site "${unknown}"`, {
    where: '--site',
    suggestion: `set site: ${unknown} at the connections of that place`,
  });
}

function sliceBudgetMs(text: string): number {
  const wrong = new SluiceError('input.invalid', `"${text}" is no duration from 500ms to 15m`, {
    where: '--slice-budget',
  });
  let budgetMs: number;
  try {
    budgetMs = durationMs(text);
  } catch {
    throw wrong;
  }
  if (budgetMs < SLICE_BUDGET.leastMs || budgetMs > SLICE_BUDGET.mostMs) throw wrong;
  return budgetMs;
}

async function settingsOf(context: Context, options: WorkerOptions): Promise<WorkerSettings> {
  const { environment } = context;
  const config = context.config();
  const inEnvironment = (environment['SLUICE_SITES'] ?? '').split(',').filter((site) => site !== '');
  return {
    temporal: await context.temporal(),
    config,
    role: options.role ?? 'all',
    sites: sitesOf(config, options.site ?? inEnvironment),
    slots: {
      source: slots(
        options.sourceSlots ?? environment['SLUICE_SOURCE_SLOTS'],
        '--source-slots',
        SLOTS.source,
      ),
      target: slots(
        options.targetSlots ?? environment['SLUICE_TARGET_SLOTS'],
        '--target-slots',
        SLOTS.target,
      ),
    },
    metricsPort: metricsPort(options.metricsPort ?? context.environment['SLUICE_METRICS_PORT']),
    logLevel: options.logLevel ?? (context.environment['SLUICE_LOG_LEVEL'] || 'info'),
    sliceBudgetMs: sliceBudgetMs(
      options.sliceBudget ?? (context.environment['SLUICE_SLICE_BUDGET'] || SLICE_BUDGET.fallback),
    ),
    exitWith: options.exitWith ?? null,
  };
}

async function stillRuns(context: Context, transfer: string): Promise<boolean> {
  try {
    const description = await transferHandle(await context.client(), transfer).describe();
    return description.status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** The SDK takes SIGINT and SIGTERM and ends the worker at its next batch: that is how it is meant to end. */
async function work(
  context: Context,
  options: WorkerOptions,
): Promise<Outcome & { readonly exit?: ExitCode }> {
  const settings = await settingsOf(context, options);
  const { runWorker } = await import('../../../workers/main.ts');
  await runWorker(settings, new AbortController().signal);
  const ended = { value: { role: settings.role, ended: true }, text: '' };
  if (settings.exitWith === null) return ended;
  // Who waits for the transfer must learn that its worker left before the end.
  if (await stillRuns(context, settings.exitWith)) return { ...ended, exit: EXIT.terminated };
  if (options.removeConfig) removeCopyConfig(resolve(context.folder, settings.config.path));
  return ended;
}

/** `sluice worker` */
export function registerWorker(program: Command, run: Run): void {
  program
    .command('worker')
    .description('run a worker for the configuration until it is told to end')
    .addOption(
      new Option('--role <role>', 'what it does: workflows, reading, writing, or all')
        .choices([...ROLES])
        .default('all'),
    )
    .option(
      '--site <site>',
      'read and write databases of this site only; may be given again (SLUICE_SITES; default: all sites)',
      (site: string, before: readonly string[] | undefined) => [...(before ?? []), site],
    )
    .option(
      '--source-slots <number>',
      `slices of reading at once (SLUICE_SOURCE_SLOTS; default ${SLOTS.source})`,
    )
    .option(
      '--target-slots <number>',
      `slices of writing and verifying at once (SLUICE_TARGET_SLOTS; default ${SLOTS.target})`,
    )
    .option('--metrics-port <port>', 'serve /livez, /readyz and /metrics on 127.0.0.1 (SLUICE_METRICS_PORT)')
    .addOption(
      new Option('--log-level <level>', 'of the log on standard error (SLUICE_LOG_LEVEL)').choices([
        ...LOG_LEVELS,
      ]),
    )
    .option(
      '--slice-budget <duration>',
      `time after which a slice of work ends and the next begins (SLUICE_SLICE_BUDGET; default ${SLICE_BUDGET.fallback})`,
    )
    .option('--exit-with <transfer>', 'end when this transfer has ended')
    .addOption(
      new Option('--remove-config', 'remove the configuration file when the transfer has ended').hideHelp(),
    )
    .action(run<WorkerOptions>((context, _, options) => work(context, options)));
}

/** `sluice up`: everything that a transfer needs of us, in one process. */
export function registerUp(program: Command, run: Run): void {
  program
    .command('up')
    .description('run everything for the configuration in this process: a worker of all roles')
    .option('--metrics-port <port>', 'serve /livez, /readyz and /metrics on 127.0.0.1 (SLUICE_METRICS_PORT)')
    .action(
      run<WorkerOptions>(async (context, _, options) => {
        const config = context.config();
        const { address, namespace, taskQueue } = await context.temporal();
        context.output.note(
          `${config.path}: transfers ${Object.keys(config.transfers).join(', ') || '(none)'}`,
        );
        context.output.note(
          `Temporal at ${address}, namespace ${namespace}; task queues ${Object.values(taskQueues(taskQueue)).join(', ')}`,
        );
        context.output.note(
          'start a transfer in another terminal: sluice start NAME --wait; Ctrl-C ends this worker',
        );
        return work(context, { ...options, role: 'all' });
      }),
    );
}
