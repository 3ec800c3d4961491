import { setTimeout as delay } from 'node:timers/promises';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { EXIT, type ExitCode } from '../../model/error-codes.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { Phase } from '../../model/table-status.ts';
import {
  type Answer,
  type LiveCheck,
  verifySignal,
  verifyUpdate,
  type Wish,
} from '../../workflows/messages.ts';
import type { Context } from '../context.ts';
import { listenForInterruption } from '../interruption.ts';
import type { Outcome } from '../output.ts';
import { checkLines } from '../show/show-status.ts';
import { showCompared } from '../show/show-verification.ts';
import { byWhom } from './by-whom.ts';
import { tellTransfer } from './tell-transfer.ts';
import { queryStatus } from './transfer-handle.ts';
import { leftRunning } from './wait-for-end.ts';

const ANSWER_MS = 10_000;
const LOOK_EVERY_MS = 1_000;

/** Nothing more is compared then. */
const OVER: ReadonlySet<Phase> = new Set(['finished', 'failed', 'stopped', 'limit-reached', 'cancelled']);

const outcomeOf = (transfer: string, check: LiveCheck): Outcome & { readonly exit: ExitCode } => ({
  value: { transfer, ...check },
  text: [
    ...checkLines({ transfer, check }),
    ...(check.named.length > 0 ? [showCompared(check.named)] : []),
  ].join('\n'),
  exit: check.equal === check.tables && check.endedAt !== null && !check.error ? EXIT.done : EXIT.findings,
});

/**
 * Has the workers of a transfer that runs compare both sides while changes flow, and waits for what they found. A comparison that goes on
 * already is waited for. Ctrl-C and a time-out leave it running.
 * @throws SluiceError temporal.no_worker, transfer.not_running
 */
export async function verifyByWorkers(
  context: Context,
  transfer: string,
  timeoutMs: number | null,
): Promise<Outcome & { readonly exit: ExitCode }> {
  const client = await context.client();
  const wish: Wish = { by: byWhom() };
  const told = await tellTransfer(client, transfer, {
    update: verifyUpdate as UpdateDefinition<Answer, [Wish]>,
    signal: verifySignal as SignalDefinition<[Wish]>,
    arg: wish,
    answerWithinMs: ANSWER_MS,
  });
  if (told.how !== 'answered')
    throw new SluiceError('temporal.no_worker', 'no worker answers; the comparison begins when one runs', {
      where: `transfer ${transfer}`,
    });
  const interruption = listenForInterruption();
  const endsAtMs = timeoutMs === null ? Infinity : Date.now() + timeoutMs;
  try {
    for (;;) {
      const { check, phase } = await queryStatus(client, transfer);
      if (check && (check.endedAt !== null || OVER.has(phase))) return outcomeOf(transfer, check);
      if (!check || Date.now() >= endsAtMs || interruption.signal.aborted)
        return leftRunning(context, transfer, interruption.exitCode() ?? EXIT.timedOut);
      context.output.progress(`${transfer} ${phase}: ${check.tables} tables compared, ${check.equal} equal`);
      await delay(LOOK_EVERY_MS, undefined, { signal: interruption.signal }).catch(() => undefined);
    }
  } finally {
    interruption.close();
  }
}
