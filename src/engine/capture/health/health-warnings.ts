/**
 * What a health report may warn of. Codes are for programs, and stay; docs/how-to/capture-changes.md has the same list.
 */
export const HEALTH_WARNINGS = [
  'layout.outdated',
  'plan.failed',
  'table.refused',
  'trigger.missing',
  'trigger.changed',
  'trigger.disabled',
  'trigger.orphan',
  'trigger.lost',
  'staging.crowded',
  'staging.old',
  'transaction.long',
  'lane.stalled',
  'lane.behind',
  'load.waiting',
  'transfer.abandoned',
  'transfer.not_running',
  'transfer.warning',
  'changes.parked',
  'changes.final',
  'worker.missing',
  'temporal.unreachable',
  'hub.unreachable',
  'hub.warning',
  'target.unreachable',
  'target.warning',
] as const;
export type HealthCode = (typeof HEALTH_WARNINGS)[number];

export interface HealthWarning {
  readonly code: HealthCode;
  /** A table, a lane, a transfer, a connection: what the sentence is about. */
  readonly about: string;
  readonly message: string;
  /** A command, or what to look at. */
  readonly suggestion: string;
}

export const warn = (
  code: HealthCode,
  about: string,
  message: string,
  suggestion: string,
): HealthWarning => ({ code, about, message, suggestion });

/** From which on something is worth a warning. */
export interface HealthLimits {
  /** Partitions with events, where the database makes more as they are needed: MOVEX's number. */
  readonly partitions: number;
  /** Of an event that nobody frees, beyond the retention. */
  readonly oldEventMs: number;
  readonly openTransactionMs: number;
  /** Something waits so long, and no claim was sealed or confirmed: the same as in the status of a transfer. */
  readonly stalledMs: number;
  /** Changes move, and the oldest that waits is older. */
  readonly behindMs: number;
}

export const HEALTH_LIMITS: HealthLimits = {
  partitions: 15,
  oldEventMs: 3_600_000,
  openTransactionMs: 900_000,
  stalledMs: 60_000,
  behindMs: 300_000,
};
