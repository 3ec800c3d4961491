import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChangeEvent } from '../../src/model/change-event.ts';
import { tellEvent } from './changes-steps.ts';
import { finishLoad, loadAll, type LoadFixture, type LoadPlace, stageOf } from './load-fixture.ts';
import { never } from './test-tables.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Rows (id, n) with n = id × 10. */
const fill = async (place: LoadPlace, ids: readonly number[]): Promise<void> => {
  await place.execute('CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL)');
  await place.execute(`INSERT INTO a (id, n) VALUES ${ids.map((id) => `(${id}, ${id * 10})`).join(', ')}`);
};

const told = (events: readonly ChangeEvent[]): readonly string[] => events.map(tellEvent);

/** What every InitialLoad does, on a real server. */
export function describeInitialLoad(fixture: LoadFixture): void {
  let place: LoadPlace;
  beforeEach(async () => {
    place = await fixture.place();
  });
  afterEach(() => place.drop());

  describe('a load', () => {
    test('writes each row that stands as one event, in the order of the key, as the trigger would write it', async () => {
      await fill(place, upTo(50));
      const stage = await stageOf(place, 'a');
      expect(await loadAll(stage)).toBe(50);
      const events = await stage.take();
      expect(told(events)).toEqual(upTo(50).map((id) => `i ${id}=${id * 10}`));
      await place.execute('DELETE FROM a WHERE id = 3');
      await place.execute('INSERT INTO a (id, n) VALUES (3, 30)');
      const [, inserted] = await stage.take();
      expect(events[2]).toMatchObject({
        key: inserted!.key,
        new: inserted!.new,
        old: null,
        table: inserted!.table,
      });
      expect(await stage.loads.progress(stage.wanted.transfer, never())).toEqual([
        { table: stage.wanted.captured.number, generation: 1, rows: 50, isDone: true },
      ]);
    });

    test('of a table without rows is done at once', async () => {
      await place.execute('CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL)');
      const stage = await stageOf(place, 'a');
      expect(await loadAll(stage)).toBe(0);
      expect(await stage.take()).toEqual([]);
      expect(await stage.loads.progress(stage.wanted.transfer, never())).toMatchObject([{ isDone: true }]);
    });

    test('that is done stays done, and begins again only as a later one', async () => {
      await fill(place, upTo(5));
      const stage = await stageOf(place, 'a');
      await loadAll(stage);
      await stage.take();
      expect(await loadAll(stage)).toBe(0);
      const again = { ...stage, wanted: { ...stage.wanted, generation: 2 } };
      const [early] = [await stage.loads.open(stage.wanted, never())];
      expect(await loadAll(again)).toBe(5);
      expect(told(await stage.take())).toEqual(upTo(5).map((id) => `i ${id}=${id * 10}`));
      expect(await early.next(5, never())).toMatchObject({ state: 'superseded', rows: 0 });
    });

    test('goes on behind its last chunk, whoever loads', async () => {
      await fill(place, upTo(10));
      const stage = await stageOf(place, 'a');
      const first = await stage.loads.open(stage.wanted, never());
      expect(await first.next(4, never())).toMatchObject({ state: 'more', rows: 4 });
      const second = await stage.loads.open(stage.wanted, never());
      expect(await second.next(4, never())).toMatchObject({ state: 'more', rows: 4 });
      expect(await first.next(4, never())).toMatchObject({ state: 'done', rows: 2 });
      expect(await second.next(4, never())).toMatchObject({ state: 'done', rows: 0 });
      expect(told(await stage.take())).toEqual(upTo(10).map((id) => `i ${id}=${id * 10}`));
    });

    test('with another condition or order that is not done begins at the first row', async () => {
      await fill(place, upTo(10));
      const stage = await stageOf(place, 'a');
      await (await stage.loads.open(stage.wanted, never())).next(4, never());
      await stage.take();
      const order = [{ column: 'n', descending: true }];
      expect(await loadAll({ ...stage, wanted: { ...stage.wanted, order } }, 3)).toBe(10);
      const expected = upTo(10).map((at) => `i ${11 - at}=${(11 - at) * 10}`);
      expect(told(await stage.take())).toEqual(expected);
    });

    test('takes the rows of its condition and of the condition of the capture', async () => {
      await fill(place, upTo(10));
      const stage = await stageOf(place, 'a', { where: 'n > 30' });
      expect(await loadAll({ ...stage, wanted: { ...stage.wanted, where: 'n < 80 AND id <> 5' } }, 3)).toBe(
        3,
      );
      expect(told(await stage.take())).toEqual(['i 4=40', 'i 6=60', 'i 7=70']);
    });

    test('has keys of texts and of several columns, in any direction', async () => {
      const texts = ['', "it's", 'back\\slash', 'ä', 'ß', 'Z', 'z', '日本', 'a\tb', '"'];
      const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
      await place.execute(
        `CREATE TABLE a (k ${fixture.keyText} NOT NULL, id integer NOT NULL, n integer NOT NULL, PRIMARY KEY (k, id))`,
      );
      for (const [at, text] of texts.entries()) {
        const value = fixture.escape ? fixture.escape(quoted(text)) : quoted(text);
        await place.execute(
          `INSERT INTO a (k, id, n) VALUES (${value}, ${at}, 1), (${value}, ${at + 100}, 2)`,
        );
      }
      const stage = await stageOf(place, 'a');
      const orders = [
        [],
        [{ column: 'n', descending: true }],
        [
          { column: 'k', descending: true },
          { column: 'id', descending: false },
        ],
      ];
      for (const [at, order] of orders.entries()) {
        const wanted = { ...stage.wanted, generation: at + 1, order };
        expect(await loadAll({ ...stage, wanted }, 1 + at)).toBe(20);
        const rows = (await stage.take()).map(
          ({ new: now }) => JSON.parse(now!) as { k: string; id: number },
        );
        expect(new Set(rows.map(({ id }) => id)).size).toBe(20);
        expect(new Set(rows.map(({ k }) => k))).toEqual(new Set(texts));
      }
    });

    test('that is forgotten with its transfer writes nothing more', async () => {
      await fill(place, upTo(10));
      const stage = await stageOf(place, 'a');
      const load = await stage.loads.open(stage.wanted, never());
      await load.next(4, never());
      const database = await place.open();
      await database.capture!(place.capture).changes.unregister(stage.wanted.transfer, never());
      expect(await load.next(4, never())).toMatchObject({ state: 'superseded' });
    });
  });

  describe('is refused', () => {
    test.each(['1=1); DROP TABLE a', 'id = 1 -- all', '(SELECT 1) = 1', 'nothing = 1'])(
      'with the condition %s',
      async (where) => {
        await fill(place, [1]);
        const stage = await stageOf(place, 'a');
        const wanted = { ...stage.wanted, where };
        const refused = { code: 'capture.condition_invalid' };
        await expect(stage.loads.check(wanted, never())).rejects.toMatchObject(refused);
        await expect(stage.loads.open(wanted, never())).rejects.toMatchObject(refused);
        expect(await place.query('SELECT id FROM a')).toHaveLength(1);
        expect(await stage.loads.progress(wanted.transfer, never())).toEqual([]);
      },
    );

    test('without a primary key', async () => {
      await place.execute('CREATE TABLE a (n integer NOT NULL)');
      const stage = await stageOf(place, 'a');
      await expect(stage.loads.check(stage.wanted, never())).rejects.toMatchObject({
        code: 'capture.key_needed',
      });
    });

    test('in the order of a column that may be NULL, is not recorded, or is none', async () => {
      await place.execute(
        'CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL, may_be integer, other integer NOT NULL)',
      );
      const stage = await stageOf(place, 'a', { columns: { exclude: ['other'] } });
      for (const column of ['may_be', 'other', 'none']) {
        const wanted = { ...stage.wanted, order: [{ column, descending: false }] };
        await expect(stage.loads.check(wanted, never())).rejects.toMatchObject({ code: 'config.invalid' });
      }
    });
  });

  describe.runIf(fixture.concurrentWriters)('rows that others hold', () => {
    test('are waited for by nobody, and loaded as they are when they are let go', async () => {
      await fill(place, upTo(10));
      const stage = await stageOf(place, 'a');
      const writer = await place.writer();
      await writer.begin();
      await writer.bump('a', 8); // not next to a chunk: InnoDB looks at the row behind its last one
      const load = await stage.loads.open(stage.wanted, never());
      const beganMs = performance.now();
      expect(await load.next(10, never())).toMatchObject({ state: 'held', rows: 0 });
      expect(performance.now() - beganMs).toBeLessThan(2_000);
      expect(await load.next(5, never())).toMatchObject({ state: 'more', rows: 5 });
      await writer.commit();
      expect(await finishLoad(load, () => 10)).toBe(5);
      const loaded = upTo(10).map((id) => `i ${id}=${id * 10 + (id === 8 ? 1 : 0)}`);
      expect(told(await stage.take())).toEqual(['U 8=81', ...loaded]);
    });
  });
}
