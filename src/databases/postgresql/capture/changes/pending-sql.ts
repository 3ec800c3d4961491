import type { ClaimLimits } from '../../../../engine/ports/change-capture.ts';
import { EVENT_CELLS } from '../../../../model/change-event.ts';
import { literal } from '../../sql.ts';
import type { CaptureNames } from '../capture-tables.ts';

/** Some of the events: of these tables, visible in `upto` and not in `since`, with ids after one and up to another. */
export interface Span {
  /** The tables' numbers, as an array of PostgreSQL. */
  readonly tables: string;
  readonly since: string;
  readonly upto: string;
  readonly afterId: string;
  /** Null: there is no end to the ids. */
  readonly lastId: string | null;
}

/**
 * Events are read in id order along the index, whatever the statistics of partitions that are filled and emptied all the time: a
 * plan that sorts would read all of them for each claim.
 */
export const ALONG_THE_INDEX =
  'SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off; SET LOCAL max_parallel_workers_per_gather = 0';

const COLUMNS: Readonly<Record<(typeof EVENT_CELLS)[number], string>> = {
  id: 'id',
  table: 'table_number',
  operation: 'operation',
  transaction: 'transaction',
  at: 'at',
  user: 'db_user',
  key: 'message_key',
  old: 'old',
  new: 'new',
};

/** Condition of the events of a span. */
export function renderSpan({ tables, since, upto, afterId, lastId }: Span): string {
  const end = lastId === null ? '' : ` AND id <= ${literal(lastId)}::bigint`;
  return `id > ${literal(afterId)}::bigint${end} AND table_number = ANY (${literal(tables)}::integer[])
    AND txid_visible_in_snapshot(transaction, ${literal(upto)}::txid_snapshot)
    AND NOT txid_visible_in_snapshot(transaction, ${literal(since)}::txid_snapshot)`;
}

/** Condition that leaves out ids, given as an array of PostgreSQL. */
const renderWithout = (excluded: string): string =>
  excluded === '{}' ? '' : ` AND id <> ALL (${literal(excluded)}::bigint[])`;

/** The nine cells of change-event.ts in id order, as COPY's text. */
export const renderCopyEvents = (names: CaptureNames, span: Span, excluded = '{}'): string =>
  `COPY (SELECT ${EVENT_CELLS.map((cell) => COLUMNS[cell]).join(', ')} FROM ${names.events} WHERE ${renderSpan(span)}${renderWithout(excluded)} ORDER BY id) TO STDOUT`;

export const renderCountEvents = (names: CaptureNames, span: Span, excluded = '{}'): string =>
  `SELECT count(*) FROM ${names.events} WHERE ${renderSpan(span)}${renderWithout(excluded)}`;

/** About what the cells beside key, old and new take in a block. */
const FIXED_BYTES = 80;
// Of a value that is stored outside of its row only the length is read.
export const SIZE = `${FIXED_BYTES} + coalesce(octet_length(message_key), 0) + coalesce(octet_length(old), 0) + coalesce(octet_length(new), 0)`;

/** Last id, number of events, and whether the span has no more of them, of the claim that its first events make. */
export const renderCutClaim = (names: CaptureNames, span: Span, limits: ClaimLimits): string =>
  `SELECT max(id) FILTER (WHERE taken), count(*) FILTER (WHERE taken), bool_and(taken) FROM (
     SELECT id, row_number() OVER w <= ${limits.events} AND sum(size) OVER w - size < ${limits.bytes} AS taken
     FROM (SELECT id, ${SIZE} AS size FROM ${names.events} WHERE ${renderSpan(span)} ORDER BY id LIMIT ${limits.events + 1}) AS found
     WINDOW w AS (ORDER BY id ROWS UNBOUNDED PRECEDING)) AS counted`;

/** Ids, transactions and sizes of the first events of a span, as three arrays in id order. */
export const renderLookAt = (names: CaptureNames, span: Span, most: number): string =>
  `SELECT array_agg(id), array_agg(transaction), array_agg(size)
   FROM (SELECT id, transaction, ${SIZE} AS size FROM ${names.events} WHERE ${renderSpan(span)} ORDER BY id LIMIT ${most}) AS found`;
