import { workflowInfo } from '@temporalio/workflow';
import { type ControlState, sumOf, type TableRecord } from './control-state.ts';
import type { Control } from './control.ts';
import { checkOf } from './check-moves.ts';
import { type TaskQueues, taskQueues } from './messages.ts';
import { isChanges } from './relay-moves.ts';
import type {
  Health,
  HealthReport,
  TableCounts,
  TableState,
  TablesPage,
  TablesRequest,
  Totals,
  TransferReport,
  TransferStatus,
} from './messages.ts';
import type { Phase, TableStatus } from '../model/table-status.ts';

/** Nothing was applied for so long although something waits: shown as stalled. */
const STALLED_MS = 60_000;
/** Rows that may wait in the hub before the status warns of a large difference: a hub that is this full slows the source. */
const FULL_HUB = 0.9;
const MAX_TABLES = 500;
const SHOWN_TABLES = 50;

const clamp = (share: number): number => Math.max(0, Math.min(1, share));

export const countTables = (tables: readonly TableRecord[]): TableCounts => {
  const byStatus: Partial<Record<TableStatus, number>> = {};
  for (const { status } of tables) byStatus[status] = (byStatus[status] ?? 0) + 1;
  return { total: tables.length, byStatus };
};

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce(
    (total, value) => (total === null || value === null ? null : total + value),
    0 as number | null,
  );

function totalsOf({ state }: Control): Totals {
  const { sample, tables, prepared } = state;
  // Rows that were loaded go to topics as events, which lanes count.
  const moved = sumOf(prepared?.changes?.toTopics ? tables.filter(isChanges) : tables);
  const rowsApplied = Math.max(sample?.rows ?? 0, moved.rows);
  const bytesApplied = Math.max(sample?.bytes ?? 0, moved.bytes);
  const ofRows = tables.filter((table) => !isChanges(table));
  const waitingBytes = sample?.backlogBytes ?? 0;
  // The hub counts bytes; their rows are as long as those applied so far.
  const waitingRows = bytesApplied > 0 ? Math.round((waitingBytes * rowsApplied) / bytesApplied) : 0;
  return {
    rowsRead: rowsApplied + waitingRows,
    rowsApplied,
    bytesRead: bytesApplied + waitingBytes,
    bytesApplied,
    estimatedRows: sum(ofRows.map((table) => table.estimatedRows)),
    estimatedBytes: sum(ofRows.map((table) => table.estimatedBytes)),
    rowsPerSecond: sample?.rowsPerSecond ?? 0,
    bytesPerSecond: sample?.bytesPerSecond ?? 0,
  };
}

export function healthOf(control: Control, nowMs: number): HealthReport {
  const { state } = control;
  const { sample } = state;
  const totals = totalsOf(control);
  const backlog = sample?.backlogBytes ?? 0;
  const hubUsed = clamp(sample && sample.backlogMaxBytes > 0 ? backlog / sample.backlogMaxBytes : 0);
  const isStalled =
    control.mode() === 'run' &&
    sample !== null &&
    sample.backlogMessages > 0 &&
    nowMs - sample.movedAtMs > STALLED_MS;
  const warnings = [
    ...state.warnings,
    ...(sample?.warnings ?? []),
    ...(isStalled ? [`stalled: nothing was applied since ${new Date(sample.movedAtMs).toISOString()}`] : []),
    ...(hubUsed >= FULL_HUB ? ['large difference: the hub is nearly full and slows the source'] : []),
  ];
  const isBlocked = state.pauseError !== null || state.tables.some((table) => table.status === 'blocked');
  const health: Health = isStalled
    ? 'stalled'
    : isBlocked
      ? 'blocked'
      : warnings.length > 0
        ? 'warning'
        : 'ok';
  return {
    health,
    difference: totals.rowsRead - totals.rowsApplied,
    windowUsed: clamp(sample && sample.creditBytes > 0 ? backlog / sample.creditBytes : 0),
    hubUsed,
    writersUsed: clamp(sample && state.settings ? sample.backlogMessages / state.settings.writers : 0),
    warnings,
  };
}

/** To topics nothing else is moved, and slices that run are counted too. */
function changesOf(control: Control): Pick<TransferStatus, 'changes'> {
  const { tables, prepared } = control.state;
  const lanes = tables.filter(isChanges);
  if (lanes.length === 0) return {};
  const moved = prepared?.changes?.toTopics ? totalsOf(control).rowsApplied : sumOf(lanes).rows;
  return { changes: { lanes: lanes.length, moved } };
}

export function statusOf(control: Control, nowMs: number): TransferStatus {
  const { state } = control;
  return {
    transfer: state.transfer,
    phase: control.phase(),
    run: state.prepared?.run ?? null,
    continued: state.prepared?.continued ?? false,
    source: state.prepared?.source ?? null,
    hub: state.prepared?.hub ?? null,
    target: state.prepared?.target ?? null,
    reason: state.stopping ?? state.paused,
    startedAt: new Date(state.startedAtMs).toISOString(),
    elapsedMs: nowMs - state.startedAtMs,
    sampledAt: state.sample ? new Date(state.sample.atMs).toISOString() : null,
    totals: totalsOf(control),
    ...changesOf(control),
    ...(state.sample?.pending && { pending: state.sample.pending }),
    ...(state.sample?.parked && { parked: state.sample.parked }),
    ...(state.sample?.drift && { drift: state.sample.drift }),
    ...(state.check && { check: checkOf(state.check) }),
    health: healthOf(control, nowMs),
    settings: state.settings,
    tables: countTables(state.tables),
    taskQueues: queueNames(state),
  };
}

