import { changesId } from '../../model/changes-plan.ts';
import { type CapturePlace } from '../../model/capture-spec.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { ChangeLane } from '../ports/change-capture.ts';
import { type Capture, captureOf } from './changes-of-transfer.ts';
import { isKeyless } from './keyless-tables.ts';
import { type PlannedSummary, planTable, type PlanTableRequest } from './plan-table.ts';
import type { TransferDeps } from './prepare-transfer.ts';

/** The lane of a captured table that has no key, which is its own; null: the table has one, or is not captured. */
async function ownLane(
  { triggers, changes }: Capture,
  { transfer, table }: Pick<PlanTableRequest, 'transfer' | 'table'>,
  signal: AbortSignal,
): Promise<ChangeLane | null> {
  const captured = (await triggers.captured(signal)).find((each) => tableId(each.table) === table);
  if (!captured || !isKeyless(captured)) return null;
  const lanes = await changes.lanes(transfer, signal);
  const lane = lanes.find(({ tables }) => tables.includes(captured.number));
  if (lane?.tables.length === 1) return { transfer, lane: lane.lane };
  throw new SluiceError('capture.resync_required', 'the table has no key, and no lane of its own', { table });
}

/** Batches of the lane that are on their way are applied no more. */
async function fence(
  { target: { ledger } }: Pick<TransferDeps, 'target'>,
  { transfer, run }: Pick<PlanTableRequest, 'transfer' | 'run'>,
  { lane }: ChangeLane,
  signal: AbortSignal,
): Promise<void> {
  const table = changesId(lane);
  const planned = await ledger.readTable(transfer, run, table, signal);
  if (planned) await ledger.openLane({ transfer, run, table, generation: planned.generation, lane }, signal);
}

/**
 * Plans a table whose rows are copied and then followed. Without a key its changes begin at the snapshot that it is planned in: from the
 * plan on that has not ended, whoever dies, it is read in no other. Where changes of it went to the target before, it is emptied once
 * more behind the moment from which on none of those can come.
 * @throws SluiceError as planTable; source.snapshot_lost, capture.*
 */
export async function planFollowedTable(
  deps: TransferDeps & { readonly place: CapturePlace },
  request: PlanTableRequest,
  signal: AbortSignal,
): Promise<PlannedSummary> {
  const capture = captureOf(deps.source, deps.place);
  const planned = await planTable(deps, request, signal);
  const { snapshot } = request;
  if (snapshot === null || planned.endedLanes === planned.lanes) return planned;
  const lane = await ownLane(capture, request, signal);
  if (!lane) return planned;
  if (!capture.changes.beginAt) throw new SluiceError('internal', 'this source begins no lane at a snapshot');
  if (!(await capture.changes.beginAt(lane, snapshot, signal))) return planned;
  await fence(deps, request, lane, signal);
  return planTable(deps, { ...request, generation: planned.generation + 1 }, signal);
}
