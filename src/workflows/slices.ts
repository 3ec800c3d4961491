import {
  CancellationScope,
  isCancellation,
  patched,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  PlanResult,
  ReadResult,
  TransferActivities,
  VerifyResult,
  WriteResult,
} from '../activities/contract.ts';
import { ERRORS } from '../model/error-codes.ts';
import type { Share } from '../model/lane.ts';
import type { Control } from './control.ts';
import { endTable, happen, isMoving, type TableRecord } from './control-state.ts';
import {
  AFTER_DEATH_MS,
  errorOf,
  isNobodysFault,
  lostItsSnapshot,
  putOffMs,
  tableFailed,
} from './failing.ts';
import { reachLimit } from './limits.ts';
import { leaveOut } from './left-out.ts';
import type { TableError } from './messages.ts';
import { isChanges } from './relay-moves.ts';
import type { Move, RunningSlice } from './schedule.ts';

/** Longer than any slice's own budget of 8 minutes and the batch in hand. */
const SLICE_LIMIT = '20m';
/** One query that is planned, read or compared ends when it ends; its heartbeats say that it lives. */
const UNCUT_LIMIT = '24h';
/** About two and a half minutes; then the workflow shows the error and decides. */
const ATTEMPTS = 18;
/** What comes back after a while, a hub or a database, is found back within it. */
const LONGEST_RETRY = '10s';
/** Older histories let a query without a key begin anew as often as its snapshot was lost. */
const COUNTS_LOST_SNAPSHOTS = 'counts-lost-snapshots';
/** Activities on one task queue. Cancelled ones are waited for: the default would leave two writers at work. */
export const activitiesOn = (taskQueue: string, heartbeatTimeoutMs: number, startsWithinMs?: number) =>
  proxyActivities<TransferActivities>({
    taskQueue,
    ...(startsWithinMs !== undefined && { scheduleToStartTimeout: startsWithinMs }),
    startToCloseTimeout: SLICE_LIMIT,
    heartbeatTimeout: heartbeatTimeoutMs,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: {
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: LONGEST_RETRY,
      maximumAttempts: ATTEMPTS,
    },
  });

type Outcome<T> = { readonly result: T } | { readonly error: TableError & { table: string | null } } | null;

/** Runs one activity in a scope of its own, registered as running. Null: it was cancelled before it could answer. */
export async function runSlice<T>(
  control: Control,
  slice: RunningSlice,
  work: () => Promise<T>,
): Promise<Outcome<T>> {
  const scope = new CancellationScope();
  control.begin(slice, scope);
  try {
    return { result: await scope.run(work) };
  } catch (error) {
    return isCancellation(error) ? null : { error: errorOf(error) };
  } finally {
    control.end(slice);
  }
}

export const sliceOf = (
  control: Control,
  kind: RunningSlice['kind'],
  tables: readonly TableRecord[],
): RunningSlice => ({
  kind,
  tables: tables.map((table) => table.id),
  readers: 0,
  share: null,
  rateShare: 1,
  inOne: false,
  revision: control.state.revision,
  key: '',
  startedAtMs: Date.now(),
  halted: false,
});

export const named = (tables: readonly TableRecord[]): string =>
  tables.length === 1 ? (tables[0]?.id ?? '') : `${tables[0]?.id ?? ''} and ${tables.length - 1} more`;

/** Positions of one snapshot mean nothing in another: planned in a lost one, the table gets a new generation. */
function startAnewInSnapshot({ state, snapshotRef }: Control, table: TableRecord): void {
  if (!table.needsSnapshot && !state.prepared?.oneSnapshot) return;
  if (table.plannedIn !== null && table.plannedIn !== snapshotRef && table.generation > 0)
    table.generation += 1;
  table.plannedIn = snapshotRef;
}

/** Planning takes the foreign keys to a table away, also where their tables had all of theirs: those are linked again. */
function unlinkChildren({ state }: Control, parents: readonly TableRecord[]): void {
  const ids = new Set(parents.map(({ id }) => id));
  for (const table of state.tables)
    if (table.parents?.some((parent) => ids.has(parent))) happen(table, 'unlinked');
}

