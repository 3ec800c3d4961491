import type { DriftKind } from '../model/drift.ts';
import type { ParkedCounts } from '../model/quarantine.ts';

/** Why a lane is read again; `restored`: the target stands before what it had taken already. */
export type ReopenReason = 'gap' | 'stream-lost' | 'messages-lost' | 'restored';

/** Where the engine tells what it did; the worker makes metrics of it. Never keys or values (invariant 1). */
export interface Observer {
  published(table: string, rows: number, bytes: number): void;
  applied(table: string, rows: number, bytes: number, seconds: number): void;
  /** A delivery that was not applied, and why. */
  notApplied(table: string, outcome: 'dropped' | 'later' | 'failed'): void;
  reopened(table: string, why: ReopenReason): void;
  /** Share of the credit in use, 0 to 1. */
  window(table: string, used: number): void;
  writers(busy: number, of: number): void;
  /** So many changes more found the target's rows otherwise than they take for granted, and were applied. */
  drift?(table: string, kind: DriftKind, times: number): void;
  /** Changes of the transfer that are set apart now. */
  parked?(counts: ParkedCounts): void;
}

export const silentObserver: Observer = {
  published: () => undefined,
  applied: () => undefined,
  notApplied: () => undefined,
  reopened: () => undefined,
  window: () => undefined,
  writers: () => undefined,
};
