import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CapturePlace } from '../../src/model/capture-spec.ts';
import { TRANSFER } from './changes-steps.ts';
import { type LoadFixture, type LoadPlace, stageOf } from './load-fixture.ts';
import { never } from './test-tables.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The beginning of the day that was so many days ago. */
const dayMs = (ago: number): number => Math.floor(Date.now() / DAY_MS) * DAY_MS - ago * DAY_MS;
const canonical = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}+00`;

/** How counts grow old, in any source. @param nameOf  of a table of the capture, as statements name it */
export function describeKeptCounts(
  fixture: LoadFixture,
  nameOf: (capture: CapturePlace, name: string) => string,
): void {
  let place: LoadPlace;
  beforeEach(async () => {
    place = await fixture.place();
    await place.execute('CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL)');
    await stageOf(place, 'a');
  });
  afterEach(() => place.drop());

  const write = (at: number, success: number, operation = 'I'): Promise<void> =>
    place.execute(
      `INSERT INTO ${nameOf(place.capture, 'capture_minutes')} (transfer, lane, minute_ms, table_id, operation, success_events, delayed_events, final_events, divisions_events, retries_events)
       VALUES ('${TRANSFER}', 1, ${at}, 'public.a', '${operation}', ${success}, 1, 0, 0, 0)`,
    );
  const writeLag = (at: number, seconds: number): Promise<void> =>
    place.execute(
      `INSERT INTO ${nameOf(place.capture, 'capture_lags')} (transfer, lane, minute_ms, seconds, events) VALUES ('${TRANSFER}', 1, ${at}, ${seconds}, ${100 - seconds})`,
    );
  /** As another process has it. */
  const open = async (of: Pick<CapturePlace, 'statistics'> = {}) =>
    (await place.open()).capture!({ ...place.capture, ...of });
  const keep = async (of: Pick<CapturePlace, 'statistics'> = {}): Promise<void> => {
    await (await open(of)).changes.housekeep({ retentionMs: 0 }, never());
  };
  const counts = async () =>
    (await (await open()).statistics!.counts({ sinceMs: 0 }, never())).map(
      ({ minute, operation, success, delayed }) => `${minute} ${operation} ${success} ${delayed}`,
    );
  const lags = async () =>
    (await (await open()).statistics!.lags({ sinceMs: 0 }, never())).map(
      ({ minute, seconds, events }) => `${minute} ${seconds} ${events}`,
    );

  describe('counts that grow old', () => {
    test('become those of an hour, and of a day, with the same sums, and are forgotten at last', async () => {
      const [now, hour, day] = [
        Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS,
        dayMs(20) + 5 * HOUR_MS,
        dayMs(100),
      ];
      await write(now, 7);
      for (const [at, success] of [
        [0, 1],
        [1, 10],
        [59, 100],
      ] as const) // one at the beginning, two within
        await write(hour + at * MINUTE_MS, success);
      await write(hour + 2 * MINUTE_MS, 4, 'D');
      await write(hour + HOUR_MS, 8);
      await write(day + 3 * HOUR_MS, 20);
      await write(day + 9 * HOUR_MS + MINUTE_MS, 21);
      await write(dayMs(400), 1_000);
      for (const [at, seconds] of [
        [1, 30],
        [2, 10],
      ] as const)
        await writeLag(hour + at * MINUTE_MS, seconds);
      const kept = [
        `${canonical(day)} I 41 2`,
        `${canonical(hour)} D 4 1`,
        `${canonical(hour)} I 111 3`,
        `${canonical(hour + HOUR_MS)} I 8 1`,
        `${canonical(now)} I 7 1`,
      ];
      await keep();
      expect(await counts()).toEqual(kept);
      expect(await lags()).toEqual([`${canonical(hour)} 30 90`]);
      await keep();
      expect(await counts()).toEqual(kept);
      // As it is configured: by the day from a day on, and nothing of more than 50 days.
      await keep({ statistics: { minutes: '24h', hours: '24h', days: '1200h' } });
      expect(await counts()).toEqual([
        `${canonical(dayMs(20))} D 4 1`,
        `${canonical(dayMs(20))} I 119 4`,
        `${canonical(now)} I 7 1`,
      ]);
    });

    test('keep their sums while several processes put them together', async () => {
      const at = dayMs(30);
      for (let minute = 0; minute < 40; minute += 1)
        await write(at + Math.floor(minute / 4) * HOUR_MS + (minute % 4) * MINUTE_MS, minute);
      await Promise.all([keep(), keep(), keep()]);
      await keep();
      const sums = (await counts()).map((line) => Number(line.split(' ').at(-2)));
      expect(sums).toHaveLength(10);
      expect(sums.reduce((sum, each) => sum + each, 0)).toBe(780);
    });
  });
}
