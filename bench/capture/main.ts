import { parseArgs } from 'node:util';
import { chosen, preferPostgresPrograms, required, say, wholeNumber } from '../environment.ts';
import { describeMachine } from '../measure/machine.ts';
import { measureEach, record } from '../report/record.ts';
import { type CaptureEngine, workloads } from './engine.ts';
import { measureRounds } from './measure-rounds.ts';
import { openMariadb, openMysql } from './mysql.ts';
import { openPostgresql } from './postgresql.ts';
import { openSqlite } from './sqlite.ts';

const ROUNDS = 5;
const SINGLES = 10_000;
const BULK = 50_000;
const PER_STATEMENT = 10_000;

const HELP = `usage: scripts/bench --capture [options]: what triggers cost the statements of an application
  --engines a,b  of postgresql, mariadb, mysql, sqlite; all by default
  --rounds N     rounds, in which each variant has its turn (${ROUNDS}); about a minute of all together
  --singles N    statements of one row, by a transaction each and by 100 a transaction (${SINGLES})
  --bulk N       rows that statements of ${PER_STATEMENT} change (${BULK})
  --publish      writes the tables into docs/explanation/performance.md
For a look: scripts/bench --capture --engines postgresql --rounds 1
`;

const OPEN: Readonly<Record<string, () => Promise<CaptureEngine>>> = {
  postgresql: () => openPostgresql(required('SLUICE_TEST_POSTGRES_URL')),
  mariadb: () => openMariadb(required('SLUICE_TEST_MARIADB_URL')),
  mysql: () => openMysql(required('SLUICE_TEST_MYSQL_URL')),
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
  // MySQL is not got everywhere.
  const known = Object.keys(OPEN).filter((name) => name !== 'mysql' || process.env['SLUICE_TEST_MYSQL_URL']);
  const engines = chosen(values.engines, known);
  const rounds = wholeNumber(values.rounds, ROUNDS);
  const bulk = wholeNumber(values.bulk, BULK);
  const todo = workloads({
    singles: wholeNumber(values.singles, SINGLES),
    bulk,
    perStatement: Math.min(bulk, PER_STATEMENT),
  });
  preferPostgresPrograms();
  const machine = await describeMachine(['postgres', 'mariadbd']);
  return record(
    {
      machine,
      publish: values.publish,
      tell: ({ case: name, ok, error }) => (ok ? null : `${name}: NOT GOOD: ${error}`),
    },
    measureEach(engines, OPEN, (engine) => {
      say(`${engine.title}: ${todo.length} kinds of statements`);
      return measureRounds(engine, todo, rounds);
    }),
  );
}

process.exitCode = await main();
