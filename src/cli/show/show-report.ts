import { parkedEvents } from '../../model/quarantine.ts';
import type { TransferReport } from '../../workflows/messages.ts';
import { safeText } from './columns.ts';
import { formatBytes, formatCount, formatDuration, formatRate, formatTime } from './quantities.ts';
import { driftLines, parkedLines, showTables } from './show-status.ts';

const comparison = (report: TransferReport): string => {
  if (report.verify === 'none') return 'not compared';
  if (report.compared === 0) return `no table yet: sluice verify ${report.transfer} compares them`;
  const drift = report.drifted > 0 ? `, ${report.drifted} differ while the source changed` : '';
  return `${report.verify}: ${report.equal} of ${report.compared} tables equal${drift}`;
};

/** SQL of the source that the target did not get. Runs of older versions have none. */
function leftOutLines({ leftOut = [], leftOutCount = 0 }: Partial<TransferReport>): readonly string[] {
  if (leftOutCount === 0) return [];
  const more = leftOutCount - leftOut.length;
  return [
    `left out   ${leftOutCount} parts of the structure, for a person to make:`,
    ...leftOut.map(({ table, sql }) => `  ${safeText(table)}: ${sql.split('\n').map(safeText).join(' ')}`),
    ...(more > 0 ? [`  and ${more} more: sluice plan has their SQL`] : []),
  ];
}

/** What a transfer did, at its end. Tables are listed where something is to be said about them, or all of few. */
export function showReport(report: TransferReport): string {
  const rate = report.elapsedMs > 0 ? (report.rows / report.elapsedMs) * 1000 : 0;
  return [
    `${report.transfer} · ${report.phase} · run ${report.run}`,
    ...(report.reason === undefined ? [] : [`why        ${report.reason}`]),
    `from       ${formatTime(report.startedAt)} to ${formatTime(report.endedAt)}: ${formatDuration(report.elapsedMs)}`,
    `moved      ${formatCount(report.rows)} rows, ${formatBytes(report.bytes)}, ${formatRate(rate)} rows`,
    `tables     ${report.counts.total}${report.skipped > 0 ? `, ${report.skipped} skipped` : ''}`,
    `verified   ${comparison(report)}`,
    ...parkedLines(report),
    ...driftLines(report),
    ...report.warnings.map((warning) => `  ! ${warning}`),
    ...leftOutLines(report),
    '',
    showTables(report.tables),
  ].join('\n');
}

/** Nothing was left out, refused or different, not even by drift: what exit code 0 promises. */
export const isClean = (report: TransferReport): boolean =>
  report.phase === 'finished' &&
  parkedEvents(report.parked) === 0 &&
  report.skipped === 0 &&
  report.drifted === 0 &&
  report.equal === report.compared;
