import { parseArgs } from 'node:util';
import { chosen, preferPostgresPrograms, required, say, wholeNumber } from '../environment.ts';
import { describeMachine } from '../measure/machine.ts';
import { publishPlaces } from '../report/publish.ts';
import { renderCapture } from '../report/render-capture.ts';
import { createResultsFile, readResults } from '../report/results-file.ts';
import { type CaptureEngine, workloads } from './engine.ts';
import { openMariadb } from './mariadb.ts';
import { measureRounds } from './measure-rounds.ts';
import { openPostgresql } from './postgresql.ts';
import { openSqlite } from './sqlite.ts';

const ROUNDS = 5;
const SINGLES = 10_000;
const BULK = 50_000;
const PER_STATEMENT = 10_000;

const HELP = `usage: scripts/bench --capture [options]: what triggers cost the statements of an application
  --engines a,b  of postgresql, mariadb, sqlite; all by default
  --rounds N     rounds, in which each variant has its turn (${ROUNDS}); about 40 s of all three together
  --singles N    statements of one row, by a transaction each and by 100 a transaction (${SINGLES})
  --bulk N       rows that statements of ${PER_STATEMENT} change (${BULK})
  --publish      writes the tables into docs/explanation/performance.md
For a look: scripts/bench --capture --engines postgresql --rounds 1
`;

const OPEN: Readonly<Record<string, () => Promise<CaptureEngine>>> = {
  postgresql: () => openPostgresql(required('SLUICE_TEST_POSTGRES_URL')),
  mariadb: () => openMariadb(required('SLUICE_TEST_MARIADB_URL')),
  sqlite: openSqlite,
};

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    capture: { type: 'boolean' },
    help: { type: 'boolean' },
    engines: text,
    rounds: text,
    singles: text,
    bulk: text,
    publish: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const engines = chosen(values.engines, ['postgresql', 'mariadb', 'sqlite']);
  const bulk = wholeNumber(values.bulk, BULK);
  const todo = workloads({
    singles: wholeNumber(values.singles, SINGLES),
    bulk,
    perStatement: Math.min(bulk, PER_STATEMENT),
  });
  preferPostgresPrograms();
  const machine = await describeMachine(['postgres', 'mariadbd']);
  const file = await createResultsFile(machine, ['npm run bench --', ...process.argv.slice(2)].join(' '));
  let good = true;
  for (const name of engines) {
    const engine = await OPEN[name]?.();
    if (!engine) continue;
    try {
      say(`${engine.title}: ${todo.length} kinds of statements`);
      for await (const measurement of measureRounds(engine, todo, wholeNumber(values.rounds, ROUNDS))) {
        await file.add(measurement);
        good &&= measurement.ok;
        if (!measurement.ok) say(`${measurement.case}: NOT GOOD: ${measurement.error}`);
      }
    } finally {
      await engine.close();
    }
  }
  say(`results are in ${file.path}`);
  const results = await readResults(file.path);
  process.stdout.write(`${renderCapture([results])}\n`);
  if (values.publish) await publishPlaces([results]);
  return good ? 0 : 1;
}

process.exitCode = await main();
