import { changesId } from '../../model/changes-plan.ts';
import type { Position } from '../../model/row-block.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import { movesRows } from '../planning/changes-of-transfer.ts';
import type { Lease } from '../ports/change-capture.ts';
import type { Ledger, PlannedTable } from '../ports/ledger.ts';

/** A lane of changes as the target's ledger has it. */
export interface KnownLane {
  /** Of the run; null before it is planned there. */
  readonly planned: PlannedTable | null;
  /** Of the capture that it began with; undefined where no run had it. */
  readonly incarnation: string | undefined;
  /** Where the target stands, or its run began; null where it is none, or rows that are copied anew say more. */
  readonly position: Position | null;
}

/**
 * Looks a lane up in the run, or in the newest one before it that had it: a transfer of changes alone copies nothing, and goes on from
 * there.
 */
export async function knownLane(
  ledger: Ledger,
  request: {
    readonly transfer: string;
    readonly run: number;
    readonly lane: number;
    readonly spec: TransferSpec;
  },
  signal: AbortSignal,
): Promise<KnownLane> {
  const { transfer, run, lane, spec } = request;
  const table = changesId(lane);
  const planned = await ledger.readTable(transfer, run, table, signal);
  if (movesRows(spec)) return { planned, incarnation: planned?.incarnation, position: null };
  for (let at = run; at >= 1; at -= 1) {
    const found = at === run ? planned : await ledger.readTable(transfer, at, table, signal);
    if (!found) continue;
    const [standing] = await ledger.lanes(transfer, at, table, signal);
    const position = standing?.position ?? found.ranges[0]?.after ?? null;
    return { planned, incarnation: found.incarnation, position };
  }
  return { planned, incarnation: undefined, position: null };
}

/**
 * Where a lane begins: behind what is confirmed, and what the target has beyond it. A confirmation comes some time after the commit at the
 * target, and not at all where a process died between them: then rows without a key would come twice. What the source does not know is
 * of a history that it has lost, or gave up.
 */
export function beginOf({ confirmed, sealed }: Lease, position: Position | null): Position {
  const claim = Number(position?.[0] ?? 0);
  return position && claim > confirmed && claim <= sealed ? position : [String(confirmed), ''];
}
