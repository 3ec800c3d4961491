import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChangeCapture, Lease } from '../../src/engine/ports/change-capture.ts';
import { eventually } from '../support/eventually.ts';
import type { ChangesFixture, ChangesPlace, TestWriter } from './changes-fixture.ts';
import {
  eventsOf,
  LANE,
  readBlocksOf,
  sealAll,
  sealOne,
  takeAll,
  tellEvent,
  textOf,
  TRANSFER,
  WIDE,
} from './changes-steps.ts';
import { describeChangesAtRandom } from './describe-changes-at-random.ts';
import { never } from './test-tables.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** ChangeCapture of any database: sealed claims of events that real triggers recorded. */
export function describeChanges(fixture: ChangesFixture): void {
  let place: ChangesPlace;
  let changes: ChangeCapture;
  let writer: TestWriter;
  /** The captured tables `a` and `b`. */
  let a: number;
  let b: number;

  beforeEach(async () => {
    place = await fixture.place();
    changes = await place.open();
    a = await place.captureTable('a');
    b = await place.captureTable('b');
    writer = await place.writer();
  });
  afterEach(() => place.drop());

  const begin = async (): Promise<Lease> => {
    await changes.register(TRANSFER, [{ lane: 1, tables: [a, b] }], never());
    return changes.lease(LANE, never());
  };
  const freed = (): Promise<unknown> =>
    eventually('all events are freed', async () => {
      await changes.housekeep({ retentionMs: 0 }, never());
      return (await place.events()) === 0;
    });

  describe('sealing', () => {
    test('numbers claims from 1 without a gap, and every event is in one of them, as it was recorded', async () => {
      const lease = await begin();
      expect(lease).toMatchObject({ ...LANE, sealed: 0, confirmed: 0 });
      expect(await changes.seal(lease, WIDE, never())).toBeNull();
      await writer.insert('a', [1, 2]);
      expect(await sealOne(changes, lease)).toBe(1);
      await writer.bump('a', 1);
      await writer.remove('a', 2);
      expect(await sealOne(changes, lease)).toBe(2);
      expect(await changes.seal(lease, WIDE, never())).toBeNull();

      const first = eventsOf(await textOf(changes, lease, { claim: 1 }));
      expect(first.map(tellEvent)).toEqual(['I 1=0', 'I 2=0']);
      expect(first[0]).toMatchObject({ table: a, operation: 'I', old: null });
      expect(first[0]!.at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/);
      expect(first[0]!.id).toMatch(/^[1-9]\d*$/);
      const second = eventsOf(await textOf(changes, lease, { claim: 2 }));
      expect(second.map(tellEvent)).toEqual(['U 1=1', 'D 2=0']);
      expect(JSON.parse(second[0]!.old!)).toEqual({ id: 1, n: 0 });
      expect(second[1]!.new).toBeNull();
    });

    test('leaves out what was rolled back, and takes the rest of the lane in the order of its ids', async () => {
      const lease = await begin();
      await writer.insert('a', [1]);
      await writer.begin();
      await writer.insert('a', [2]);
      await writer.rollback();
      await writer.insert('b', [3]);
      await writer.insert('a', [4]);
      const events = eventsOf(await textOf(changes, lease, { claim: await sealOne(changes, lease) }));
      expect(events.map(tellEvent)).toEqual(['I 1=0', 'I 3=0', 'I 4=0']);
      const ids = events.map(({ id }) => BigInt(id));
      expect(ids.toSorted((one, other) => (one < other ? -1 : 1))).toEqual(ids);
    });

    test.skipIf(!fixture.concurrentWriters)(
      'gives what commits late to a later claim, once, whatever its ids',
      async () => {
        const lease = await begin();
        const late = await place.writer();
        await late.begin();
        await late.insert('a', [1]);
        await writer.insert('a', [2]);
        expect(await takeAll(changes, lease)).toEqual(['I 2=0']);
        await writer.insert('a', [3]);
        expect(await takeAll(changes, lease)).toEqual(['I 3=0']);
        await late.commit();
        await writer.insert('a', [4]);
        expect(await takeAll(changes, lease)).toEqual(['I 1=0', 'I 4=0']);
        expect(await takeAll(changes, lease)).toEqual([]);
      },
    );

    test('cuts by events and by bytes, with one event at least, and goes on behind', async () => {
      const lease = await begin();
      await writer.insert('a', upTo(10));
      const claims = await sealAll(changes, lease, { events: 4, bytes: WIDE.bytes });
      expect(claims).toEqual([1, 2, 3]);
      const counts: number[] = [];
      for (const claim of claims) counts.push(eventsOf(await textOf(changes, lease, { claim })).length);
      expect(counts).toEqual([4, 4, 2]);
      await writer.insert('a', [11, 12]);
      expect(await sealAll(changes, lease, { events: 100, bytes: 1 })).toEqual([4, 5]);
    });

    test('goes on with what was left of a claim when more came meanwhile', async () => {
      const lease = await begin();
      await writer.insert('a', upTo(5));
      const few = { events: 2, bytes: WIDE.bytes };
      const first = eventsOf(await textOf(changes, lease, { claim: await sealOne(changes, lease, few) })).map(
        tellEvent,
      );
      await writer.bump('a', 1);
      await writer.bump('a', 5);
      const all = [...first, ...(await takeAll(changes, lease, few))];
      expect(all.toSorted()).toEqual(['I 1=0', 'I 2=0', 'I 3=0', 'I 4=0', 'I 5=0', 'U 1=1', 'U 5=1']);
      expect(all.indexOf('I 5=0')).toBeLessThan(all.indexOf('U 5=1'));
    });
  });

  describe('reading', () => {
    test('gives the same bytes each time, whatever is recorded, sealed and confirmed meanwhile', async () => {
      const lease = await begin();
      await writer.insert('a', upTo(50));
      await place.age?.();
      await sealAll(changes, lease, { events: 20, bytes: WIDE.bytes });
      const before = await Promise.all([2, 3].map((claim) => textOf(changes, lease, { claim })));
      await writer.bump('a', 7);
      await sealAll(changes, lease);
      await changes.confirm(lease, 1, never());
      await changes.housekeep({ retentionMs: 0 }, never());
      await changes.housekeep({ retentionMs: 0 }, never());
      const again = await place.open();
      const after = await Promise.all([2, 3].map((claim) => textOf(again, lease, { claim })));
      expect(after).toEqual(before);
      expect(eventsOf(after[0]!)).toHaveLength(20);
    });

    test('cuts blocks that are live, of which the last one ends the claim', async () => {
      const lease = await begin();
      await writer.insert('a', upTo(40));
      const claim = await sealOne(changes, lease);
      const whole = await textOf(changes, lease, { claim });
      const blocks = await readBlocksOf(changes, lease, { claim, blockBytes: 500 });
      expect(blocks.length).toBeGreaterThan(3);
      expect(blocks.every(({ isLive }) => isLive)).toBe(true);
      expect(Buffer.concat(blocks.map(({ data }) => data)).toString('utf8')).toBe(whole);
      let rows = 0;
      const ids = eventsOf(whole).map(({ id }) => id);
      for (const [index, block] of blocks.entries()) {
        expect(block.first).toEqual([String(claim), ids[rows]]);
        rows += block.rows;
        const isLast = index === blocks.length - 1;
        expect(block.last).toEqual([String(claim), isLast ? '' : ids[rows - 1]]);
      }
      expect(rows).toBe(40);
    });

    test('goes on behind an event, and ends with an empty block behind the last one', async () => {
      const lease = await begin();
      await writer.insert('a', upTo(9));
      const claim = await sealOne(changes, lease);
      const whole = await textOf(changes, lease, { claim });
      const ids = eventsOf(whole).map(({ id }) => id);
      const rest = await textOf(changes, lease, { claim, afterId: ids[3]! });
      expect(whole.endsWith(rest)).toBe(true);
      expect(eventsOf(rest).map(({ id }) => id)).toEqual(ids.slice(4));
      const blocks = await readBlocksOf(changes, lease, { claim, afterId: ids.at(-1)! });
      expect(blocks).toMatchObject([{ rows: 0, isLive: true, last: [String(claim), ''] }]);
      expect(blocks[0]!.data).toHaveLength(0);
    });

    test('is left in the middle without holding anything', async () => {
      const lease = await begin();
      await writer.insert('a', upTo(200));
      const claim = await sealOne(changes, lease);
      for (let time = 0; time < 12; time += 1) {
        // More often than there are connections.
        for await (const block of changes.read(lease, { claim, afterId: null, blockBytes: 500 }, never())) {
          expect(block.rows).toBeGreaterThan(0);
          break;
        }
      }
      expect(eventsOf(await textOf(changes, lease, { claim }))).toHaveLength(200);
    });

    test('refuses an event that takes more than it may', async () => {
      const lease = await begin();
      await writer.insert('a', [1]);
      const claim = await sealOne(changes, lease);
      const read = async (mostRowBytes: number): Promise<number> => {
        let rows = 0;
        const request = { claim, afterId: null, blockBytes: 1_000, mostRowBytes };
        for await (const block of changes.read(lease, request, never())) rows += block.rows;
        return rows;
      };
      expect(await read(1_000)).toBe(1);
      await expect(read(10)).rejects.toMatchObject({ code: 'source.row_too_large' });
      expect(await read(1_000)).toBe(1);
    });

    test('refuses a claim that is not there', async () => {
      const lease = await begin();
      await expect(textOf(changes, lease, { claim: 1 })).rejects.toMatchObject({
        code: 'capture.resync_required',
      });
    });
  });

  describe('transfers and lanes', () => {
    test('begin when they are registered, and again is the same', async () => {
      await writer.insert('a', [1]);
      const lease = await begin();
      await writer.insert('a', [2]);
      await changes.register(TRANSFER, [{ lane: 1, tables: [b, a] }], never());
      expect(await takeAll(changes, lease)).toEqual(['I 2=0']);
      await writer.insert('a', [3]);
      const c = await place.captureTable('c');
      const lanes = [
        { lane: 1, tables: [a, b] },
        { lane: 2, tables: [c] },
      ];
      await changes.register(TRANSFER, lanes, never());
      expect(await changes.lanes(TRANSFER, never())).toEqual(lanes);
      await writer.insert('c', [4]);
      expect(await takeAll(changes, lease)).toEqual(['I 3=0']);
      expect(await takeAll(changes, await changes.lease({ ...LANE, lane: 2 }, never()))).toEqual(['I 4=0']);
    });

    test.skipIf(!fixture.concurrentWriters)('have what was open when they were registered', async () => {
      await writer.begin();
      await writer.insert('a', [1]);
      const lease = await begin();
      await writer.insert('a', [2]);
      await writer.commit();
      expect(await takeAll(changes, lease)).toEqual(['I 1=0', 'I 2=0']);
    });

    test('carry their own tables only, each with numbers of its own', async () => {
      const lanes = [
        { lane: 1, tables: [a] },
        { lane: 2, tables: [b] },
      ];
      await changes.register(TRANSFER, lanes, never());
      await changes.register('another', [{ lane: 1, tables: [a, b] }], never());
      await writer.insert('a', [1]);
      await writer.insert('b', [2]);
      const told: Record<string, readonly string[]> = {};
      for (const lane of [LANE, { ...LANE, lane: 2 }, { transfer: 'another', lane: 1 }]) {
        const lease = await changes.lease(lane, never());
        told[`${lane.transfer} ${lane.lane}`] = await takeAll(changes, lease);
      }
      expect(told).toEqual({
        'orders 1': ['I 1=0'],
        'orders 2': ['I 2=0'],
        'another 1': ['I 1=0', 'I 2=0'],
      });
    });

    test('are unknown before they are registered and after they are forgotten', async () => {
      const unknown = { code: 'capture.resync_required' };
      await expect(changes.lease(LANE, never())).rejects.toMatchObject(unknown);
      expect(await changes.lanes(TRANSFER, never())).toEqual([]);
      const lease = await begin();
      await writer.insert('a', [1]);
      await sealOne(changes, lease);
      await changes.unregister(TRANSFER, never());
      await changes.unregister(TRANSFER, never());
      await expect(changes.lease(LANE, never())).rejects.toMatchObject(unknown);
      await expect(textOf(changes, lease, { claim: 1 })).rejects.toMatchObject(unknown);
      await expect(changes.seal(lease, WIDE, never())).rejects.toMatchObject({ code: 'capture.lease_lost' });
      await freed();
    });
  });

  describe('a lease', () => {
    test('lets its holder alone seal and confirm: whoever had the lane before can do neither', async () => {
      const old = await begin();
      await writer.insert('a', [1]);
      await sealOne(changes, old);
      await writer.insert('a', [2]);
      const other = await place.open();
      const lease = await other.lease(LANE, never());
      expect(lease).toMatchObject({ sealed: 1, confirmed: 0 });
      expect(lease.epoch).not.toBe(old.epoch);
      const lost = { code: 'capture.lease_lost' };
      await expect(changes.seal(old, WIDE, never())).rejects.toMatchObject(lost);
      await expect(changes.confirm(old, 1, never())).rejects.toMatchObject(lost);
      expect(await sealOne(other, lease)).toBe(2);
      await other.confirm(lease, 2, never());
      await expect(changes.seal(old, WIDE, never())).rejects.toMatchObject(lost);
      expect(await changes.lease(LANE, never())).toMatchObject({ sealed: 2, confirmed: 2 });
    });

    test('tells what is confirmed, which never goes back nor beyond what is sealed', async () => {
      const lease = await begin();
      await writer.insert('a', upTo(3));
      await sealAll(changes, lease, { events: 1, bytes: WIDE.bytes });
      await changes.confirm(lease, 2, never());
      await changes.confirm(lease, 1, never());
      await changes.confirm(lease, 2, never());
      await expect(changes.confirm(lease, 4, never())).rejects.toMatchObject({
        code: 'capture.resync_required',
      });
      expect(await changes.lease(LANE, never())).toMatchObject({ sealed: 3, confirmed: 2 });
    });
  });

  describe('housekeeping', () => {
    test('frees what every transfer has confirmed, and nothing before', async () => {
      const lease = await begin();
      await changes.register('slow', [{ lane: 1, tables: [a] }], never());
      await writer.insert('a', upTo(20));
      await place.age?.();
      await sealAll(changes, lease, { events: 8, bytes: WIDE.bytes });
      for (const confirmed of [1, 3]) {
        await changes.confirm(lease, confirmed, never());
        await changes.housekeep({ retentionMs: 0 }, never());
      }
      const slow = await changes.lease({ transfer: 'slow', lane: 1 }, never());
      expect(await takeAll(changes, slow)).toEqual(upTo(20).map((id) => `I ${id}=0`));
      await changes.housekeep({ retentionMs: 0 }, never());
      const text = await textOf(changes, slow, { claim: 1 });
      expect(eventsOf(text)).toHaveLength(20);
      await changes.confirm(slow, 1, never());
      await freed();
      await writer.insert('a', [21]);
      await place.age?.();
      await changes.housekeep({ retentionMs: 0 }, never());
      expect(await takeAll(changes, slow)).toEqual(['I 21=0']);
      expect(await takeAll(changes, lease)).toEqual(['I 21=0']);
    });

    test('frees what no transfer takes once it is older than the retention, and keeps claims as long', async () => {
      await writer.insert('a', [1]);
      await place.age?.();
      await changes.housekeep({ retentionMs: 36_000_000 }, never());
      expect(await place.events()).toBe(1);
      await freed();
      const lease = await begin();
      await writer.insert('a', [2]);
      await place.age?.();
      const text = await textOf(changes, lease, { claim: await sealOne(changes, lease) });
      await changes.confirm(lease, 1, never());
      await changes.housekeep({ retentionMs: 36_000_000 }, never());
      expect(await textOf(changes, lease, { claim: 1 })).toBe(text); // for a target from a backup
      await freed();
      await expect(textOf(changes, lease, { claim: 1 })).rejects.toMatchObject({
        code: 'capture.resync_required',
      });
    });

    test.skipIf(!fixture.concurrentWriters)('leaves what is open, and what commits after it', async () => {
      const lease = await begin();
      const open = await place.writer();
      await open.begin();
      await open.insert('a', [1]);
      await writer.insert('a', [2]);
      await place.age?.();
      await changes.confirm(lease, await sealOne(changes, lease), never());
      for (let time = 0; time < 4; time += 1) await changes.housekeep({ retentionMs: 0 }, never());
      await open.insert('a', [3]);
      await open.commit();
      await place.age?.();
      for (let time = 0; time < 4; time += 1) await changes.housekeep({ retentionMs: 0 }, never());
      expect(await takeAll(changes, lease)).toEqual(['I 1=0', 'I 3=0']);
    });
  });

  describe('the backlog', () => {
    test('has what is in no confirmed claim, and its oldest time', async () => {
      const lease = await begin();
      expect(await changes.backlog(TRANSFER, never())).toEqual({ events: 0, oldestAt: null });
      await writer.insert('a', upTo(5));
      const claim = await sealOne(changes, lease, { events: 3, bytes: WIDE.bytes });
      const [first] = eventsOf(await textOf(changes, lease, { claim }));
      expect(await changes.backlog(TRANSFER, never())).toEqual({ events: 5, oldestAt: first!.at });
      await writer.bump('a', 1);
      expect((await changes.backlog(TRANSFER, never())).oldestAt).toBe(first!.at);
      await changes.confirm(lease, claim, never());
      const rest = await sealAll(changes, lease);
      const [second] = eventsOf(await textOf(changes, lease, { claim: rest[0]! }));
      expect(await changes.backlog(TRANSFER, never())).toEqual({ events: 3, oldestAt: second!.at });
      await changes.confirm(lease, rest.at(-1)!, never());
      expect(await changes.backlog(TRANSFER, never())).toEqual({ events: 0, oldestAt: null });
    });
  });

  describeChangesAtRandom(fixture);
}
