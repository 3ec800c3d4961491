import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RetryPolicy } from '../../src/engine/ports/event-parking.ts';
import type { TopicsSpec } from '../../src/model/topics-spec.ts';
import { eventually } from '../support/eventually.ts';
import { createRelayStage, gone, type RelayStage } from '../support/relay-stage.ts';
import { apartOf } from './changes-steps.ts';
import { never } from './test-tables.ts';

/** A message as consumers have it. */
export interface ReadEvent {
  readonly id: number;
  readonly operation: string;
  readonly old?: { readonly id: number; readonly n: number };
  readonly new?: { readonly id: number; readonly n: number };
}

/** Topics of a hub that take no message above LIMIT_BYTES until their limit is raised. */
export interface NarrowTopics {
  readonly topics: TopicsSpec;
  /** All that a consumer reads from the beginning on, in its order; repeats left out, which it knows by the last id of a key, or by all ids. */
  read(repeats?: 'by key' | 'by id'): Promise<readonly ReadEvent[]>;
  raiseLimit(): Promise<void>;
  drop(): Promise<void>;
}

export interface NarrowHub {
  readonly url: string;
  narrow(): Promise<NarrowTopics>;
  /** Calls at which a process dies while it stores a claim. */
  readonly deaths: readonly ('endTxn' | 'publish' | 'replace')[];
}

export const LIMIT_BYTES = 20_000;

const SQL = 'CREATE TABLE orders (id integer PRIMARY KEY, n integer NOT NULL, note text)';
/** A large one of key 2 between small ones of all keys, and a small one of key 2 behind. */
const CHANGES = `INSERT INTO orders SELECT i, 0, 'new' FROM generate_series(1, 5) i;
  UPDATE orders SET n = 1, note = repeat('x', 30000) WHERE id = 2;
  UPDATE orders SET n = 2, note = 'small';
  UPDATE orders SET n = 3`;
const LATER = 'UPDATE orders SET n = n + 1';
const HOURS: RetryPolicy = { retryAfterMs: 3_600_000, tries: 5, holdForMs: 3_600_000 };

const keyOf = (event: ReadEvent): number => event.new?.id ?? event.old?.id ?? 0;

/** Each event once, those of a key one after the other. @returns how often each key was changed last */
function statesOf(events: readonly ReadEvent[]): ReadonlyMap<number, number> {
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  const states = new Map<number, number>();
  for (const event of events) {
    expect(event.old?.n, `the row before of key ${keyOf(event)}`).toBe(states.get(keyOf(event)));
    states.set(keyOf(event), event.new?.n ?? 0);
  }
  return states;
}

