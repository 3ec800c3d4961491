import { expect, test } from 'vitest';
import { systemClock } from '../../src/engine/clock.ts';
import { silentObserver } from '../../src/engine/observer.ts';
import { createCredit } from '../../src/engine/reading/credit.ts';
import { createLaneWatch, type LaneWatchOptions } from '../../src/engine/reading/lane-watch.ts';
import type { OpenLane } from '../../src/engine/reading/lane-publisher.ts';
import type { LaneProgress } from '../../src/model/lane.ts';

const standing = (lane: Partial<LaneProgress>): LaneProgress => ({
  table: '(changes)',
  generation: 1,
  lane: 1,
  attempt: 1,
  epoch: 'ours',
  n: 0,
  rows: 0,
  bytes: 0,
  ended: false,
  ...lane,
});

const mine: OpenLane = {
  range: { lane: 1, after: null, upto: null },
  attempt: 1,
  epoch: 'ours',
  n: 6,
  rows: 6,
  bytes: 6,
  unapplied: new Map(),
  unanswered: 0,
  done: false,
};

/** A reader without an end that has a lane open, at a ledger that answers so, the last answer again and again. */
function watching(answers: readonly LaneProgress[]) {
  const told: number[] = [];
  const ending = new AbortController();
  let asked = 0;
  const deps = {
    source: {
      reader: {
        applied: (_: number, blocks: number) => {
          told.push(blocks);
          if (blocks === 6) ending.abort();
        },
        isDrained: () => false,
      },
    },
    target: { ledger: { lanes: async () => [answers[Math.min(asked++, answers.length - 1)]] } },
    hub: { control: () => ({ listen: async () => undefined }) },
    observer: silentObserver,
    clock: systemClock,
  };
  const watch = createLaneWatch({
    deps: deps as unknown as LaneWatchOptions['deps'],
    request: {
      transfer: 'orders',
      run: 1,
      table: '(changes)',
      spec: { source: 'a', hub: 'b', target: 'c' },
      readers: 1,
      snapshot: null,
    } as unknown as LaneWatchOptions['request'],
    control: { stop: ending.signal, overdue: () => false, progress: () => undefined },
    planned: { generation: 1 },
    credit: createCredit(1_000),
    open: new Map([[1, mine]]),
    lanes: [standing({})],
    signal: ending.signal,
    interrupt: () => undefined,
    ensureHub: async () => undefined,
  });
  return { told, ran: watch.run() };
}

test('who reads without an end is told what of his own is applied', async () => {
  const { told, ran } = watching([standing({ n: 4 }), standing({ n: 6 })]);
  await ran;
  expect(told).toEqual([4, 6]);
});

test('who reads without an end learns that another one has opened his lane: what he waits for is applied by nobody', async () => {
  const { told, ran } = watching([standing({ n: 4 }), standing({ attempt: 2, epoch: 'theirs', n: 9 })]);
  await expect(ran).rejects.toMatchObject({ code: 'capture.lease_lost' });
  expect(told).toEqual([4]);
});
