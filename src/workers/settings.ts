import type { Config } from '../model/config.ts';
import type { TemporalAccess } from '../model/temporal-access.ts';
import { DEFAULT_TASK_QUEUE, taskQueues } from '../workflows/messages.ts';

/** What a worker process does: workflows and quick steps, reading near the source, writing near the target, or all. */
export const WORKER_ROLES = ['control', 'source', 'target', 'all'] as const;
export type WorkerRole = (typeof WORKER_ROLES)[number];

export interface WorkerSettings {
  readonly temporal: TemporalAccess;
  readonly config: Config;
  readonly role: WorkerRole;
  /** Port of /livez, /readyz and /metrics on 127.0.0.1; 0 takes a free one, null none. */
  readonly metricsPort: number | null;
  readonly logLevel: string;
  /** Time after which a slice ends by itself and the next one begins. */
  readonly sliceBudgetMs: number;
  /** Ends by itself once the workflow of this transfer is closed. */
  readonly exitWith: string | null;
}

/** Readers and writers that one process runs at once; each holds connections of its databases. */
export const MAX_SOURCE_SLICES = 40;
export const MAX_TARGET_SLICES = 16;
/** Connections of one database in one process: the most readers or writers of a transfer, and a few for the ledger. */
export const MAX_CONNECTIONS = 48;

/** The queues that a role polls. */
export function queuesOf(role: WorkerRole, base: string = DEFAULT_TASK_QUEUE) {
  const queues = taskQueues(base);
  return {
    control: role === 'control' || role === 'all' ? queues.control : null,
    source: role === 'source' || role === 'all' ? queues.source : null,
    target: role === 'target' || role === 'all' ? queues.target : null,
  };
}
