import { describe, expect, test } from 'vitest';
import type { ChangeCapture, Lease } from '../../src/engine/ports/change-capture.ts';
import { wholeEnd } from '../support/whole-end.ts';
import { seeds } from '../support/seeds.ts';
import type { ChangesFixture, ChangesPlace, TestWriter } from './changes-fixture.ts';
import { eventsOf, LANE, sealAll, sealOne, textOf, TRANSFER, WIDE } from './changes-steps.ts';
import { never, random } from './test-tables.ts';

const SEEDS = 6;
const WRITERS = 5;
const ROUNDS = 8;
const STEPS = 40;

const wholeOf = (events: number) => ({
  events,
  bytes: WIDE.bytes,
  whole: { events: 2 * events, bytes: 2 * WIDE.bytes },
});

type Draw = (below: number) => number;

/** An application's session, whose transactions have names of their own. */
class Session {
  /** Of the open transaction. */
  #rows: number[] = [];
  #isOpen = false;
  #transactions = 0;
  readonly #name: string;
  readonly #writer: TestWriter;
  readonly #draw: Draw;
  readonly #committed: Map<number, string>;

  /** @param committed  by row the transaction that made it, once it is committed */
  constructor(name: string, writer: TestWriter, draw: Draw, committed: Map<number, string>) {
    this.#name = name;
    this.#writer = writer;
    this.#draw = draw;
    this.#committed = committed;
  }

  /** Inserts rows of its own and changes them, in one of two tables, and now and then ends its transaction. */
  async step(nextRow: () => number): Promise<void> {
    if (!this.#isOpen) await this.#writer.begin();
    this.#isOpen = true;
    const table = this.#draw(2) === 0 ? 'a' : 'b';
    const count = this.#draw(8) === 0 ? 1 + this.#draw(40) : 1 + this.#draw(3);
    const rows = Array.from({ length: count }, nextRow);
    await this.#writer.insert(table, rows);
    if (this.#draw(3) === 0) await this.#writer.bump(table, rows[0]!);
    this.#rows.push(...rows);
    if (this.#draw(3) === 0) await this.end();
  }

  async end(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#transactions += 1;
    const rows = this.#rows.splice(0);
    if (this.#draw(6) === 0) {
      await this.#writer.rollback();
      return;
    }
    await this.#writer.commit();
    for (const row of rows) this.#committed.set(row, `${this.#name} ${this.#transactions}`);
  }
}

/** Rows of the events of each claim, all that are pending while nobody commits. */
async function takeClaims(
  changes: ChangeCapture,
  lease: Lease,
  limit: number,
): Promise<readonly (readonly { readonly row: number; readonly n: number }[])[]> {
  const claims: { readonly row: number; readonly n: number }[][] = [];
  for (const claim of await sealAll(changes, lease, wholeOf(limit))) {
    const events = eventsOf(await textOf(changes, lease, { claim, blockBytes: 1_000 }));
    claims.push(
      events.map((event) => {
        const { id, n } = JSON.parse(event.new!) as { readonly id: number; readonly n: number };
        return { row: id, n };
      }),
    );
  }
  return claims;
}

/** Claims of a source that tells its transactions apart: none is cut unless it cannot be helped. */
export function describeWholeClaims(fixture: ChangesFixture): void {
  const inPlace = async (
    work: (at: {
      readonly place: ChangesPlace;
      readonly changes: ChangeCapture;
      readonly lease: Lease;
    }) => Promise<void>,
  ): Promise<void> => {
    const place = await fixture.place();
    try {
      const changes = await place.open();
      const tables = [await place.captureTable('a'), await place.captureTable('b')];
      await changes.register(TRANSFER, [{ lane: 1, tables }], never());
      await work({ place, changes, lease: await changes.lease(LANE, never()) });
    } finally {
      await place.drop();
    }
  };

  describe('claims of whole transactions', () => {
    test('have as many as fit, be it that transactions of one session follow each other', () =>
      inPlace(async ({ place, changes, lease }) => {
        const writer = await place.writer();
        for (let transaction = 0; transaction < 6; transaction += 1) {
          await writer.begin();
          for (const row of [1, 2, 3]) await writer.insert('a', [10 * transaction + row]);
          await writer.commit();
        }
        const claims = await takeClaims(changes, lease, 7);
        expect(claims.map(({ length }) => length)).toEqual([6, 6, 6]);
        await writer.insert('a', [100, 101, 102, 103]); // a statement is a transaction
        await writer.insert('b', [104, 105, 106, 107]);
        expect((await takeClaims(changes, lease, 5)).map(({ length }) => length)).toEqual([4, 4]);
      }));

    test('are the rest of one that was cut, and then whole again', () =>
      inPlace(async ({ place, changes, lease }) => {
        const writer = await place.writer();
        await writer.insert(
          'a',
          Array.from({ length: 12 }, (_, row) => row),
        );
        await writer.begin();
        await writer.insert('b', [1, 2]);
        await writer.insert('b', [3, 4]);
        await writer.commit();
        const large = await sealOne(changes, lease, wholeOf(4));
        expect(eventsOf(await textOf(changes, lease, { claim: large }))).toHaveLength(4);
        const rest = await takeClaims(changes, lease, 4);
        expect(rest.map((claim) => claim.length)).toEqual([8, 4]);
      }));

    test.each(seeds(SEEDS))(
      'end as the rule says, whatever overlaps, is open for long or rolled back, seed %d',
      (seed) =>
        inPlace(async ({ place, changes, lease }) => {
          const next = random(seed);
          const draw: Draw = (below) => Math.floor(next() * below);
          const committed = new Map<number, string>();
          const sessions: Session[] = [];
          for (let at = 0; at < WRITERS; at += 1)
            sessions.push(new Session(`${at}`, await place.writer(), draw, committed));
          let rows = 0;
          const seen = new Map<number, number>();
          for (let round = 1; round <= ROUNDS; round += 1) {
            for (let step = 0; step < STEPS; step += 1)
              await sessions[draw(WRITERS)]!.step(() => (rows += 1));
            if (round === ROUNDS) for (const session of sessions) await session.end();
            const limit = 2 + draw(25);
            const claims = await takeClaims(changes, lease, limit);
            let pending = claims.flat().map(({ row }) => committed.get(row) ?? 'not committed');
            expect(pending).not.toContain('not committed');
            for (const { length } of claims) {
              expect(length).toBe(wholeEnd(pending, limit));
              pending = pending.slice(length);
            }
            for (const { row, n } of claims.flat()) {
              expect(n).toBe((seen.get(row) ?? -1) + 1);
              seen.set(row, n);
            }
          }
          expect([...seen.keys()].toSorted((a, b) => a - b)).toEqual(
            [...committed.keys()].toSorted((a, b) => a - b),
          );
        }),
    );
  });
}
