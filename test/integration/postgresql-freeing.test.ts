import { afterEach, beforeEach, expect, test } from 'vitest';
import { housekeep } from '../../src/databases/postgresql/capture/changes/housekeep.ts';
import { registerLanes } from '../../src/databases/postgresql/capture/changes/lanes.ts';
import type { ChangeCapture, Lease } from '../../src/engine/ports/change-capture.ts';
import { LANE, sealAll, sealOne, takeAll, textOf, TRANSFER } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { eventually } from '../support/eventually.ts';
import {
  names,
  PLACE,
  poolOf,
  type PostgresChanges,
  postgresChanges,
  type PostgresWriter,
  renderEvents,
} from '../support/postgresql-changes.ts';
import { describeWith } from '../support/servers.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describeWith(['postgres'], 'partitions of events', () => {
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

  const turnNow = async (): Promise<number> =>
    Number((await place.query(`SELECT last_value FROM ${names.turn}`))[0]![0]);
  /** Partitions that hold rows of `a` with these ids, as `1: 2 3`. */
  const whereIs = async (): Promise<readonly string[]> =>
    (
      await place.query(
        `SELECT turn || ': ' || string_agg(new::json->>'id', ' ' ORDER BY id) FROM ${names.events} GROUP BY turn ORDER BY turn`,
      )
    ).map(([text]) => text!);
  const keep = (): Promise<number> => changes.housekeep({ retentionMs: 0 }, never());
  const confirmAll = async (): Promise<void> => {
    const claims = await sealAll(changes, lease);
    if (claims.length > 0) await changes.confirm(lease, claims.at(-1)!, never());
  };
  const allFreed = (): Promise<unknown> =>
    eventually('all are freed', async () => {
      await keep();
      return (await place.events()) === 0;
    });

  test('are filled in turn, and one that a slow transfer keeps is passed over and reads the same', async () => {
    const other = await place.captureTable('other');
    await changes.register('slow', [{ lane: 1, tables: [other] }], never());
    await writer.insert('other', upTo(100));
    const slow = await changes.lease({ transfer: 'slow', lane: 1 }, never());
    const text = await textOf(changes, slow, { claim: await sealOne(changes, slow) });
    const turns = [await turnNow()];
    let id = 0;
    await eventually('the others were filled in turn', async () => {
      await writer.insert('a', [(id += 1)]);
      await confirmAll();
      await keep();
      const turn = await turnNow();
      if (turn !== turns.at(-1)) turns.push(turn);
      return turns.length === 5;
    });
    expect(turns).toEqual([1, 2, 3, 2, 3]);
    expect(await textOf(changes, slow, { claim: 1 })).toBe(text);
  });

  test('a transaction that is open over a rotation loses nothing, in the partition that it wrote to first', async () => {
    const long = await place.writer();
    await long.execute('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await long.insert('a', [1]);
    await writer.insert('a', [2]);
    await confirmAll();
    const before = await turnNow();
    await eventually('another one is filled', async () => {
      await keep();
      return (await turnNow()) !== before;
    });
    await long.insert('a', [3]);
    await writer.insert('a', [4]);
    await confirmAll();
    await keep();
    await long.commit();
    for (let time = 0; time < 5; time += 1) await keep();
    expect(await whereIs()).toEqual(expect.arrayContaining([expect.stringContaining('1: 1')]));
    expect(await takeAll(changes, lease)).toEqual(['I 1=0', 'I 3=0']);
    const again = await changes.lease(LANE, never());
    await changes.confirm(again, again.sealed, never());
    await allFreed();
  });

  test('what commits while a partition is about to be emptied stays', async () => {
    await writer.insert('a', [1]);
    await confirmAll();
    await writer.begin();
    await writer.insert('a', [2]); // in the partition of the first one
    const before = await turnNow();
    await eventually('another one is filled', async () => {
      await keep();
      return (await turnNow()) !== before;
    });
    const { pool } = poolOf(place.url);
    const emptied = pool.use(
      (session) => housekeep(session, PLACE, { retentionMs: 0, lockTimeoutMs: 60_000 }),
      never(),
    );
    await eventually('it waits for the writer', async () => {
      const [[waiting] = []] = await place.query(
        "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted",
      );
      return waiting === '1';
    });
    await writer.commit();
    expect(await emptied).toBe(0);
    await pool.close();
    expect(await takeAll(changes, lease)).toEqual(['I 2=0']);
  });

  test('a reader that holds one is not waited for, and holds up no writer', async () => {
    await writer.insert('a', [1]);
    await confirmAll();
    const reader = await place.writer();
    await reader.begin();
    await reader.execute(`SELECT count(*) FROM ${names.events}`);
    const before = performance.now();
    for (let time = 0; time < 3; time += 1) expect(await keep()).toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
    await writer.insert('a', [2]);
    await reader.commit();
    await confirmAll();
    await allFreed();
  });

  test('events that nobody needs are deleted where a slow transfer keeps all partitions', async () => {
    const other = await place.captureTable('other');
    await changes.register('slow', [{ lane: 1, tables: [other] }], never());
    for (const turn of [1, 2, 3]) {
      await place.execute(renderEvents({ count: 49, table: a, turn }));
      await place.execute(renderEvents({ count: 1, table: other, turn }));
    }
    await confirmAll();
    const { pool } = poolOf(place.url);
    const freed = await pool.use(
      (session) => housekeep(session, PLACE, { retentionMs: 0, crowdedBytes: 0 }),
      never(),
    );
    await pool.close();
    expect(freed).toBe(98); // all but those of the one that is filled
    const slow = await changes.lease({ transfer: 'slow', lane: 1 }, never());
    expect(await takeAll(changes, slow)).toEqual(['I 1=0', 'I 1=0', 'I 1=0']);
  });

  test('nothing is freed while a lane is being registered', async () => {
    const { pool } = poolOf(place.url);
    try {
      await changes.unregister(TRANSFER, never());
      await pool.transaction(async (session) => {
        await registerLanes(session, names, { transfer: TRANSFER, lanes: [{ lane: 1, tables: [a] }] });
        await writer.insert('a', [1]);
        await eventually('it is old enough', async () => {
          await keep();
          const [[isOld] = []] = await place.query(
            `SELECT max(at) < now() - interval '3 s' FROM ${names.events}`,
          );
          return isOld === 't' || (await place.events()) === 0;
        });
      }, never());
      expect(await takeAll(changes, await changes.lease(LANE, never()))).toEqual(['I 1=0']);
    } finally {
      await pool.close();
    }
  });
});
