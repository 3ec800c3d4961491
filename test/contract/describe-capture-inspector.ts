import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lagMsOf } from '../../src/engine/capture/backlogs.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { eventually } from '../support/eventually.ts';
import { LANE, sealOne, TRANSFER } from './changes-steps.ts';
import { loadAll, type LoadFixture, type LoadPlace, stageOf } from './load-fixture.ts';
import { never } from './test-tables.ts';

/** What every CaptureInspector tells, on a real server. */
export function describeCaptureInspector(fixture: LoadFixture): void {
  let place: LoadPlace;
  let capture: ReturnType<NonNullable<Database['capture']>>;
  beforeEach(async () => {
    place = await fixture.place();
    capture = (await place.open()).capture!(place.capture);
    await place.execute('CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL)');
  });
  afterEach(() => place.drop());

  const inspect = () => capture.inspector!.inspect(never());
  const isRecent = (at: string | null): boolean =>
    at !== null && lagMsOf({ oldestAt: at }, Date.now()) < 60_000;

  describe('a capture that is looked at as a whole', () => {
    test('tells its lanes with what waits in them, its events and its loads, and that it is not there', async () => {
      await place.execute('INSERT INTO a (id, n) VALUES (1, 0), (2, 0)');
      const stage = await stageOf(place, 'a');
      await loadAll(stage);
      const { number } = stage.wanted.captured;
      const before = await inspect();
      expect(before.loads).toEqual([
        { transfer: TRANSFER, table: number, generation: 1, rows: 2, isDone: true },
      ]);
      expect(before.layout.installed).toBe(before.layout.current);
      expect(before.lanes).toMatchObject([
        { ...LANE, tables: [number], sealed: 0, confirmed: 0, movedAt: null, backlog: { events: 2 } },
      ]);
      expect(before.staging.events).toBe(2);
      expect(isRecent(before.staging.oldestAt)).toBe(true);

      const lease = await capture.changes.lease(LANE, never());
      await sealOne(capture.changes, lease);
      await (await place.writer()).insert('a', [3]);
      const [sealed] = (await inspect()).lanes;
      expect(sealed).toMatchObject({ owner: lease.epoch, sealed: 1, confirmed: 0, backlog: { events: 3 } });
      expect(isRecent(sealed!.movedAt)).toBe(true);
      expect(isRecent(sealed!.backlog.oldestAt)).toBe(true);
      expect(sealed!.backlog).toEqual(await capture.changes.backlog(TRANSFER, never()));

      await capture.changes.confirm(lease, 1, never());
      const [confirmed] = (await inspect()).lanes;
      expect(confirmed).toMatchObject({ sealed: 1, confirmed: 1, backlog: { events: 1 } });
      expect(isRecent(confirmed!.movedAt)).toBe(true);

      await capture.changes.register('other', [{ lane: 2, tables: [number] }], never());
      const other = (await inspect()).lanes.find(({ transfer }) => transfer === 'other');
      expect(other).toMatchObject({
        transfer: 'other',
        owner: null,
        movedAt: null,
        backlog: { events: 0, oldestAt: null },
      });
      await capture.triggers.uninstall(never());
      await expect(inspect()).rejects.toMatchObject({ code: 'capture.not_installed' });
    });

    test.runIf(fixture.concurrentWriters)('tells which transaction is open for longest', async () => {
      await stageOf(place, 'a');
      const writer = await place.writer();
      await writer.begin();
      await writer.insert('a', [1]);
      // Others have transactions in the same server; ours stays open, and is the oldest in the end.
      await eventually('the open transaction is the oldest', async () => {
        await delay(200); // who asks InnoDB oftener is answered from a cache that is renewed for nobody then
        const { longest } = await inspect();
        return longest?.holdsEvents === true && longest.openForMs >= 0;
      });
      await writer.rollback();
    });
  });
}
