import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { bundleSource } from '../../src/databases/sqlite/connections/thread-entry.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { RetryPolicy } from '../../src/engine/ports/event-parking.ts';
import { relayToTopics, type TopicsRelayResult } from '../../src/engine/topics/relay-to-topics.ts';
import { loadHubKind } from '../../src/hubs/index.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { DEFAULTS } from '../../src/model/transfer-spec.ts';
import type { TopicsSpec } from '../../src/model/topics-spec.ts';
import { createPostgresDatabase, type TestDatabase, uniqueName } from './databases.ts';
import { TEST_OPTIONS } from './postgresql-harness.ts';
import type { RelayOrder } from './relay-process.ts';
import { servers } from './servers.ts';

const never = (): AbortSignal => new AbortController().signal;

export type Capture = ReturnType<NonNullable<Database['capture']>>;

export interface RelayOptions {
  readonly stop?: AbortSignal;
  /** Of a claim. */
  readonly events?: number;
  /** Left out: caught-up. */
  readonly until?: 'caught-up' | undefined;
  readonly progress?: () => void;
  /** Left out: what is refused stops the lane. */
  readonly quarantine?: RetryPolicy;
  readonly anew?: boolean;
}

/** A captured PostgreSQL database, whose changes go out to the topics of a hub. */
export interface RelayStage {
  readonly database: TestDatabase;
  readonly capture: Capture;
  readonly transfer: string;
  /** Numbers of the captured tables. */
  readonly tables: readonly number[];
  /** In this process, until nothing is pending; signals end it before. */
  relay(topics: TopicsSpec, options?: RelayOptions): Promise<TopicsRelayResult>;
  /** The capture as it was, installed anew: whatever it had recorded is gone. */
  reinstall(): Promise<void>;
  /** In a process of its own. */
  start(topics: TopicsSpec, order?: Partial<RelayOrder>): ChildProcess;
  close(): Promise<void>;
}

export async function createRelayStage(hubUrl: string, sql: string): Promise<RelayStage> {
  const database = await createPostgresDatabase(servers().postgresUrl);
  await database.query(sql);
  const source = await postgresql.open(postgresql.parseUrl(database.url, {}), TEST_OPTIONS);
  if (!source.capture) throw new Error('no capture');
  const capture = source.capture(CAPTURE_DEFAULTS);
  const transfer = uniqueName('transfer');
  const install = async (): Promise<readonly number[]> => {
    await capture.triggers.install(never());
    const names = (await source.introspector.listTables(never())).map(({ table }) => table);
    const described = await source.introspector.describeTables(names, never());
    await capture.triggers.deploy(
      described.map((table) => ({ table, spec: {} })),
      never(),
    );
    const numbers = (await capture.triggers.captured(never())).map(({ number }) => number);
    await capture.changes.register(transfer, [{ lane: 1, tables: numbers }], never());
    return numbers;
  };
  const tables = await install();
  const kind = await loadHubKind(new URL(hubUrl).protocol.slice(0, -1));
  const hub = await kind.open(kind.parseUrl(hubUrl, {}), { applicationName: 'relay stage' });
  const children: ChildProcess[] = [];
  return {
    database,
    capture,
    transfer,
    tables,
    relay: (topics, options = {}) => {
      const { stop = never(), events = 500, progress = () => undefined, quarantine, anew = false } = options;
      if (!hub.topicSink) throw new Error('no sink');
      return relayToTopics(
        { source: capture, sink: hub.topicSink },
        {
          transfer,
          lane: 1,
          tables,
          topics,
          until: 'until' in options ? options.until : 'caught-up',
          limits: { events, bytes: DEFAULTS.claimBytes },
          quarantine,
          anew,
        },
        { stop, overdue: () => false, progress },
      );
    },
    reinstall: async () => {
      await capture.triggers.uninstall(never());
      await install();
    },
    start: (topics, order = {}) => {
      const given: RelayOrder = {
        source: database.url,
        hub: hubUrl,
        transfer,
        tables,
        topics,
        events: 500,
        ...order,
      };
      const script = bundleSource(new URL('./relay-process.ts', import.meta.url));
      const child = fork(script, [JSON.stringify(given)], { execArgv: [] });
      children.push(child);
      return child;
    },
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(gone));
      await hub.topicSink?.forget({ transfer, lane: 1 }, never());
      await hub.close();
      await source.close();
      await database.drop();
    },
  };
}

/** @returns the signal that ended it, or its exit code */
export async function gone(child: ChildProcess): Promise<string | number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode ?? child.exitCode;
}
