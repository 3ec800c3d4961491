import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { bundleSource } from '../../src/databases/sqlite/connections/thread-entry.ts';
import { captureOf } from '../../src/engine/planning/changes-of-transfer.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { type ChangeChecks, changeChecks, WATCH_LISTS } from './change-checks.ts';
import { uniqueName } from './databases.ts';
import { eventually } from './eventually.ts';
import type { ArmedFailpoint } from './failpoints.ts';
import type { FollowMessage, FollowNews, FollowOrder, Planned } from './follow-process.ts';
import { LOADS } from './load-products.ts';
import { servers } from './servers.ts';
import { POSTGRESQL, type StageDatabase } from './stage-databases.ts';
import { TEST_OPTIONS } from './postgresql-harness.ts';

/** Longer than anything takes on a machine that does much else. */
const PATIENCE_MS = 180_000;

const never = (): AbortSignal => new AbortController().signal;

/** What is wanted of a process; the rest the stage knows. */
type FollowWish = Pick<FollowOrder, 'execution' | 'phase' | 'planned'> &
  Partial<Pick<FollowOrder, 'source' | 'spec'>>;

/** A process that follows the changes; see follow-process.ts. */
export interface Follower {
  go(order: FollowWish): void;
  /** Once all is planned. */
  planned(): Promise<Planned>;
  /** It fails there, once. Resolves when it has come there; with `kill`, when it is dead. */
  failAt(failpoint: ArmedFailpoint): Promise<void>;
  /** The code of what stops it until a person has mended it. */
  refused(): Promise<string>;
  /** It has come to the end of its order by itself. */
  ended(): Promise<void>;
  kill(): Promise<void>;
  wake(): void;
}

/** Two PostgreSQL databases with the same rows, of which one follows the changes of the other. */
export interface FollowStage extends ChangeChecks {
  readonly source: StageDatabase;
  readonly target: StageDatabase;
  /** The next process: it has begun already, and waits for its order. */
  follower(): Follower;
  /** Installs and deploys the capture at another source. */
  deploy(url: string): Promise<void>;
  /** What changes now arrives. */
  arrives(): Promise<void>;
  /** Lanes at the source of which something is sealed and not confirmed. */
  unconfirmed(): Promise<readonly number[]>;
  /** Times that a list of the target became something else than a longer one. */
  listFaults(): Promise<number>;
  close(): Promise<void>;
}

/** Of the transfer, unless it is said. */
export const FOLLOW_SPEC = {
  source: 'source',
  hub: 'hub',
  target: 'target',
  mode: 'changes',
  tables: { 'public.*': {} },
  changes: { claimEvents: 50, lanes: 2, quarantine: { retryAfter: '200ms', tries: 20 } },
} as const satisfies TransferSpec;

const gone = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

function startFollower(
  known: Omit<FollowOrder, 'execution' | 'phase' | 'planned'>,
): Follower & { child: ChildProcess } {
  const script = bundleSource(new URL('./follow-process.ts', import.meta.url));
  const child = fork(script, { execArgv: [] });
  const heard: FollowNews[] = [];
  child.on('message', (news: FollowNews) => heard.push(news));
  const tell = (message: FollowMessage): void => void child.send(message);
  const hear = <T>(
    what: string,
    find: (news: FollowNews) => T | null,
  ): Promise<NonNullable<Exclude<T, false>>> =>
    eventually(
      what,
      () => {
        const found = heard.map(find).find((each) => each !== null);
        if (found === undefined && child.exitCode !== null)
          throw new Error(`it ended with ${child.exitCode}`);
        return found;
      },
      PATIENCE_MS,
    );
  return {
    child,
    go: (order) => tell({ order: { ...known, ...order } }),
    planned: () => hear('it has planned', (news) => ('planned' in news ? news.planned : null)),
    failAt: async (failpoint) => {
      tell({ arm: failpoint });
      const { name, how } = failpoint;
      await hear(`${name}: ${how}`, (news) =>
        'met' in news && news.met.name === name && news.met.how === how ? true : null,
      );
      if (how === 'kill') await gone(child);
    },
    refused: () => hear('it is refused', (news) => ('refused' in news ? news.refused : null)),
    ended: async () => {
      await hear('it has come to its end', (news) => ('ended' in news ? true : null));
      await gone(child);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone(child);
    },
    wake: () => void child.kill('SIGCONT'),
  };
}

/** Installs the capture, and deploys triggers on all tables. */
async function deployAt(url: string) {
  const opened = await postgresql.open(postgresql.parseUrl(url, {}), TEST_OPTIONS);
  const { triggers, changes } = captureOf(opened, CAPTURE_DEFAULTS);
  await triggers.install(never());
  const names = (await opened.introspector.listTables(never())).map(({ table }) => table);
  const described = await opened.introspector.describeTables(names, never());
  await triggers.deploy(
    described.map((table) => ({ table, spec: {} })),
    never(),
  );
  return { opened, changes };
}

/** @param sourceServer  default: the one that all tests share, as for the target */
export async function createFollowStage(sourceServer = servers().postgresUrl): Promise<FollowStage> {
  const [source, target] = await Promise.all([
    POSTGRESQL.create(sourceServer),
    POSTGRESQL.create(servers().postgresUrl),
  ]);
  const tables = LOADS.postgresql.tables.join(';');
  await source.query(tables);
  // As a person is told to make it: nothing cascades at a target.
  await target.query(`${tables}; ALTER TABLE children DROP CONSTRAINT children_parent_fkey; ${WATCH_LISTS}`);
  const { opened, changes } = await deployAt(source.url);
  const transfer = uniqueName('transfer');
  const known = {
    source: source.url,
    target: target.url,
    hub: servers().natsUrl,
    transfer,
    spec: FOLLOW_SPEC,
  };
  const followers = [startFollower(known)];
  let marker = 1_000;
  return {
    source,
    target,
    ...changeChecks(source, target),
    follower: () => {
      const next = followers.at(-1);
      followers.push(startFollower(known));
      if (!next) throw new Error('there is none');
      return next;
    },
    deploy: async (url) => {
      await (await deployAt(url)).opened.close();
    },
    arrives: async () => {
      const id = (marker += 1);
      await source.query(`INSERT INTO accounts VALUES (${id}, 0)`);
      await eventually(
        'what changed is there',
        async () => (await target.cell(`SELECT 1 FROM accounts WHERE id = ${id}`)) === '1',
        PATIENCE_MS,
      );
    },
    unconfirmed: async () => {
      const lanes = await changes.lanes(transfer, never());
      const leases = await Promise.all(lanes.map(({ lane }) => changes.lease({ transfer, lane }, never())));
      return leases.filter(({ sealed, confirmed }) => confirmed < sealed).map(({ lane }) => lane);
    },
    listFaults: async () => Number(await target.cell('SELECT count(*) FROM list_faults')),
    close: async () => {
      await Promise.all(followers.map((each) => each.kill()));
      await opened.close();
      await source.drop();
      await target.drop();
    },
  };
}
