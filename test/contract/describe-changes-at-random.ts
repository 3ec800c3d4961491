import { describe, expect, test } from 'vitest';
import type { ChangeCapture, ClaimLimits, Lease } from '../../src/engine/ports/change-capture.ts';
import { seeds } from '../support/seeds.ts';
import type { ChangesFixture, ChangesPlace } from './changes-fixture.ts';
import { eventsOf, LANE, textOf, TRANSFER } from './changes-steps.ts';
import { never, random } from './test-tables.ts';

const SEEDS = 6;
const WRITERS = 5;
const KEYS = 6;
const TRANSACTIONS = 30;
const PROCESSES = 3;

type Draw = (below: number) => number;
const drawing = (seed: number): Draw => {
  const next = random(seed);
  return (below) => Math.floor(next() * below);
};

/** Raises rows by 1 in transactions of any length, of which some are rolled back. @returns bumps that were committed, by row */
async function write(place: ChangesPlace, draw: Draw): Promise<ReadonlyMap<number, number>> {
  const writer = await place.writer();
  const bumps = new Map<number, number>();
  for (let time = 0; time < TRANSACTIONS; time += 1) {
    // In the order of their keys: nobody waits in a circle. The same row may be changed several times.
    const ids = Array.from({ length: 1 + draw(5) }, () => 1 + draw(KEYS)).sort((one, other) => one - other);
    await writer.begin();
    for (const id of ids) await writer.bump('a', id);
    if (draw(5) === 0) {
      await writer.rollback();
      continue;
    }
    await writer.commit();
    for (const id of ids) bumps.set(id, (bumps.get(id) ?? 0) + 1);
  }
  await writer.close();
  return bumps;
}

/** Readers, one after the other, that take the lane from each other in the middle of anything. */
class Readers {
  /** What was first read of each claim. */
  readonly claims: string[] = [];
  readonly #processes: readonly ChangeCapture[];
  readonly #draw: Draw;
  #lives = 0;
  #zombie: { readonly changes: ChangeCapture; readonly lease: Lease } | null = null;

  constructor(processes: readonly ChangeCapture[], draw: Draw) {
    this.#processes = processes;
    this.#draw = draw;
  }

  /** One that lives until it has nothing to do, or is killed. @returns whether nothing was pending at last */
  async live(steps: number): Promise<boolean> {
    this.#lives += 1;
    const changes = this.#processes[this.#lives % PROCESSES]!;
    const lease = await changes.lease(LANE, never());
    let { sealed, confirmed } = lease;
    let nothing = false;
    for (let step = 0; step < steps; step += 1) {
      await this.#wake();
      while (this.claims.length < sealed) await this.#read(changes, lease, this.claims.length + 1);
      if (sealed > confirmed && this.#draw(3) === 0) {
        confirmed += 1 + this.#draw(sealed - confirmed);
        await changes.confirm(lease, confirmed, never());
      }
      if (sealed > confirmed)
        await this.#read(changes, lease, confirmed + 1 + this.#draw(sealed - confirmed));
      if (this.#draw(3) === 0) await changes.housekeep({ retentionMs: 0 }, never());
      const limits = this.#limits();
      const claim = await changes.seal(lease, limits, never());
      nothing = claim === null;
      if (claim === null) continue;
      expect(claim).toBe(sealed + 1);
      sealed = claim;
    }
    this.#zombie = { changes, lease };
    return nothing && this.claims.length === sealed;
  }

  #limits(): ClaimLimits {
    const [events, bytes] = [1 + this.#draw(12), 200 + this.#draw(20_000)];
    const whole = { events: 2 * events, bytes: 2 * bytes };
    return { events, bytes, ...(this.#draw(2) === 0 && { whole }) };
  }

  /** Who had the lane before tries to go on. */
  async #wake(): Promise<void> {
    if (!this.#zombie || this.#draw(4) > 0) return;
    const { changes, lease } = this.#zombie;
    const lost = { code: 'capture.lease_lost' };
    await expect(changes.seal(lease, { events: 5, bytes: 1_000 }, never())).rejects.toMatchObject(lost);
    await expect(changes.confirm(lease, lease.sealed, never())).rejects.toMatchObject(lost);
  }

  async #read(changes: ChangeCapture, lease: Lease, claim: number): Promise<void> {
    const text = await textOf(changes, lease, { claim, blockBytes: 300 + this.#draw(3_000) });
    const known = this.claims[claim - 1];
    if (known === undefined) this.claims.push(text);
    else expect(text).toBe(known);
  }
}

/** Whatever writers and readers do: every committed event is in one claim, and those of a row are in the order of their commits. */
export function describeChangesAtRandom(fixture: ChangesFixture): void {
  describe('at random', () => {
    test.each(seeds(SEEDS))('every event is in one claim, in the order of its row, seed %d', async (seed) => {
      const place = await fixture.place();
      try {
        const a = await place.captureTable('a');
        const processes = await Promise.all(Array.from({ length: PROCESSES }, () => place.open()));
        const keys = Array.from({ length: KEYS }, (_, index) => index + 1);
        const first = await place.writer();
        await first.insert('a', keys);
        await first.close();
        await processes[0]!.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
        const writers = fixture.concurrentWriters ? WRITERS : 1;
        let isWriting = true;
        const writing = Promise.all(
          Array.from({ length: writers }, (_, index) => write(place, drawing(seed * 100 + index))),
        ).finally(() => {
          isWriting = false;
        });
        const draw = drawing(seed);
        const readers = new Readers(processes, draw);
        const reading = (async () => {
          while (isWriting) await readers.live(1 + draw(12));
        })();
        const [bumps] = await Promise.all([writing, reading]);
        let done = false;
        while (!done) done = await readers.live(20);

        const seen = new Map<number, number[]>();
        for (const event of readers.claims.flatMap(eventsOf)) {
          const { id, n } = JSON.parse(event.new!) as { readonly id: number; readonly n: number };
          seen.set(id, [...(seen.get(id) ?? []), n]);
        }
        for (const id of keys) {
          const committed = bumps.reduce((sum, each) => sum + (each.get(id) ?? 0), 0);
          const expected = Array.from({ length: committed }, (_, index) => index + 1);
          expect(seen.get(id) ?? []).toEqual(expected);
        }
        expect(readers.claims.length).toBeGreaterThan(2);
      } finally {
        await place.drop();
      }
    });
  });
}
