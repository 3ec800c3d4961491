import { MOST_COUNTED } from '../../../engine/capture/backlogs.ts';
import {
  captureFacts,
  renderStandingLoads,
  standingLanes,
  standingLoads,
} from '../../../engine/capture/health/standing-lanes.ts';
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
import { renderFraction } from '../types/render-text.ts';
import { inCapture } from './capture-errors.ts';
import { CAPTURE_VERSION, type CaptureNames } from './capture-tables.ts';
import { inSnapshot, readBacklogs } from './claims/lanes.ts';
import { NO_PROCESS } from './claims/open-transactions.ts';

const momentText = (value: string): string => `CONCAT(${renderFraction(value, 6)}, '+00')`;

async function readLanes(session: Session, names: CaptureNames): Promise<readonly StandingLane[]> {
  const moved = 'MAX(GREATEST(c.sealed_at, COALESCE(c.confirmed_at, c.sealed_at)))';
  const { rows } = await session.query(
    `SELECT l.transfer, l.lane, l.table_numbers, l.epoch, l.sealed, l.confirmed,
       (SELECT ${momentText(moved)} FROM ${names.claims} AS c WHERE c.transfer = l.transfer AND c.lane = l.lane)
     FROM ${names.lanes} AS l ORDER BY l.transfer, l.lane`,
  );
  return standingLanes(rows, (transfer) => readBacklogs(session, names, transfer));
}

async function readStaging(session: Session, names: CaptureNames): Promise<StandingEvents> {
  const { rows } = await session.query(
    `SELECT (SELECT COUNT(*) FROM (SELECT id FROM ${names.events} LIMIT ${MOST_COUNTED}) AS counted), MAX(id) - MIN(id) + 1,
       (SELECT ${momentText('recorded_at')} FROM ${names.events} ORDER BY id LIMIT 1) FROM ${names.events}`,
  );
  const [counted, distance, oldestAt = null] = rows[0] ?? [];
  return {
    events: Number(Number(counted) < MOST_COUNTED ? counted : distance),
    oldestAt,
    partitions: null,
  };
}

async function readLoads(session: Session, names: CaptureNames): Promise<readonly StandingLoad[]> {
  const { rows } = await session.query(renderStandingLoads(names.loads));
  return standingLoads(rows, '1');
}

/** Of those that write; `trx_started` is in the time zone of the system. Null too without the right to see them. */
async function readLongest(session: Session): Promise<OpenTransaction | null> {
  try {
    const { rows } = await session.query(
      `SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')), trx_rows_modified
       FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> CONNECTION_ID() ORDER BY trx_started LIMIT 1`,
    );
    const [thread, seconds, modified] = rows[0] ?? [];
    if (thread === undefined) return null;
    return { name: `thread ${thread}`, openForMs: 1_000 * Number(seconds), holdsEvents: modified !== '0' };
  } catch (error) {
    if (vendorCode(error) === NO_PROCESS) return null;
    throw error;
  }
}

export function createCaptureInspector(pool: Pool, names: CaptureNames): CaptureInspector {
  const inspect = async (session: Session): Promise<CaptureFacts> => {
    const installed = Number(await session.cell(`SELECT version FROM ${names.installation}`));
    return captureFacts(
      { installed, current: CAPTURE_VERSION },
      {
        lanes: () => inSnapshot(session, () => readLanes(session, names)),
        staging: () => readStaging(session, names),
        loads: () => readLoads(session, names),
        longest: () => readLongest(session),
      },
    );
  };
  return { inspect: (signal) => pool.use(inspect, signal, inCapture(names)) };
}
