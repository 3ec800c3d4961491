import { COUNTED, type LagMinute, type MinuteCounts } from '../../model/change-statistics.ts';
import { formatColumns } from './columns.ts';
import { operationInWords } from './operation-words.ts';
import { formatCount } from './quantities.ts';

/** `2026-11-30 09:31`: a row for each, so that lines can be cut out. */
const minuteText = (minute: string): string => minute.slice(0, 16);

function showCounts(counts: readonly MinuteCounts[]): string {
  const columns = [
    { title: 'minute (UTC)' },
    { title: 'transfer' },
    { title: 'table' },
    { title: 'operation' },
    ...COUNTED.map((title) => ({ title, right: true })),
  ];
  const rows = counts.map((each) => [
    minuteText(each.minute),
    each.transfer,
    each.table,
    operationInWords(each.operation),
    ...COUNTED.map((what) => formatCount(each[what])),
  ]);
  return formatColumns(columns, rows);
}

function showLags(lags: readonly LagMinute[]): string {
  const columns = [
    { title: 'minute (UTC)' },
    { title: 'transfer' },
    { title: 'behind, s', right: true },
    { title: 'behind, events', right: true },
  ];
  const rows = lags.map(({ minute, transfer, seconds, events }) => [
    minuteText(minute),
    transfer,
    formatCount(seconds),
    formatCount(events),
  ]);
  return formatColumns(columns, rows);
}

/** What was moved, and below it how far that was behind. */
export function showStatistics({
  counts,
  lags,
}: {
  readonly counts: readonly MinuteCounts[];
  readonly lags: readonly LagMinute[];
}): string {
  if (counts.length === 0 && lags.length === 0) return 'nothing was moved';
  return [showCounts(counts), ...(lags.length === 0 ? [] : [showLags(lags)])].join('\n\n');
}
