import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChangeCapture, Lease } from '../../src/engine/ports/change-capture.ts';
import {
  eventsOf,
  LANE,
  sealAll,
  sealOne,
  takeAll,
  tellEvent,
  textOf,
  TRANSFER,
  WIDE,
} from '../contract/changes-steps.ts';
import { describeChanges } from '../contract/describe-changes.ts';
import { describeWholeClaims } from '../contract/describe-whole-claims.ts';
import { never } from '../contract/test-tables.ts';
import { eventually } from '../support/eventually.ts';
import {
  names,
  PLACE,
  type PostgresChanges,
  postgresChanges,
  postgresqlChanges,
  type PostgresWriter,
  poolOf,
  renderEvents,
  sourceAt,
} from '../support/postgresql-changes.ts';
import { postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith, startOwnPostgres } from '../support/servers.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describeWith(['postgres'], 'on a real server', () => {
  describeChanges(postgresqlChanges);
  describeWholeClaims(postgresqlChanges);
});

describeWith(['postgres'], 'changes of PostgreSQL', () => {
  let place: PostgresChanges;
  let changes: ChangeCapture;
  let writer: PostgresWriter;
  let lease: Lease;
  let a: number;

  beforeEach(async () => {
    place = await postgresChanges();
    changes = await place.open();
    a = await place.captureTable('a');
    writer = await place.writer();
    await changes.register(TRANSFER, [{ lane: 1, tables: [a] }], never());
    lease = await changes.lease(LANE, never());
  });
  afterEach(() => place.drop());

  const drawIds = (count: number): Promise<void> =>
    place.execute(`SELECT nextval('${names.ids}') FROM generate_series(1, ${count})`);

  describe('sealing', () => {
    test('a change in a savepoint counts with its transaction, and one that went back to it not at all', async () => {
      await writer.begin();
      await writer.insert('a', [1]);
      await writer.execute('SAVEPOINT one');
      await writer.insert('a', [2]);
      await writer.execute('ROLLBACK TO one; SAVEPOINT two');
      await writer.insert('a', [3]);
      const other = await place.writer();
      await other.insert('a', [4]);
      expect(await takeAll(changes, lease)).toEqual(['I 4=0']);
      await writer.execute('RELEASE two');
      await writer.commit();
      expect(await takeAll(changes, lease)).toEqual(['I 1=0', 'I 3=0']);
    });

    test('neither ids nor numbers of transactions are the order in which what is open is found', async () => {
      const [early, late] = [await place.writer(), await place.writer()];
      for (const each of [early, late]) await each.begin();
      await late.execute('SELECT txid_current()'); // a lower number, and a higher id
      await early.insert('a', [1]);
      await late.insert('a', [2]);
      await early.commit();
      expect(await takeAll(changes, lease)).toEqual(['I 1=0']);
      await early.begin();
      await early.insert('a', [3]);
      await late.commit();
      expect(await takeAll(changes, lease)).toEqual(['I 2=0']);
      await early.commit();
      expect(await takeAll(changes, lease)).toEqual(['I 3=0']);
    });

    test.each([0, 1, 2, 3])(
      'what is open while ids go on is found whenever it commits, with %d others that end meanwhile',
      async (others) => {
        await writer.begin();
        await writer.insert('a', [1]);
        const more = await Promise.all(upTo(others).map(() => place.writer()));
        for (const [index, each] of more.entries()) {
          await each.begin();
          await each.insert('a', [10 + index]);
        }
        const seen: string[] = [];
        for (const each of [...more, null]) {
          // Each time the lane is told that it looked at them all, and has a tick.
          await drawIds(6_000);
          seen.push(...(await takeAll(changes, lease)));
          await each?.commit();
        }
        await drawIds(6_000);
        seen.push(...(await takeAll(changes, lease)));
        await changes.housekeep({ retentionMs: 0 }, never());
        await writer.commit();
        seen.push(...(await takeAll(changes, lease)));
        expect(seen).toEqual([...more.map((_, index) => `I ${10 + index}=0`), 'I 1=0']);
      },
    );

    test('what is open and alone while its own ids go on is found when it commits', async () => {
      await writer.begin();
      await writer.insert('a', upTo(6_000));
      expect(await takeAll(changes, lease)).toEqual([]); // a tick behind them, and the lane looked at them
      expect(await takeAll(changes, lease)).toEqual([]);
      await writer.commit();
      expect(await takeAll(changes, lease)).toHaveLength(6_000);
    });

    test('two at once with one lease: none seals what the other one has', async () => {
      await writer.insert('a', upTo(100));
      const limits = { events: 10, bytes: WIDE.bytes };
      const results = await Promise.allSettled(upTo(3).map(() => sealAll(changes, lease, limits)));
      const failures = results.flatMap((result) =>
        result.status === 'rejected' ? [(result.reason as { readonly code: string }).code] : [],
      );
      expect(failures.filter((code) => code !== 'capture.lease_lost')).toEqual([]);
      await sealAll(changes, lease, limits);
      const { sealed } = await changes.lease(LANE, never());
      const told: string[] = [];
      for (const claim of upTo(sealed))
        told.push(...eventsOf(await textOf(changes, lease, { claim })).map(tellEvent));
      expect(told).toEqual(upTo(100).map((id) => `I ${id}=0`));
    });

    test('a claim that lacks an event is told, and never short', async () => {
      await writer.insert('a', upTo(5));
      const claim = await sealOne(changes, lease);
      const [first] = eventsOf(await textOf(changes, lease, { claim }));
      await place.execute(`DELETE FROM ${names.events} WHERE new LIKE '%4%'`);
      for (const afterId of [null, first!.id])
        await expect(textOf(changes, lease, { claim, afterId })).rejects.toMatchObject({
          code: 'capture.resync_required',
        });
    });

    test('a capture that came with a dump of a server whose transactions went further is refused', async () => {
      await place.execute(`INSERT INTO ${names.ticks} SELECT txid_current() + 1000000, 0`);
      const refused = { code: 'capture.resync_required' };
      await expect(changes.register('new', [{ lane: 1, tables: [a] }], never())).rejects.toMatchObject(
        refused,
      );
      await expect(changes.seal(lease, WIDE, never())).rejects.toMatchObject(refused);
      await expect(changes.housekeep({ retentionMs: 0 }, never())).rejects.toMatchObject(refused);
    });

    test('other tables in a lane that stands are refused', async () => {
      await expect(
        changes.register(TRANSFER, [{ lane: 1, tables: [a, a + 1] }], never()),
      ).rejects.toMatchObject({ code: 'capture.resync_required' });
    });
  });

  describe('work', () => {
    /** Entries of the index of events that this process read, told by the server when it is gone. */
    const entriesRead = async (
      work: (changes: ChangeCapture, lease: Lease) => Promise<void>,
      least: number,
    ): Promise<number> => {
      const read = async (): Promise<number> =>
        Number(
          (
            await place.query(
              `SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = '${PLACE.schema}' AND relname LIKE 'event_logs_%'`,
            )
          )[0]![0],
        );
      const before = await read();
      const process = poolOf(place.url);
      await work(process.changes, await process.changes.lease(LANE, never()));
      await process.pool.close();
      return eventually('the server tells', async () => {
        const entries = (await read()) - before;
        return entries >= least && entries;
      });
    };
    const fill = (count: number, table = a): Promise<void> =>
      place.execute(renderEvents({ count, table, turn: 1 }));

    // Where each claim looked at all that is pending, it would be thirty times as much. Besides what is looked at the server tells
    // 300,000 more in every other run, at any time and not because of the sealing; nobody knows yet whose they are.
    test('a backlog is sealed with one look at each event, and what comes then with a look at little more', {
      retry: 2,
    }, async () => {
      await fill(300_000);
      const drained = await entriesRead(async (process, own) => {
        expect(await sealAll(process, own)).toHaveLength(30);
      }, 300_000);
      expect(drained).toBeLessThan(2.1 * 300_000);

      const open = await place.writer(); // for as long as it likes
      await open.begin();
      await open.insert('a', [1]);
      const live = await entriesRead(async (process, own) => {
        for (let time = 0; time < 20; time += 1) {
          await fill(500);
          expect(await sealAll(process, own)).toHaveLength(1);
        }
      }, 10_000);
      expect(live).toBeLessThan(60_000 + 300_000);
      await open.commit();
      expect(await takeAll(changes, await changes.lease(LANE, never()))).toEqual(['I 1=0']);
    });

    test('a lane without events does not look at those of others again and again', async () => {
      const other = await place.captureTable('other');
      const looked = await entriesRead(async (process, own) => {
        for (let time = 0; time < 30; time += 1) {
          await fill(2_000, other);
          expect(await sealAll(process, own)).toEqual([]);
        }
      }, 60_000);
      expect(looked).toBeLessThan(5 * 60_000);
    });

    test('a large backlog is estimated', async () => {
      const other = await place.captureTable('other');
      for (let time = 0; time < 10; time += 1) {
        await fill(4_000);
        await fill(1_000, other);
      }
      const { events, oldestAt } = await changes.backlog(TRANSFER, never());
      expect(events).toBeGreaterThan(35_000);
      expect(events).toBeLessThan(45_000);
      expect(oldestAt).not.toBeNull();
    });

    test('what is pending behind many events of others is no empty backlog', async () => {
      const other = await place.captureTable('other');
      await fill(25_000, other);
      expect(await changes.backlog(TRANSFER, never())).toEqual({ events: 0, oldestAt: null });
      await writer.insert('a', [1]);
      const { events, oldestAt } = await changes.backlog(TRANSFER, never());
      expect(events).toBe(1);
      expect(oldestAt).not.toBeNull();
    });
  });
});