const skippedOf = ({ state }: Control): readonly string[] =>
  state.tables.filter(({ status }) => status === 'skipped').map(({ id }) => id);

/** Of what goes to topics everything was said when the transfer was prepared. A load that a person wants anew has its generation. */
function planForTopics(tables: readonly TableRecord[]): void {
  for (const table of tables) {
    Object.assign(table, { generation: Math.max(1, table.generation), lanes: 1 });
    happen(table, 'planned');
  }
}

export async function planTables(control: Control, tables: readonly TableRecord[]): Promise<void> {
  if (control.state.prepared?.changes?.toTopics) return planForTopics(tables);
  const slice = sliceOf(control, 'plan', tables);
  unlinkChildren(control, tables);
  for (const table of tables) startAnewInSnapshot(control, table);
  const request = {
    ...control.runKey(),
    execution: workflowInfo().firstExecutionRunId,
    tables: tables.map(({ id, ordinal, generation }) => ({
      id,
      ordinal,
      generation: generation === 0 ? null : generation,
    })),
    snapshot: control.snapshotRef,
    ...(tables.some(isChanges) && { absent: skippedOf(control) }),
  };
  const summary = `plan ${named(tables)}`;
  const outcome = await runSlice<PlanResult>(control, slice, () =>
    control
      .sourceIn(request.snapshot)
      .planTables.executeWithOptions({ summary, startToCloseTimeout: UNCUT_LIMIT }, [request]),
  );
  if (!outcome) return;
  if ('error' in outcome) {
    // A table that is new does not know yet in which snapshot it was to be planned.
    if (outcome.error.code === 'source.snapshot_lost') control.snapshotRefused(request.snapshot);
    for (const table of tables) tableFailed(control, table, outcome.error);
    return;
  }
  for (const refusal of outcome.result.refused) refuse(control, refusal);
  for (const planned of outcome.result.planned) {
    const table = control.table(planned.table);
    if (!table || planned.generation < table.generation) continue; // asked for anew meanwhile
    const { generation, lanes, endedLanes, estimatedRows, estimatedBytes, needsSnapshot } = planned;
    Object.assign(table, { generation, lanes, endedLanes, estimatedRows, estimatedBytes, needsSnapshot });
    table.readInOne = planned.readInOne ?? false;
    // Only now is it known of a new table that the snapshot of this plan binds it.
    if (needsSnapshot && request.snapshot !== null) table.plannedIn = request.snapshot;
    table.parents = planned.parents ?? null;
    leaveOut(control, table.id, planned.leftOut, planned.leftOutSql);
    // It waits for one, or for the one after that which was lost meanwhile, and is planned again.
    if (needsSnapshot && (request.snapshot === null || request.snapshot !== control.snapshotRef)) continue;
    happen(table, 'planned');
    if (lanes > 0 && lanes === endedLanes) happen(table, 'ended');
  }
}

export const refuse = (control: Control, refusal: PlanResult['refused'][number]): void => {
  const table = control.table(refusal.table);
  if (!table) return;
  const { column = null, vendorCode = null, suggestion = null, table: whose } = refusal.details;
  // Of a lane of changes a person must know which table's change it was.
  const of = isChanges(table) && whose !== undefined && whose !== table.id ? `${whose}: ` : '';
  tableFailed(control, table, {
    code: refusal.code,
    message: `${of}${refusal.message}`,
    column,
    vendorCode,
    suggestion,
  });
};

const partOf = (share: Share | null): string => (share === null ? '' : `, part ${share.part} of ${share.of}`);

