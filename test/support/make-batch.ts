import { fingerprint } from '../../src/engine/wire/fingerprint.ts';
import type { Delivery, HubMessage } from '../../src/engine/ports/hub.ts';
import type { Clock } from '../../src/engine/clock.ts';
import type { Batch, BatchHeader } from '../../src/model/batch.ts';

/** A batch of lane 1 with its true fingerprint. */
export function makeBatch(changes: Partial<BatchHeader> = {}, data: Buffer = Buffer.from('1\ta\n')): Batch {
  const known = {
    transfer: 'orders',
    run: 1,
    table: 'public.orders',
    generation: 1,
    lane: 1,
    ordinal: 1,
    attempt: 1,
    epoch: '00c0ffee00c0ffee',
    n: 1,
    plan: '0123456789abcdef',
    operation: 'snapshot',
    encoding: 'text-rows',
    rows: 1,
    bytes: data.byteLength,
    first: ['1'],
    last: ['1'],
    end: null,
    ...changes,
  } as const;
  return { header: { fingerprint: fingerprint(known, data), ...known, ...changes }, data };
}

/** A hub message as a consumer hands it over; `held` counts the calls of `hold`. */
export function makeDelivery(message: HubMessage): Delivery & { held: number } {
  return {
    ...message,
    redelivered: false,
    held: 0,
    hold() {
      this.held += 1;
    },
  };
}

/** A clock that stands until it is told to go on; sleepers wake in the order of their times. */
export function createStandingClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = (): void => {
          sleepers.delete(entry);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const entry = { at: now + ms, wake };
        sleepers.add(entry);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    async advance(ms) {
      now += ms;
      for (const entry of [...sleepers].sort((a, b) => a.at - b.at)) if (entry.at <= now) entry.wake();
      await settled();
    },
  };
}

/** Resolves when no promise has anything left to do. */
export const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
