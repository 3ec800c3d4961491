import { parkedEvents } from '../../model/quarantine.ts';
import { type Column, formatColumns } from '../show/columns.ts';
import { formatCount, formatDuration } from '../show/quantities.ts';
import { parkedLines } from '../show/show-status.ts';
import type { HealthReport } from './health-value.ts';

const LANE_COLUMNS: readonly Column[] = [
  { title: 'TRANSFER' },
  { title: 'LANE', right: true },
  { title: 'TABLES', right: true },
  { title: 'LEASE' },
  { title: 'SEALED', right: true },
  { title: 'CONFIRMED', right: true },
  { title: 'MOVED' },
  { title: 'WAITING', right: true },
  { title: 'BEHIND', right: true },
];

const ago = (seconds: number | null): string =>
  seconds === null ? '-' : `${formatDuration(seconds * 1_000)} ago`;

const laneRows = ({ transfers }: HealthReport): readonly (readonly string[])[] =>
  transfers.flatMap(({ transfer, lanes }) =>
    lanes.map(({ lane, tables, owner, sealed, confirmed, movedSecondsAgo, lag }) => [
      transfer,
      String(lane),
      String(tables.length),
      owner ?? '-',
      formatCount(sealed),
      formatCount(confirmed),
      ago(movedSecondsAgo),
      formatCount(lag.events),
      lag.events === 0 ? '-' : formatDuration(lag.seconds * 1_000),
    ]),
  );

function headLines({ connection, versions, tables, staging, longestTransaction }: HealthReport) {
  const { layout } = versions;
  const parts = staging.partitions;
  const inUse = parts ? ` · ${parts.inUse} of ${parts.there} partitions hold some` : '';
  const oldest = staging.oldestSeconds === null ? '' : `, the oldest ${ago(staging.oldestSeconds)}`;
  return [
    `${connection} · ${versions.source} · capture of version ${layout.installed} · sluice ${versions.sluice}`,
    `tables     ${tables.captured}, ${tables.intact} with triggers as deployed`,
    `staging    ${formatCount(staging.events)} events${oldest}${inUse}`,
    ...(longestTransaction
      ? [
          `open       the longest transaction for ${formatDuration(longestTransaction.seconds * 1_000)} (${longestTransaction.name})`,
        ]
      : []),
  ];
}

const RUNS = { true: 'runs', false: 'does not run', null: 'not asked whether it runs' } as const;

function transferLines({ transfers }: HealthReport): readonly string[] {
  return transfers.flatMap(({ transfer, running, phase, parked, loads, lastHour }) => {
    const undone = loads.filter(({ done }) => !done).length;
    return [
      `${transfer}: ${phase ?? RUNS[`${running}`]}`,
      ...(loads.length > 0
        ? [
            `  loads      ${loads.length - undone} done, ${undone} under way, ${formatCount(loads.reduce((sum, { rows }) => sum + rows, 0))} rows`,
          ]
        : []),
      ...(lastHour
        ? [
            `  last hour  ${formatCount(lastHour.success)} moved, ${formatCount(lastHour.retries)} tried again, ${formatCount(lastHour.final)} final`,
          ]
        : []),
      ...(parked && parkedEvents(parked) > 0
        ? parkedLines({ transfer, parked }).map((line) => `  ${line}`)
        : []),
    ];
  });
}

const endLines = ({ ends, temporal }: HealthReport): readonly string[] => [
  ...ends.map(({ is, name, version }) => `${is.padEnd(10)} ${name}: ${version ?? 'does not answer'}`),
  ...(temporal ? [`temporal   ${temporal.reachable ? 'answers' : 'does not answer'}`] : []),
];

/** The report for people: facts, and what is worth a look at the end. */
export function showHealth(report: HealthReport): string {
  const lanes = laneRows(report);
  return [
    ...headLines(report),
    ...endLines(report),
    ...transferLines(report),
    ...(lanes.length > 0 ? ['', formatColumns(LANE_COLUMNS, lanes)] : []),
    '',
    ...(report.warnings.length === 0 ? ['✓ healthy'] : []),
    ...report.warnings.flatMap(({ code, about, message, suggestion }) => [
      `! ${code}   ${about}`,
      `    ${message}`,
      `    → ${suggestion}`,
    ]),
  ].join('\n');
}