export async function readTable(control: Control, move: Extract<Move, { move: 'read' }>): Promise<void> {
  const { table, readers, readersOfAll, share, rateShare } = move;
  const until = control.state.prepared?.limits?.until ?? null;
  // Resumed before its slice had ended, in a snapshot that was lost meanwhile: its positions mean nothing in another one.
  if (table.needsSnapshot && table.plannedIn !== control.snapshotRef) {
    lostItsSnapshot(table);
    return;
  }
  const slice = { ...sliceOf(control, 'read', [table]), readers, share, rateShare, inOne: table.readInOne };
  const { generation } = table;
  if (table.readInOne && patched(COUNTS_LOST_SNAPSHOTS)) table.begun = generation;
  if (happen(table, 'reading')) Object.assign(table, { readers: readersOfAll, partsEnded: [] });
  const request = {
    ...control.runKey(),
    table: table.id,
    settings: control.settings(),
    readers,
    snapshot: table.needsSnapshot ? control.snapshotRef : null,
    ...(share && { share }),
    ...(rateShare < 1 && { rateShare }),
    ...(until !== null && { until }),
  };
  const summary = `read ${table.id}: ${table.lanes - table.endedLanes} of ${table.lanes} key ranges with ${readersOfAll} readers${partOf(share)}`;
  const outcome = await runSlice<ReadResult>(control, slice, () =>
    control
      .sourceIn(request.snapshot)
      .readAndPublish.executeWithOptions({ summary, startToCloseTimeout: UNCUT_LIMIT }, [request]),
  );
  if (table.generation !== generation) return; // a person wants it anew: this slice says nothing of that
  if (outcome && 'result' in outcome && outcome.result.why === 'ended') {
    table.endedLanes = table.lanes;
    happen(table, 'ended');
    return;
  }
  if (outcome && 'result' in outcome && outcome.result.why === 'share-ended' && share)
    table.partsEnded = [...table.partsEnded, share.part];
  // While other parts are read it goes on; this one gets another slice, unless it ended.
  if (!control.runs('read', table)) happen(table, 'interrupted');
  // What blocked it meanwhile is the reason that a person must see, whatever this slice has to say.
  if (!outcome || table.status === 'blocked') return;
  if ('error' in outcome) tableFailed(control, table, outcome.error);
  else readOn(control, table, outcome.result);
}

/** A slice ended before its table did. */
function readOn(control: Control, table: TableRecord, { why, rows, owedMs }: ReadResult): void {
  if (rows > 0) Object.assign(table, { fruitless: 0, error: null });
  if (why === 'limit') reachLimit(control, control.state.prepared?.limits?.amount ?? '');
  if (owedMs !== undefined) table.notBeforeMs = Date.now() + owedMs;
}

/**
 * A table that is planned anew while the word of the end is on its way has not ended: the ledger had an older generation of
 * it, and would be believed that the new one is copied. Older histories say nothing of generations.
 */
function isStillDrained(
  { state }: Control,
  excluded: readonly string[],
  { generations }: WriteResult,
): boolean {
  if (generations === undefined) return true;
  const left = new Set(excluded);
  const awaited = state.tables.filter(({ id }) => !left.has(id)).map(({ generation }) => generation);
  return !awaited.includes(0) && awaited.reduce((sum, each) => sum + each, 0) === generations;
}

export async function writeBatches(control: Control, move: Extract<Move, { move: 'write' }>): Promise<void> {
  const { excluded, awaited, key, share } = move;
  const slice = { ...sliceOf(control, 'write', []), key, share };
  const request = {
    ...control.runKey(),
    settings: control.settings(),
    excluded,
    awaited,
    ...(share && { share }),
  };
  const summary = `apply ${awaited} tables with ${request.settings.writers} writers${partOf(share)}`;
  const outcome = await runSlice<WriteResult>(control, slice, () =>
    control.target.writeBatches.executeWithOptions({ summary }, [request]),
  );
  const { state } = control;
  if (!outcome) return;
  if ('error' in outcome) {
    writerFailed(control, outcome.error);
    return;
  }
  const { result } = outcome;
  if (result.batches > 0 || result.why !== 'stopped') state.writerFruitless = 0;
  if (result.refusal) refuse(control, result.refusal);
  if (result.why !== 'drained' || slice.halted || !isStillDrained(control, excluded, result)) return;
  const ended = state.tables.filter((each) => isMoving(each) && !excluded.includes(each.id));
  for (const table of ended) if (endTable(table)) table.endedLanes = table.lanes;
}

