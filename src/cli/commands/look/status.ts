import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../../model/error-codes.ts';
import type { TableState, TransferStatus } from '../../../workflows/messages.ts';
import type { Context } from '../../context.ts';
import { listenForInterruption } from '../../interruption.ts';
import type { Outcome } from '../../output.ts';
import type { Run } from '../../run-command.ts';
import { idleQueues } from '../../temporal/has-pollers.ts';
import { showProgressLine, showStatus, showTroubles } from '../../show/show-status.ts';
import { leftRunning, waitForEnd } from '../../transfer/wait-for-end.ts';
import { queryStatus, queryTables, transferHandle } from '../../transfer/transfer-handle.ts';
import { listTransfers } from './list.ts';
import { reportOf } from './report.ts';

interface StatusOptions {
  readonly watch?: boolean;
  readonly all?: boolean;
}

const TABLES_SHOWN = 50;
const WATCH_EVERY_MS = 1_000;

interface Full extends TransferStatus {
  readonly tableStates: readonly TableState[];
  /** Queues that no worker polls: what waits in them stands still. */
  readonly unattended: readonly string[];
}

async function readStatus(context: Context, name: string, limit: number): Promise<Full> {
  const client = await context.client();
  const [status, tableStates] = await Promise.all([
    queryStatus(client, name),
    queryTables(client, name, limit),
  ]);
  const { namespace } = await context.temporal();
  const unattended = status.taskQueues ? await idleQueues(client, namespace, status.taskQueues) : [];
  return { ...status, tableStates, unattended };
}

const textOf = (full: Full): string =>
  [
    showStatus(full, full.tableStates),
    ...full.unattended.map((queue) => `no worker polls ${queue}: what waits there stands still`),
  ].join('\n');

const outcomeOf = (full: Full): Outcome => ({ value: full, text: textOf(full) });

interface Emitted {
  readonly line: string;
  readonly troubles: string;
}

/** A document a second for programs; people without a terminal get a line when it changed. */
function emit({ output }: Context, full: Full, last: Emitted): Emitted {
  if (output.live) {
    output.progress(textOf(full));
    return last;
  }
  const now = { line: showProgressLine(full), troubles: showTroubles(full.tableStates) };
  if (output.format !== 'text') output.answer({ value: full, text: '' });
  else if (now.line !== last.line) output.note(now.line);
  if (now.troubles !== last.troubles && now.troubles !== '') output.note(now.troubles);
  return now;
}

async function watch(context: Context, name: string): Promise<Outcome & { readonly exit?: ExitCode }> {
  const interruption = listenForInterruption();
  const handle = transferHandle(await context.client(), name);
  try {
    for (let last: Emitted = { line: '', troubles: '' }; !interruption.signal.aborted; ) {
      const description = await handle.describe();
      if (description.status.name !== 'RUNNING') {
        interruption.close();
        return waitForEnd(context, name, { timeoutMs: null });
      }
      last = emit(context, await readStatus(context, name, TABLES_SHOWN), last);
      await delay(WATCH_EVERY_MS, undefined, { signal: interruption.signal }).catch(() => undefined);
    }
  } finally {
    interruption.close();
  }
  return leftRunning(context, name, interruption.exitCode() ?? EXIT.interrupted);
}

/** `sluice status [NAME]` */
export function registerStatus(program: Command, run: Run): void {
  program
    .command('status')
    .argument('[name]', 'transfer; without it all that run are listed')
    .description('how far a transfer is, its health and its tables')
    .option('-w, --watch', 'keep showing until it ends; Ctrl-C leaves it running')
    .option('--all', `all tables, not only the first ${TABLES_SHOWN}`)
    .action(
      run<StatusOptions>(async (context, [name], options) => {
        if (name === undefined) return listTransfers(context, { running: true });
        if (options.watch) return watch(context, name);
        const client = await context.client();
        const { status } = await transferHandle(client, name).describe();
        // Ended: its report is in the history, and needs no worker.
        if (status.name !== 'RUNNING') return reportOf(context, name);
        const limit =
          options.all || context.output.format !== 'text' ? Number.MAX_SAFE_INTEGER : TABLES_SHOWN;
        return outcomeOf(await readStatus(context, name, limit));
      }),
    );
}
