import type { Clock } from '../clock.ts';
import type { ChangeCapture, Lease } from '../ports/change-capture.ts';

/** A confirmation is a commit at the source; a lost one is made when the lane is opened next. */
const CONFIRM_EVERY_MS = 500;

/** What is confirmed is freed so often. */
const HOUSEKEEP_EVERY_MS = 10_000;

/**
 * Tells the source which claims are in, beside the work: one confirmation at a time, and not for every claim. Now and then frees what is
 * confirmed there.
 */
export interface ClaimConfirmer {
  /** Also again for the same claim: it is confirmed when it is due. @throws what the confirmation before failed with */
  note(claim: number): void;
  /** Confirms what is noted. */
  finish(): Promise<void>;
}

export function createConfirmer(
  changes: ChangeCapture,
  lease: Lease,
  { clock, retentionMs }: { readonly clock: Clock; readonly retentionMs: number },
): ClaimConfirmer {
  const never = new AbortController().signal;
  let noted = lease.confirmed;
  let confirmed = lease.confirmed;
  let lastMs = clock.now();
  let housekeptMs = clock.now();
  let changedMs = clock.now();
  let running: Promise<void> | null = null;
  const failures: unknown[] = [];
  const check = (): void => {
    if (failures.length > 0) throw failures[0];
  };

  /** What was confirmed last is freed when nothing comes any more, too: once more when that is due, and ever more seldom until then. */
  const isToFree = (): boolean => {
    const nowMs = clock.now();
    const quietMs = nowMs - changedMs;
    if (quietMs > 1.25 * retentionMs + 2 * HOUSEKEEP_EVERY_MS) return false;
    return nowMs - housekeptMs >= Math.max(HOUSEKEEP_EVERY_MS, quietMs / 8);
  };

  const confirm = async (): Promise<void> => {
    const claim = noted;
    lastMs = clock.now();
    if (claim === confirmed) return;
    await changes.confirm(lease, claim, never);
    confirmed = claim;
    changedMs = clock.now();
  };

  const work = async (): Promise<void> => {
    try {
      await confirm();
      if (!isToFree()) return;
      housekeptMs = clock.now();
      await changes.housekeep({ retentionMs }, never);
    } catch (error) {
      failures.push(error);
    } finally {
      running = null;
    }
  };
  return {
    note(claim) {
      check();
      noted = Math.max(noted, claim);
      const isDue = noted > confirmed && clock.now() - lastMs >= CONFIRM_EVERY_MS;
      if ((isDue || isToFree()) && !running) running = work();
    },
    async finish() {
      await running;
      check();
      if (noted > confirmed) await work();
      check();
    },
  };
}
