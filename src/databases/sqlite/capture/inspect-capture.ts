import { MOST_COUNTED, NO_BACKLOG } from '../../../engine/capture/backlogs.ts';
import { renderStandingLoads, standingLoads } from '../../../engine/capture/health/standing-lanes.ts';
import type {
  CaptureFacts,
  CaptureInspector,
  StandingEvents,
  StandingLane,
  StandingLoad,
} from '../../../engine/ports/capture-inspector.ts';
import { reading, type Session } from '../connections/session.ts';
import type { StoredValue } from '../values/stored-value.ts';
import { eventTime, readBacklogs } from './backlogs.ts';
import { CAPTURE_VERSION, captureTables } from './capture-tables.ts';
import { readVersion, requireInstalled } from './captured-state.ts';
import { highestId, laneKey, readLanes } from './lanes.ts';
import { hasLoads } from './loads/stored-load.ts';
import type { CaptureFile } from './trigger-manager.ts';

/** Claims have the times of our own programs: `2026-11-30T09:31:50.123Z`. */
const claimTime = (at: StoredValue | undefined): string | null =>
  at === null || at === undefined ? null : eventTime(String(at).replace('T', ' ').replace('Z', ''));

async function standingLanes(session: Session, prefix: string): Promise<readonly StandingLane[]> {
  const { claims, lanes } = captureTables(prefix);
  const found: StandingLane[] = [];
  for (const [transfer] of await session.rows(`SELECT DISTINCT transfer FROM ${lanes} ORDER BY transfer`)) {
    const backlogs = await readBacklogs(session, prefix, String(transfer));
    for (const lane of await readLanes(session, prefix, String(transfer))) {
      const [moved] = await session.rows(
        `SELECT max(max(sealed_at, coalesce(confirmed_at, sealed_at))) FROM ${claims} WHERE transfer = ? AND lane = ?`,
        laneKey(lane),
      );
      found.push({
        transfer: lane.transfer,
        lane: lane.lane,
        tables: lane.tables,
        owner: lane.epoch || null,
        sealed: Number(lane.sealed),
        confirmed: Number(lane.confirmed),
        movedAt: claimTime(moved?.[0]),
        backlog: backlogs.get(lane.lane) ?? NO_BACKLOG,
      });
    }
  }
  return found;
}

async function readStaging(session: Session, prefix: string): Promise<StandingEvents> {
  const { events } = captureTables(prefix);
  const [first] = await session.rows(`SELECT id, at FROM ${events} ORDER BY id LIMIT 1`);
  if (first === undefined) return { events: 0, oldestAt: null, partitions: null };
  const distance = (await highestId(session, prefix)) - (first[0] as bigint) + 1n;
  const [row] = distance > MOST_COUNTED ? [[distance]] : await session.rows(`SELECT count(*) FROM ${events}`);
  return { events: Number(row?.[0]), oldestAt: eventTime(first[1]), partitions: null };
}

async function allLoads(session: Session, prefix: string): Promise<readonly StandingLoad[]> {
  if (!(await hasLoads(session, prefix))) return [];
  return standingLoads(await session.rows(renderStandingLoads(captureTables(prefix).loads)), 1n);
}

/** In one transaction that reads. Who has a transaction open on the file nobody can tell. */
export function createCaptureInspector({ pool, prefix }: CaptureFile): CaptureInspector {
  const inspect = async (session: Session): Promise<CaptureFacts> => {
    await requireInstalled(session, prefix);
    return {
      layout: { installed: await readVersion(session, prefix), current: CAPTURE_VERSION },
      lanes: await standingLanes(session, prefix),
      staging: await readStaging(session, prefix),
      loads: await allLoads(session, prefix),
      longest: null,
    };
  };
  return { inspect: (signal) => reading(pool, signal, inspect) };
}
