import type { TableProgress } from '../ports/ledger.ts';
import type { Database } from '../ports/dialect.ts';

/** What the ledger may hold of a run when no more is read; absent: no limit. */
export interface ReadUntil {
  readonly rows?: number;
  readonly bytes?: number;
}

/** Smaller portions would cost more statements than they are worth. */
const LEAST_PORTION = 10_000;

/**
 * What the readers of one slice may still read together. Rows are taken before they are read, in portions, so that never more
 * are read; bytes are known only afterwards: each reader may read one block more than was left. `inOne`: no portions, for what
 * cannot be read on.
 */
export function createReadBudget(left: ReadUntil, readers: number, inOne = false) {
  let rows = left.rows ?? Infinity;
  let bytes = left.bytes ?? Infinity;
  return {
    /** How many rows may be read now; 0: none. */
    takeRows(wished: number): number {
      if (bytes <= 0) return 0;
      if (rows === Infinity) return wished;
      const portion = Math.max(LEAST_PORTION, Math.ceil(rows / (2 * readers)));
      const taken = Math.min(wished, rows, inOne ? Infinity : portion);
      rows -= taken;
      return taken;
    },
    /** Rows that were taken and are not there. */
    giveRows(unread: number): void {
      rows += unread;
    },
    spendBytes(read: number): void {
      bytes -= read;
    },
    isSpent: (): boolean => rows <= 0 || bytes <= 0,
    bytesLeft: (): number => bytes,
  };
}
export type ReadBudget = ReturnType<typeof createReadBudget>;

export const summed = (tables: readonly TableProgress[]): Required<ReadUntil> => ({
  rows: tables.reduce((sum, table) => sum + table.rows, 0),
  bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
});

/**
 * What is left of a limit, by the ledger alone (invariant 4): whatever was published before, by whomever, and is not in it
 * yet can never come into it any more, for every lane that somebody had opened is fenced first.
 */
export async function fenceAndCount(
  ledger: Database['ledger'],
  { transfer, run }: { readonly transfer: string; readonly run: number },
  until: ReadUntil,
  signal: AbortSignal,
): Promise<ReadUntil> {
  for (const { table, lanes, endedLanes } of await ledger.progress(transfer, run, signal)) {
    if (endedLanes === lanes) continue;
    for (const { generation, lane, ended, epoch } of await ledger.lanes(transfer, run, table, signal))
      if (!ended && epoch !== '') await ledger.openLane({ transfer, run, table, generation, lane }, signal);
  }
  const held = summed(await ledger.progress(transfer, run, signal));
  return {
    ...(until.rows !== undefined && { rows: Math.max(0, until.rows - held.rows) }),
    ...(until.bytes !== undefined && { bytes: Math.max(0, until.bytes - held.bytes) }),
  };
}
