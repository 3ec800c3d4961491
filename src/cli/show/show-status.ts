import { type Drift, DRIFT_KINDS, type DriftCounts } from '../../model/drift.ts';
import { PARKED_STATES, type ParkedCounts, parkedEvents } from '../../model/quarantine.ts';
import type { TransferSettings } from '../../model/transfer-settings.ts';
import type { AlteredColumn, TableState, TransferStatus } from '../../workflows/messages.ts';
import { type Column, formatColumns, safeText } from './columns.ts';
import {
  formatBytes,
  formatCount,
  formatDone,
  formatDuration,
  formatRate,
  formatShare,
  formatTime,
} from './quantities.ts';

const TABLE_COLUMNS: readonly Column[] = [
  { title: 'TABLE' },
  { title: 'STATUS' },
  { title: 'ROWS', right: true },
  { title: 'ESTIMATED', right: true },
  { title: 'DONE', right: true },
  { title: 'BYTES', right: true },
  { title: 'RANGES', right: true },
];

const COPIED: ReadonlySet<TableState['status']> = new Set([
  'copied',
  'finishing',
  'built',
  'verifying',
  'verified',
  'linking',
  'finished',
]);
const isDone = (table: TableState): boolean => COPIED.has(table.status);

const tableRow = (table: TableState): readonly string[] => [
  table.table,
  table.status,
  formatCount(table.rows),
  table.estimatedRows === null ? '-' : formatCount(table.estimatedRows),
  formatDone(table.rows, table.estimatedRows, isDone(table)),
  formatBytes(table.bytes),
  `${table.endedLanes}/${table.lanes}`,
];

/** `public.t.amount: 12 values became NULL`. */
export const showAltered = (table: string, { column, policy, rows }: AlteredColumn): string =>
  `${table}.${column}: ${formatCount(BigInt(rows))} values became ${policy === 'null' ? 'NULL' : 'the nearest that the target holds'}`;

/** What is wrong with some of the tables, and what mends it. */
export function showTroubles(tables: readonly TableState[]): string {
  const troubles = tables.flatMap(({ table, error, comparison, altered = [] }) => [
    ...(error
      ? [
          `✗ ${table}: ${error.code}${error.vendorCode ? ` [${error.vendorCode}]` : ''} ${error.message}`,
          ...(error.suggestion ? [`    → ${error.suggestion}`] : []),
        ]
      : []),
    ...(comparison && !comparison.equal
      ? [
          `${comparison.drift ? '~' : '✗'} ${table}: source ${formatCount(BigInt(comparison.sourceRows))} rows, target ${formatCount(BigInt(comparison.targetRows))}${comparison.drift ? ', the source changed while it was compared' : ''}`,
        ]
      : []),
    ...altered.map((each) => `~ ${showAltered(table, each)}`),
  ]);
  return troubles.join('\n');
}

/** Tables and, below, what is wrong with some of them. */
export function showTables(tables: readonly TableState[]): string {
  const table = formatColumns(TABLE_COLUMNS, tables.map(tableRow));
  const troubles = showTroubles(tables);
  return troubles === '' ? table : `${table}\n\n${troubles}`;
}

const headline = (status: TransferStatus): string => {
  const run = status.run === null ? '' : ` · run ${status.run}${status.continued ? ' (continued)' : ''}`;
  const ends = [status.source, status.hub, status.target].filter((name) => name !== null).join(' → ');
  return `${status.transfer} · ${status.phase}${run}${ends === '' ? '' : ` · ${ends}`}`;
};

function reasonLines({ reason, phase }: TransferStatus): readonly string[] {
  if (!reason) return [];
  return [`${phase}: ${reason.text}${reason.by ? `, by ${reason.by}` : ''}, ${formatTime(reason.at)}`];
}

/** Of all lanes together; each of them stands among the tables. */
function changesLines({ changes, pending }: TransferStatus): readonly string[] {
  const moved = changes
    ? [`${formatCount(changes.moved)} moved in ${changes.lanes} lane${changes.lanes === 1 ? '' : 's'}`]
    : [];
  const oldest = pending && pending.lagMs > 0 ? [`the oldest of ${formatDuration(pending.lagMs)} ago`] : [];
  const waiting = pending ? [`${formatCount(pending.events)} pending at the source`, ...oldest] : [];
  const parts = [...moved, ...waiting];
  return parts.length === 0 ? [] : [`changes    ${parts.join(', ')}`];
}

/** What the workers found when somebody wanted both sides compared while changes flow. */
export function checkLines({
  check,
  transfer,
}: Pick<TransferStatus, 'check' | 'transfer'>): readonly string[] {
  if (!check) return [];
  const { tables, equal, differing, untold, endedAt, error } = check;
  const counts = [
    `${formatCount(equal)} of ${formatCount(tables)} tables equal`,
    ...(differing > 0 ? [`${formatCount(differing)} DIFFER: sluice verify ${transfer} --mode rows`] : []),
    ...(untold > 0 ? [`of ${formatCount(untold)} nobody can tell`] : []),
  ];
  const when = endedAt === null ? 'goes on' : `ended ${formatTime(endedAt)}`;
  const why = error ? [`  ✗ ${error.code}: ${error.message}`] : [];
  return [`verified   ${when}: ${counts.join(', ')}`, ...why];
}

