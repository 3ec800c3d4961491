import type { TablePlan } from '../../../model/table-plan.ts';
import type { ServerFacts } from '../connections/pins.ts';
import { CAPACITY, parseType } from '../types/type-text.ts';

/** The most that a server takes as a packet. */
const MOST_PACKET_BYTES = 1024 ** 3;

const mayExceed = (plan: TablePlan, bytes: number): boolean =>
  plan.columns.some(({ targetType }) => {
    const { base } = parseType(targetType);
    return base === 'json' || (CAPACITY[base] ?? 0) > bytes;
  });

/** What of a server's limits decides how the rows of a table are written, and which are refused. */
export function writingNotes(plan: TablePlan, facts: ServerFacts, loadData: boolean): readonly string[] {
  const { localInfile, maxAllowedPacket } = facts;
  const why = localInfile ? 'loadData of the connection is false' : 'local_infile of the server is OFF';
  return [
    ...(loadData && localInfile ? [] : [`rows are written by INSERT, which is slower: ${why}`]),
    ...(maxAllowedPacket < MOST_PACKET_BYTES && mayExceed(plan, maxAllowedPacket)
      ? [`larger rows than the server takes are refused: max_allowed_packet is ${maxAllowedPacket} bytes`]
      : []),
  ];
}
