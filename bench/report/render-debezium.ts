import { renderCalls } from './render-calls.ts';
import { mebibytes, number, table } from './render-tables.ts';
import type { Results } from './results-file.ts';
import { extraOf, perSecond, type Summary, summarize } from './summarize.ts';

const TOOLS: Readonly<Record<string, string>> = {
  none: 'the load alone',
  sluice: '**Sluice**',
  debezium: 'Debezium',
};
/** What is wanted of Debezium's events a second, from a backlog. */
const WANTED_TIMES = 2.5;

const toolOf = ({ case: name }: Summary): string => TOOLS[name.split('/')[2] ?? ''] ?? '';
const costs = (summary: Summary): readonly string[] => [
  mebibytes(summary.peakBytes),
  number(summary.cpuSeconds, 1),
];

const of = (summaries: readonly Summary[], kind: string): readonly Summary[] =>
  summaries.filter((one) => one.case.startsWith(`debezium/${kind}/`) && one.good > 0);

function renderBacklog(backlog: readonly Summary[]): string {
  const theirs = backlog.find(({ case: name }) => name.endsWith('/debezium'));
  return table(
    [
      'drained from a backlog',
      'runs',
      'changes',
      's from its start',
      'events/s',
      "times Debezium's",
      'wanted',
      'events/s from the first to the last',
      'peak memory MiB',
      'CPU s',
    ],
    backlog.map((summary) => {
      const isOurs = summary.case.endsWith('/sluice');
      return [
        toolOf(summary),
        number(summary.good),
        number(summary.rows),
        number(summary.seconds.median, 2),
        number(perSecond(summary)),
        theirs && isOurs ? `**${number(perSecond(summary) / perSecond(theirs), 2)}**` : '',
        isOurs ? `at least ${WANTED_TIMES}` : '',
        number(summary.rows / extraOf(summary, 'activeSeconds')),
        ...costs(summary),
      ];
    }),
  );
}

function renderLive(live: readonly Summary[]): string {
  const alone = live.find(({ case: name }) => name.endsWith('/none'));
  const loadOf = (summary: Summary): number => extraOf(summary, 'loadSeconds');
  return table(
    [
      'live',
      'runs',
      'changes',
      'bytes of a message',
      'load s',
      'slow-down of the load',
      'last event after the load s',
      'wanted',
      'peak memory MiB',
      'CPU s',
    ],
    live.map((summary) => [
      toolOf(summary),
      number(summary.good),
      number(summary.rows),
      number(extraOf(summary, 'bytesPerEvent')),
      number(loadOf(summary), 2),
      alone && alone !== summary ? `× ${number(loadOf(summary) / loadOf(alone), 2)}` : '',
      number(extraOf(summary, 'lagSeconds'), 2),
      summary.case.endsWith('/sluice') ? 'at most 1' : '',
      ...(summary === alone ? ['', ''] : costs(summary)),
    ]),
  );
}

const renderLatency = (latency: readonly Summary[]): string =>
  table(
    [
      'from the statement to a consumer, ms',
      'changes/s',
      'p50',
      'p95',
      'wanted',
      'p99',
      'most',
      'peak memory MiB',
      'CPU s a minute',
    ],
    latency.map((summary) => [
      `${toolOf(summary)}${summary.case.includes('-tuned') ? ', poll.interval.ms=10 linger.ms=0' : ''}`,
      number(extraOf(summary, 'rate')),
      number(extraOf(summary, 'p50'), 1),
      `**${number(extraOf(summary, 'p95'), 1)}**`,
      summary.case.endsWith('/sluice') ? 'at most 100' : '',
      number(extraOf(summary, 'p99'), 1),
      number(extraOf(summary, 'max'), 1),
      mebibytes(summary.peakBytes),
      number((summary.cpuSeconds / summary.seconds.median) * 60, 1),
    ]),
  );

const HOW = `Both capture the same table of eleven columns into a topic of one partition; the load is statements of one row, 100 a transaction (for the latency one),
a quarter inserts, half updates, a quarter deletes; one consumer reads what is committed. Debezium's embedded engine
(JSON without schemas, replica identity default, \`-Xmx1g\`, an acknowledged batch behind the one that is sent) reads the log that PostgreSQL writes anyway, here with \`wal_level = logical\`
for both; ours reads what triggers recorded, which the load pays for. Debezium sends an event at least once, ours exactly once.`;

/** Ours beside Debezium. */
export const renderDebezium = (all: readonly Results[]): string =>
  renderCalls(
    all,
    ({ measurements }) => {
      const summaries = summarize(measurements);
      const backlog = of(summaries, 'backlog');
      const live = of(summaries, 'live');
      const latency = [...of(summaries, 'latency'), ...of(summaries, 'latency-tuned')];
      return [
        backlog.length > 0 ? renderBacklog(backlog) : '',
        live.length > 0 ? renderLive(live) : '',
        latency.length > 0 ? renderLatency(latency) : '',
      ];
    },
    HOW,
  );
