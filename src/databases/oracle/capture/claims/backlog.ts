import { addBacklogs, MOST_COUNTED, NO_BACKLOG } from '../../../../engine/capture/backlogs.ts';
import { decodeRuns, LAST_ID, type Run } from '../../../../engine/capture/id-runs.ts';
import type { Backlog } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-names.ts';
import { renderEndOfIds, renderLanes, renderOpenClaims, renderPending } from '../sql/claims-sql.ts';
import { laneOf, type StandingLane } from './lanes.ts';

/** So many runs of a claim, and of gaps, are asked for the time of their oldest event. */
const MOST_ASKED = 50;

async function pendingIn(
  session: Session,
  names: CaptureNames,
  { numbers, runs }: { readonly numbers: string; readonly runs: readonly Run[] },
): Promise<Backlog> {
  const found: Backlog[] = [];
  for (const { from, to } of runs.slice(0, MOST_ASKED)) {
    const { rows } = await session.query(renderPending(names, numbers), {
      fromId: String(from),
      toId: String(to),
      most: String(MOST_COUNTED),
    });
    const [count, oldestAt = null] = rows[0] ?? [];
    if (Number(count) > 0) found.push({ events: Number(count), oldestAt });
  }
  return addBacklogs(found);
}

/** What a lane has not looked at or not seen, and what is sealed. */
async function pendingOf(
  session: Session,
  names: CaptureNames,
  request: {
    readonly lane: StandingLane;
    readonly first: readonly Run[];
    readonly claimed: number;
    readonly end: bigint;
  },
): Promise<Backlog> {
  const { lane, first, claimed, end } = request;
  const { numbers, looked } = lane;
  if (numbers === '') return NO_BACKLOG;
  const gaps = looked.gaps.flatMap(({ runs }) => runs);
  const late = await pendingIn(session, names, { numbers, runs: gaps });
  const ahead = await pendingIn(session, names, { numbers, runs: [{ from: looked.seen + 1n, to: LAST_ID }] });
  const sealed = await pendingIn(session, names, { numbers, runs: first });
  const distance = Number(end - looked.seen);
  const events = ahead.events < MOST_COUNTED ? ahead.events : Math.max(ahead.events, distance);
  return addBacklogs([late, { ...ahead, events }, { ...sealed, events: claimed }]);
}

/** What waits in each lane of a transfer. */
export async function readBacklogs(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<ReadonlyMap<number, Backlog>> {
  const lanes = await session.query(renderLanes(names), { transfer });
  const claims = await session.query(renderOpenClaims(names), { transfer });
  const { text, binds } = renderEndOfIds(names);
  const end = BigInt((await session.cell(text, binds)) ?? 0) - 1n;
  const found = new Map<number, Backlog>();
  for (const lane of lanes.rows.map(laneOf)) {
    const own = claims.rows.filter(([of]) => Number(of) === lane.lane);
    const first = decodeRuns(own[0]?.[1] ?? '');
    const claimed = own.reduce((sum, [, , count]) => sum + Number(count), 0);
    found.set(lane.lane, await pendingOf(session, names, { lane, first, claimed, end }));
  }
  return found;
}

/** See ChangeCapture.backlog. */
export const readBacklog = async (
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<Backlog> => addBacklogs((await readBacklogs(session, names, transfer)).values());
