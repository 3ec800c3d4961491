import type { TransferSpec } from '../../../src/model/transfer-spec.ts';
import type { Fate } from '../activities.ts';
import type { HubStateOptions } from '../hub.ts';
import { createRandom } from '../random.ts';
import type { ApplicationOptions } from './application.ts';

/** Everything that the seed decides before the first step. */
export interface ChangesScenario {
  /** Changes go to a target, to topics, or to both by two transfers. */
  readonly toTarget: boolean;
  readonly toTopics: boolean;
  /** Rows are copied one after the other while they change, and changes applied behind them. */
  readonly copies: boolean;
  readonly transactionalTopics: boolean;
  readonly application: ApplicationOptions;
  readonly spec: TransferSpec;
  readonly claimEvents: number;
  readonly retentionMs: number;
  readonly hub: HubStateOptions;
  readonly fate: Fate;
  readonly faultRate: number;
  /** Losses of the hub, and slices that are stopped or taken for dead. */
  readonly disturbances: number;
  /** How often the target goes back to a backup. */
  readonly restores: number;
  /** Workflows that are terminated before the one that ends. */
  readonly terminated: number;
  readonly writerSlices: number;
  /** The target refuses rows of keys up to this one, until then. */
  readonly refusal: { readonly uptoKey: number; readonly untilMs: number } | null;
  readonly calmAfterMs: number;
}

export function createChangesScenario(seed: number): ChangesScenario {
  const random = createRandom(seed);
  const ways = random.pick(['target', 'topics', 'both'] as const);
  const restores = ways !== 'topics' && random.chance(0.25) ? random.int(1, 2) : 0;
  const claimEvents = random.int(1, 8);
  const isQuiet = random.chance(0.1);
  const keys = random.int(1, 6);
  const isRefusing = ways !== 'topics' && random.chance(0.5);
  const forMs = isRefusing ? 3_000 : random.pick([300, 1_000, 4_000]);
  return {
    toTarget: ways !== 'topics',
    toTopics: ways !== 'target',
    copies: random.chance(0.5),
    transactionalTopics: random.chance(0.6),
    application: {
      sessions: random.int(1, 5),
      tables: random.pick([[1], [1, 2]]),
      keys,
      mostPauseMs: random.pick([2, 30, 400]),
      forMs,
    },
    spec: {
      source: 'shop',
      hub: 'events',
      target: 'warehouse',
      mode: 'changes',
      tables: { '*': {} },
      changes: { claimEvents, quarantine: { retryAfter: '300ms', tries: 20 } },
      write: { mode: 'upsert', writers: random.int(1, 3) },
      read: {
        readers: 1,
        blockBytes: random.pick([60, 200, 2_000]),
        blockRows: 1_000,
        creditBytes: random.pick([300, 1_000, 10_000]),
      },
    },
    claimEvents,
    // What a target that was restored is to read again must still be there.
    retentionMs: restores > 0 ? 3_600_000 : random.pick([0, 0, 1_000]),
    hub: {
      maxMessageBytes: random.int(150, 600),
      publishMs: random.int(0, 10),
      duplicateWindowMs: random.pick([500, 7_200_000]),
      disorder: isQuiet ? 0 : random.pick([0, 0.1, 0.5]),
    },
    fate: {
      isQuiet,
      zombiesOnly: false,
      mostSleepMs: null,
      killRate: isQuiet ? 0 : random.pick([0, 0.2, 0.5]),
      freezeRate: isQuiet ? 0 : random.pick([0, 0.2, 0.4]),
    },
    faultRate: isQuiet ? 0 : random.pick([0, 0.005, 0.03]),
    disturbances: isQuiet ? 0 : random.pick([0, 2, 5]),
    restores,
    terminated: random.pick([0, 0, 1, 2]),
    writerSlices: random.pick([1, 1, 2]),
    refusal: isRefusing ? { uptoKey: random.int(1, keys), untilMs: random.int(500, 6_000) } : null,
    calmAfterMs: random.int(5_000, 20_000),
  };
}
