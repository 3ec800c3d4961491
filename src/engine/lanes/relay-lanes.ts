import { CHANGES } from '../../model/changes-plan.ts';
import { isSluiceError } from '../../model/sluice-error.ts';
import type { RelayedLane, RelayResult, SliceControl } from '../slice.ts';

/** What a lane moved; `refusal` and `ended` as in RelayedLane. */
export type MovedLane = Omit<RelayedLane, 'lane'>;

/** Moves one lane until its slice is over. `count` is told of what is where it goes, as it gets there. */
export type MoveLane = (
  lane: number,
  control: SliceControl,
  count: (events: number, bytes: number) => void,
) => Promise<MovedLane>;

/** An error of one lane that only a person can mend. @throws any other one */
function asRefused(error: unknown): MovedLane {
  if (!isSluiceError(error) || error.retry !== 'manual') throw error;
  const { code, message, details } = error;
  const refusal = { table: details.table ?? '', code, message, details };
  return { ended: false, events: 0, bytes: 0, refusal };
}

/**
 * Moves several lanes at once, each in an order of its own. The slice ends as soon as one of them is refused, or fails: what is to be
 * done about that one is decided elsewhere, and the others go on in the next slice.
 * @param before  what an attempt that died had moved: told with the first lane
 * @throws what a lane failed with, where nothing is to be told of another
 */
export async function relayLanes(
  lanes: readonly number[],
  control: SliceControl,
  move: MoveLane,
  before: { readonly events: number; readonly bytes: number } = { events: 0, bytes: 0 },
): Promise<RelayResult> {
  const ending = new AbortController();
  const stop = AbortSignal.any([control.stop, ending.signal]);
  const moved = { ...before };
  const count = (events: number, bytes: number): void => {
    moved.events += events;
    moved.bytes += bytes;
  };
  const progress = (): void =>
    control.progress({ table: CHANGES, rowsRead: moved.events, bytesRead: moved.bytes });
  progress();
  const failures: unknown[] = [];
  const moveOne = async (lane: number): Promise<RelayedLane | null> => {
    try {
      const result = await move(lane, { ...control, stop, progress }, count).catch(asRefused);
      if (result.refusal) ending.abort();
      return { lane, ...result };
    } catch (error) {
      failures.push(error);
      ending.abort();
      return null;
    }
  };
  const results = (await Promise.all(lanes.map(moveOne))).filter((each) => each !== null);
  if (failures.length > 0 && results.every(({ refusal }) => refusal === null)) throw failures[0];
  const [first, ...others] = results;
  if (!first) return { lanes: [] };
  const withBefore = { ...first, events: first.events + before.events, bytes: first.bytes + before.bytes };
  return { lanes: [withBefore, ...others] };
}
