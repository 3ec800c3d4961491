import { renderCalls } from './render-calls.ts';
import { mebibytes, number, table } from './render-tables.ts';
import type { Results } from './results-file.ts';
import { extraOf, perSecond, type Summary, summarize } from './summarize.ts';

const ENGINES: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL to PostgreSQL',
  mariadb: 'MariaDB to MariaDB',
};
const CASES: Readonly<Record<string, string>> = {
  backlog: 'statements of one row, drained from a filled staging table',
  bulk: 'statements of 10,000 rows, drained from a filled staging table',
  live: 'statements of one row, while they are made',
};
const WANTED_PER_SECOND = 30_000;

function wanted(name: string, postgresql: number): string {
  if (name === 'apply/postgresql/backlog') return `at least ${number(WANTED_PER_SECOND)}`;
  return name === 'apply/mariadb/backlog' && Number.isFinite(postgresql)
    ? `at least half of PostgreSQL's: ${number(postgresql / 2)}`
    : '';
}

function cells(summary: Summary, postgresql: number): readonly string[] {
  const [, engine = '', kind = ''] = summary.case.split('/');
  const title = `${ENGINES[engine] ?? engine}: ${CASES[kind] ?? kind}`;
  if (summary.good === 0) return [title, 'failed', '', '', '', '', '', '', '', ''];
  const alone = extraOf(summary, 'aloneSeconds');
  const load = extraOf(summary, 'loadSeconds');
  return [
    title,
    number(summary.rows),
    number(summary.seconds.median, 1),
    `**${number(perSecond(summary))}**`,
    wanted(summary.case, postgresql),
    number(extraOf(summary, 'lagSeconds'), 2),
    Number.isFinite(load) ? `${number(load, 1)} (${number(load / alone, 2)} × ${number(alone, 1)})` : '',
    mebibytes(summary.peakBytes),
    number(summary.cpuSeconds, 1),
    number(summary.serverCpuSeconds, 1),
  ];
}

const HEAD = [
  'changes',
  'changed rows',
  'seconds',
  'changed rows/s',
  'wanted',
  'last one after the load s',
  'load s (× that without capture)',
  'peak memory MiB',
  'worker CPU s',
  'server CPU s',
];

const HOW = `A table of 200,000 rows and ten columns on both sides, one worker, one hub (NATS), claims as they are by default. For a backlog the transfer is
registered and stopped, all rows are changed, and seconds run from its next start to the last commit at the target, as the target's ledger
has it. Live, they run from the first change to the last commit. After each case the transfer
is cut over and both sides are compared; the ledger must have counted every change once.`;

/** How fast changes reach a database. */
export const renderApply = (all: readonly Results[]): string =>
  renderCalls(
    all,
    ({ measurements }) => {
      const summaries = summarize(measurements).filter((one) => one.case.startsWith('apply/'));
      const backlog = summaries.find((one) => one.case === 'apply/postgresql/backlog');
      const postgresql = backlog ? perSecond(backlog) : Number.NaN;
      return [
        table(
          HEAD,
          summaries.map((summary) => cells(summary, postgresql)),
        ),
      ];
    },
    HOW,
  );
