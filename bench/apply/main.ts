import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';
import { chosen, preferPostgresPrograms, required, say, wholeNumber } from '../environment.ts';
import { describeMachine } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';
import { measureEach, record } from '../report/record.ts';
import { type ApplyEngine, type Changes, PER_STATEMENT } from './engine.ts';
import { openFollower } from './follow-changes.ts';
import { openMariadb } from './mariadb.ts';
import { type ApplyCase, CASES, measureApply } from './measure-apply.ts';
import { openPostgresql } from './postgresql.ts';
import { writeChangesConfig } from './write-changes-config.ts';

const SLUICE = fileURLToPath(new URL('../../bin/sluice', import.meta.url));
const ROWS = 2_000_000;
/** Of the load while it is followed. */
const LIVE_ROWS = 200_000;

const HELP = `usage: scripts/bench --apply [options]: captured changes into databases, from a filled staging table and live
  --engines a,b  of postgresql, mariadb; all by default
  --cases a,b    of ${CASES.join(', ')}; all by default
  --rows N       changed rows of the filled staging table (${ROWS}); about 2 min a case with all of them
  --live-rows N  changed rows while they are followed (${LIVE_ROWS})
  --publish      writes the table into docs/explanation/performance.md
In four minutes: scripts/bench --apply --engines postgresql --cases backlog
For a look: scripts/bench --apply --rows 200000 --live-rows 50000
`;

const OPEN: Readonly<Record<string, () => Promise<ApplyEngine>>> = {
  postgresql: () => openPostgresql(required('SLUICE_TEST_POSTGRES_URL')),
  mariadb: () => openMariadb(required('SLUICE_TEST_MARIADB_URL')),
};

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    apply: { type: 'boolean' },
    help: { type: 'boolean' },
    engines: text,
    cases: text,
    rows: text,
    'live-rows': text,
    publish: { type: 'boolean', default: false },
  },
});

/** Filled by two sessions, so that it takes half the time; followed live, by one. */
function changesOf(each: ApplyCase): Changes {
  const step = PER_STATEMENT * 2;
  if (each === 'live')
    return { how: 'singles', rows: wholeNumber(values['live-rows'], LIVE_ROWS), sessions: 1 };
  const rows = Math.max(step, Math.floor(wholeNumber(values.rows, ROWS) / step) * step);
  return { how: each === 'bulk' ? 'bulk' : 'singles', rows, sessions: 2 };
}

/** What the load of the live case takes where nothing is captured. Both sides change alike, and stay equal. */
async function loadAlone(engine: ApplyEngine): Promise<number> {
  await engine.change(changesOf('live'), engine.target);
  return engine.change(changesOf('live'), engine.source);
}

async function* measureEngine(
  client: Client,
  engine: ApplyEngine,
  cases: readonly ApplyCase[],
): AsyncGenerator<Measurement> {
  const address = required('SLUICE_TEST_TEMPORAL_ADDRESS');
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const hub = required('SLUICE_TEST_NATS_URL');
  const aloneSeconds = cases.includes('live') ? await loadAlone(engine) : Number.NaN;
  const config = await writeChangesConfig(folder, { source: engine.source, hub, target: engine.target });
  for (const command of ['install', 'deploy'])
    await runProgram(SLUICE, ['capture', command, 'source', '--config', config]);
  const follower = await openFollower(client, { config, address, target: engine.target });
  try {
    for (const [at, each] of cases.entries()) {
      const changes = changesOf(each);
      say(`${engine.title}, ${each}: ${changes.rows} changes`);
      const measured = await measureApply({ engine, follower, case: each, run: at + 1, changes });
      const extra = each === 'live' ? { ...measured.extra, aloneSeconds } : measured.extra;
      yield { ...measured, run: 1, extra };
    }
  } finally {
    await follower.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const engines = chosen(values.engines, Object.keys(OPEN));
  const cases = chosen(values.cases, CASES);
  preferPostgresPrograms();
  const machine = await describeMachine(['postgres', 'mariadbd']);
  const connection = await Connection.connect({ address: required('SLUICE_TEST_TEMPORAL_ADDRESS') });
  try {
    const client = new Client({ connection });
    return await record(
      {
        machine,
        publish: values.publish,
        tell: ({ case: name, ok, rows, seconds, error }) =>
          `${name}: ${rows} in ${seconds.toFixed(1)} s${ok ? '' : ` NOT GOOD: ${error}`}`,
      },
      measureEach(engines, OPEN, (engine) => measureEngine(client, engine, cases)),
    );
  } finally {
    await connection.close();
  }
}

process.exitCode = await main();
