/**
 * The engine alone, without Temporal: reading, publishing and applying in this one process, with real servers. For
 * profiles (node --cpu-prof --import tsx bench/hot-path.ts) and for choosing defaults; scripts/bench measures the product.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { onExit } from '../scripts/servers/process/on-exit.mjs';
import { loadDialect } from '../src/databases/index.ts';
import { planTable } from '../src/engine/planning/plan-table.ts';
import type { Database } from '../src/engine/ports/dialect.ts';
import type { Hub } from '../src/engine/ports/hub.ts';
import { prepareTransfer } from '../src/engine/planning/prepare-transfer.ts';
import { readAndPublish } from '../src/engine/reading/read-and-publish.ts';
import type { SliceControl } from '../src/engine/slice.ts';
import { writeBatches } from '../src/engine/writing/write-batches.ts';
import { loadHubKind } from '../src/hubs/index.ts';
import { LEDGER_DEFAULTS } from '../src/model/config.ts';
import { settingsOf } from '../src/model/transfer-settings.ts';
import { DEFAULTS, type TransferSpec } from '../src/model/transfer-spec.ts';
import { serverCpuSeconds } from './measure/server-cpu.ts';
import { median } from './measure/measurement.ts';
import { PEERS, YARDSTICK } from './cases/peers.ts';
import type { Surroundings } from './cases/case.ts';
import { countMariadbRows, createMariadbDatabases } from './source/mariadb-databases.ts';
import { countRows, createScratchDatabases, runSqlFile } from './source/scratch-databases.ts';

const HELP = `usage: node --import tsx bench/hot-path.ts [--rows 200000] [--runs 3] [--settle-ms 500] [--no-yardstick]
  lists, every combination of which is run:
  --encoding text-rows,binary-rows  --readers 2  --writers 4  --block-bytes 4194304  --range-rows 200000
  --credit-bytes 67108864
  --mariadb source|target: that side is MariaDB
  --hub nats|kafka
`;

const list = (fallback: number | string) => ({ type: 'string', default: String(fallback) }) as const;
const { values } = parseArgs({
  options: {
    rows: list(200_000),
    runs: list(3),
    'settle-ms': list(500),
    mariadb: { type: 'string', default: '' },
    hub: { type: 'string', default: 'nats' },
    'no-yardstick': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    encoding: list('text-rows,binary-rows'),
    readers: list(DEFAULTS.readers),
    writers: list(DEFAULTS.writers),
    'block-bytes': list(DEFAULTS.blockBytes),
    'range-rows': list(DEFAULTS.rowsPerRange),
    'credit-bytes': list(DEFAULTS.creditBytes),
  },
});

interface Variant {
  readonly encoding: 'text-rows' | 'binary-rows';
  readonly readers: number;
  readonly writers: number;
  readonly blockBytes: number;
  readonly rowsPerRange: number;
  readonly creditBytes: number;
}

const numbers = (text: string): readonly number[] => text.split(',').map(Number);

function variants(): readonly Variant[] {
  const all: Variant[] = [];
  for (const encoding of values.encoding.split(',') as Variant['encoding'][])
    for (const readers of numbers(values.readers))
      for (const writers of numbers(values.writers))
        for (const blockBytes of numbers(values['block-bytes']))
          for (const rowsPerRange of numbers(values['range-rows']))
            for (const creditBytes of numbers(values['credit-bytes']))
              all.push({ encoding, readers, writers, blockBytes, rowsPerRange, creditBytes });
  return all;
}

const TRANSFER = `hot-path-${process.pid}`;

const specOf = ({
  encoding,
  readers,
  writers,
  blockBytes,
  rowsPerRange,
  creditBytes,
}: Variant): TransferSpec => ({
  source: 'source',
  hub: 'hub',
  target: 'target',
  tables: { orders: {} },
  read: { encoding, readers, blockBytes, rowsPerRange, creditBytes },
  write: { writers },
});

async function openDatabase(url: string): Promise<Database> {
  const dialect = await loadDialect(url.slice(0, url.indexOf(':')));
  const config = dialect.parseUrl(url, {});
  return dialect.open(config, { maxConnections: 20, applicationName: 'hot path', ledger: LEDGER_DEFAULTS });
}

async function openHub(url: string): Promise<Hub> {
  const kind = await loadHubKind(url.slice(0, url.indexOf(':')));
  return kind.open(kind.parseUrl(url, {}), { applicationName: 'hot path' });
}

interface Figures {
  readonly seconds: number;
  readonly preparedSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  /** Of the servers, where they were started for this process. */
  readonly servers: Readonly<Record<string, number>>;
}

