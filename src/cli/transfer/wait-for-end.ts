import { EXIT, type ExitCode } from '../../model/error-codes.ts';
import type { TransferReport } from '../../workflows/messages.ts';
import type { Context } from '../context.ts';
import { listenForInterruption } from '../interruption.ts';
import { isClean, showReport } from '../show/show-report.ts';
import type { Outcome } from '../output.ts';
import { shellWord } from './schedule-lines.ts';
import { transferHandle } from './transfer-handle.ts';
import { lookOn } from './look-on.ts';

export interface WaitOptions {
  /** Null: for as long as it takes. */
  readonly timeoutMs: number | null;
  /** Aborted with an error that is then thrown: the worker of a copy died. */
  readonly givenUp?: AbortSignal;
  /** Where the worker of a copy writes; said to whoever leaves it behind. */
  readonly log?: string;
}

type Ended = { readonly how: 'ended'; readonly report: TransferReport } | { readonly how: 'left' };

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function endOrLeave(context: Context, name: string, left: AbortSignal): Promise<Ended> {
  const client = await context.client();
  const over = new AbortController();
  const looking = lookOn(context, name, AbortSignal.any([left, over.signal]));
  const result = transferHandle(client, name).result() as Promise<TransferReport>;
  // After the waiting is over its failure is nobody's: the connection is closed under it.
  result.catch(() => undefined);
  // Nor is it waited for: a question that nobody answers lasts seconds, and whoever pressed Ctrl-C waits.
  looking.catch(() => undefined);
  try {
    return await Promise.race([
      result.then((report): Ended => ({ how: 'ended', report })),
      whenAborted(left).then((): Ended => ({ how: 'left' })),
      // Returns only once it is told to; what it throws is that nothing moves without a person.
      looking.then((): Ended => ({ how: 'left' })),
    ]);
  } finally {
    over.abort();
  }
}

const exitOf = (report: TransferReport): ExitCode => {
  if (report.phase === 'limit-reached') return EXIT.limitReached;
  return isClean(report) ? EXIT.done : EXIT.findings;
};

/** How to come back, with the flags that this call had. */
export function attachAgain({ options }: Pick<Context, 'options'>, name: string): string {
  const { address, namespace, profile } = options;
  const flags = Object.entries({ address, namespace, profile }).flatMap(([flag, value]) =>
    value === undefined ? [] : [` --${flag} ${shellWord(value)}`],
  );
  return `sluice status ${name} --watch${flags.join('')}`;
}

export const leftRunning = (
  context: Context,
  name: string,
  exit: ExitCode,
): Outcome & { readonly exit: ExitCode } => {
  const attach = attachAgain(context, name);
  context.output.note(`detached: the transfer goes on. Attach again with: ${attach}`);
  return { value: { transfer: name, detached: true, attach }, text: '', exit };
};

/**
 * Waits for the end of a transfer and shows how far it is. Ctrl-C and a time-out leave the transfer running.
 * @throws WorkflowFailedError; SluiceError transfer.blocked once every table that is left waits for a person, which
 * leaves it running too
 */
export async function waitForEnd(
  context: Context,
  name: string,
  { timeoutMs, givenUp, log }: WaitOptions,
): Promise<Outcome & { readonly exit: ExitCode }> {
  const interruption = listenForInterruption();
  const timeout = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
  const left = AbortSignal.any([
    interruption.signal,
    ...(timeout ? [timeout] : []),
    ...(givenUp ? [givenUp] : []),
  ]);
  try {
    const ended = await endOrLeave(context, name, left);
    if (ended.how === 'ended') {
      return {
        value: ended.report,
        text: showReport(ended.report),
        exit: exitOf(ended.report),
      };
    }
    if (givenUp?.aborted) throw givenUp.reason;
    if (log !== undefined) context.output.note(`its worker writes its log to ${log}`);
    return leftRunning(context, name, interruption.exitCode() ?? EXIT.timedOut);
  } finally {
    interruption.close();
  }
}
