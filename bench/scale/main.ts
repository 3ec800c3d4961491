import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { startToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';
import { preferPostgresPrograms, required, say } from '../environment.ts';
import { describeMachine } from '../measure/machine.ts';
import { fillPlace } from '../report/places.ts';
import { createScratchDatabases, runSqlFile } from '../source/scratch-databases.ts';
import { measureScene, type Scene, type SceneResult } from './measure-scene.ts';
import { renderScale } from './render.ts';

const PAGES = ['../../docs/explanation/performance.md', '../../docs/how-to/run-workers.md'].map((page) =>
  fileURLToPath(new URL(page, import.meta.url)),
);
const LIMIT = 5_000_000;
const LATENCY_MS = 20;
const ROWS = 50_000;

const SCENES: readonly Scene[] = [
  { workers: 1, bytesPerSecond: LIMIT, latencyMs: 0 },
  { workers: 2, bytesPerSecond: LIMIT, latencyMs: 0 },
  { workers: 4, bytesPerSecond: LIMIT, latencyMs: 0 },
  { workers: 1, bytesPerSecond: LIMIT, latencyMs: LATENCY_MS },
  { workers: 1, bytesPerSecond: null, latencyMs: 0 },
  { workers: 1, bytesPerSecond: null, latencyMs: LATENCY_MS },
];

const HELP = `usage: scripts/bench --scale [options]: throughput against the number of workers, with limited links
  --rows N     rows of 7.5 kB (${ROWS})
  --scenes N,N which of the ${SCENES.length} measurements, from 1; all by default
  --publish    writes the table into the documentation
`;

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    scale: { type: 'boolean' },
    help: { type: 'boolean' },
    rows: { type: 'string' },
    scenes: { type: 'string' },
    publish: { type: 'boolean', default: false },
  },
});

async function measure(rows: number, scenes: readonly Scene[]): Promise<readonly SceneResult[]> {
  const address = required('SLUICE_TEST_TEMPORAL_ADDRESS');
  const connection = await Connection.connect({ address });
  const program = process.env['SLUICE_TEST_TOXIPROXY_BIN'];
  const toxiproxy = await startToxiproxy(program ? { program } : {});
  const databases = await createScratchDatabases(required('SLUICE_TEST_POSTGRES_URL'));
  try {
    say(`making a source of ${rows} rows`);
    await runSqlFile(databases.source, 'pages.sql', rows);
    const context = {
      client: new Client({ connection }),
      address,
      hub: required('SLUICE_TEST_NATS_URL'),
      toxiproxy: toxiproxy.apiUrl,
      databases,
      rows,
    };
    const results: SceneResult[] = [];
    for (const scene of scenes) {
      const result = await measureScene(context, scene);
      say(JSON.stringify(result));
      results.push(result);
    }
    return results;
  } finally {
    await databases.drop();
    await toxiproxy.stop();
    await connection.close();
  }
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const wanted = values.scenes?.split(',').map((text) => SCENES[Number(text) - 1]);
  const scenes = wanted?.filter((scene) => scene !== undefined) ?? SCENES;
  preferPostgresPrograms();
  const machine = await describeMachine(['postgres']);
  const results = await measure(Number(values.rows ?? ROWS), scenes);
  const text = renderScale({ machine, command: 'npm run bench -- --scale', scenes: results });
  process.stdout.write(`${text}\n`);
  if (values.publish)
    for (const page of PAGES) await writeFile(page, fillPlace(await readFile(page, 'utf8'), 'scale', text));
  return results.every(({ equal }) => equal) ? 0 : 1;
}

process.exitCode = await main();
