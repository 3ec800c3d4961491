import { Context } from '@temporalio/activity';
import type {
  Comparison,
  FinishResult,
  LiveComparison,
  PlannedSummary,
  Prepared,
  Refusal,
  TransferActivities,
} from '../../src/activities/contract.ts';
import { governed } from '../../src/activities/governed.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import { knowsSearchAttributes } from '../../src/workers/search-attributes.ts';

/** What the stand-in's ledger says of one table. */
interface StandInTable {
  generation: number;
  applied: number;
}

export interface StandInOptions {
  readonly tables: readonly string[];
  /** Units of each table: a lane is one of them. */
  readonly lanes?: number;
  readonly prepared?: Partial<Prepared>;
  /** No table has a key: each is planned in a snapshot only. */
  readonly keyless?: boolean;
  /** Each of these is a query: interrupted it begins again. */
  readonly queries?: boolean;
  /** Where alone the snapshot of that number can be read. */
  readonly snapshotQueue?: (snapshot: number) => string;
  /** Default: the server's `default`. */
  readonly namespace?: string;
}

export interface Call {
  readonly activity: keyof TransferActivities;
  readonly request: Readonly<Record<string, unknown>>;
  readonly taskQueue: string;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Time for which one unit is applied. */
const UNIT_MS = 10;
/** Time for which a message is applied that a reader left behind. */
const LEFT_BEHIND_MS = 500;
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** What `prepareTransfer` answers. */
export const standInPrepared = (tables: readonly string[]): Prepared => ({
  run: 1,
  continued: false,
  source: 'shop',
  hub: 'events',
  target: 'warehouse',
  settings: { readers: 2, writers: 4, blockBytes: 4_194_304, ratePerSecond: 0 },
  verify: 'count',
  gracePeriodMs: 100,
  reportingIntervalMs: 10_000,
  heartbeatTimeoutMs: 30_000,
  oneSnapshot: false,
  searchAttributes: false,
  tables: tables.map((id, index) => ({ id, ordinal: index + 1 })),
  warnings: [],
});

/**
 * Activities that move nothing and say everything: what the workflow asks for is in `calls`, what it is told is set by
 * the test. They run in the real wrapper, so that pauses and cancellations take the product's way.
 */
export function createStandIn(options: StandInOptions) {
  const lanes = options.lanes ?? 3;
  const ledger = new Map<string, StandInTable>();
  const calls: Call[] = [];
  const reading = new Set<string>();
  const world = {
    calls,
    ledger,
    /** Nothing is applied while it is true. */
    held: true,
    /** Thrown for these tables when they are planned, read, or compared. */
    refusals: new Map<string, SluiceError>(),
    /** Thrown for these tables only when they are read. */
    readRefusals: new Map<string, SluiceError>(),
    /** Waited for before a table is refused when it is read. */
    beforeReadRefusal: (_table: string): Promise<unknown> => Promise.resolve(),
    /** Their indexes are never done while they are in here. */
    slowIndexes: new Set<string>(),
    /** Their comparison is one statement that never ends while they are in here. */
    slowVerify: new Set<string>(),
    /** A limit is reached while they are read. */
    limited: new Set<string>(),
    /** What making indexes and foreign keys says of these. */
    finishRefusals: new Map<string, SluiceError>(),
    /** Parents of each table's foreign keys. */
    parents: new Map<string, readonly string[]>(),
    /** What comparing says, where it is not equality. */
    comparisons: new Map<string, Partial<Comparison> | (() => Partial<Comparison>)>(),
    /** What is found while changes flow, a table a slice. */
    live: [] as readonly LiveComparison[],
    /** A reader that is told to end takes so long, and leaves a message at the hub. */
    lastWordsMs: 0,
    /** Messages at the hub that a reader left behind. */
    leftBehind: 0,
    /** The next snapshot's name. */
    snapshot: 1,
    loseSnapshot: new AbortController(),
    called: (activity: Call['activity']): readonly Call[] =>
      calls.filter((call) => call.activity === activity),
    activities: {} as TransferActivities,
  };
  const note = (activity: Call['activity'], request: object): void => {
    const { taskQueue } = Context.current().info;
    calls.push({ activity, request: request as Call['request'], taskQueue });
  };
  const isEnded = (table: string): boolean => (ledger.get(table)?.applied ?? 0) >= lanes;
  const refusalOf = (table: string): Refusal | null => {
    const error = world.refusals.get(table);
    if (!error) return null;
    if (error.retry !== 'manual') throw error;
    return { table, code: error.code, message: error.message, details: error.details };
  };

  const comparisonOf = (table: string): Comparison => {
    const equal = {
      table,
      sourceRows: '100',
      targetRows: '100',
      ledgerRows: '100',
      ledgerBytes: 1_000,
      basis: 'count' as const,
      equal: true,
      drift: false,
    };
    const said = world.comparisons.get(table);
    return { ...equal, ...(typeof said === 'function' ? said() : said) };
  };

  world.activities = {
    prepareTransfer: async (request) => {
      note('prepareTransfer', request);
      return governed({ log }, async () => {
        const { client, info } = Context.current();
        const refused = world.refusals.get('');
        if (refused) throw refused;
        return {
          ...standInPrepared(options.tables),
          searchAttributes: await knowsSearchAttributes(client.connection, info.namespace),
          ...options.prepared,
        };
      });
    },
    planTables: async (request) => {
      note('planTables', request);
      return governed({ log }, async () => {
        const planned: PlannedSummary[] = [];
        const refused: Refusal[] = [];
        for (const { id, generation } of request.tables) {
          const refusal = refusalOf(id);
          if (refusal) {
            refused.push(refusal);
            continue;
          }
          if (options.keyless && request.snapshot === null) {
            const none = { lanes: 0, endedLanes: 0, estimatedRows: 1, estimatedBytes: 1, leftOut: 0 };
            planned.push({ table: id, generation: 1, ...none, needsSnapshot: true });
            continue;
          }
          const known = ledger.get(id);
          const wanted = Math.max(known?.generation ?? 1, generation ?? 1);
          if (wanted !== known?.generation) ledger.set(id, { generation: wanted, applied: 0 });
          planned.push({
            table: id,
            generation: wanted,
            lanes,
            endedLanes: ledger.get(id)?.applied ?? 0,
            estimatedRows: 100,
            estimatedBytes: 1_000,
            needsSnapshot: options.keyless ?? options.prepared?.oneSnapshot ?? false,
            leftOut: 0,
            parents: world.parents.get(id) ?? null,
            ...(options.queries && { readInOne: true }),
          });
        }
        return { planned, refused };
      });
    },
    readAndPublish: async (request) => {
      note('readAndPublish', request);
      const partial = { rows: 0, bytes: 0 };
      return governed({ log, partial: () => ({ why: 'stopped' as const, ...partial }) }, async (control) => {
        const error = world.refusals.get(request.table) ?? world.readRefusals.get(request.table);
        if (error) {
          await world.beforeReadRefusal(request.table);
          throw error;
        }
        reading.add(request.table);
        try {
          while (!control.stop.aborted && !isEnded(request.table)) {
            if (world.limited.has(request.table)) return { why: 'limit' as const, rows: 1, bytes: 10 };
            control.progress();
            await sleep(UNIT_MS);
          }
          if (control.stop.aborted && world.lastWordsMs > 0) {
            await sleep(world.lastWordsMs);
            world.leftBehind += 1;
          }
        } finally {
          reading.delete(request.table);
        }
        return {
          why: isEnded(request.table) ? ('ended' as const) : ('stopped' as const),
          rows: 1,
          bytes: 10,
        };
      });
    },
    relayToTopics: () => Promise.reject(new Error('no test moves changes to topics here')),
    loadTable: () => Promise.reject(new Error('no test loads tables into topics here')),
    relayChanges: async (request) => {
      note('relayChanges', request);
      return governed({ log, partial: () => ({ lanes: [] }) }, async (control) => {
        while (!control.stop.aborted && !request.drain) {
          control.progress();
          await sleep(UNIT_MS);
        }
        const moved = { ended: request.drain, events: 1, bytes: 10, refusal: null };
        return { lanes: (request.lanes ?? [1]).map((lane) => ({ lane, ...moved })) };
      });
    },
    readSmallTables: async (request) => {
      note('readSmallTables', request);
      const result = { ended: [] as string[], refused: [] as Refusal[], rows: 0 };
      return governed({ log, partial: () => result }, async (control) => {
        for (const table of request.tables) {
          const refusal = refusalOf(table);
          if (refusal) {
            result.refused.push(refusal);
            continue;
          }
          reading.add(table);
          while (!control.stop.aborted && !isEnded(table)) {
            control.progress();
            await sleep(UNIT_MS);
          }
          reading.delete(table);
          if (isEnded(table)) result.ended.push(table);
        }
        return result;
      });
    },
    writeBatches: async (request) => {
      note('writeBatches', request);
      const total = { refusal: null, batches: 0, rows: 0 };
      return governed({ log, partial: () => ({ why: 'stopped' as const, ...total }) }, async (control) => {
        const wanted = options.tables.filter((table) => !request.excluded.includes(table));
        while (!control.stop.aborted) {
          if (wanted.filter(isEnded).length >= request.awaited) return { why: 'drained' as const, ...total };
          await sleep(UNIT_MS);
          if (world.leftBehind > 0) {
            await sleep(LEFT_BEHIND_MS);
            world.leftBehind -= 1;
          }
          if (world.held) continue;
          for (const table of wanted) {
            const at = ledger.get(table);
            if (at && reading.has(table) && at.applied < lanes) at.applied += 1;
          }
          control.progress();
        }
        return { why: 'stopped' as const, ...total };
      });
    },
    finishTables: async (request) => {
      note('finishTables', request);
      const finished: FinishResult['finished'][number][] = [];
      return governed({ log, partial: () => ({ finished, refused: [] }) }, async (control) => {
        for (const table of request.tables) {
          // An index that takes its time, until it is told to end.
          while (world.slowIndexes.has(table) && !control.stop.aborted) {
            control.progress();
            await sleep(UNIT_MS);
          }
          if (control.stop.aborted) break;
          const refusal = world.finishRefusals.get(table);
          if (refusal) {
            const { code, message, details } = refusal;
            return { finished, refused: [{ table, code, message, details }] };
          }
          finished.push({ table, made: 1, leftOut: 0, leftOutSql: [] });
        }
        return { finished, refused: [] };
      });
    },
    verifyTables: async (request) => {
      note('verifyTables', request);
      const none = { compared: [], refused: [] };
      const isHeld = (): boolean => request.tables.some((table) => world.slowVerify.has(table));
      return governed({ log, partial: () => none }, async (control) => {
        while (isHeld() && !control.stop.aborted) {
          control.progress();
          await sleep(UNIT_MS);
        }
        return control.stop.aborted ? none : { compared: request.tables.map(comparisonOf), refused: [] };
      });
    },
    compareLive: async (request) => {
      note('compareLive', request);
      const compared = [...world.live].filter(({ table }) => table > (request.after ?? ''));
      const mine = compared.slice(0, 1);
      return governed({ log, partial: () => ({ compared: [], ended: false }) }, () =>
        Promise.resolve({ compared: mine, ended: mine.length === compared.length }),
      );
    },
    sampleProgress: async (request) => {
      note('sampleProgress', request);
      const applied = [...ledger.values()].reduce((sum, table) => sum + table.applied, 0);
      return {
        rows: applied * 10,
        bytes: applied * 100,
        backlog: {
          lost: false,
          messages: world.lastWordsMs > 0 ? world.leftBehind : Math.min(1, reading.size),
          bytes: 0,
          maxBytes: 1_000,
        },
        creditBytes: 1_000,
        tables: [],
      };
    },
    holdSnapshot: async (request) => {
      note('holdSnapshot', request);
      await governed<void>({ log, partial: () => undefined }, async (control) => {
        const { client, info } = Context.current();
        const ref = `snapshot-${world.snapshot}`;
        await client.workflow
          .getHandle(info.workflowExecution?.workflowId ?? '')
          .signal('snapshotReady', { ref, taskQueue: options.snapshotQueue?.(world.snapshot) });
        while (!control.stop.aborted) {
          if (world.loseSnapshot.signal.aborted) {
            world.loseSnapshot = new AbortController();
            world.snapshot += 1;
            throw new SluiceError('source.snapshot_lost', 'the snapshot is gone');
          }
          control.progress();
          await sleep(UNIT_MS);
        }
      });
    },
    cleanUp: async (request) => {
      note('cleanUp', request);
      return [];
    },
  };
  return world;
}
export type StandIn = ReturnType<typeof createStandIn>;
