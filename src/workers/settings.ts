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
  /** Sites of the databases that it reads and writes; null: all of the configuration, and those without a site. */
  readonly sites: readonly string[] | null;
  /** Slices that it runs at once. */
  readonly slots: WorkerSlots;
  /** Port of /livez, /readyz and /metrics on 127.0.0.1; 0 takes a free one, null none. */
  readonly metricsPort: number | null;
  readonly logLevel: string;
  /** Time after which a slice ends by itself and the next one begins. */
  readonly sliceBudgetMs: number;
  /** Ends by itself once the workflow of this transfer is closed. */
  readonly exitWith: string | null;
}

/** How many slices of either side one process runs at once; each holds connections of its databases. */
export interface WorkerSlots {
  readonly source: number;
  readonly target: number;
}
/** Connections of one database in one process: the most readers or writers of a transfer, and a few for the ledger. */
export const MAX_CONNECTIONS = 48;

/** The queues that a worker of this role polls, and those of its sites. */
export function queuesOf(
  role: WorkerRole,
  base: string = DEFAULT_TASK_QUEUE,
  sites: readonly (string | null)[] = [null],
) {
  const queues = sites.map((site) => taskQueues(base, { source: site, target: site }));
  return {
    control: role === 'control' || role === 'all' ? taskQueues(base).control : null,
    source: role === 'source' || role === 'all' ? queues.map(({ source }) => source) : [],
    target: role === 'target' || role === 'all' ? queues.map(({ target }) => target) : [],
  };
}

/** The sites that a worker serves; null stands for databases without one. */
export const servedSites = ({
  sites,
  config,
}: Pick<WorkerSettings, 'sites' | 'config'>): readonly (string | null)[] => {
  if (sites !== null) return sites;
  const known = config.connectionNames.map((name) => config.siteOf(name)).filter((site) => site !== null);
  return [null, ...new Set(known)];
};
