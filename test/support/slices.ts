import type { Client, WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { TransferActivities } from '../../src/activities/contract.ts';

/** One activity of a transfer that has completed. */
export interface EndedSlice {
  readonly activity: string;
  /** tableId, where it is of one table. */
  readonly table: string | null;
  /** Why a slice that moves rows ended. */
  readonly why: string | null;
}

type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];

function decode<T>(payload: Payload | null | undefined): Partial<T> {
  return payload ? (defaultPayloadConverter.fromPayload<T>(payload) ?? {}) : {};
}

/** What a transfer's executions have done so far, all that it continued as new included; oldest first. */
export async function slicesOf(
  client: Client,
  handle: WorkflowHandle,
): Promise<{
  readonly executions: number;
  readonly scheduled: readonly string[];
  readonly ended: readonly EndedSlice[];
}> {
  const ended: EndedSlice[] = [];
  const scheduled: string[] = [];
  let executions = 0;
  let runId = (await handle.describe()).raw.workflowExecutionInfo?.firstRunId ?? '';
  while (runId !== '') {
    const { events } = await client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
    const started = new Map<string, { activity: string; table: string | null }>();
    executions += 1;
    runId = '';
    for (const event of events ?? []) {
      const begun = event.activityTaskScheduledEventAttributes;
      if (begun) {
        const { table } = decode<Parameters<TransferActivities['readAndPublish']>[0]>(
          begun.input?.payloads?.[0],
        );
        const activity = begun.activityType?.name ?? '';
        scheduled.push(activity);
        started.set(String(event.eventId), { activity, table: table ?? null });
      }
      const done = event.activityTaskCompletedEventAttributes;
      const slice = started.get(String(done?.scheduledEventId));
      if (done && slice) {
        const { why } = decode<{ why: string }>(done.result?.payloads?.[0]);
        ended.push({ ...slice, why: why ?? null });
      }
      runId = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? runId;
    }
  }
  return { executions, scheduled, ended };
}
