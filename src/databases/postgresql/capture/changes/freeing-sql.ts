import { literal } from '../../sql.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { renderIdsBefore } from './ticks.ts';

/**
 * By table number what its lanes need no longer: all that is visible in `since`, and what is visible in `upto` up to the id. Of
 * a lane with claims its oldest one tells, else the lane: what it begins with is what the claims before it held.
 */
const renderReleased = (names: CaptureNames): string =>
  `SELECT n AS number, coalesce(c.since, l.since) AS since, CASE WHEN c.claim IS NULL THEN l.upto ELSE c.upto END AS upto,
     coalesce(c.after_id, l.after_id) AS after_id
   FROM ${names.lanes} AS l LEFT JOIN LATERAL (
     SELECT * FROM ${names.claims} AS all_of WHERE all_of.transfer = l.transfer AND all_of.lane = l.lane ORDER BY all_of.claim LIMIT 1) AS c ON true,
   unnest(l.table_numbers) AS n`;

/** FROM of the events of a partition, each with what every lane of its table has released. */
const renderEvents = (names: CaptureNames, partition: string): string =>
  `${partition} AS e LEFT JOIN (${renderReleased(names)}) AS r ON r.number = e.table_number`;

const IS_RELEASED = `(txid_visible_in_snapshot(e.transaction, r.since)
  OR coalesce(e.id <= r.after_id AND txid_visible_in_snapshot(e.transaction, r.upto), false))`;

const renderIsOld = (retentionMs: number): string =>
  `e.at <= clock_timestamp() - ${Math.floor(retentionMs)} * interval '1 millisecond'`;

/** Condition of events that a lane needs, or that are in no lane and younger than the retention. */
const renderNeeded = (retentionMs: number): string =>
  `NOT CASE WHEN r.number IS NULL THEN ${renderIsOld(retentionMs)} ELSE ${IS_RELEASED} END`;

/** Whether the partition holds an event that is needed. Ends at the first one. */
export const renderIsNeeded = (names: CaptureNames, partition: string, retentionMs: number): string =>
  `SELECT EXISTS (SELECT FROM ${renderEvents(names, partition)} WHERE ${renderNeeded(retentionMs)})`;

/** The same of events that are not visible in the snapshot, of which there are few: along the index from the id that they are above. */
export const renderIsNeededSince = (
  names: CaptureNames,
  partition: string,
  { retentionMs, since }: { readonly retentionMs: number; readonly since: string },
): string => {
  const snapshot = `${literal(since)}::txid_snapshot`;
  return `SELECT EXISTS (SELECT FROM ${renderEvents(names, partition)}
    WHERE e.id > (SELECT ${renderIdsBefore(names, snapshot, 'txid_current_snapshot()')})
      AND NOT txid_visible_in_snapshot(e.transaction, ${snapshot}) AND ${renderNeeded(retentionMs)})`;
};

/** Deletes some events that nobody needs. */
export const renderDeleteSome = (
  names: CaptureNames,
  partition: string,
  { retentionMs, most }: { readonly retentionMs: number; readonly most: number },
): string =>
  `DELETE FROM ${partition} WHERE ctid = ANY (ARRAY(SELECT e.ctid FROM ${partition} AS e
   WHERE NOT EXISTS (SELECT FROM (${renderReleased(names)}) AS r WHERE r.number = e.table_number AND NOT ${IS_RELEASED})
     AND (${renderIsOld(retentionMs)} OR e.table_number IN (SELECT unnest(table_numbers) FROM ${names.lanes})) LIMIT ${most}))`;

/** Ticks below one that serves every interval that may still begin: the oldest is that of a lane or of one that is registered now. */
export const renderForgetTicks = (names: CaptureNames): string =>
  `DELETE FROM ${names.ticks} WHERE xid < (SELECT max(xid) FROM ${names.ticks} WHERE xid < (
     SELECT least(txid_snapshot_xmin(txid_current_snapshot()), min(txid_snapshot_xmin(since))) FROM ${names.lanes}))`;
