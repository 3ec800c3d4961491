import { describe, expect, test } from 'vitest';
import { type MoveLane, relayLanes } from '../../src/engine/lanes/relay-lanes.ts';
import type { SliceControl, SliceDetail } from '../../src/engine/slice.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';

const NOTHING = { ended: false, events: 0, bytes: 0, refusal: null } as const;

function openControl() {
  const told: (SliceDetail | undefined)[] = [];
  const stop = new AbortController();
  const control: SliceControl = {
    stop: stop.signal,
    overdue: () => false,
    progress: (detail) => void told.push(detail),
  };
  return { control, stop, told };
}

/** A lane that goes on until it is told to end. */
const untilStopped: MoveLane = (_lane, { stop }) =>
  new Promise((resolve) => {
    const end = (): void => resolve({ ...NOTHING, events: 3, bytes: 30 });
    if (stop.aborted) end();
    else stop.addEventListener('abort', end, { once: true });
  });

describe('lanes that share a slice', () => {
  test('end with it, each with what it moved', async () => {
    const { control, stop } = openControl();
    const moving = relayLanes([1, 4], control, untilStopped);
    stop.abort();
    expect(await moving).toEqual({
      lanes: [1, 4].map((lane) => ({ lane, ...NOTHING, events: 3, bytes: 30 })),
    });
  });

  test('end when one of them is refused, which says why', async () => {
    const refused = new SluiceError('hub.topic_missing', 'there is no topic', { table: 'public.t' });
    const { lanes } = await relayLanes([1, 2, 3], openControl().control, (lane, ...rest) =>
      lane === 2 ? Promise.reject(refused) : untilStopped(lane, ...rest),
    );
    expect(lanes.map(({ events }) => events)).toEqual([3, 0, 3]);
    expect(lanes[1]?.refusal).toMatchObject({ table: 'public.t', code: 'hub.topic_missing' });
  });

  test('fail with the one that fails, after the others have ended', async () => {
    const left: number[] = [];
    const lost = new SluiceError('capture.lease_lost', 'another has it');
    const moving = relayLanes([1, 2], openControl().control, async (lane, ...rest) => {
      if (lane === 2) throw lost;
      const result = await untilStopped(lane, ...rest);
      left.push(lane);
      return result;
    });
    await expect(moving).rejects.toBe(lost);
    expect(left).toEqual([1]);
  });

  test('are told with what an attempt that died had moved', async () => {
    const ended = async () => ({ ...NOTHING, events: 2, bytes: 20 });
    const { lanes } = await relayLanes([1, 2], openControl().control, ended, { events: 5, bytes: 50 });
    expect(lanes.map(({ events }) => events)).toEqual([7, 2]);
  });

  test('count together while they run', async () => {
    const { control, told } = openControl();
    await relayLanes([1, 2], control, async (lane, ofLane, count) => {
      count(lane, 10 * lane);
      ofLane.progress();
      return { ...NOTHING, ended: true };
    });
    expect(told.at(-1)).toEqual({ table: '(changes)', rowsRead: 3, bytesRead: 30 });
  });
});
