import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FOLLOWER, followChanges } from './follow-changes.ts';
import { endWorker, type Place, runScript, sluice, startWorker } from './processes.ts';
import { createShop } from './shop.ts';

const TRANSFER = 'shop';
/** One folder holds all that the demo makes: databases, configuration, logs, the servers' data. */
const FOLDER = process.env['SLUICE_DEMO'] ?? join(tmpdir(), `sluice-demo-${userInfo().username}`);

const { values: flags } = parseArgs({
  options: {
    source: { type: 'string' },
    target: { type: 'string' },
    tables: { type: 'string' },
    keep: { type: 'boolean' },
    stop: { type: 'boolean' },
  },
});

let step = 0;
const say = (text: string): void => console.log(`\n[${++step}] ${text}`);

async function startServers(): Promise<Readonly<Record<string, string>>> {
  await runScript('scripts/servers.mjs', 'up', '--state', FOLDER, '--with', 'temporal,nats');
  const state = JSON.parse(await readFile(join(FOLDER, 'servers.json'), 'utf8')) as Record<
    string,
    { variables: Record<string, string> }
  >;
  return Object.assign({}, process.env, ...Object.values(state).map(({ variables }) => variables));
}

/** Files of the demo's own databases; null where it works on somebody's. */
const ownFiles = () =>
  flags.source ? null : { source: join(FOLDER, 'shop.db'), target: join(FOLDER, 'warehouse.db') };

async function prepareDatabases(): Promise<{ source: string; target: string; tables: string }> {
  if (flags.source && flags.target)
    return { source: flags.source, target: flags.target, tables: flags.tables ?? '*' };
  if (flags.source || flags.target) throw new Error('--source and --target belong together');
  const { source, target } = ownFiles() ?? { source: '', target: '' };
  for (const path of [source, target]) {
    for (const ending of ['', '-wal', '-shm']) await rm(path + ending, { force: true });
  }
  const rows = createShop(source);
  console.log(`    ${rows.toLocaleString('en-US')} rows in ${source}`);
  return { source: `sqlite:${source}`, target: `sqlite:${target}`, tables: '*' };
}

async function writeConfig(addresses: Readonly<Record<string, string>>): Promise<Place> {
  const { source, target, tables } = await prepareDatabases();
  const config = join(FOLDER, 'sluice.yaml');
  const quoted = (text: string): string => JSON.stringify(text);
  await writeFile(
    config,
    `version: 1
connections:
  source: { url: ${quoted(source)} }
  target: { url: ${quoted(target)} }
  hub: { url: ${quoted(addresses['SLUICE_TEST_NATS_URL'] ?? '')} }
captures:
  source:
    tables: { "*": {}, events: false }
transfers:
  ${FOLLOWER}:
    source: source
    hub: hub
    target: target
    mode: changes
    # The table of events has no key: its rows are copied and not followed.
    tables: { "*": {}, events: false }
    reportingInterval: 1s
  ${TRANSFER}:
    source: source
    hub: hub
    target: target
    tables: { ${quoted(tables)}: {} }
    # Small blocks, so that there is a middle in which the worker can be killed.
    read: { rowsPerRange: 20000, blockBytes: 262144 }
    limits: { ratePerSecond: 100000 }
    write: { mode: truncate }
    completion: { verify: checksum }
    reportingInterval: 1s
    recovery: { heartbeatTimeout: 5s }
`,
    { mode: 0o600 },
  );
  const environment = {
    ...process.env,
    SLUICE_CONFIG: config,
    SLUICE_TASK_QUEUE: 'sluice-demo',
    TEMPORAL_ADDRESS: addresses['SLUICE_TEST_TEMPORAL_ADDRESS'] ?? '',
  };
  return { folder: FOLDER, config, environment };
}

interface Status {
  readonly phase: string;
  readonly totals: { readonly rowsApplied: number };
}

async function status(place: Place): Promise<Status | null> {
  const { code, stdout } = await sluice(place, ['status', TRANSFER, '-o', 'json'], false);
  return code === 0 ? (JSON.parse(stdout) as Status) : null;
}

/** Waits until something is copied and something is left, or all is over. */
async function untilInTheMiddle(place: Place): Promise<Status | null> {
  for (;;) {
    const now = await status(place);
    if (now && (now.phase === 'finished' || now.totals.rowsApplied > 0)) return now;
    await wait(100);
  }
}

/** A new worker takes over within seconds; until then nobody answers for the transfer. */
async function untilSomebodyAnswers(place: Place): Promise<void> {
  while ((await status(place)) === null) await wait(200);
}

async function run(): Promise<number> {
  await mkdir(FOLDER, { recursive: true, mode: 0o700 });
  let worker: ChildProcess | null = null;
  say('Servers: Temporal and NATS JetStream');
  const addresses = await startServers();
  const ui = addresses['SLUICE_TEST_TEMPORAL_UI'];
  try {
    say('Databases and configuration');
    const place = await writeConfig(addresses);
    say('A worker, and the transfer');
    worker = startWorker(place);
    await sluice(place, ['start', TRANSFER]);
    const middle = await untilInTheMiddle(place);
    say(
      `kill -9 ${worker.pid}: the worker dies after ${middle?.totals.rowsApplied.toLocaleString('en-US')} rows`,
    );
    await endWorker(worker, 'SIGKILL');
    say('Another worker: it goes on from what the ledger in the target says');
    worker = startWorker(place);
    await untilSomebodyAnswers(place);
    await sluice(place, ['status', TRANSFER, '--watch']);
    say('The report');
    const report = await sluice(place, ['report', TRANSFER]);
    say('Both sides once more, compared by this process');
    const verified = await sluice(place, ['verify', TRANSFER]);
    const files = ownFiles();
    const followed = files === null || (await followChanges(place, { ...files, say }));
    if (files !== null) say('Both sides a last time');
    const again = files === null ? verified : await sluice(place, ['verify', TRANSFER]);
    console.log(`
    Temporal UI    ${ui}/namespaces/default/workflows/transfer%2F${TRANSFER}
    configuration  ${place.config}
    worker's log   ${join(FOLDER, 'worker.log')}`);
    return report.code === 0 && verified.code === 0 && followed && again.code === 0 ? 0 : 1;
  } finally {
    await endWorker(worker, 'SIGTERM');
    if (flags.keep) console.log('\n    The servers stay; scripts/demo --stop ends them.');
    else await runScript('scripts/servers.mjs', 'down', '--state', FOLDER);
  }
}

try {
  if (flags.stop) await runScript('scripts/servers.mjs', 'down', '--state', FOLDER);
  else process.exitCode = await run();
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
