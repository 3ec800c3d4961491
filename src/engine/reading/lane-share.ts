import type { LaneProgress, Share } from '../../model/lane.ts';
import { partOfEpoch } from '../driver/epoch.ts';

/** A lane that a slice is to read. */
export interface LaneToRead {
  readonly lane: number;
  /** Nobody had opened it when the ledger was asked: to be opened only where that still holds. */
  readonly ifAttempt?: number;
}

/**
 * Which lanes of a table are a slice's, where several slices share it; without a share all are (docs/decisions/slices-share-lanes.md).
 *
 * The part that opened a lane has it, also after its slice ended or died: another one of the same part goes on with it.
 * Of a lane that was opened by a slice that had the whole table, the lane's number decides.
 */
export function createLaneShare(share: Share | undefined) {
  const { part, of } = share ?? { part: 1, of: 1 };
  const isFresh = ({ epoch }: LaneProgress): boolean => share !== undefined && epoch === '';
  const isMine = ({ epoch, lane }: LaneProgress): boolean =>
    of === 1 || (epoch !== '' && ((partOfEpoch(epoch) ?? lane) - 1) % of === part - 1);
  const isWanted = (lane: LaneProgress): boolean => !lane.ended && (isMine(lane) || isFresh(lane));
  /** What this part has begun, for it holds what was published of it; its own stripe; the others', from their ends. */
  const rank = (lane: LaneProgress): number => {
    if (isMine(lane)) return 0;
    return (lane.lane - 1) % of === part - 1 ? 1 : 2;
  };
  const compare = (a: LaneProgress, b: LaneProgress): number =>
    rank(a) - rank(b) || (rank(a) === 2 ? b.lane - a.lane : a.lane - b.lane);
  return {
    /** Not ended, and this slice's or nobody's yet. */
    isWanted,
    /** The lanes to read, in this slice's order: parts seldom want the same one. */
    inOrder: (lanes: readonly LaneProgress[]): number[] =>
      lanes
        .filter(isWanted)
        .toSorted(compare)
        .map(({ lane }) => lane),
    toRead: (lane: LaneProgress): LaneToRead =>
      isFresh(lane) ? { lane: lane.lane, ifAttempt: lane.attempt } : { lane: lane.lane },
  };
}
