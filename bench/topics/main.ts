import { parseArgs } from 'node:util';
import { chosen, preferPostgresPrograms, required, say, wholeNumber } from '../environment.ts';
import { describeMachine } from '../measure/machine.ts';
import { measureEach, record } from '../report/record.ts';
import { openMariadb } from './mariadb.ts';
import { CASES, measureSource, type TopicSizes } from './measure-source.ts';
import { openPostgresql } from './postgresql.ts';
import type { TopicSource } from './source.ts';
import { openSqlite } from './sqlite.ts';

const HELP = `usage: scripts/bench --topics [options]: captured changes into topics of Kafka
  --sources a,b  of postgresql, mariadb, sqlite; all by default, about two minutes each
  --cases a,b    of ${CASES.join(', ')}; all by default
  --events N     changes of the filled staging table that is drained (400000)
  --runs N       drains (3)
  --live N       changes of one row, as fast as they go, while they are relayed (200000)
  --rate N       changes a second while the latency is measured (500)
  --seconds N    of that (30)
  --publish      writes the table into docs/explanation/performance.md
In four minutes: scripts/bench --topics --runs 1
`;

const OPEN: Readonly<Record<string, () => Promise<TopicSource>>> = {
  postgresql: () => openPostgresql(required('SLUICE_TEST_POSTGRES_URL')),
  mariadb: () => openMariadb(required('SLUICE_TEST_MARIADB_URL')),
  sqlite: openSqlite,
};

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    topics: { type: 'boolean' },
    help: { type: 'boolean' },
    sources: text,
    cases: text,
    events: text,
    runs: text,
    live: text,
    rate: text,
    seconds: text,
    publish: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const sizes: TopicSizes = {
    cases: chosen(values.cases, CASES),
    runs: wholeNumber(values.runs, 3),
    events: wholeNumber(values.events, 400_000),
    live: wholeNumber(values.live, 200_000),
    rate: wholeNumber(values.rate, 500),
    seconds: wholeNumber(values.seconds, 30),
  };
  const sources = chosen(values.sources, Object.keys(OPEN));
  preferPostgresPrograms();
  const machine = await describeMachine(['postgres', 'mariadbd', 'java']);
  return record(
    {
      machine,
      publish: values.publish,
      tell: ({ case: name, run, ok, rows, seconds, extra, error }) =>
        `${name} ${run}: ${rows} in ${seconds.toFixed(2)} s, ${JSON.stringify(extra)}${ok ? '' : ` NOT GOOD: ${error}`}`,
    },
    measureEach(sources, OPEN, (source) => {
      say(`${source.title}: ${sizes.cases.join(', ')}`);
      return measureSource(source, sizes);
    }),
  );
}

process.exitCode = await main();