describeWith(['postgres'], 'a server with prepared transactions', () => {
  test('has the events of one pending from when it is committed on', async () => {
    const server = await startOwnPostgres({ settings: { max_prepared_transactions: 4 } });
    const place = await postgresChanges(sourceAt(server.url, () => server.stop()));
    try {
      const changes = await place.open();
      await changes.register(TRANSFER, [{ lane: 1, tables: [await place.captureTable('a')] }], never());
      const lease = await changes.lease(LANE, never());
      const writer = await place.writer();
      await writer.begin();
      await writer.insert('a', [1]);
      await writer.execute("PREPARE TRANSACTION 'one'");
      await writer.insert('a', [2]);
      const drawn = `SELECT nextval('${names.ids}') FROM generate_series(1, 6000)`;
      await place.execute(drawn);
      expect(await takeAll(changes, lease)).toEqual(['I 2=0']);
      await place.execute(drawn);
      expect(await takeAll(changes, lease)).toEqual([]);
      await changes.confirm(lease, 1, never());
      for (let time = 0; time < 4; time += 1) await changes.housekeep({ retentionMs: 0 }, never());
      await writer.execute("COMMIT PREPARED 'one'");
      expect(await takeAll(changes, lease)).toEqual(['I 1=0']);
    } finally {
      await place.drop();
    }
  });
});

describeWith(['postgres'], 'a source without a capture', () => {
  test('says so, whatever is asked', async () => {
    const place = await postgresPlace();
    const { changes, pool } = poolOf(place.url);
    try {
      const lease: Lease = { ...LANE, epoch: 'x', sealed: 0, confirmed: 0 };
      const asked: readonly (() => Promise<unknown>)[] = [
        () => changes.register(TRANSFER, [], never()),
        () => changes.unregister(TRANSFER, never()),
        () => changes.lease(LANE, never()),
        () => changes.seal(lease, WIDE, never()),
        () => textOf(changes, lease, { claim: 1 }),
        () => changes.confirm(lease, 1, never()),
        () => changes.housekeep({ retentionMs: 0 }, never()),
        () => changes.backlog(TRANSFER, never()),
      ];
      for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'capture.not_installed' });
    } finally {
      await pool.close();
      await place.drop();
    }
  });
});
