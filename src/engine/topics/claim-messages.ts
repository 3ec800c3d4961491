import type { ChangeEvent } from '../../model/change-event.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { Clock } from '../clock.ts';
import { blockPool } from '../driver/block-pool.ts';
import type { ChangeCapture, ClaimLimits, Lease } from '../ports/change-capture.ts';
import type { TopicMessage } from '../ports/topic-sink.ts';
import { wholeEvents } from '../changes/parse-events.ts';
import { renderMessage } from './render-messages.ts';
import type { TableLookup } from './table-lookup.ts';

/** Nothing is pending: asked again soon after the last event, then seldom, so that an idle source has little to do. */
const FIRST_IDLE_MS = 10;
const LONGEST_IDLE_MS = 250;
/** Sealing is a commit at the source: not more often, unless claims are full. */
const SEAL_EVERY_MS = 20;

/** An event that no message can be made of. */
export interface UnfitEvent {
  readonly event: string;
  readonly error: SluiceError;
}

export interface RenderedClaim {
  readonly claim: number;
  readonly messages: readonly TopicMessage[];
  readonly unfit: readonly UnfitEvent[];
  /** All of them, in their order; null where nobody needs them. */
  readonly events: readonly ChangeEvent[] | null;
  /** As they travel out of the source. */
  readonly bytes: number;
}

export interface ClaimsRequest {
  readonly changes: ChangeCapture;
  readonly lease: Lease;
  /** The first one. */
  readonly from: number;
  readonly limits: ClaimLimits;
  readonly blockBytes: number;
  readonly tables: TableLookup;
  /** Numbers of the tables whose events go out: a lane has those of others, too, which the transfer took before. */
  readonly wanted: ReadonlySet<number>;
  /** Events are wanted beside their messages. */
  readonly keepsEvents: () => boolean;
  readonly clock: Clock;
  /** End where nothing is pending any more. */
  readonly untilCaughtUp: boolean;
  /** End before the next claim. */
  readonly isEnding: () => boolean;
  readonly stop: AbortSignal;
  readonly progress: () => void;
}

function unfitOf({ id }: ChangeEvent, error: unknown): UnfitEvent {
  if (isSluiceError(error)) return { event: id, error };
  throw error;
}

async function readClaim(request: ClaimsRequest, claim: number, signal: AbortSignal): Promise<RenderedClaim> {
  const { changes, lease, blockBytes, tables, wanted } = request;
  const messages: TopicMessage[] = [];
  const unfit: UnfitEvent[] = [];
  const kept: ChangeEvent[] | null = request.keepsEvents() ? [] : null;
  let bytes = 0;
  for await (const block of changes.read(lease, { claim, afterId: null, blockBytes }, signal)) {
    const events = [...wholeEvents(block.data)];
    bytes += block.data.length;
    blockPool.give(block.data);
    for (const event of events) {
      if (!wanted.has(event.table)) continue;
      const table = tables.get(event.table) ?? (await tables.find(event.table, signal));
      kept?.push(event);
      try {
        messages.push(renderMessage(event, table));
      } catch (error) {
        unfit.push(unfitOf(event, error));
      }
    }
  }
  return { claim, messages, unfit, events: kept, bytes };
}

const isFull = ({ messages, bytes }: RenderedClaim, limits: ClaimLimits): boolean =>
  messages.length >= limits.events / 2 || bytes >= limits.bytes / 2;

/** @returns whether there is such a claim; false: the reading ends, drained or told to */
async function isSealed(request: ClaimsRequest, claim: number, signal: AbortSignal): Promise<boolean> {
  const { changes, lease, limits, clock, stop } = request;
  if (claim <= lease.sealed) return !request.isEnding();
  for (let idleMs = FIRST_IDLE_MS; !request.isEnding(); idleMs = Math.min(2 * idleMs, LONGEST_IDLE_MS)) {
    const made = await changes.seal(lease, limits, signal);
    if (made === claim) return true;
    if (made !== null)
      throw new SluiceError('capture.resync_required', 'claims of the source are not contiguous');
    request.progress(); // that nothing changes is no stall
    if (request.untilCaughtUp) return false;
    await clock.sleep(idleMs, stop);
  }
  return false;
}

/**
 * Claims of a lane in their order: those that are sealed already, then what is pending, sealed as it comes. Holds one claim at a time. As
 * long as claims are full it seals the one behind it meanwhile, which takes the source as long as reading it; else only when the one before
 * was taken. What is sealed and not read stays for the next reading.
 * @param signal  gives up what is being read
 */
export async function* renderedClaims(
  request: ClaimsRequest,
  signal: AbortSignal,
): AsyncGenerator<RenderedClaim, void, undefined> {
  const { clock, limits, stop } = request;
  const sealAfter = async (pauseMs: number, claim: number): Promise<boolean> => {
    if (pauseMs > 0) await clock.sleep(pauseMs, stop);
    return isSealed(request, claim, signal);
  };
  let wasFull = true;
  let sealing = sealAfter(0, request.from);
  const sealNext = (claim: number): void => {
    sealing = sealAfter(wasFull ? 0 : SEAL_EVERY_MS, claim);
    sealing.catch(() => undefined); // told when it is its turn
  };
  try {
    for (let claim = request.from; await sealing; claim += 1) {
      const isAhead = wasFull;
      if (isAhead) sealNext(claim + 1);
      const rendered = await readClaim(request, claim, signal);
      wasFull = isFull(rendered, limits);
      yield rendered;
      // What is sealed early would wait for two claims before it, without what comes meanwhile.
      if (!isAhead) sealNext(claim + 1);
    }
  } finally {
    await sealing.catch(() => undefined); // nothing goes on behind the end
  }
}