/** What a person looks at by `sluice errors`. */
export function parkedLines({
  transfer,
  parked,
}: {
  readonly transfer: string;
  readonly parked?: ParkedCounts;
}): readonly string[] {
  const events = parkedEvents(parked);
  if (events === 0) return [];
  const states = PARKED_STATES.flatMap((state) => {
    const count = parked?.[state] ?? 0;
    return count === 0 ? [] : [`${formatCount(count)} ${state}`];
  });
  return [
    `set apart  ${formatCount(events)} refused change${events === 1 ? '' : 's'}: ${states.join(', ')}; sluice errors list ${transfer}`,
  ];
}

const DRIFT_WORDS = {
  update: 'updates of missing rows',
  insert: 'inserts over existing rows',
  delete: 'deletes of missing rows',
} as const;

const driftText = (counts: DriftCounts): string =>
  DRIFT_KINDS.flatMap((kind) =>
    counts[kind] === 0 ? [] : [`${formatCount(counts[kind])} ${DRIFT_WORDS[kind]}`],
  ).join(', ');

/** What somebody else changed at the target, or a copy before it did not have. */
export function driftLines({ drift }: { readonly drift?: Drift }): readonly string[] {
  if (!drift) return [];
  return [
    `drift      ${driftText(drift)}: applied all the same`,
    ...drift.tables.map((each) => `  ${safeText(each.table)}: ${driftText(each)}`),
  ];
}

/** Where changes are moved, in other than the one slice. */
const relaysOf = ({ relays = 1 }: TransferSettings): string => (relays === 1 ? '' : `, ${relays} relays`);

function totalsLines({ totals, elapsedMs, tables, settings }: TransferStatus): readonly string[] {
  const done = formatDone(totals.rowsApplied, totals.estimatedRows, false);
  const estimate =
    totals.estimatedRows === null ? '' : ` of about ${formatCount(totals.estimatedRows)} (${done})`;
  const counts = Object.entries(tables.byStatus)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
  return [
    `tables     ${tables.total}${counts === '' ? '' : `: ${counts}`}`,
    `source     ${formatCount(totals.rowsRead)} rows, ${formatBytes(totals.bytesRead)}`,
    `processed  ${formatCount(totals.rowsApplied)} rows, ${formatBytes(totals.bytesApplied)}${estimate}`,
    `rate       ${formatRate(totals.rowsPerSecond)} rows, ${formatBytes(totals.bytesPerSecond)}/s · elapsed ${formatDuration(elapsedMs)}`,
    ...(settings
      ? [
          `settings   ${settings.readers} readers, ${settings.writers} writers${relaysOf(settings)}, blocks of ${formatBytes(settings.blockBytes)}${settings.ratePerSecond > 0 ? `, at most ${formatRate(settings.ratePerSecond)}` : ''}`,
        ]
      : []),
  ];
}

const healthLines = ({ health }: TransferStatus): readonly string[] => [
  `health     ${health.health} · difference ${formatCount(health.difference)} rows · window ${formatShare(health.windowUsed)} · hub ${formatShare(health.hubUsed)} · writers ${formatShare(health.writersUsed)}`,
  ...health.warnings.map((warning) => `  ! ${warning}`),
];

/** The whole status of a transfer for people; `total` tables, of which some are shown. */
export function showStatus(status: TransferStatus, tables: readonly TableState[]): string {
  const left = status.tables.total - tables.length;
  return [
    headline(status),
    ...reasonLines(status),
    ...totalsLines(status),
    ...changesLines(status),
    ...parkedLines(status),
    ...driftLines(status),
    ...checkLines(status),
    ...healthLines(status),
    ...(tables.length === 0 ? [] : ['', showTables(tables)]),
    ...(left > 0 && tables.length > 0
      ? [`… and ${formatCount(left)} more: sluice status ${status.transfer} --all`]
      : []),
  ].join('\n');
}

/** One line that fits most terminals. */
export function showProgressLine(status: TransferStatus): string {
  const { totals, tables, health } = status;
  const done = formatDone(totals.rowsApplied, totals.estimatedRows, status.phase === 'finished');
  const finished =
    (tables.byStatus.finished ?? 0) + (tables.byStatus.copied ?? 0) + (tables.byStatus.verifying ?? 0);
  const parts = [
    `${status.transfer} ${status.phase}`,
    `${finished}/${tables.total} tables`,
    `${formatCount(totals.rowsApplied)} rows ${done}`,
    formatBytes(totals.bytesApplied),
    `${formatRate(totals.rowsPerSecond)} rows`,
    formatDuration(status.elapsedMs),
    ...(health.health === 'ok' ? [] : [health.health]),
  ];
  return parts.join(' · ');
}
