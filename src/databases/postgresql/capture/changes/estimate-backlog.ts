import { addBacklogs } from '../../../../engine/capture/backlogs.ts';
import type { Backlog } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../pool.ts';
import { literal } from '../../sql.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { renderLanes } from './lane-state.ts';
import { ALONG_THE_INDEX, renderSpan, type Span } from './pending-sql.ts';
import { renderIdsBefore } from './ticks.ts';

/** Of a lane so many ids are looked at; what is behind is taken to be like them. */
const LOOKED_AT = 20_000;

/** A lane as its backlog is told by: events in claims, where the oldest of these begins, what is in no claim. */
interface LaneBacklog {
  readonly lane: number;
  readonly claimed: number;
  readonly oldest: Span | null;
  readonly pending: Span;
}

async function lanesOf(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<readonly LaneBacklog[]> {
  const ofLane = 'c.transfer = l.transfer AND c.lane = l.lane AND c.claim > l.confirmed';
  const { rows } = await session.query(
    `SELECT l.lane, l.table_numbers, l.since, s.now,
       CASE WHEN l.upto IS NULL THEN ${renderIdsBefore(names, 'l.since', 's.now')} ELSE l.after_id END,
       (SELECT coalesce(sum(c.events), 0) FROM ${names.claims} AS c WHERE ${ofLane}),
       o.since, o.upto, o.after_id, o.last_id
     FROM (SELECT txid_current_snapshot() AS now) AS s, ${renderLanes(names)} AS l
       LEFT JOIN LATERAL (SELECT * FROM ${names.claims} AS c WHERE ${ofLane} ORDER BY c.claim LIMIT 1) AS o ON true
     WHERE l.transfer = $1`,
    [transfer],
  );
  return rows.map((row) => {
    const [lane, tables, since, upto, afterId, claimed, ...oldest] = row.map((cell) => cell ?? '');
    const [first = '', last = '', after = '', lastId = ''] = oldest;
    return {
      lane: Number(lane),
      claimed: Number(claimed),
      oldest: first === '' ? null : { tables: tables!, since: first, upto: last, afterId: after, lastId },
      // Of an interval that is not exhausted what is left, with about all that came after it.
      pending: { tables: tables!, since: since!, upto: upto!, afterId: afterId!, lastId: null },
    };
  });
}

const firstAt = (session: Session, names: CaptureNames, span: Span): Promise<string | null> =>
  session.cell(`SELECT at FROM ${names.events} WHERE ${renderSpan(span)} ORDER BY id LIMIT 1`);

/** Number of events, and time of the first one; that there is none is told only when all were looked at. */
async function estimate(session: Session, names: CaptureNames, span: Span): Promise<Backlog> {
  const { rows } = await session.query(
    `SELECT count(*), count(*) FILTER (WHERE ${renderSpan(span)}), min(at) FILTER (WHERE ${renderSpan(span)}),
       greatest((SELECT last_value FROM ${names.ids}) - max(id), 0)
     FROM (SELECT * FROM ${names.events} WHERE id > ${literal(span.afterId)}::bigint ORDER BY id LIMIT ${LOOKED_AT}) AS looked_at`,
  );
  const [looked, pending, oldestAt = null, behind] = rows[0] ?? [];
  if (Number(looked) < LOOKED_AT) return { events: Number(pending), oldestAt };
  if (pending === '0') {
    const at = await firstAt(session, names, span);
    return { events: at === null ? 0 : 1, oldestAt: at };
  }
  return { events: Math.round(Number(pending) * (1 + Number(behind) / LOOKED_AT)), oldestAt };
}

/** What waits in each lane of a transfer. Of a large backlog only the beginning is looked at. */
export async function estimateBacklogs(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<ReadonlyMap<number, Backlog>> {
  await session.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${ALONG_THE_INDEX}`);
  const found = new Map<number, Backlog>();
  for (const { lane, claimed, oldest, pending } of await lanesOf(session, names, transfer)) {
    const open = await estimate(session, names, pending);
    const oldestAt = oldest ? await firstAt(session, names, oldest) : open.oldestAt;
    found.set(lane, { events: claimed + open.events, oldestAt });
  }
  await session.query('COMMIT');
  return found;
}

/** See ChangeCapture.backlog. */
export const estimateBacklog = async (
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<Backlog> => addBacklogs((await estimateBacklogs(session, names, transfer)).values());
