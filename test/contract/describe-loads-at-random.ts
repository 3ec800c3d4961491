import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { InitialLoad, WantedLoad } from '../../src/engine/ports/initial-load.ts';
import type { ChangeEvent } from '../../src/model/change-event.ts';
import { seeds } from '../support/seeds.ts';
import { loadsIn, type LoadFixture, type LoadPlace, stageOf } from './load-fixture.ts';
import { never, random } from './test-tables.ts';

const SEEDS = 3;
const WRITERS = 4;
const LOADERS = 3;
/** Rows of which writers change only `n`, and rows of which each belongs to one writer, who removes it and makes it again. */
const SHARED = 40;
const OWN = 40;

type Draw = (below: number) => number;
const drawing = (seed: number): Draw => {
  const next = random(seed);
  return (below) => Math.floor(next() * below);
};

/** Changes rows until it is told to end. Any error is one that a load must not cause. */
async function write(
  place: LoadPlace,
  { draw, writer: at, writers }: { readonly draw: Draw; readonly writer: number; readonly writers: number },
  isEnding: () => boolean,
): Promise<number> {
  const writer = await place.writer();
  const own = Array.from({ length: OWN }, (_, n) => SHARED + 1 + n).filter((id) => id % writers === at);
  const absent = new Set<number>();
  let committed = 0;
  while (!isEnding()) {
    await writer.begin();
    // In the order of their keys: writers do not wait for each other in a circle.
    const ids = Array.from({ length: 1 + draw(4) }, () => 1 + draw(SHARED)).sort((a, b) => a - b);
    for (const id of ids) await writer.bump('a', id);
    const mine = own[draw(own.length)] ?? SHARED + 1;
    const what = absent.has(mine) ? 'insert' : draw(2) === 0 ? 'remove' : 'bump';
    if (what === 'insert') await writer.insert('a', [mine]);
    else await writer[what]('a', mine);
    if (draw(6) === 0) {
      await writer.rollback();
      continue;
    }
    await writer.commit();
    committed += 1;
    if (what === 'insert') absent.delete(mine);
    if (what === 'remove') absent.add(mine);
  }
  await writer.close();
  return committed;
}

/** Loads chunk by chunk, gives up in the middle of one now and then, and is followed by another one. */
async function load(processes: readonly InitialLoad[], wanted: WantedLoad, draw: Draw): Promise<void> {
  for (let life = 0; ; life += 1) {
    const opened = await processes[life % processes.length]!.open(wanted, never());
    for (let chunks = 1 + draw(4); chunks > 0; chunks -= 1) {
      const killed = new AbortController();
      const next = opened.next(1 + draw(9), killed.signal);
      if (draw(4) === 0) {
        await wait(draw(8));
        killed.abort();
        await next.catch(() => undefined);
        break;
      }
      const chunk = await next;
      if (chunk.state === 'done') return;
      if (chunk.state === 'held') await wait(1 + draw(5));
    }
  }
}

interface Row {
  readonly id: number;
  readonly n: number;
}

/** What is known of a row: not yet anything, that it is gone, or its `n`. */
type Known = number | 'gone' | undefined;

interface Followed {
  /** Last known state of each row. */
  readonly known: ReadonlyMap<number, Known>;
  /** Events that do not follow from what was known before. */
  readonly wrong: readonly string[];
}

/** What must have been known before an event; undefined: anything. */
function before({ operation, old, new: now }: ChangeEvent): Known {
  const nOf = (text: string | null): number => (JSON.parse(text!) as Row).n;
  if (operation === 'i') return nOf(now);
  if (operation === 'I') return 'gone';
  return nOf(old);
}

/** Follows the events of all rows. */
function follow(events: readonly ChangeEvent[]): Followed {
  const known = new Map<number, Known>();
  const loaded = new Set<number>();
  const wrong: string[] = [];
  for (const event of events) {
    const { operation, old, new: now } = event;
    const { id } = JSON.parse((now ?? old)!) as Row;
    const state = known.get(id);
    const wanted = before(event);
    if (state !== undefined && state !== wanted)
      wrong.push(`${operation} of row ${id} says that it was ${wanted}, and it was ${state}`);
    if (operation === 'i' && loaded.has(id)) wrong.push(`row ${id} is loaded twice`);
    if (operation === 'i') loaded.add(id);
    known.set(id, now === null ? 'gone' : (JSON.parse(now) as Row).n);
  }
  return { known, wrong };
}

/** Whatever writers and loaders do, the events of a row are a history in which its load has its place. */
export function describeLoadsAtRandom(fixture: LoadFixture): void {
  describe('at random', () => {
    test.each(seeds(SEEDS))(
      'each row is loaded once at its place among its changes, and no writer fails, seed %d',
      async (seed) => {
        const place = await fixture.place();
        try {
          await place.execute('CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL)');
          const all = Array.from({ length: SHARED + OWN }, (_, at) => `(${at + 1}, 0)`);
          await place.execute(`INSERT INTO a (id, n) VALUES ${all.join(', ')}`);
          const stage = await stageOf(place, 'a');
          const processes = await Promise.all(Array.from({ length: LOADERS }, () => loadsIn(place)));
          const writers = fixture.concurrentWriters ? WRITERS : 1;
          let isLoading = true;
          const writing = Promise.all(
            Array.from({ length: writers }, (_, writer) =>
              write(place, { draw: drawing(seed * 100 + writer), writer, writers }, () => !isLoading),
            ),
          );
          const loading = Promise.all(
            [1, 2].map((at) => load(processes.slice(at - 1), stage.wanted, drawing(seed * 1_000 + at))),
          ).finally(() => {
            isLoading = false;
          });
          const [committed] = await Promise.all([writing, loading]);

          const { known, wrong } = follow(await stage.take());
          expect(wrong).toEqual([]);
          const rows = await place.query('SELECT id, n FROM a');
          expect(committed.every((count) => count > 0)).toBe(true);
          // Every row that stands is known as it is, and of no other one it is said that it stands.
          const standing = [...known].filter(([, state]) => state !== 'gone').sort(([a], [b]) => a - b);
          const found = rows.map(([id, n]) => [Number(id), Number(n)]).sort(([a], [b]) => a! - b!);
          expect(standing).toEqual(found);
        } finally {
          await place.drop();
        }
      },
    );
  });
}
