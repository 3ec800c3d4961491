import { SluiceError } from '../../../../model/sluice-error.ts';
import type { Cells, Session } from '../../pool.ts';
import type { CaptureNames } from '../capture-tables.ts';

/** Ids between two ticks at least: so many events are looked at in vain where a transaction is the first after a tick. */
export const TICK_IDS = 1_000;

const ofAnotherServer = (schema: string): SluiceError =>
  new SluiceError('capture.resync_required', `the capture in ${schema} is of another server`, {
    suggestion: 'sluice capture uninstall, then install and deploy it here, and copy the tables again',
  });

/**
 * SQL of one row: what the sequence's last value is, whether a tick was noted lately, and whether the last one is of a transaction that
 * this server has not had yet.
 */
export const renderTicked = (names: CaptureNames): string =>
  `SELECT s.ids, s.ids - t.ids < ${TICK_IDS} AS is_recent, t.xid >= txid_snapshot_xmax(txid_current_snapshot()) AS is_ahead
     FROM (SELECT last_value - (NOT is_called)::integer AS ids FROM ${names.ids}) AS s
     LEFT JOIN (SELECT xid, ids FROM ${names.ticks} ORDER BY xid DESC LIMIT 1) AS t ON true`;

export interface Ticked {
  readonly ids: bigint;
  readonly isRecent: boolean;
}

/** @param cells  of a row of renderTicked @throws SluiceError capture.resync_required for a tick of another server */
export function tickedOf([ids, isRecent, isAhead]: Cells, names: CaptureNames): Ticked {
  if (isAhead === 't') throw ofAnotherServer(names.schema);
  return { ids: BigInt(ids ?? 0), isRecent: isRecent === 't' };
}

/**
 * Notes a tick where ids went on since the last one: the number of a transaction of its own, and an id that had been drawn before it
 * began.
 *
 *     ids := last value of the sequence          (1)
 *     xid := number of a new transaction         (2)
 *
 * A tick says for ever: whatever transaction has a number above `xid` drew all ids of its events above `ids`. Proof: numbers
 * are given in order, so it got its number after (2), hence after (1); ids of its events are drawn once it has its number
 * (capture-tables.ts; a subtransaction's number is not asked: one is given only after that of the transaction around it), hence
 * after (1) too, and nextval of a sequence with CACHE 1 only gives what is above every last value before. After a crash of the
 * server the sequence is never behind a tick, claim or event that survived: all of the log before these did too, and it tells more.
 *
 * xmax of a snapshot would not do in the place of `xid`: a transaction that runs while the snapshot is taken may have that number or one
 * above it, and ids below.
 *
 * A tick of a transaction that this server has not had yet came with a dump of another one, whose numbers went further: what the
 * snapshots and events of the dump say would be wrong here. (Where the numbers of this server went further already, all of it holds.)
 *
 * @throws SluiceError capture.resync_required for such a tick
 */
export async function tick(session: Session, names: CaptureNames): Promise<void> {
  const { rows } = await session.query(renderTicked(names));
  const { ids, isRecent } = tickedOf(rows[0] ?? [], names);
  // A tick that a crash of the server loses is one less; nothing waits for the disk.
  if (!isRecent)
    await session.query(
      `BEGIN; SET LOCAL synchronous_commit = off; INSERT INTO ${names.ticks} (xid, ids) VALUES (txid_current(), ${ids}); COMMIT`,
    );
}

/**
 * SQL of an id that all events are above which are not visible in the snapshot `since` and visible in the later `upto`.
 *
 * Their transactions were in progress in `since` and are not in `upto`, or have numbers from its xmax on: the lowest of these numbers
 * is L. The last tick below L tells the id. A transaction that stays open does not hold L back, neither for the time that it is open nor
 * after the one claim that takes its events.
 *
 * @param since, upto  SQL of snapshots
 */
export const renderIdsBefore = (names: CaptureNames, since: string, upto: string): string =>
  `coalesce((SELECT t.ids FROM ${names.ticks} AS t WHERE t.xid < (
     SELECT least(txid_snapshot_xmax(${since}), min(x)) FROM txid_snapshot_xip(${since}) AS x WHERE txid_visible_in_snapshot(x, ${upto}))
   ORDER BY t.xid DESC LIMIT 1), 0)`;
