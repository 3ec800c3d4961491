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
import type { CapturePlace } from '../../../model/capture-spec.ts';
import type { Pool, Session } from '../pool.ts';
import { CAPTURE_VERSION, type CaptureNames, captureNames } from './capture-tables.ts';
import { inCapture } from './changes/capture-errors.ts';
import { estimateBacklogs } from './changes/estimate-backlog.ts';
import { renderLanes } from './changes/lane-state.ts';

async function readLanes(session: Session, names: CaptureNames): Promise<readonly StandingLane[]> {
  const { rows } = await session.query(
    `SELECT l.transfer, l.lane, array_to_string(l.table_numbers, ','), l.epoch, l.sealed, l.confirmed,
       (SELECT max(greatest(c.sealed_at, c.confirmed_at)) FROM ${names.claims} AS c WHERE c.transfer = l.transfer AND c.lane = l.lane)
     FROM ${renderLanes(names)} AS l ORDER BY l.transfer, l.lane`,
  );
  return standingLanes(rows, (transfer) => estimateBacklogs(session, names, transfer));
}

async function readStaging(session: Session, names: CaptureNames): Promise<StandingEvents> {
  const { rows } = await session.query(
    `SELECT (SELECT count(*) FROM (SELECT FROM ${names.events} LIMIT ${MOST_COUNTED}) AS counted),
       (SELECT last_value FROM ${names.ids}) - f.id + 1, f.at
     FROM (SELECT) AS one LEFT JOIN (SELECT id, at FROM ${names.events} ORDER BY id LIMIT 1) AS f ON true`,
  );
  const [counted, distance, oldestAt = null] = rows[0] ?? [];
  const partitions = await session.query(
    `SELECT count(*) FILTER (WHERE pg_relation_size(inhrelid) > 0), count(*) FROM pg_inherits WHERE inhparent = $1::regclass`,
    [names.events],
  );
  const [inUse, there] = partitions.rows[0] ?? [];
  return {
    events: Number(Number(counted) < MOST_COUNTED ? counted : distance),
    oldestAt,
    partitions: { inUse: Number(inUse), there: Number(there), canGrow: false },
  };
}

async function readLoads(session: Session, names: CaptureNames): Promise<readonly StandingLoad[]> {
  const { rows } = await session.query(renderStandingLoads(names.loads));
  return standingLoads(rows, 't');
}

/** Who has no right to see the sessions of others sees none of their transactions; prepared ones everybody sees. */
async function readLongest(session: Session, names: CaptureNames): Promise<OpenTransaction | null> {
  const { rows } = await session.query(
    `SELECT name, floor(extract(epoch FROM clock_timestamp() - began) * 1000)::bigint, holds FROM (
       SELECT 'process ' || a.pid AS name, a.xact_start AS began, EXISTS (SELECT FROM pg_locks AS k JOIN pg_inherits AS i ON i.inhrelid = k.relation
         WHERE k.pid = a.pid AND i.inhparent = $1::regclass AND k.mode = 'RowExclusiveLock') AS holds
       FROM pg_stat_activity AS a WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
       UNION ALL SELECT 'prepared transaction ' || p.transaction, p.prepared, true FROM pg_prepared_xacts AS p WHERE p.database = current_database()) AS open
     WHERE began IS NOT NULL ORDER BY began LIMIT 1`,
    [names.events],
  );
  const [name, ms, holds] = rows[0] ?? [];
  return name === undefined ? null : { name: name ?? '', openForMs: Number(ms), holdsEvents: holds === 't' };
}

export function createCaptureInspector(pool: Pool, place: CapturePlace): CaptureInspector {
  const names = captureNames(place);
  const inspect = async (session: Session): Promise<CaptureFacts> => {
    const installed = Number(await session.cell(`SELECT version FROM ${names.installation}`));
    return captureFacts(
      { installed, current: CAPTURE_VERSION },
      {
        lanes: () => readLanes(session, names),
        staging: () => readStaging(session, names),
        loads: () => readLoads(session, names),
        longest: () => readLongest(session, names),
      },
    );
  };
  return {
    async inspect(signal) {
      try {
        return await pool.use(inspect, signal, { side: 'source' });
      } catch (error) {
        throw inCapture(error, names.schema);
      }
    },
  };
}
