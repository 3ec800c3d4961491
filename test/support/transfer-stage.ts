import { expect } from 'vitest';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import type { TransferReport } from '../../src/workflows/messages.ts';
import { servers } from './servers.ts';
import { keepReserve } from './reserve.ts';
import { POSTGRESQL, type StageDatabase, type StageProduct } from './stage-databases.ts';
import { createWorld, type TransferWorld, type WorldOptions } from './transfer-world.ts';

export interface StageOptions {
  /** Of both ends; default: PostgreSQL. Another one needs `server`. */
  readonly product?: StageProduct;
  /** Server of both databases; default: the one that all tests share. */
  readonly server?: string;
  /** How the worker reaches the target, when it is not by its own URL: through a proxy. */
  readonly throughTarget?: (url: string) => string;
  readonly hub?: WorldOptions['hub'];
  readonly temporalAddress?: string;
  readonly sliceBudget?: string;
  /** Rows of the table with a number as its key; the two others have half of it. */
  readonly rows?: number;
  readonly spec?: Partial<TransferSpec>;
  /** Rows are kept back for what is still to come (reserve.ts); `endsEqual` lets go of them. */
  readonly reserve?: boolean;
}

/** A transfer of three tables that is slow enough to be disturbed in its middle. */
export interface Stage {
  readonly source: StageDatabase;
  readonly target: StageDatabase;
  readonly world: TransferWorld;
  readonly rows: number;
  /** Rows that transactions of the target have committed, all generations together. */
  applied(): Promise<number>;
  /** Waits until so many more rows are committed than were when it was called. */
  moves(rows: number, timeoutMs?: number): Promise<void>;
  /** Lets rows flow while the work waits for something that needs them; `moves` does so itself. */
  flowing<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until no row was committed for a few seconds. */
  standsStill(): Promise<void>;
  /** Lifts the rate, waits for the end by itself and compares both sides. */
  endsEqual(timeoutMs?: number): Promise<TransferReport>;
  close(): Promise<void>;
}

const TABLES = ['orders', 'events', 'shelves'] as const;

const STILL_MS = 4_000;

/** Slow enough for several faults, with many batches: a block has a hundred rows. */
export const SPEC = {
  tables: { 'public.*': {} },
  read: { rowsPerRange: 5_000, blockBytes: 16_384, creditBytes: 1_048_576, readers: 3 },
  limits: { ratePerSecond: 3_000 },
  completion: { verify: 'checksum', gracePeriod: '1s' },
  recovery: { heartbeatTimeout: '5s' },
  reportingInterval: '1s',
} as const satisfies Partial<TransferSpec>;

/** Each row of each table is at the target once: counts and digests of whole rows are the same on both sides. */
export async function expectEqualSides(
  source: StageDatabase,
  target: StageDatabase,
  tables: readonly string[] = TABLES,
): Promise<void> {
  const digests = async (database: StageDatabase) =>
    Object.fromEntries(
      await Promise.all(tables.map(async (table) => [table, await database.digest(table)] as const)),
    );
  expect(await digests(target)).toEqual(await digests(source));
}

export async function createStage(options: StageOptions = {}): Promise<Stage> {
  const product = options.product ?? POSTGRESQL;
  const server = options.server ?? servers().postgresUrl;
  const rows = options.rows ?? 40_000;
  const source = await product.create(server);
  const target = await product.create(server);
  await product.fill(source, rows);
  const spec = { ...SPEC, tables: { [product.pattern]: {} }, ...options.spec };
  const world = await createWorld({
    source: source.url,
    target: options.throughTarget?.(target.url) ?? target.url,
    ...(options.hub === undefined ? {} : { hub: options.hub }),
    ...(options.temporalAddress === undefined ? {} : { temporalAddress: options.temporalAddress }),
    ...(options.sliceBudget === undefined ? {} : { sliceBudget: options.sliceBudget }),
    spec,
  });
  const { applied } = target;
  const ratePerSecond = spec.limits.ratePerSecond ?? 0;
  const reserve =
    options.reserve === true ? keepReserve({ world, applied, rows: 2 * rows, ratePerSecond }) : null;
  const flowing: Stage['flowing'] = (work) => (reserve === null ? work() : reserve.flowing(work));
  return {
    source,
    target,
    world,
    rows: 2 * rows,
    applied,
    moves: async (more, timeoutMs) => {
      let before: number | undefined;
      const haveMoved = async () => {
        const now = await applied();
        before ??= now;
        return now >= before + more;
      };
      await flowing(() => world.eventually(`${more} more rows are applied`, haveMoved, timeoutMs));
    },
    flowing,
    standsStill: async () => {
      let last = { applied: -1, atMs: 0 };
      await world.eventually('nothing moves', async () => {
        const now = await applied();
        if (now !== last.applied) last = { applied: now, atMs: performance.now() };
        return performance.now() - last.atMs > STILL_MS;
      });
    },
    endsEqual: async (timeoutMs) => {
      await reserve?.end();
      await world.change({ ratePerSecond: 0, blockBytes: 262_144 });
      const report = await world.result(timeoutMs);
      expect(report).toMatchObject({ phase: 'finished', rows: 2 * rows, compared: 3, equal: 3, skipped: 0 });
      await expectEqualSides(source, target);
      return report;
    },
    close: async () => {
      await world.close();
      await reserve?.end();
      await source.drop();
      await target.drop();
    },
  };
}
