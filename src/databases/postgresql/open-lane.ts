import { drawEpoch } from '../../engine/driver/epoch.ts';
import { planHashOf } from '../../engine/wire/fingerprint.ts';
import type { LaneRef, LaneToOpen, Opening } from '../../model/lane.ts';
import { decodePosition, type Position } from '../../model/row-block.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { LedgerNames } from './ledger.ts';
import type { Cells, Session } from './pool.ts';
import { lockRun } from './read-runs.ts';

/** The key of a ledger row; its values take $1 to $5. */
export const LANE_KEY = 'transfer = $1 AND run = $2 AND table_id = $3 AND generation = $4 AND lane = $5';
export const laneKey = (lane: LaneRef) => [lane.transfer, lane.run, lane.table, lane.generation, lane.lane];

export const positionOf = (text: string | null | undefined): Position | null =>
  text ? decodePosition(text) : null;

const OPENING = 'attempt, epoch, position, rows, bytes, ended, range_after, range_upto';

/** The lane's row, opened anew; where it is to be opened at one attempt only and stands at another, as it stands. */
async function openRow(session: Session, names: LedgerNames, lane: LaneToOpen): Promise<Cells | undefined> {
  const { epoch = drawEpoch(), ifAttempt } = lane;
  const set = `UPDATE ${names.lanes} SET attempt = attempt + 1, epoch = $6, n = 0 WHERE ${LANE_KEY}`;
  const opened =
    ifAttempt === undefined
      ? await session.query(`${set} RETURNING ${OPENING}`, [...laneKey(lane), epoch])
      : await session.query(`${set} AND attempt = $7 RETURNING ${OPENING}`, [
          ...laneKey(lane),
          epoch,
          ifAttempt,
        ]);
  if (opened.rows[0] || ifAttempt === undefined) return opened.rows[0];
  const standing = await session.query(
    `SELECT ${OPENING} FROM ${names.lanes} WHERE ${LANE_KEY}`,
    laneKey(lane),
  );
  return standing.rows[0];
}

/** See Ledger.openLane. */
export async function openLane(session: Session, names: LedgerNames, lane: LaneToOpen): Promise<Opening> {
  // Only the newest generation of a run that is open: a fenced lane gets no attempt that a batch could match again. Run
  // and table are locked by a statement of their own: inside the update, a look at them after a wait for the lane's row
  // would still see them as they were before the wait.
  const current = await session.query(
    `SELECT t.plan FROM ${names.runs} r JOIN ${names.tables} t USING (transfer, run)
     WHERE r.transfer = $1 AND r.run = $2 AND r.finished_at IS NULL AND t.table_id = $3 AND t.generation = $4 FOR SHARE OF r, t`,
    [lane.transfer, lane.run, lane.table, lane.generation],
  );
  const found = current.count === 0 ? undefined : await openRow(session, names, lane);
  if (found) {
    const [attempt, epoch, position, count, bytes, ended, after, upto] = found;
    return {
      attempt: Number(attempt),
      epoch: epoch ?? '',
      range: { lane: lane.lane, after: positionOf(after), upto: positionOf(upto) },
      plan: planHashOf(current.rows[0]?.[0] ?? ''),
      position: positionOf(position),
      rows: Number(count),
      bytes: Number(bytes),
      ended: ended === 't',
    };
  }
  await lockRun(session, names, lane);
  throw new SluiceError('database.transient', 'the ledger has another generation of the table', {
    table: lane.table,
  });
}