/** Of a transfer: the installation's, at the sites of its databases. */
export const queueNames = ({ prepared }: ControlState): TaskQueues =>
  taskQueues(workflowInfo().taskQueue, {
    source: prepared?.sourceSite ?? null,
    target: prepared?.targetSite ?? null,
  });

const tableState = (table: TableRecord): TableState => ({
  table: table.id,
  status: table.status,
  generation: table.generation,
  lanes: table.lanes,
  endedLanes: table.endedLanes,
  rows: table.rows,
  bytes: table.bytes,
  estimatedRows: table.estimatedRows,
  estimatedBytes: table.estimatedBytes,
  error: table.error,
  comparison: table.comparison,
  ...(table.altered && { altered: table.altered }),
});

export function tablesOf({ state }: Control, request: TablesRequest = {}): TablesPage {
  const { offset = 0, limit = 100, status } = request;
  const chosen = state.tables.filter((table) => status === undefined || table.status === status);
  const page = chosen.slice(offset, offset + Math.min(limit, MAX_TABLES));
  return { total: chosen.length, offset, tables: page.map(tableState) };
}

const URGENCY: Readonly<Partial<Record<TableStatus, number>>> = {
  blocked: 0,
  failed: 1,
  pausing: 2,
  paused: 2,
  copying: 3,
  finishing: 4,
  linking: 4,
};
const LEAST_URGENT = 9;
const urgentFirst = (tables: readonly TableRecord[]): readonly TableRecord[] => {
  const urgencyOf = ({ status }: TableRecord): number => URGENCY[status] ?? LEAST_URGENT;
  const urgent = tables.filter((table) => urgencyOf(table) < LEAST_URGENT);
  const others = tables.filter((table) => urgencyOf(table) === LEAST_URGENT);
  return [...urgent.sort((a, b) => urgencyOf(a) - urgencyOf(b)), ...others];
};

export function reportOf(control: Control, phase: Phase, nowMs: number): TransferReport {
  const { state } = control;
  const compared = state.tables.filter((table) => table.comparison !== null);
  const { rowsApplied, bytesApplied } = totalsOf(control);
  return {
    transfer: state.transfer,
    run: state.prepared?.run ?? 0,
    phase,
    ...(state.stopping && { reason: state.stopping.text }),
    startedAt: new Date(state.startedAtMs).toISOString(),
    endedAt: new Date(nowMs).toISOString(),
    elapsedMs: nowMs - state.startedAtMs,
    rows: rowsApplied,
    bytes: bytesApplied,
    verify: state.prepared?.verify ?? 'none',
    compared: compared.length,
    equal: compared.filter((table) => table.comparison?.equal).length,
    drifted: compared.filter((table) => table.comparison?.drift).length,
    skipped: state.tables.filter((table) => table.status === 'skipped').length,
    counts: countTables(state.tables),
    tables: urgentFirst(state.tables).slice(0, MAX_TABLES).map(tableState),
    warnings: state.warnings,
    ...(state.sample?.parked && { parked: state.sample.parked }),
    ...(state.sample?.drift && { drift: state.sample.drift }),
    leftOutCount: state.leftOutCount,
    leftOut: state.leftOut,
  };
}

const count = (value: number): string => value.toLocaleString('en-US');
const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const share = (done: number, whole: number | null): string =>
  whole === null || whole <= 0 ? '' : `${Math.min(100, Math.floor((100 * done) / whole))} %`;

function checkDetails({ check }: ControlState): readonly string[] {
  if (!check) return [];
  const { tables, equal, differing, untold, endedAt } = check;
  const when = endedAt === null ? 'so far' : endedAt;
  return [
    `compared while changes flow, ${when}: ${count(equal)} of ${count(tables)} tables equal, ${count(differing)} differ, of ${count(untold)} nobody can tell`,
    '',
  ];
}

/** What the Temporal UI shows as current details: Markdown, problems first. */
export function detailsOf(control: Control, nowMs: number): string {
  const { state } = control;
  const { phase, reason, totals, health } = statusOf(control, nowMs);
  const lines = [
    `**${phase}**${reason ? `: ${escape(reason.text)}${reason.by ? ` (by ${escape(reason.by)})` : ''}, ${reason.at}` : ''}`,
    '',
    `${count(totals.rowsApplied)} rows applied, ${count(health.difference)} waiting, ${count(Math.round(totals.rowsPerSecond))} rows/s`,
    '',
    ...checkDetails(state),
    ...health.warnings.flatMap((warning) => [`⚠ ${escape(warning)}`, '']),
    '| table | status | rows | of about | ranges | |',
    '| --- | --- | ---: | ---: | ---: | --- |',
  ];
  for (const table of urgentFirst(state.tables).slice(0, SHOWN_TABLES)) {
    const problem = table.error ? `${table.error.code}: ${escape(table.error.message)}` : '';
    lines.push(
      `| ${escape(table.id)} | ${table.status} | ${count(table.rows)} | ${share(table.rows, table.estimatedRows)} | ${table.endedLanes} of ${table.lanes} | ${problem} |`,
    );
  }
  const more = state.tables.length - SHOWN_TABLES;
  if (more > 0) lines.push('', `and ${more} more tables`);
  // The UI (2.42) makes its frame a line too low: better this one than a table's.
  lines.push('', `\`sluice status ${state.transfer}\` says more`);
  return lines.join('\n');
}
