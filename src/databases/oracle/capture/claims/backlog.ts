import { decodeRuns, LAST_ID, type Run } from '../../../../engine/capture/id-runs.ts';
import type { Backlog } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-names.ts';
import { renderEndOfIds, renderLanes, renderOpenClaims, renderPending } from '../sql/claims-sql.ts';
import { laneOf, type StandingLane } from './lanes.ts';

/** So many events of a lane are counted; behind that the distance of ids is told. */
const MOST_COUNTED = 100_000;
/** So many runs of a claim, and of gaps, are asked for the time of their oldest event. */
const MOST_ASKED = 50;

interface Pending {
  readonly events: number;
  readonly oldestAt: string | null;
}

async function pendingIn(
  session: Session,
  names: CaptureNames,
  { numbers, runs }: { readonly numbers: string; readonly runs: readonly Run[] },
): Promise<Pending> {
  let events = 0;
  let oldestAt: string | null = null;
  for (const { from, to } of runs.slice(0, MOST_ASKED)) {
    const { rows } = await session.query(renderPending(names, numbers), {
      fromId: String(from),
      toId: String(to),
      most: String(MOST_COUNTED),
    });
    const [count, at = null] = rows[0] ?? [];
    if (Number(count) === 0) continue;
    events += Number(count);
    if (at !== null && (oldestAt === null || at < oldestAt)) oldestAt = at;
  }
  return { events, oldestAt };
}

const older = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other < one) ? other : one;

/** What a lane has not looked at or not seen, and the oldest of what is sealed. */
async function pendingOf(
  session: Session,
  names: CaptureNames,
  { lane, first, end }: { readonly lane: StandingLane; readonly first: readonly Run[]; readonly end: bigint },
): Promise<Pending> {
  const { numbers, looked } = lane;
  const gaps = looked.gaps.flatMap(({ runs }) => runs);
  const late = await pendingIn(session, names, { numbers, runs: gaps });
  const ahead = await pendingIn(session, names, { numbers, runs: [{ from: looked.seen + 1n, to: LAST_ID }] });
  const sealed = await pendingIn(session, names, { numbers, runs: first });
  const distance = Number(end - looked.seen);
  return {
    events: late.events + (ahead.events < MOST_COUNTED ? ahead.events : Math.max(ahead.events, distance)),
    oldestAt: older(older(late.oldestAt, ahead.oldestAt), sealed.oldestAt),
  };
}

/** See ChangeCapture.backlog. */
export async function readBacklog(session: Session, names: CaptureNames, transfer: string): Promise<Backlog> {
  const lanes = await session.query(renderLanes(names), { transfer });
  const claims = await session.query(renderOpenClaims(names), { transfer });
  const { text, binds } = renderEndOfIds(names);
  const end = BigInt((await session.cell(text, binds)) ?? 0) - 1n;
  let events = 0;
  let oldestAt: string | null = null;
  for (const lane of lanes.rows.map(laneOf)) {
    if (lane.numbers === '') continue;
    const own = claims.rows.filter(([of]) => Number(of) === lane.lane);
    const first = decodeRuns(own[0]?.[1] ?? '');
    const pending = await pendingOf(session, names, { lane, first, end });
    events += pending.events + own.reduce((sum, [, , count]) => sum + Number(count), 0);
    oldestAt = older(oldestAt, pending.oldestAt);
  }
  return { events, oldestAt };
}
