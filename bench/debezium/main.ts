import { parseArgs } from 'node:util';
import { startPostgres } from '../../scripts/servers/start-postgres.mjs';
import { chosen, preferPostgresPrograms, wholeNumber } from '../environment.ts';
import { describeMachine } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';
import { record } from '../report/record.ts';
import { CASES, measureTool, type SideCase, type Sizes } from './measure-tool.ts';
import { DEBEZIUM_VERSION, provideDebezium } from './provide-debezium.ts';
import { debezium, sluice, type Tool } from './tools.ts';

const HELP = `usage: scripts/bench --debezium [options]: captured changes of PostgreSQL into a topic of Kafka, ours beside Debezium's embedded
engine, under the same load and with the same consumer
  --cases a,b    of ${CASES.join(', ')}; all by default
  --rounds N     in which both have their turn (1); about four minutes each
  --changes N    of the backlog, and of the load that is followed live (200000)
  --rate N       changes a second while the latency is measured (500)
  --seconds N    of that (20)
  --publish      writes the tables into docs/explanation/performance.md
For a look: scripts/bench --debezium --changes 20000 --seconds 10
FORMAT=debezium has our events in Debezium's envelope. Needs a JDK 17 and Maven.
`;

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    debezium: { type: 'boolean' },
    help: { type: 'boolean' },
    cases: text,
    rounds: text,
    changes: text,
    rate: text,
    seconds: text,
    publish: { type: 'boolean', default: false },
  },
});

interface Turn {
  readonly case: SideCase;
  /** Null: the load alone. */
  readonly tool: Tool | null;
}

/** Ours and theirs by turns, the other one first in the next round. */
function turnsOf(cases: readonly SideCase[], theirs: Tool, round: number): readonly Turn[] {
  const tools = round % 2 === 1 ? [theirs, sluice] : [sluice, theirs];
  return cases.flatMap((name): readonly Turn[] =>
    name === 'latency-tuned'
      ? [{ case: name, tool: theirs }]
      : [...(name === 'live' ? [null] : []), ...tools].map((tool) => ({ case: name, tool })),
  );
}

/** Its log has to tell what rows were changed to, which is more than other servers write. */
const openServer = () => {
  const { SLUICE_TEST_POSTGRES_BIN: binFolder } = process.env;
  return startPostgres({ ...(binFolder ? { binFolder } : {}), settings: { wal_level: 'logical' } });
};

/** Each round on the same server, of which every turn has a database of its own. */
async function* measureRounds(
  theirs: Tool,
  {
    cases,
    sizes,
    rounds,
  }: { readonly cases: readonly SideCase[]; readonly sizes: Sizes; readonly rounds: number },
): AsyncGenerator<Measurement> {
  const server = await openServer();
  try {
    for (let round = 1; round <= rounds; round += 1)
      for (const { case: name, tool } of turnsOf(cases, theirs, round))
        yield await measureTool(server.url, tool, { case: name, run: round, sizes });
  } finally {
    await server.stop();
  }
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const cases = chosen(values.cases, CASES);
  const sizes: Sizes = {
    changes: wholeNumber(values.changes, 200_000),
    rate: wholeNumber(values.rate, 500),
    seconds: wholeNumber(values.seconds, 20),
  };
  preferPostgresPrograms();
  const theirs = debezium(await provideDebezium());
  const machine = await describeMachine(['postgres', 'java']);
  const versions = [...machine.versions, `Debezium ${DEBEZIUM_VERSION}`];
  return record(
    {
      machine: { ...machine, versions },
      publish: values.publish,
      tell: ({ case: name, run, ok, rows, seconds, extra }) =>
        `${name} ${run}: ${rows} in ${seconds.toFixed(2)} s, ${JSON.stringify(extra)}${ok ? '' : ' NOT GOOD'}`,
    },
    measureRounds(theirs, { cases, sizes, rounds: wholeNumber(values.rounds, 1) }),
  );
}

process.exitCode = await main();