/** Highest resident memory of this process while `work` runs. */
async function withPeak<T>(work: Promise<T>): Promise<{ readonly result: T; readonly peakMiB: number }> {
  const ending = new AbortController();
  let peakBytes = 0;
  const watching = (async () => {
    while (!ending.signal.aborted) {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
      await delay(25, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  try {
    const result = await work;
    return { result, peakMiB: peakBytes / 2 ** 20 };
  } finally {
    ending.abort();
    await watching;
  }
}

async function copyOnce(
  urls: { source: string; target: string; hub: string },
  variant: Variant,
): Promise<Omit<Figures, 'servers'>> {
  const [source, target, hub] = await Promise.all([
    openDatabase(urls.source),
    openDatabase(urls.target),
    openHub(urls.hub),
  ]);
  const stop = new AbortController();
  const control: SliceControl = { stop: stop.signal, overdue: () => false, progress: () => undefined };
  const spec = specOf(variant);
  const settings = settingsOf(spec);
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const deps = { source, target, hub };
  const execution = `${Date.now()}`;
  const { run, tables } = await prepareTransfer(deps, { transfer: TRANSFER, execution, spec }, stop.signal);
  try {
    const ordinal = tables[0]?.ordinal ?? 1;
    const request = {
      transfer: TRANSFER,
      run,
      spec,
      table: tables[0]?.id ?? '',
      ordinal,
      generation: null,
      snapshot: null,
    };
    await planTable(deps, request, stop.signal);
    const preparedSeconds = (performance.now() - startedMs) / 1000;
    const moving = Promise.all([
      readAndPublish(deps, { ...request, settings, readers: settings.readers }, control),
      writeBatches(deps, { ...request, settings, excluded: [], awaited: 1 }, control),
    ]);
    const { peakMiB } = await withPeak(moving);
    const seconds = (performance.now() - startedMs) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    return { seconds, preparedSeconds, cpuSeconds: (cpu.user + cpu.system) / 1e6, peakMiB };
  } finally {
    await hub.topics.remove({ transfer: TRANSFER, run }, stop.signal).catch(() => undefined);
    await Promise.all([source.close(), target.close(), hub.close()]);
  }
}

async function withServers(work: () => Promise<Omit<Figures, 'servers'>>): Promise<Figures> {
  const before = serverCpuSeconds();
  const figures = await work();
  const after = Object.entries(serverCpuSeconds());
  return {
    ...figures,
    servers: Object.fromEntries(after.map(([name, seconds]) => [name, seconds - (before[name] ?? 0)])),
  };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function required(variable: string): string {
  const value = process.env[variable];
  if (!value)
    throw new Error(`${variable} is not set: node scripts/servers.mjs run --with nats,postgres -- …`);
  return value;
}

async function main(): Promise<void> {
  if (values.help) return say(HELP);
  const rows = Number(values.rows);
  const databases = await createScratchDatabases(required('SLUICE_TEST_POSTGRES_URL'));
  const undo = onExit(() => databases.drop());
  const mariadb =
    values.mariadb === '' ? null : await createMariadbDatabases(required('SLUICE_TEST_MARIADB_URL'));
  const undoMariadb = onExit(async () => mariadb?.drop());
  const urls = {
    ...databases,
    ...(values.mariadb === 'source' && { source: mariadb?.source ?? '' }),
    ...(values.mariadb === 'target' && { target: mariadb?.target ?? '' }),
    hub:
      values.hub === 'kafka'
        ? `kafka://${required('SLUICE_TEST_KAFKA_BROKERS')}`
        : required('SLUICE_TEST_NATS_URL'),
  };
  const results = new Map<string, Figures[]>();
  const keep = (name: string, figures: Figures): void => {
    results.set(name, [...(results.get(name) ?? []), figures]);
    const { seconds, preparedSeconds, cpuSeconds, peakMiB, servers } = figures;
    const others = Object.entries(servers).map(([server, cpu]) => `, ${server} ${cpu.toFixed(2)}`);
    say(
      `${name}: ${seconds.toFixed(2)} s (prepared ${preparedSeconds.toFixed(2)}), cpu ${cpuSeconds.toFixed(2)}${others.join('')}, peak ${peakMiB.toFixed(0)} MiB`,
    );
  };
  const yardstick = PEERS.find(({ name }) => name === YARDSTICK);
  try {
    await runSqlFile(databases.source, 'orders.sql', rows);
    await mariadb?.fill(databases.source, tmpdir());
    for (let run = 1; run <= Number(values.runs); run += 1) {
      for (const variant of variants()) {
        await databases.freshTarget(values.mariadb === 'source' ? null : 'orders-table.sql');
        await mariadb?.freshTarget(true);
        await delay(Number(values['settle-ms']));
        keep(JSON.stringify(variant), await withServers(() => copyOnce(urls, variant)));
        const arrived =
          values.mariadb === 'target'
            ? await countMariadbRows(urls.target)
            : await countRows(databases.target, 'orders');
        if (arrived !== rows) throw new Error(`the target has ${arrived} rows`);
      }
      if (values['no-yardstick'] || !yardstick) continue;
      await databases.freshTarget('orders-table.sql');
      await delay(Number(values['settle-ms']));
      const surroundings = { ...databases, scratch: '' } as unknown as Surroundings;
      const figures = await withServers(async () => {
        const outcome = await yardstick.run(surroundings);
        return { ...outcome, preparedSeconds: 0, peakMiB: outcome.peakBytes / 2 ** 20 };
      });
      keep(YARDSTICK, figures);
    }
  } finally {
    await undo();
    await undoMariadb();
  }
  const against = median((results.get(YARDSTICK) ?? []).map(({ seconds }) => seconds));
  say('');
  for (const [name, figures] of results) {
    const seconds = median(figures.map((each) => each.seconds));
    say(
      `${seconds.toFixed(2)} s  ${(seconds / against).toFixed(2)}x  ${Math.round(rows / seconds)} rows/s  cpu ${median(figures.map((each) => each.cpuSeconds)).toFixed(2)}  peak ${Math.max(...figures.map((each) => each.peakMiB)).toFixed(0)} MiB  ${name}`,
    );
  }
}

await main();
