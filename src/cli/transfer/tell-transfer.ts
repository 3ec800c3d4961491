import { setTimeout as delay } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { SluiceError } from '../../model/sluice-error.ts';
import { transferHandle } from './transfer-handle.ts';

/** What is said to a running transfer: an update, which is answered, and the signal that means the same. */
export interface Message<Answer, Arg> {
  readonly update: UpdateDefinition<Answer, [Arg]>;
  /** Null where there is none: then a worker must be there. */
  readonly signal: SignalDefinition<[Arg]> | null;
  readonly arg: Arg;
  readonly answerWithinMs: number;
}

export type Told<Answer> =
  | { readonly how: 'answered'; readonly answer: Answer }
  /** No worker answered; the signal waits in Temporal until one does. */
  | { readonly how: 'recorded' };

/** gRPC FAILED_PRECONDITION: the workflow was continuing as new just then, and the next run has not begun. */
const FAILED_PRECONDITION = 9;
const SEAM_TRIES = 5;
const SEAM_PAUSE_MS = 300;

const isSeam = (error: unknown): boolean => {
  const both: readonly unknown[] = [error, error instanceof Error ? error.cause : undefined];
  return both.some((one) => isGrpcServiceError(one) && (one.code as number) === FAILED_PRECONDITION);
};

async function updateAcrossSeam<Answer, Arg>(
  client: Client,
  name: string,
  message: Message<Answer, Arg>,
): Promise<Told<Answer>> {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await transferHandle(client, name).executeUpdate(message.update, {
        args: [message.arg],
      });
      return { how: 'answered', answer };
    } catch (error) {
      if (attempt === SEAM_TRIES || !isSeam(error)) throw error;
      await delay(SEAM_PAUSE_MS);
    }
  }
}

/**
 * Tells a transfer something and waits for its answer. Where no worker answers in time the signal of the same meaning
 * is left for the next one: both are idempotent, so an update that arrives later changes nothing more.
 * @throws WorkflowNotFoundError, WorkflowUpdateFailedError; SluiceError temporal.no_worker where there is no signal
 */
export async function tellTransfer<Answer, Arg>(
  client: Client,
  name: string,
  message: Message<Answer, Arg>,
): Promise<Told<Answer>> {
  const over = new AbortController();
  const updated = updateAcrossSeam(client, name, message);
  updated.catch(() => undefined);
  // A deadline of the call itself is no help: the SDK takes it for an outage and tries again for as long.
  const late = delay(message.answerWithinMs, null, { signal: over.signal }).catch(() => null);
  const told = await Promise.race([updated, late]).finally(() => over.abort());
  if (told) return told;
  if (message.signal === null) {
    throw new SluiceError('temporal.no_worker', 'no worker answers for this transfer', {
      where: `transfer ${name}`,
    });
  }
  await transferHandle(client, name).signal(message.signal, message.arg);
  return { how: 'recorded' };
}
