/** Rows that differed while changes flowed, by what can be said of them. */
export interface LiveCounts {
  /** They differ, and no change that is on its way is the reason. */
  readonly different: number;
  /** Their changes are set apart. */
  readonly parked: number;
  /** Changes that may be theirs were not applied before the delay was over. */
  readonly waiting: number;
  /** They changed on both sides from look to look, as what is followed does. */
  readonly moving: number;
  /** False: more rows differed than are watched, and there may be more of each. */
  readonly complete: boolean;
}
