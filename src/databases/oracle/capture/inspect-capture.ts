import { MOST_COUNTED } from '../../../engine/capture/backlogs.ts';
import { captureFacts, standingLanes, standingLoads } from '../../../engine/capture/health/standing-lanes.ts';
import { LAST_ID } from '../../../engine/capture/id-runs.ts';
import type {
  CaptureFacts,
  CaptureInspector,
  OpenTransaction,
  StandingEvents,
  StandingLane,
  StandingLoad,
} from '../../../engine/ports/capture-inspector.ts';
import type { Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { vendorCode } from '../error-codes.ts';
import { inCapture } from './capture-errors.ts';
import type { CaptureNames } from './capture-names.ts';
import { readBacklogs } from './claims/backlog.ts';
import { FORBIDDEN } from './claims/open-transactions.ts';
import { readPartitions } from './claims/partitions.ts';
import {
  LONGEST_TRANSACTION,
  renderAllLoads,
  renderCountedEvents,
  renderHasEvents,
  renderOldest,
  renderStandingLanes,
} from './sql/inspect-sql.ts';
import { renderEndOfIds } from './sql/claims-sql.ts';
import { CAPTURE_VERSION, renderInstalled } from './sql/install-sql.ts';

async function readLanes(session: Session, names: CaptureNames): Promise<readonly StandingLane[]> {
  const { rows } = await session.query(renderStandingLanes(names));
  return standingLanes(rows, (transfer) => readBacklogs(session, names, transfer));
}

/** Of the partitioned form partition by partition, for there is no index; of the heap by its index. */
async function readStaging(session: Session, names: CaptureNames): Promise<StandingEvents> {
  const partitions = await readPartitions(session, names);
  const isHeap = partitions.length === 0;
  const ranges = isHeap ? [{ from: 1n, to: LAST_ID }] : partitions.map(({ ids }) => ids);
  const held: (typeof ranges)[number][] = [];
  for (const range of ranges) {
    const binds = { fromId: String(range.from), toId: String(range.to) };
    if ((await session.cell(renderHasEvents(names), binds)) === '1') held.push(range);
  }
  const [first] = held;
  if (!first)
    return {
      events: 0,
      oldestAt: null,
      partitions: isHeap ? null : { inUse: 0, there: ranges.length, canGrow: true },
    };
  const { rows } = await session.query(renderOldest(names), {
    fromId: String(first.from),
    toId: String(first.to),
  });
  const [id, oldestAt = null] = rows[0] ?? [];
  const counted = Number(await session.cell(renderCountedEvents(names), { most: String(MOST_COUNTED) }));
  const { text, binds } = renderEndOfIds(names);
  const distance = Number(BigInt((await session.cell(text, binds)) ?? 0) - BigInt(id ?? 0));
  return {
    events: counted < MOST_COUNTED ? counted : distance,
    oldestAt,
    partitions: isHeap ? null : { inUse: held.length, there: ranges.length, canGrow: true },
  };
}

async function readLoads(session: Session, names: CaptureNames): Promise<readonly StandingLoad[]> {
  const { rows } = await session.query(renderAllLoads(names));
  return standingLoads(rows, '1');
}

/** Null too without the right to see them. Any of them may have drawn an id. */
async function readLongest(session: Session): Promise<OpenTransaction | null> {
  try {
    const { rows } = await session.query(LONGEST_TRANSACTION);
    const [name, seconds] = rows[0] ?? [];
    if (name === undefined) return null;
    return { name: `transaction ${name}`, openForMs: 1_000 * Number(seconds), holdsEvents: true };
  } catch (error) {
    if (FORBIDDEN.has(vendorCode(error))) return null;
    throw error;
  }
}

export function createCaptureInspector(pool: Pool, names: CaptureNames): CaptureInspector {
  const inspect = async (session: Session): Promise<CaptureFacts> => {
    const installed = Number((await session.query(renderInstalled(names))).rows[0]?.[1]);
    return captureFacts(
      { installed, current: CAPTURE_VERSION },
      {
        lanes: () => readLanes(session, names),
        staging: () => readStaging(session, names),
        loads: () => readLoads(session, names),
        longest: () => readLongest(session),
      },
    );
  };
  return { inspect: (signal) => pool.use(inspect, signal, inCapture(names)) };
}
