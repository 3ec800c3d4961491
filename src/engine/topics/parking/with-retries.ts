import type { Clock } from '../../clock.ts';
import type { ChangeCapture } from '../../ports/change-capture.ts';
import type { EventParking, RetryPolicy } from '../../ports/event-parking.ts';

/** While something is set apart the source is asked so often whether one of it is due, or a person wants it tried. */
const LOOK_EVERY_MS = 1_000;

/** Seals claims of what is set apart before those of what is pending, once they are due. */
export function withRetries(
  changes: ChangeCapture,
  retries: {
    readonly parking: EventParking;
    readonly policy: RetryPolicy;
    readonly clock: Clock;
    readonly isAnyParked: () => boolean;
  },
): ChangeCapture {
  const { parking, policy, clock, isAnyParked } = retries;
  let lookedMs = Number.NEGATIVE_INFINITY;
  return {
    ...changes,
    async seal(lease, limits, signal) {
      if (isAnyParked() && clock.now() - lookedMs >= LOOK_EVERY_MS) {
        const claim = await parking.seal(lease, { limits, policy }, signal);
        if (claim !== null) return claim; // there may be more
        lookedMs = clock.now();
      }
      return changes.seal(lease, limits, signal);
    },
  };
}
