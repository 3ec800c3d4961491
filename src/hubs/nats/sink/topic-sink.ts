import { randomUUID } from 'node:crypto';
import type {
  LaneToOpen,
  RefusedMessage,
  TopicLane,
  TopicMessage,
  TopicSink,
} from '../../../engine/ports/topic-sink.ts';
import { backOff, pause } from '../../../engine/waiting.ts';
import { isSluiceError } from '../../../model/sluice-error.ts';
import type { NatsConfig } from '../config.ts';
import type { Connection } from '../connection.ts';
import { classify, hubError } from '../error-codes.ts';
import { openAnswers } from './answers.ts';
import { type ClaimsStream, createClaimsStream, type LaneClaim } from './claims-stream.ts';
import { findTooLarge, publishFrom } from './publish-messages.ts';
import { createSubjectStreams, type SubjectStreams } from './subject-streams.ts';

/** A restart of a server takes seconds; what takes longer is an error, which Temporal tries again. */
const PATIENCE_MS = 15_000;
const FIRST_DELAY_MS = 30;
const LONGEST_DELAY_MS = 1_000;
const MOST_TAKEOVERS = 10;

/** Repeats what fails because the server is away or full, for a while; `work` goes on where it was. */
async function patient<T>(
  { connection, where }: { readonly connection: Connection; readonly where: string },
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const soon = AbortSignal.timeout(PATIENCE_MS);
  const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const passes =
        !isSluiceError(error) && ['hub.unreachable', 'hub.transient', 'hub.full'].includes(classify(error));
      if (!passes || soon.aborted) throw hubError(error, where);
    }
    await pause(delays.next(), signal);
    await connection.whenConnected(AbortSignal.any([signal, soon])).catch(() => undefined);
  }
}

/** The newest owner wins: whoever had the lane finds another sequence than his own. */
async function takeOver(claims: ClaimsStream, owner: string, signal: AbortSignal): Promise<LaneClaim> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await claims.read();
    try {
      return await claims.replace(found, { last: found.last, owner }, signal);
    } catch (error) {
      const isOvertaken = isSluiceError(error) && error.code === 'capture.lease_lost';
      if (!isOvertaken || attempt === MOST_TAKEOVERS) throw error;
    }
  }
}

interface LaneDeps {
  readonly connection: Connection;
  readonly claims: ClaimsStream;
  readonly streams: SubjectStreams;
  readonly where: string;
}

async function openLane(deps: LaneDeps, lane: LaneToOpen, opening: AbortSignal): Promise<TopicLane> {
  const { connection, claims, streams } = deps;
  const { incarnation } = lane;
  const owner = randomUUID();
  await patient(deps, opening, () => streams.check(lane.topics));
  let now = await patient(deps, opening, async () => {
    await claims.ensure();
    return takeOver(claims, owner, opening);
  });

  const answers = openAnswers(connection.nc);
  const publish = async (messages: readonly TopicMessage[], signal: AbortSignal): Promise<void> => {
    let from = 0;
    await patient(deps, signal, async () => {
      const failed = await publishFrom(
        { connection, answers, streams, incarnation },
        { messages, from },
        signal,
      );
      if (!failed) return;
      from = failed.index;
      throw failed.error;
    });
  };
  const publishAll = async (
    messages: readonly TopicMessage[],
    signal: AbortSignal,
  ): Promise<readonly RefusedMessage[]> => {
    const refused = await patient(deps, signal, () => findTooLarge(streams, messages));
    if (refused.length > 0) {
      streams.reset(); // whoever raises a limit is seen by the next try
      return refused;
    }
    try {
      await publish(messages, signal);
      return [];
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'hub.message_too_large') throw error;
      streams.reset(); // a limit was lowered since it was asked for
      const lowered = await patient(deps, signal, () => findTooLarge(streams, messages));
      if (lowered.length === 0) throw error;
      return lowered;
    }
  };
  return {
    last: now.last,
    write: async (claim, messages, signal) => {
      if ((now.last?.claim ?? 0) >= claim) return [];
      const refused = await publishAll(messages, signal);
      if (refused.length > 0) return refused;
      const before = now;
      now = await patient(deps, signal, () =>
        claims.replace(before, { last: { claim, incarnation }, owner }, signal),
      );
      return [];
    },
    close: async () => answers.close(),
  };
}

/**
 * Subjects of JetStream; see TopicSink. There are no transactions: a claim that was stored in part when its writer died is stored again
 * whole, under the same message ids. What lies within the stream's duplicate window is dropped by the server; consumers drop the rest by
 * `Nats-Msg-Id`, or by the id of the event, which grows within a key.
 */
export function createTopicSink(connection: Connection, config: NatsConfig): TopicSink {
  return {
    open: (lane, signal) => {
      const claims = createClaimsStream(connection, config, lane);
      const streams = createSubjectStreams(connection);
      return openLane(
        { connection, claims, streams, where: `${lane.transfer}, lane ${lane.lane}` },
        lane,
        signal,
      );
    },
    forget: async (lane, signal) => {
      try {
        await connection.answer(createClaimsStream(connection, config, lane).forget(), signal);
      } catch (error) {
        signal.throwIfAborted();
        throw hubError(error, lane.transfer);
      }
    },
  };
}
