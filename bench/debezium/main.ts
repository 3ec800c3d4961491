import { parseArgs } from 'node:util';
import { startPostgres } from '../../scripts/servers/start-postgres.mjs';
import { chosen, preferPostgresPrograms, say, wholeNumber } from '../environment.ts';
import { describeMachine } from '../measure/machine.ts';
import { publishPlaces } from '../report/publish.ts';
import { renderDebezium } from '../report/render-debezium.ts';
import { createResultsFile, readResults } from '../report/results-file.ts';
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
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ');
  const file = await createResultsFile({ ...machine, versions }, command);
  const server = await openServer();
  let good = true;
  try {
    for (let round = 1; round <= wholeNumber(values.rounds, 1); round += 1)
      for (const { case: name, tool } of turnsOf(cases, theirs, round)) {
        const measurement = await measureTool(server.url, tool, { case: name, run: round, sizes });
        await file.add(measurement);
        good &&= measurement.ok;
        const { rows, seconds, extra, ok } = measurement;
        const what = `${rows} in ${seconds.toFixed(2)} s, ${JSON.stringify(extra)}`;
        say(`${measurement.case} ${round}: ${what}${ok ? '' : ' NOT GOOD'}`);
      }
  } finally {
    await server.stop();
  }
  say(`results are in ${file.path}`);
  const results = await readResults(file.path);
  process.stdout.write(`${renderDebezium([results])}\n`);
  if (values.publish) await publishPlaces([results]);
  return good ? 0 : 1;
}

process.exitCode = await main();
