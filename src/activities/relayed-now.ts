import type { Context } from '@temporalio/activity';
import { defaultPayloadConverter } from '@temporalio/common';

/** What slices say as their heartbeat: see SliceDetail. */
interface Beat {
  readonly rowsRead?: unknown;
  readonly bytesRead?: unknown;
}

const counted = (value: unknown): number => (typeof value === 'number' ? value : 0);

/**
 * Events and bytes that running slices of the workflow's own relays have moved to topics, as their heartbeats say: there is no ledger
 * that could be asked. Nothing where the server does not answer: it is a number for people.
 */
export async function relayedNow({
  client,
  info,
}: Context): Promise<{ readonly events: number; readonly bytes: number }> {
  const execution = info.workflowExecution;
  if (!execution) return { events: 0, bytes: 0 };
  try {
    const { raw } = await client.workflow.getHandle(execution.workflowId, execution.runId).describe();
    const beats = (raw.pendingActivities ?? [])
      .filter(({ activityType }) => activityType?.name === 'relayToTopics')
      .flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads?.slice(0, 1) ?? [])
      .map((payload) => defaultPayloadConverter.fromPayload<Beat>(payload));
    return {
      events: beats.reduce((sum, { rowsRead }) => sum + counted(rowsRead), 0),
      bytes: beats.reduce((sum, { bytesRead }) => sum + counted(bytesRead), 0),
    };
  } catch {
    return { events: 0, bytes: 0 };
  }
}
