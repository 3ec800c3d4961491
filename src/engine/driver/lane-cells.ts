import type { LaneProgress } from '../../model/lane.ts';
import { decodePosition } from '../../model/row-block.ts';

/**
 * A lane from the cells of the ledger's columns, in this order; the last one, its position, may be left out.
 * @param yes  how the database prints that a lane has ended
 */
export const laneOfCells =
  (yes: string) =>
  (cells: readonly (string | null)[]): LaneProgress => {
    const [table, generation, lane, attempt, epoch, n, rows, bytes, ended, position] = cells;
    return {
      table: table ?? '',
      generation: Number(generation),
      lane: Number(lane),
      attempt: Number(attempt),
      epoch: epoch ?? '',
      n: Number(n),
      rows: Number(rows),
      bytes: Number(bytes),
      ended: ended === yes,
      ...(position !== undefined && { position: position ? decodePosition(position) : null }),
    };
  };
