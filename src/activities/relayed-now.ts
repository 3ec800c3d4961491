import type { Context } from '@temporalio/activity';
import { defaultPayloadConverter } from '@temporalio/common';

interface Moved {
  readonly events: number;
  readonly bytes: number;
}

/** What a slice of lanes has moved, by what it said as its heartbeat: a SliceDetail, or nothing yet. */
export function movedBy(beat: unknown): Moved {
  const { rowsRead, bytesRead } = (beat ?? {}) as {
    readonly rowsRead?: unknown;
    readonly bytesRead?: unknown;
  };
  return {
    events: typeof rowsRead === 'number' ? rowsRead : 0,
    bytes: typeof bytesRead === 'number' ? bytesRead : 0,
  };
}

/**
 * Events and bytes that running slices of the workflow's own relays have moved to topics, as their heartbeats say: there is no ledger
 * that could be asked. Nothing where the server does not answer: it is a number for people.
 */
export async function relayedNow({ client, info }: Context): Promise<Moved> {
  const execution = info.workflowExecution;
  if (!execution) return { events: 0, bytes: 0 };
  try {
    const { raw } = await client.workflow.getHandle(execution.workflowId, execution.runId).describe();
    const slices = (raw.pendingActivities ?? [])
      .filter(({ activityType }) => activityType?.name === 'relayToTopics')
      .flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads?.slice(0, 1) ?? [])
      .map((payload) => movedBy(defaultPayloadConverter.fromPayload(payload)));
    return {
      events: slices.reduce((sum, { events }) => sum + events, 0),
      bytes: slices.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  } catch {
    return { events: 0, bytes: 0 };
  }
}
