import type { Move, RunningSlice, Scene } from './schedule.ts';

/** Ends the slices that run and are such ones, unless they are told to already. */
export const haltAll = (
  { running }: Pick<Scene, 'running'>,
  which: (slice: RunningSlice) => boolean,
): readonly Move[] =>
  [...running].filter((slice) => which(slice) && !slice.halted).map((slice) => ({ move: 'halt', slice }));
