import { renderCalls } from './render-calls.ts';
import { mebibytes, number, table } from './render-tables.ts';
import type { Results } from './results-file.ts';
import { extraOf, perSecond, type Summary, summarize } from './summarize.ts';

const SOURCES: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL',
  mariadb: 'MariaDB',
  sqlite: 'SQLite',
};
/** What is wanted of PostgreSQL; of MariaDB half of what it reaches. */
const WANTED = { perMinute: 2_500_000, lagSeconds: 1, p95: 100 } as const;

const sourceOf = ({ case: name }: Summary): string => SOURCES[name.split('/')[1] ?? ''] ?? '';

const of = (summaries: readonly Summary[], kind: string): readonly Summary[] =>
  summaries.filter((one) => one.case.startsWith('topics/') && one.case.endsWith(`/${kind}`));

function renderDrains(summaries: readonly Summary[]): string {
  const drains = of(summaries, 'drain');
  const ours = drains.find(({ case: name }) => name.includes('/postgresql/'));
  const wanted = (summary: Summary): string =>
    summary === ours
      ? `at least ${number(WANTED.perMinute)}`
      : summary.case.includes('/mariadb/') && ours
        ? `at least half of PostgreSQL's: ${number(perSecond(ours) * 30)}`
        : '';
  return table(
    [
      'drained from a filled staging table',
      'runs',
      'events',
      's: median (least-most)',
      'events/s',
      'events a minute',
      'wanted',
      'peak memory MiB',
      'relay CPU s',
    ],
    drains.map((summary) => [
      sourceOf(summary),
      summary.good === summary.runs ? number(summary.runs) : `${summary.good} of ${summary.runs}`,
      number(summary.rows),
      `${number(summary.seconds.median, 2)} (${number(summary.seconds.least, 2)}-${number(summary.seconds.most, 2)})`,
      number(perSecond(summary)),
      `**${number(perSecond(summary) * 60)}**`,
      wanted(summary),
      mebibytes(summary.peakBytes),
      number(summary.cpuSeconds, 1),
    ]),
  );
}

const renderLive = (summaries: readonly Summary[]): string =>
  table(
    [
      'while they are made',
      'changes',
      'bytes of a message',
      'load s',
      'without capture',
      'slow-down',
      'last event after the load s',
      'wanted',
      'relay CPU s',
    ],
    of(summaries, 'live').map((summary) => [
      sourceOf(summary),
      number(summary.rows),
      number(extraOf(summary, 'bytesPerEvent')),
      number(extraOf(summary, 'loadSeconds'), 1),
      number(extraOf(summary, 'aloneSeconds'), 1),
      `× ${number(extraOf(summary, 'loadSeconds') / extraOf(summary, 'aloneSeconds'), 2)}`,
      `**${number(extraOf(summary, 'lagSeconds'), 2)}**`,
      summary.case.includes('/postgresql/') ? `at most ${WANTED.lagSeconds}` : '',
      number(summary.cpuSeconds, 1),
    ]),
  );

const renderLatency = (summaries: readonly Summary[]): string =>
  table(
    [
      'from the statement to a consumer, ms',
      'changes/s',
      'p50',
      'p95',
      'wanted',
      'p99',
      'most',
      'relay CPU s a minute',
    ],
    of(summaries, 'latency').map((summary) => [
      sourceOf(summary),
      number(extraOf(summary, 'rate')),
      number(extraOf(summary, 'p50')),
      `**${number(extraOf(summary, 'p95'))}**`,
      summary.case.includes('/postgresql/') ? `at most ${WANTED.p95}` : '',
      number(extraOf(summary, 'p99')),
      number(extraOf(summary, 'max')),
      number((summary.cpuSeconds / summary.seconds.median) * 60, 1),
    ]),
  );

const HOW = `One relay, one topic of four partitions of a Kafka broker on the same machine; a claim is a transaction there. The load is statements of
one row, 100 a transaction. A consumer reads what is committed; live, seconds run until it has the last event. For the latency four sessions change one row a
transaction, and the time that the statement writes into the row is compared with the consumer's clock; the first five seconds are left out.`;

/** How fast changes reach topics, and what that costs who makes them. */
export const renderTopics = (all: readonly Results[]): string =>
  renderCalls(
    all,
    ({ measurements }) => {
      const summaries = summarize(measurements);
      const has = (kind: string): boolean => of(summaries, kind).length > 0;
      return [
        has('drain') ? renderDrains(summaries) : '',
        has('live') ? renderLive(summaries) : '',
        has('latency') ? renderLatency(summaries) : '',
      ];
    },
    HOW,
  );
