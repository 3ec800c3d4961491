import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChangeCapture, Lease } from '../../src/engine/ports/change-capture.ts';
import type { EventParking, EventToPark, RetryPolicy } from '../../src/engine/ports/event-parking.ts';
import { wholeEvents } from '../../src/engine/changes/parse-events.ts';
import type { ChangeEvent } from '../../src/model/change-event.ts';
import { eventually } from '../support/eventually.ts';
import type { ParkedFixture, ParkedPlace, TestWriter } from './changes-fixture.ts';
import { eventsOf, LANE, readBlocksOf, sealOne, tellEvent, textOf, TRANSFER, WIDE } from './changes-steps.ts';
import { never } from './test-tables.ts';

const AT_ONCE: RetryPolicy = { retryAfterMs: 0, tries: 5, holdForMs: 3_600_000 };
const LATER: RetryPolicy = { ...AT_ONCE, retryAfterMs: 20_000 };

/** EventParking, Quarantine and CaptureStatistics of any source: events that are set apart of claims that real triggers filled. */
export function describeParkedEvents(fixture: ParkedFixture): void {
  let place: ParkedPlace;
  let changes: ChangeCapture;
  let parking: EventParking;
  let writer: TestWriter;
  let lease: Lease;

  beforeEach(async () => {
    place = await fixture.place();
    changes = await place.open();
    if (!changes.parking) throw new Error('nothing can be set apart here');
    parking = changes.parking;
    const a = await place.captureTable('a');
    writer = await place.writer();
    await changes.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
    lease = await changes.lease(LANE, never());
  });
  afterEach(() => place.drop());

  const linesOf = async (claim: number, of = changes): Promise<readonly string[]> =>
    (await textOf(of, lease, { claim })).split('\n').filter((line) => line !== '');
  const wholeOf = async (claim: number): Promise<readonly ChangeEvent[]> =>
    (await readBlocksOf(changes, lease, { claim })).flatMap(({ data }) => [...wholeEvents(data)]);
  const told = async (claim: number): Promise<readonly string[]> =>
    eventsOf(await textOf(changes, lease, { claim })).map(tellEvent);
  const keyOf = ({ old, new: now }: ChangeEvent): string =>
    `{"id": ${(JSON.parse(now ?? old ?? '{}') as { id: number }).id}}`;
  const refused = (event: ChangeEvent): EventToPark => ({
    event,
    table: 'public.a',
    key: keyOf(event),
    refusal: { code: 'hub.message_too_large', message: "larger than 'it' takes" },
  });
  const behind = (event: ChangeEvent): EventToPark => ({ ...refused(event), refusal: null });
  const park = (claim: number, events: readonly EventToPark[], policy = AT_ONCE): Promise<void> =>
    parking.park(lease, { claim, events, policy }, never());
  const retry = (policy = AT_ONCE): Promise<number | null> =>
    parking.seal(lease, { limits: WIDE, policy }, never());
  const confirm = (claim: number): Promise<void> => changes.confirm(lease, claim, never());
  const list = () => place.apart().quarantine.list(TRANSFER, {}, { limit: 100, after: null }, never());

  /** A claim of three keys: 1 is changed twice. */
  const sealFour = async (): Promise<readonly ChangeEvent[]> => {
    await writer.insert('a', [1, 2, 3]);
    await writer.bump('a', 1);
    return wholeOf(await sealOne(changes, lease));
  };

  describe('events that are set apart', () => {
    test('are in their claim no more, for whoever reads it, and the rest of it is as it was', async () => {
      const [one, , , again] = await sealFour();
      const before = await linesOf(1);
      await park(1, [refused(one!), behind(again!)]);
      const rest = before.slice(1, 3);
      expect(await linesOf(1)).toEqual(rest);
      expect(await linesOf(1, await place.open())).toEqual(rest);
      const blocks = await readBlocksOf(changes, lease, { claim: 1, blockBytes: 1 });
      expect(blocks.reduce((sum, { rows }) => sum + rows, 0)).toBe(2);
      expect(await readBlocksOf(changes, lease, { claim: 1, afterId: one!.id })).toHaveLength(1);
      const [last] = (await readBlocksOf(changes, lease, { claim: 1, afterId: again!.id })).slice(-1);
      expect(last).toMatchObject({ rows: 0, last: ['1', ''] });
    });

    test('come again in a claim of their own, byte for byte, when nothing else of them is left', async () => {
      const [one, , , again] = await sealFour();
      const before = await linesOf(1);
      await park(1, [refused(one!), behind(again!)]);
      await confirm(1);
      await eventually('the staging table has nothing of them', async () => {
        await changes.housekeep({ retentionMs: 0 }, never());
        return (await place.events()) === 0;
      });
      expect(await retry()).toBe(2);
      expect(await linesOf(2)).toEqual([before[0], before[3]]);
      expect(await linesOf(2, await place.open())).toEqual([before[0], before[3]]);
      const cut = await readBlocksOf(changes, lease, { claim: 2, afterId: one!.id });
      expect(cut.map(({ rows }) => rows)).toEqual([1]);
      expect(await retry()).toBeNull();
      expect((await changes.lease(LANE, never())).sealed).toBe(2);
    });

    test('are gone once their claim is confirmed, and claims go on behind it', async () => {
      const [one] = await sealFour();
      await park(1, [refused(one!)]);
      await retry();
      expect(await list()).toHaveLength(1);
      await confirm(2);
      expect(await list()).toEqual([]);
      expect(await parking.marks(LANE, never())).toEqual([]);
      await writer.insert('a', [4]);
      expect(await sealOne(changes, lease)).toBe(3);
      expect(await told(3)).toEqual(['I 4=0']);
    });

    test('wait for their time, three times as long for each try, and then for a person', async () => {
      const [one, two] = await sealFour();
      await park(1, [refused(one!)], LATER);
      expect(await retry(LATER)).toBeNull();
      const [first] = await list();
      expect(first).toMatchObject({
        transfer: TRANSFER,
        lane: 1,
        claim: 1,
        event: one!.id,
        table: 'public.a',
        operation: 'I',
        key: '{"id": 1}',
        state: 'waiting',
        attempts: 1,
        code: 'hub.message_too_large',
        message: "larger than 'it' takes",
      });
      const seconds = (at: string | null): number => Date.parse(at ?? '') / 1000;
      expect(seconds(first!.retryAt) - seconds(first!.parkedAt)).toBeCloseTo(20, 0);

      await park(1, [refused(two!)]);
      expect(await retry()).toBe(2); // the second one alone: the first is not due
      expect(await told(2)).toEqual(['I 2=0']);
      await park(2, [refused(two!)], { ...AT_ONCE, tries: 2 });
      expect(await told(2)).toEqual([]);
      expect(await retry()).toBeNull();
      expect((await list())[1]).toMatchObject({ state: 'final', attempts: 2, claim: 1, retryAt: null });
    });

    test('wait behind one that is final, until it is tried once more or given up', async () => {
      const [one, two, , again] = await sealFour();
      const { quarantine } = place.apart();
      const final = { ...AT_ONCE, tries: 1 };
      await park(1, [refused(one!), refused(two!), behind(again!)], final);
      expect(await retry()).toBeNull();
      expect(await quarantine.count(TRANSFER, never())).toEqual({ final: 2, behind: 1 });
      expect(await quarantine.reactivate(TRANSFER, { event: two!.id }, never())).toBe(1);
      expect(await retry()).toBe(2);
      expect(await told(2)).toEqual(['I 2=0']);
      expect(await quarantine.show(TRANSFER, again!.id, never())).toMatchObject({
        operation: 'U',
        old: again!.old,
        new: again!.new,
      });
      expect(await quarantine.discard(TRANSFER, { key: '{"id": 1}', state: 'final' }, never())).toBe(1);
      expect(await retry()).toBe(3);
      expect(await told(3)).toEqual(['U 1=1']);
      expect(await quarantine.discard(TRANSFER, {}, never()), 'they are on their way').toBe(0);
      expect(await quarantine.show(TRANSFER, one!.id, never())).toBeNull();
    });

    test('are discarded when they were final for as long as they are held', async () => {
      const [one] = await sealFour();
      await park(1, [refused(one!)], { ...AT_ONCE, tries: 1 });
      expect(await retry()).toBeNull();
      expect(await list()).toHaveLength(1);
      await eventually('nobody holds them any more', async () => {
        expect(await retry({ ...AT_ONCE, holdForMs: 1 })).toBeNull();
        return (await list()).length === 0;
      });
    });

    test('are set apart and sealed by nobody who lost the lease, and nothing of it stays', async () => {
      const [one] = await sealFour();
      const before = await linesOf(1);
      await changes.lease(LANE, never());
      await expect(park(1, [refused(one!)])).rejects.toMatchObject({ code: 'capture.lease_lost' });
      await expect(retry()).rejects.toMatchObject({ code: 'capture.lease_lost' });
      expect(await linesOf(1)).toEqual(before);
      expect(await list()).toEqual([]);
    });

    test('are listed page by page, and told where they are', async () => {
      const events = await sealFour();
      await park(1, events.map(refused));
      const { quarantine } = place.apart();
      const page = (after: string | null) =>
        quarantine.list(
          TRANSFER,
          { state: 'waiting' },
          { limit: 3, after: after === null ? null : { lane: 1, event: after } },
          never(),
        );
      const first = await page(null);
      expect(first.map(({ event }) => event)).toEqual(events.slice(0, 3).map(({ id }) => id));
      expect((await page(first[2]!.event)).map(({ event }) => event)).toEqual([events[3]!.id]);
      expect(await quarantine.list('another', {}, { limit: 3, after: null }, never())).toEqual([]);
      expect(await parking.marks(LANE, never())).toHaveLength(4);
    });

    test('go with their transfer', async () => {
      const [one] = await sealFour();
      await park(1, [refused(one!)]);
      await changes.unregister(TRANSFER, never());
      expect(await list()).toEqual([]);
    });
  });

  describe('what is counted', () => {
    test('stands with what it tells of, once', async () => {
      const events = await sealFour();
      const [one, , , again] = events;
      const moved = [
        { table: 'public.a', operation: 'I', events: 2 },
        { table: 'public.a', operation: 'U', events: 0 },
      ];
      await park(1, [refused(one!), behind(again!)]);
      await retry();
      const confirmed = { claim: 1, moved, lag: { seconds: 4.4, events: 7 } };
      await parking.confirm(lease, confirmed, never());
      await parking.confirm(lease, confirmed, never());
      await park(2, [refused(one!), behind(again!)], { ...AT_ONCE, tries: 2 });
      const { statistics } = place.apart();
      const found = await statistics.counts({ transfer: TRANSFER, sinceMs: 0 }, never());
      const sum = (operation: string) =>
        found
          .filter((each) => each.operation === operation)
          .reduce(
            (all, each) => [
              all[0]! + each.success,
              all[1]! + each.delayed,
              all[2]! + each.final,
              all[3]! + each.divisions,
              all[4]! + each.retries,
            ],
            [0, 0, 0, 0, 0],
          );
      expect(sum('I')).toEqual([2, 1, 1, 2, 1]);
      expect(sum('U')).toEqual([0, 1, 0, 0, 1]);
      expect(found[0]).toMatchObject({ transfer: TRANSFER, table: 'public.a' });
      const lags = await statistics.lags({ sinceMs: 0 }, never());
      expect(lags).toMatchObject([{ transfer: TRANSFER, seconds: 4, events: 7 }]);
      expect(await statistics.counts({ sinceMs: Date.now() + 120_000 }, never())).toEqual([]);
    });
  });

  test('an installation of before is told of, and brought up to date by an install', async () => {
    await writer.insert('a', [1]);
    await place.outdate();
    await expect(changes.lease(LANE, never())).rejects.toMatchObject({
      code: 'capture.not_installed',
      details: { suggestion: expect.stringContaining('sluice capture install') as string },
    });
    expect(await list()).toEqual([]);
    await place.install();
    lease = await changes.lease(LANE, never());
    expect(await told(await sealOne(changes, lease))).toEqual(['I 1=0']);
  });
}