/** What becomes of events that a hub refuses, from real triggers to what a consumer reads. */
export function describeRefusedEvents(hub: NarrowHub): void {
  let stage: RelayStage;
  let place: NarrowTopics;
  beforeEach(async () => {
    place = await hub.narrow();
    stage = await createRelayStage(hub.url, SQL);
  });
  afterEach(async () => {
    await stage?.close();
    await place?.drop();
  });

  const relay = (quarantine = HOURS) => stage.relay(place.topics, { quarantine, events: 4 });
  const start = (order: Parameters<RelayStage['start']>[1]) =>
    stage.start(place.topics, { quarantine: HOURS, events: 4, ...order });
  const count = () => apartOf(stage.capture).quarantine.count(stage.transfer, never());
  const reactivate = () => apartOf(stage.capture).quarantine.reactivate(stage.transfer, {}, never());
  const expectAllBut = async (n: number): Promise<void> => {
    const states = statesOf(await place.read());
    expect(Object.fromEntries(states)).toEqual({ 1: n, 2: 0, 3: n, 4: n, 5: n });
  };

  describe('an event that the hub refuses', () => {
    test('is set apart with those of its key behind it, in its claim and later ones; the rest goes on', async () => {
      await stage.database.query(CHANGES);
      expect(await relay()).toMatchObject({ why: 'caught-up', events: 13 });
      await expectAllBut(3);
      expect(await count()).toEqual({ waiting: 1, behind: 2 });
      await stage.database.query(LATER);
      expect(await relay()).toMatchObject({ why: 'caught-up', events: 4 });
      await expectAllBut(4);
      expect(await count()).toEqual({ waiting: 1, behind: 3 });
    });

    test('goes out before those of its key once the hub takes it, each once and in order', async () => {
      await stage.database.query(CHANGES);
      await relay();
      await place.raiseLimit();
      expect(await reactivate()).toBe(1);
      expect(await relay()).toMatchObject({ why: 'caught-up', events: 3 });
      await stage.database.query(LATER);
      await relay();
      expect(Object.fromEntries(statesOf(await place.read()))).toEqual({ 1: 4, 2: 4, 3: 4, 4: 4, 5: 4 });
      expect(await count()).toEqual({});
    });

    test('is tried as often as is allowed, and is counted', async () => {
      await stage.database.query(CHANGES);
      const soon = { ...HOURS, retryAfterMs: 0, tries: 3 };
      for (let left = 20; left > 0 && (await count()).final !== 1; left -= 1) await relay(soon);
      expect(await count()).toEqual({ final: 1, behind: 2 });
      await expectAllBut(3);
      const counts = await apartOf(stage.capture).statistics.counts({ sinceMs: 0 }, never());
      const sum = (what: 'success' | 'delayed' | 'final' | 'divisions') =>
        counts.reduce((all, each) => all + each[what], 0);
      expect([sum('success'), sum('delayed'), sum('final'), sum('divisions')]).toEqual([13, 3, 1, 3]);
    });

    test('that is given up leaves its place to the next one of its key, while the lane goes on', async () => {
      await stage.database.query(CHANGES);
      await relay();
      const { quarantine } = apartOf(stage.capture);
      const [first, second] = await quarantine.list(stage.transfer, {}, { limit: 2, after: null }, never());
      const stop = new AbortController();
      const running = stage.relay(place.topics, {
        quarantine: HOURS,
        until: undefined,
        stop: stop.signal,
        progress: () => undefined,
      });
      try {
        await quarantine.discard(stage.transfer, { event: first!.event }, never());
        // Its old row is the large one: it is refused as well.
        await eventually('the next one was tried', async () => {
          const { waiting = 0, behind = 0 } = await count();
          return waiting === 1 && behind === 1;
        });
        await quarantine.discard(stage.transfer, { event: second!.event }, never());
        await eventually('nothing is set apart', async () => Object.keys(await count()).length === 0);
        await stage.database.query(LATER);
        await eventually('all keys go on', async () => {
          const last = new Map((await place.read()).map((event) => [keyOf(event), event.new?.n]));
          return [1, 2, 3, 4, 5].every((key) => last.get(key) === 4);
        });
      } finally {
        stop.abort();
        await running;
      }
    });

    describe('where keys keep no order', () => {
      const UNORDERED: RetryPolicy = { ...HOURS, ordering: 'none' };
      /** Those that are refused have the large note, in their new row or the old one: the last one of the key has not. */
      const expectOnce = async (states: readonly (readonly [key: number, n: number])[]): Promise<void> => {
        const events = await place.read('by id');
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
        const found = events.map((event) => [keyOf(event), event.new?.n ?? 0]);
        expect(found.filter(([key]) => key === 2)).toEqual(states);
      };

      test('is set apart alone: what comes later of its key goes on, and it follows when it may', async () => {
        await stage.database.query(CHANGES);
        expect(await relay(UNORDERED)).toMatchObject({ why: 'caught-up', events: 14 });
        expect(await count()).toEqual({ waiting: 2 });
        await stage.database.query(LATER);
        expect(await relay(UNORDERED)).toMatchObject({ why: 'caught-up', events: 5 });
        expect(await count()).toEqual({ waiting: 2 });
        await place.raiseLimit();
        expect(await reactivate()).toBe(2);
        expect(await relay(UNORDERED)).toMatchObject({ why: 'caught-up', events: 2 });
        expect(await count()).toEqual({});
        await expectOnce([0, 3, 4, 1, 2].map((n) => [2, n]));
      });

      test('is out once whoever dies, when it is excluded and when it is tried again', async () => {
        await stage.database.query(CHANGES);
        expect(await gone(start({ quarantine: UNORDERED, dieAtPark: 'after' }))).toBe('SIGKILL');
        expect(await relay(UNORDERED)).toMatchObject({ why: 'caught-up' });
        expect(await count()).toEqual({ waiting: 2 });
        await place.raiseLimit();
        await reactivate();
        const killAt = { call: hub.deaths[0]!, nth: 1, when: 'after' } as const;
        expect(await gone(start({ quarantine: UNORDERED, killAt }))).toBe('SIGKILL');
        expect((await relay(UNORDERED)).why).toBe('caught-up');
        expect(await count()).toEqual({});
        await expectOnce([0, 3, 1, 2].map((n) => [2, n]));
      });

      test('takes along what waits behind it since before', async () => {
        await stage.database.query(CHANGES);
        await relay();
        expect(await count()).toEqual({ waiting: 1, behind: 2 });
        // The first of the two has the large row before it.
        expect(await relay(UNORDERED)).toMatchObject({ why: 'caught-up', events: 1 });
        expect(await count()).toEqual({ waiting: 2 });
        await expectOnce([0, 3].map((n) => [2, n]));
      });
    });

    test('may be one that no message can be made of', async () => {
      await stage.database.query(`INSERT INTO orders VALUES (1, 0, 'odd'), (2, 0, 'even'); ${LATER}`);
      // As a trigger records a value that it must not write.
      await stage.database.query(
        `UPDATE sluice_capture.event_logs SET new = replace(new, '"odd"', '{"sluice": "too large"}') WHERE operation = 'I'`,
      );
      expect(await relay()).toMatchObject({ why: 'caught-up', events: 2 });
      expect(await count()).toEqual({ waiting: 1, behind: 1 });
      expect(Object.fromEntries(statesOf(await place.read()))).toEqual({ 2: 1 });
    });

    test('stops its lane where nothing is to be set apart, and nothing is lost', async () => {
      await stage.database.query(CHANGES);
      const refused = await stage.relay(place.topics, { events: 100 });
      expect(refused).toMatchObject({
        why: 'refused',
        events: 0,
        refusal: { code: 'hub.message_too_large', table: 'public.orders' },
      });
      await place.raiseLimit();
      expect(await stage.relay(place.topics)).toMatchObject({ why: 'caught-up', events: 16 });
      expect(statesOf(await place.read()).get(2)).toBe(3);
    });

    for (const when of ['before', 'after'] as const)
      test(`is in nobody's way whose process dies ${when} it was excluded`, async () => {
        await stage.database.query(CHANGES);
        expect(await gone(start({ dieAtPark: when }))).toBe('SIGKILL');
        expect(await count()).toEqual(when === 'after' ? { waiting: 1 } : {});
        expect((await relay()).why).toBe('caught-up');
        await expectAllBut(3);
        expect(await count()).toEqual({ waiting: 1, behind: 2 });
      });

    for (const call of hub.deaths)
      for (const when of ['before', 'after'] as const)
        test(`is out once where the process that tries it again dies ${when} its ${call}`, async () => {
          await stage.database.query(CHANGES);
          await relay();
          await place.raiseLimit();
          await reactivate();
          // The first message to the stream of claims takes the lane over.
          const killAt = { call, nth: call === 'replace' ? 2 : 1, when };
          expect(await gone(start({ killAt }))).toBe('SIGKILL');
          expect((await relay()).why).toBe('caught-up');
          expect(Object.fromEntries(statesOf(await place.read()))).toEqual({ 1: 3, 2: 3, 3: 3, 4: 3, 5: 3 });
          expect(await count()).toEqual({});
          const counts = await apartOf(stage.capture).statistics.counts({ sinceMs: 0 }, never());
          expect(counts.reduce((sum, { success }) => sum + success, 0)).toBe(16);
        });
  });
}
