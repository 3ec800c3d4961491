import type { Case } from '../cases/case.ts';
import { extraOf, perSecond, type Summary } from './summarize.ts';

const MEGABYTE = 1e6;

export const number = (value: number, digits = 0): string =>
  Number.isFinite(value)
    ? value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    : '';

export const mebibytes = (bytes: number): string => number(bytes / 2 ** 20);

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

export interface Line {
  readonly summary: Summary;
  readonly title: string;
  readonly side: Case['side'];
  /** The seconds that the others are compared with; NaN without one. */
  readonly yardstickSeconds: number;
}

function runsOf({ runs, good }: Summary): string {
  return good === runs ? String(runs) : `${good} of ${runs}`;
}

function timeCells({ summary, title, side, yardstickSeconds }: Line): readonly string[] {
  const name = side === 'ours' ? `**${title}**` : title;
  if (summary.good === 0) return [name, runsOf(summary), 'failed', '', '', '', '', '', '', ''];
  const { seconds } = summary;
  return [
    name,
    runsOf(summary),
    `${number(seconds.median, 1)} (${number(seconds.least, 1)}-${number(seconds.most, 1)})`,
    number(seconds.median / yardstickSeconds, 2),
    number(perSecond(summary)),
    number(summary.tableBytes / MEGABYTE / seconds.median, 1),
    mebibytes(summary.peakBytes),
    number(summary.cpuSeconds, 1),
    number(summary.serverCpuSeconds, 1),
    `${number(summary.load.least, 1)}-${number(summary.load.most, 1)}`,
  ];
}

/** Time, speed and cost of each case, the fastest first. */
export function renderTimes(lines: readonly Line[]): string {
  const order = (line: Line): number => line.summary.seconds.median || Number.POSITIVE_INFINITY;
  return table(
    [
      'what',
      'runs',
      'seconds: median (least-most)',
      'times the yardstick',
      'rows/s',
      'MB/s',
      'peak memory MiB',
      'client CPU s',
      'server CPU s',
      'load',
    ],
    [...lines].sort((a, b) => order(a) - order(b)).map(timeCells),
  );
}

/** What only our transfers have: when the first and last rows were committed, and what Temporal keeps of it. */
export function renderTransfers(lines: readonly Line[]): string {
  const ours = lines.filter(({ side, summary }) => side === 'ours' && summary.good > 0);
  return table(
    [
      'transfer',
      'first rows committed after s',
      'last after s',
      'finished after s',
      'history events',
      'history KiB',
    ],
    ours.map(({ title, summary }) => [
      title,
      number(extraOf(summary, 'firstRowSeconds'), 2),
      number(extraOf(summary, 'lastRowSeconds'), 2),
      number(summary.seconds.median, 2),
      number(extraOf(summary, 'historyEvents')),
      number(extraOf(summary, 'historyBytes') / 1024, 1),
    ]),
  );
}

export function renderPause(summary: Summary): string {
  const ms = (key: string): string => `${number(extraOf(summary, key))} ms`;
  return table(
    ['pause', 'median'],
    [
      ['from the signal to the last row committed', ms('dataStoppedMs')],
      ['from the signal until the status says paused', ms('pausedMs')],
      ['a status query while paused', ms('queryMedianMs')],
      ['the slowest of twenty', ms('queryWorstMs')],
    ],
  );
}
