import type { ErrorCode } from '../../model/error-codes.ts';
import { isSluiceError } from '../../model/sluice-error.ts';
import { DEFAULTS } from '../../model/transfer-spec.ts';
import { TOPICS_DEFAULTS, type TopicsSpec } from '../../model/topics-spec.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type Observer, silentObserver } from '../observer.ts';
import type { ChangeCapture, ClaimLimits } from '../ports/change-capture.ts';
import type { RetryPolicy } from '../ports/event-parking.ts';
import type { TopicMessage, TopicSink } from '../ports/topic-sink.ts';
import type { TriggerManager } from '../ports/trigger-manager.ts';
import type { Refusal, SliceControl } from '../slice.ts';
import { type RenderedClaim, renderedClaims } from './claim-messages.ts';
import { openLane, type OpenedLane } from './open-lane.ts';
import { checkTopicTemplate } from './topic-name.ts';

export interface TopicsRelayDeps {
  /** What Database.capture gives of the source. */
  readonly source: {
    readonly triggers: Pick<TriggerManager, 'captured' | 'incarnation'>;
    readonly changes: ChangeCapture;
  };
  readonly sink: TopicSink;
  readonly observer?: Observer;
  readonly clock?: Clock;
}

export interface TopicsRelayRequest {
  readonly transfer: string;
  readonly lane: number;
  /** Numbers of the captured tables of the lane whose events go out. */
  readonly tables: readonly number[];
  readonly topics: TopicsSpec;
  /** Events stay at the source so long after they were confirmed; default: not at all. */
  readonly retentionMs?: number;
  /** End where nothing is pending any more; else go on for as long as the slice lasts. */
  readonly until?: 'caught-up' | undefined;
  /** Of one claim, which is one transaction of the hub. Default: those of DEFAULTS. */
  readonly limits?: ClaimLimits | undefined;
  /** Where topics and source do not belong together, a person wants what is recorded here to go on behind what is there. */
  readonly anew?: boolean;
  /** What becomes of events that are refused; absent: they stop the lane. */
  readonly quarantine?: RetryPolicy | undefined;
}

export interface TopicsRelayResult {
  /** `refused`: a person must mend something of a topic or an event first. */
  readonly why: 'caught-up' | 'stopped' | 'budget' | 'refused';
  readonly refusal: Refusal | null;
  /** What this slice wrote. */
  readonly claims: number;
  readonly events: number;
  readonly bytes: number;
}

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'hub.topic_missing',
  'hub.topic_unsuitable',
  'hub.message_too_large',
]);

/** Calls with each claim while the one behind it is read already. */
async function eachReadAhead(
  claims: AsyncGenerator<RenderedClaim, void, undefined>,
  write: (claim: RenderedClaim) => Promise<void>,
): Promise<void> {
  let next = claims.next();
  for (;;) {
    const got = await next;
    if (got.done === true) return;
    next = claims.next();
    next.catch(() => undefined); // told when it is its turn
    await write(got.value);
  }
}

function tell(observer: Observer, messages: readonly TopicMessage[], seconds: number): void {
  const counts = new Map<string, { rows: number; bytes: number }>();
  for (const { table, value } of messages) {
    const count = counts.get(table) ?? { rows: 0, bytes: 0 };
    count.rows += 1;
    count.bytes += value.length;
    counts.set(table, count);
  }
  for (const [table, { rows, bytes }] of counts) {
    observer.published(table, rows, bytes);
    observer.applied(table, rows, bytes, seconds);
  }
}

interface Moving {
  readonly opened: OpenedLane;
  readonly deps: TopicsRelayDeps;
  readonly request: TopicsRelayRequest;
  readonly control: SliceControl;
  readonly done: Counts;
}

type Counts = { claims: number; events: number; bytes: number };

/** Until nothing is pending, or it is told to end. */
async function moveClaims({ opened, deps, request, control, done }: Moving): Promise<void> {
  const { lease, from, tables, changes, wanted, confirmer, confirms, writer } = opened;
  const { observer = silentObserver, clock = systemClock } = deps;
  const giveUp = new AbortController();
  const claims = renderedClaims(
    {
      changes,
      lease,
      from,
      limits: request.limits ?? { events: DEFAULTS.claimEvents, bytes: DEFAULTS.claimBytes },
      blockBytes: DEFAULTS.blockBytes,
      tables,
      wanted,
      keepsEvents: () => writer.needsEvents,
      clock,
      untilCaughtUp: request.until === 'caught-up',
      isEnding: () => control.stop.aborted || control.overdue() || giveUp.signal.aborted,
      stop: AbortSignal.any([control.stop, giveUp.signal]),
      progress: () => {
        confirmer.note(lease.confirmed); // what became due while nothing is pending
        control.progress();
      },
    },
    giveUp.signal,
  );
  try {
    await eachReadAhead(claims, async (rendered) => {
      const { claim, bytes } = rendered;
      const beganMs = clock.now();
      const messages = await writer.write(rendered, giveUp.signal);
      confirms?.wrote(claim, messages);
      confirmer.note(claim);
      done.claims += 1;
      done.events += messages.length;
      done.bytes += bytes;
      control.progress();
      tell(observer, messages, (clock.now() - beganMs) / 1000);
    });
  } finally {
    giveUp.abort();
    await claims.return().catch(() => undefined); // what was read ahead
  }
}

/**
 * Moves captured changes of one lane into topics, claim by claim, each event once: a claim and its number are stored together, so whoever
 * opens the lane next goes on behind the last one that is in (invariants 5, 6, 8). Confirms at the source what is in, which frees it there.
 * Safe to call at any time, also twice at once: lease and sink fence the older one.
 * @throws SluiceError capture.*, database.*, hub.*; never an abort error
 */
export async function relayToTopics(
  deps: TopicsRelayDeps,
  request: TopicsRelayRequest,
  control: SliceControl,
): Promise<TopicsRelayResult> {
  checkTopicTemplate(request.topics.name ?? TOPICS_DEFAULTS.name);
  const done: Counts = { claims: 0, events: 0, bytes: 0 };
  let opened: OpenedLane | null = null;
  try {
    opened = await openLane(deps, request, new AbortController().signal);
    await moveClaims({ opened, deps, request, control, done });
    await opened.confirmer.finish();
    const why = control.stop.aborted ? 'stopped' : control.overdue() ? 'budget' : 'caught-up';
    return { why, refusal: null, ...done };
  } catch (error) {
    if (!isSluiceError(error) || !REFUSALS.has(error.code)) throw error;
    await opened?.confirmer.finish();
    const { code, message, details } = error;
    return { why: 'refused', refusal: { table: details.table ?? '', code, message, details }, ...done };
  } finally {
    await opened?.lane.close();
  }
}