function writerFailed(control: Control, error: TableError & { table: string | null }): void {
  const { state } = control;
  const table = error.table === null ? undefined : control.table(error.table);
  const { retry } = ERRORS[error.code];
  if (table && retry === 'manual') {
    tableFailed(control, table, error);
  } else if (retry === 'never') {
    control.fail({ code: error.code, message: error.message, details: {} });
  } else if (retry === 'manual') {
    control.block(error);
  } else if (isNobodysFault(error)) {
    state.writerNotBeforeMs = Date.now() + AFTER_DEATH_MS;
  } else {
    state.writerFruitless += 1;
    state.writerNotBeforeMs = Date.now() + putOffMs(state.writerFruitless);
    control.warn(`writing: ${error.code}: ${error.message}; tried again`);
  }
}

export async function verifyTables(control: Control, tables: readonly TableRecord[]): Promise<void> {
  const slice = sliceOf(control, 'verify', tables);
  const mode = control.state.prepared?.verify ?? 'count';
  for (const table of tables) happen(table, 'verify');
  const reached = tables.flatMap(({ id, verifyPoint }) => (verifyPoint ? [[id, verifyPoint] as const] : []));
  const request = { ...control.runKey(), tables: slice.tables, mode, points: Object.fromEntries(reached) };
  const summary = `verify (${mode}) ${named(tables)}`;
  const outcome = await runSlice<VerifyResult>(control, slice, () =>
    control.target.verifyTables.executeWithOptions({ summary, startToCloseTimeout: UNCUT_LIMIT }, [request]),
  );
  if (outcome && 'result' in outcome) {
    for (const refusal of outcome.result.refused) refuse(control, refusal);
    for (const comparison of outcome.result.compared) compared(control, comparison);
  }
  const left = tables.filter((table) => table.status === 'verifying');
  for (const table of left) {
    if (outcome && 'result' in outcome) table.verifyPoint = outcome.result.points?.[table.id] ?? null;
    happen(table, 'interrupted');
    if (outcome && 'error' in outcome) tableFailed(control, table, outcome.error);
  }
}

type Comparison = VerifyResult['compared'][number];

function differenceOf({ sourceRows, targetRows }: Comparison): bigint {
  const difference = BigInt(sourceRows) - BigInt(targetRows);
  return difference < 0n ? -difference : difference;
}

/**
 * The grace period begins with the first difference, for what the source tells of its changes may be late, and begins
 * again whenever a comparison finds less missing than the one before. A source that changes may never stand still: once.
 */
const isInGrace = (table: TableRecord, result: Comparison): boolean =>
  table.lacking === null || (!result.drift && differenceOf(result) < BigInt(table.lacking));

function compared(control: Control, result: VerifyResult['compared'][number]): void {
  const table = control.table(result.table);
  if (table?.status !== 'verifying') return;
  table.verifyPoint = null;
  const { sourceRows, targetRows, equal, drift, basis } = result;
  table.rows = Number(result.ledgerRows);
  table.bytes = result.ledgerBytes ?? table.bytes; // older histories have none
  table.endedLanes = table.lanes;
  if (result.altered) table.altered = result.altered;
  else delete table.altered;
  if (control.state.prepared?.verify !== 'none')
    table.comparison = { sourceRows, targetRows, equal, drift, ...(basis && { basis }) };
  if (!equal && isInGrace(table, result)) {
    table.lacking = differenceOf(result).toString();
    table.notBeforeMs = Date.now() + (control.state.prepared?.gracePeriodMs ?? 0);
    happen(table, 'interrupted');
    return;
  }
  if (equal || drift) {
    happen(table, 'verified');
    // Without a foreign key there is nothing to wait for.
    if (!table.parents) happen(table, 'linked');
    return;
  }
  happen(table, 'differs');
  const lacks = BigInt(targetRows) < BigInt(sourceRows);
  const message = `the source has ${sourceRows} rows and the target ${targetRows}${sourceRows === targetRows ? ', and their contents differ' : ''}`;
  table.error = {
    code: lacks ? 'transfer.shortfall' : 'transfer.differs',
    message,
    column: null,
    vendorCode: null,
    suggestion: null,
  };
}
