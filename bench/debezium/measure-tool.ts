import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { loadNow } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';
import { treeCpuSeconds, watchMemory } from '../measure/process-tree.ts';
import { createScratchDatabases, query } from '../source/scratch-databases.ts';
import { followLoad } from '../topics/follow-load.ts';
import { measureLatency } from '../topics/measure-latency.ts';
import type { Session } from '../topics/source.ts';
import { makeTopic, openArrivals } from '../topics/topic.ts';
import type { Place, RunningTool, Tool } from './tools.ts';

const LOAD = new URL('../peers/debezium/load.sql', import.meta.url);
const TABLE = 'peer_cdc';
const PER_TRANSACTION = 100;
/** Changes before a backlog, so that a tool has begun. */
const FIRST = 100;
const SENT = '(extract(epoch FROM clock_timestamp()) * 1e6)::bigint';
const UPDATE = `UPDATE ${TABLE} SET amount = amount + 1, qty = 7, sent_us = ${SENT} WHERE id = 1 + (random() * 99999)::bigint`;
const INSERT = `INSERT INTO ${TABLE} SELECT nextval('peer_cdc_id'), customer_id, status, amount, created_at, note, payload, qty, flag, ref, ${SENT}
  FROM ${TABLE} WHERE id = 7`;
const INSERT_EVERY = 5;

export interface Sizes {
  readonly changes: number;
  readonly rate: number;
  readonly seconds: number;
}

/** A number that no other measurement of this process has. */
let measured = 0;

async function prepare(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(await readFile(LOAD, 'utf8'));
  await client.end();
}

/** A database that is new, with the table that the load changes, and an empty topic. */
async function withPlace<T>(
  server: string,
  tool: Tool | null,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  const databases = await createScratchDatabases(server);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  measured += 1;
  const place = { url: databases.source, table: TABLE, topic: `side-${process.pid}-${measured}`, folder };
  try {
    await prepare(place.url);
    await makeTopic(place.topic, 1);
    await query(place.url, 'CHECKPOINT');
    return await use(place);
  } finally {
    await tool?.clean(place);
    await databases.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Single-row statements, a quarter of them inserts, a quarter deletes of these. @returns seconds */
async function load({ url }: Place, changes: number, base: number): Promise<number> {
  const beganMs = performance.now();
  await query(url, `CALL peer_load(${changes}, ${Math.min(PER_TRANSACTION, changes)}, ${base})`);
  return (performance.now() - beganMs) / 1000;
}

type Measured = Pick<Measurement, 'rows' | 'seconds' | 'cpuSeconds' | 'peakBytes' | 'extra'>;

/** What the tool's processes take while it is used. */
async function watched(
  { pid }: RunningTool,
  use: () => Promise<Omit<Measured, 'cpuSeconds' | 'peakBytes'>>,
): Promise<Measured> {
  const memory = watchMemory(pid);
  const cpuBefore = treeCpuSeconds(pid);
  try {
    const result = await use();
    return { ...result, cpuSeconds: treeCpuSeconds(pid) - cpuBefore, peakBytes: await memory.stop() };
  } finally {
    await memory.stop();
  }
}

async function live(place: Place, tool: Tool, { changes }: Sizes): Promise<Measured> {
  const running = await tool.start(place);
  const arrivals = await openArrivals(place.topic);
  try {
    return await watched(running, () => followLoad(arrivals, changes, () => load(place, changes, 0)));
  } finally {
    await arrivals.close();
    await running.stop();
  }
}

/** Seconds run from the start of the tool, which stood still while the changes were made, to the last event at a consumer. */
async function backlog(place: Place, tool: Tool, { changes }: Sizes): Promise<Measured> {
  const before = await openArrivals(place.topic);
  const first = await tool.start(place, { events: FIRST });
  await load(place, FIRST, 0);
  await before.reached(FIRST);
  await before.close();
  await first.stop();
  await load(place, changes, 10_000_000);
  await query(place.url, 'CHECKPOINT');
  const arrivals = await openArrivals(place.topic);
  const startedMs = performance.now();
  const running = await tool.start(place, { events: changes });
  try {
    const result = await watched(running, async () => {
      await arrivals.reached(changes);
      const seconds = (arrivals.lastMs() - startedMs) / 1000;
      const activeSeconds = (arrivals.lastMs() - arrivals.firstMs()) / 1000;
      return { rows: arrivals.count(), seconds, extra: { activeSeconds } };
    });
    return result;
  } finally {
    await arrivals.close();
    await running.stop();
  }
}

async function openSession(url: string): Promise<Session> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let n = 0;
  const change = async (): Promise<void> => {
    n += 1;
    await client.query(n % INSERT_EVERY === 0 ? INSERT : UPDATE);
  };
  return { change, close: () => client.end() };
}

async function latency(
  place: Place,
  tool: Tool,
  sizes: Sizes & { readonly tuned: boolean },
): Promise<Measured> {
  const { rate, seconds, tuned } = sizes;
  const running = await tool.start(place, { tuned });
  try {
    return await watched(running, async () => {
      const session = (): Promise<Session> => openSession(place.url);
      const { events, ...extra } = await measureLatency({ topic: place.topic, session, rate, seconds });
      return { rows: events, seconds, extra: { ...extra, rate } };
    });
  } finally {
    await running.stop();
  }
}

const MEASURES = {
  live,
  backlog,
  latency: (place: Place, tool: Tool, sizes: Sizes) => latency(place, tool, { ...sizes, tuned: false }),
  'latency-tuned': (place: Place, tool: Tool, sizes: Sizes) =>
    latency(place, tool, { ...sizes, tuned: true }),
} as const;

export const CASES = ['backlog', 'live', 'latency', 'latency-tuned'] as const;
export type SideCase = (typeof CASES)[number];

/** One case of one tool; `none`: the load alone, where nothing captures. */
export async function measureTool(
  server: string,
  tool: Tool | null,
  request: { readonly case: SideCase; readonly run: number; readonly sizes: Sizes },
): Promise<Measurement> {
  const { case: name, run, sizes } = request;
  const before = loadNow();
  const alone = async (place: Place): Promise<Measured> => {
    const seconds = await load(place, sizes.changes, 0);
    return { rows: sizes.changes, seconds, cpuSeconds: 0, peakBytes: 0, extra: { loadSeconds: seconds } };
  };
  const result = await withPlace(server, tool, (place) =>
    tool ? MEASURES[name](place, tool, sizes) : alone(place),
  );
  // More than once is a fault of no tool here: Debezium promises at least once.
  const ok = name.startsWith('latency') || result.rows >= sizes.changes;
  const of = tool ? tool.name : 'none';
  return { case: `debezium/${name}/${of}`, run, ok, ...result, load: [before, loadNow()], tableBytes: 0 };
}
