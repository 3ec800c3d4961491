import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onPath } from '../../scripts/servers/install/find-program.mjs';
import { required } from '../environment.ts';
import { query } from '../source/scratch-databases.ts';
import { startRelay, untilReady } from '../topics/relay.ts';

const SLOT = 'bench_debezium';
const PUBLICATION = 'bench_debezium';
const POLL_MS = 50;
const SLOT_TRIES = 200;

/** Where a tool reads changes, and where it puts them. */
export interface Place {
  readonly url: string;
  readonly table: string;
  readonly topic: string;
  /** A folder that all starts of one measurement share. */
  readonly folder: string;
}

export interface RunningTool {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Something that captures the changes of a table into a topic, one record each. */
export interface Tool {
  readonly name: string;
  /** Resolves once it captures. @param events  it may end by itself after so many */
  start(place: Place, options?: { readonly events?: number; readonly tuned?: boolean }): Promise<RunningTool>;
  /** Leaves nothing behind at the server. */
  clean(place: Pick<Place, 'url'>): Promise<void>;
}

export const sluice: Tool = {
  name: 'sluice',
  start: ({ url, table, topic }) => startRelay({ url, table, topic }),
  clean: () => Promise.resolve(),
};

async function dropSlot(url: string): Promise<void> {
  const drop = `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${SLOT}'`;
  for (let tries = 0; tries < SLOT_TRIES; tries += 1) {
    // Its session may still be ending.
    const dropped = await query(url, drop).then(
      () => true,
      () => false,
    );
    if (dropped) break;
    await delay(POLL_MS);
  }
  await query(url, `DROP PUBLICATION IF EXISTS ${PUBLICATION}`);
}

async function untilStreaming(url: string): Promise<void> {
  for (let tries = 0; tries < SLOT_TRIES; tries += 1) {
    const rows = await query(url, `SELECT active FROM pg_replication_slots WHERE slot_name = '${SLOT}'`);
    if (rows[0]?.[0] === 'true') return;
    await delay(POLL_MS);
  }
  throw new Error('Debezium does not stream');
}

const environment = (place: Place, events: number, tuned: boolean): Readonly<Record<string, string>> => {
  const { hostname, port, username, pathname } = new URL(place.url);
  return {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGDATABASE: pathname.slice(1),
    TABLE: `public.${place.table}`,
    TOPIC: place.topic,
    KAFKA_BOOTSTRAP: required('SLUICE_TEST_KAFKA_BROKERS'),
    OFFSETS: join(place.folder, 'offsets'),
    SLOT,
    PUBLICATION,
    EVENTS: String(events),
    IDLE_S: '600',
    ...(tuned ? { DBZ_POLL_INTERVAL_MS: '10', KP_LINGER_MS: '0' } : {}),
  };
};

/** Its embedded engine in a JVM with the settings that were found to help it here; see bench/peers/debezium. */
export const debezium = (classPath: string): Tool => ({
  name: 'debezium',
  start: async (place, { events = 0, tuned = false } = {}) => {
    const ready = join(place.folder, 'ready');
    await rm(ready, { force: true });
    const heap = ['-Xmx1g', '-Xms1g', '-XX:+UseParallelGC'];
    const logging = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
    const child = spawn(
      onPath('java') ?? 'java',
      [...heap, '-cp', classPath, logging, 'peer.Main', 'stream'],
      {
        env: { ...process.env, ...environment(place, events, tuned), READY_FILE: ready },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const exited = once(child, 'exit');
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    const stop = async (): Promise<void> => {
      // One that was told how many ends by itself then, its place stored.
      if (!hasEnded() && events === 0) child.kill('SIGTERM');
      await exited;
    };
    try {
      await untilReady(child, ready);
      await untilStreaming(place.url);
    } catch (error) {
      if (!hasEnded()) child.kill('SIGTERM');
      await exited;
      throw error;
    }
    return { pid: child.pid ?? 0, stop };
  },
  clean: ({ url }) => dropSlot(url),
});
