import type { LaneRef } from '../../model/lane.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { ChainLimits, EventPlace, ParkedMark, StoredEvent } from '../ports/target-parking.ts';
import { joined, raw, type RawSql, sql, type SqlValue, type Statement } from './statement.ts';

/** Names as the database quotes them, and what of SQL is not the same everywhere. */
export interface ParkingDialect {
  readonly parked: string;
  readonly lanes: string;
  readonly runs: string;
  readonly rowsPerInsert: number;
  /** Behind an ORDER BY. */
  readonly limit: (rows: number) => string;
  /** Behind a SELECT whose rows are locked until the end of the transaction. */
  readonly forUpdate: string;
  /** One row where the table is there. */
  readonly there: Statement;
}

/**
 * The table of events that are set apart has these columns in every database, so that its statements are the same. `holds`: 1 where
 * later events wait behind the event, in the order of `run, claim, event`. Times are milliseconds, for they are compared with the
 * clock of the process that tries again.
 */
export const PARKED_COLUMNS = [
  'transfer',
  'run',
  'claim',
  'event',
  'lane',
  'table_id',
  'operation',
  'chain',
  'own_key',
  'other_key',
  'holds',
  'row_key',
  'state',
  'attempts',
  'parked_ms',
  'retry_ms',
  'final_ms',
  'error_code',
  'error_message',
  'bytes',
  'old_row',
  'new_row',
] as const;

const ORDER = raw('run, claim, event');
const HELD = raw('table_id, chain, own_key, other_key');
/** All but the payload. */
const LISTED = raw(
  'run, claim, event, lane, table_id, operation, chain, own_key, other_key, row_key, state, attempts, parked_ms, retry_ms, final_ms, error_code, error_message, bytes',
);

const holds = ({ state, other }: Pick<StoredEvent, 'state' | 'other'>): 0 | 1 =>
  state !== 'behind' || other !== null ? 1 : 0;

const size = ({ old, new: after }: StoredEvent): number => (old?.length ?? 0) + (after?.length ?? 0);

const valuesOf = (event: StoredEvent): readonly (SqlValue | RawSql)[] => [
  event.transfer,
  event.run,
  event.claim,
  digits(event.event),
  event.lane,
  event.table,
  event.operation,
  event.chain,
  event.own,
  event.other,
  holds(event),
  event.key,
  event.state,
  event.attempts,
  event.parkedAtMs,
  event.retryAtMs,
  event.finalAtMs,
  event.code,
  event.message,
  size(event),
  event.old,
  event.new,
];

/** Never as a text: a server may compare a number with a text as floats. @throws Error for what is no number */
function digits(event: string): RawSql {
  if (/^\d{1,19}$/.test(event)) return raw(event);
  throw new SluiceError('batch.damaged', 'an event has no number');
}

const tuple = (values: readonly (SqlValue | RawSql)[]): Statement =>
  sql`(${joined(
    values.map((value) => sql`${value}`),
    ', ',
  )})`;

const isAt = ({ run, claim, event }: EventPlace): Statement =>
  sql`run = ${run} AND claim = ${claim} AND event = ${digits(event)}`;
const isUpTo = ({ run, claim, event }: EventPlace): Statement =>
  sql`(run < ${run} OR (run = ${run} AND (claim < ${claim} OR (claim = ${claim} AND event <= ${digits(event)}))))`;
const isFrom = ({ run, claim, event }: EventPlace): Statement =>
  sql`(run > ${run} OR (run = ${run} AND (claim > ${claim} OR (claim = ${claim} AND event >= ${digits(event)}))))`;

/** Statements over the table, and over those of the ledger that it stands beside. */
export function parkingSql(dialect: ParkingDialect) {
  const { limit, forUpdate } = dialect;
  const parked = raw(dialect.parked);
  const lanes = raw(dialect.lanes);
  const runs = raw(dialect.runs);
  const chainOf = (transfer: string, chain: string): Statement =>
    sql`transfer = ${transfer} AND chain = ${chain}`;
  return {
    lockLane: ({ transfer, run, table, generation }: LaneRef) =>
      sql`SELECT lane FROM ${lanes} WHERE transfer = ${transfer} AND run = ${run} AND table_id = ${table} AND generation = ${generation}${raw(forUpdate)}`,
    /** All lanes of changes: whoever applies some, or sets some apart, is waited for. */
    lockChanges: (transfer: string) =>
      sql`SELECT lane FROM ${lanes} WHERE transfer = ${transfer} AND table_id LIKE '(changes%'${raw(forUpdate)}`,
    openRun: ({ transfer, run }: LaneRef) =>
      sql`SELECT run FROM ${runs} WHERE transfer = ${transfer} AND run = ${run} AND finished_at IS NULL`,
    held: (transfer: string) => sql`SELECT ${HELD} FROM ${parked} WHERE transfer = ${transfer} AND holds = 1`,
    insert: (events: readonly StoredEvent[]) =>
      sql`INSERT INTO ${parked} (${raw(PARKED_COLUMNS.join(', '))}) VALUES ${joined(
        events.map((event) => tuple(valuesOf(event))),
        ', ',
      )}`,
    mergeChain: (transfer: string, into: string, chain: string) =>
      sql`UPDATE ${parked} SET chain = ${into} WHERE ${chainOf(transfer, chain)}`,
    mergeTable: (transfer: string, into: string, table: string) =>
      sql`UPDATE ${parked} SET chain = ${into} WHERE transfer = ${transfer} AND table_id = ${table}`,
    drop: (transfer: string, table: string) =>
      sql`DELETE FROM ${parked} WHERE transfer = ${transfer} AND table_id = ${table}`,
    due: (transfer: string, nowMs: number, most: number) =>
      sql`SELECT ${HELD} FROM ${parked} WHERE transfer = ${transfer} AND holds = 1 AND state = 'waiting' AND retry_ms <= ${nowMs} ORDER BY ${ORDER}${raw(limit(most))}`,
    expired: (transfer: string, beforeMs: number, most: number) =>
      sql`SELECT ${HELD} FROM ${parked} WHERE transfer = ${transfer} AND holds = 1 AND state = 'final' AND final_ms <= ${beforeMs} ORDER BY ${ORDER}${raw(limit(most))}`,
    isDue: (transfer: string, nowMs: number, finalBeforeMs: number) =>
      sql`SELECT run FROM ${parked} WHERE transfer = ${transfer} AND holds = 1 AND ((state = 'waiting' AND retry_ms <= ${nowMs}) OR (state = 'final' AND final_ms <= ${finalBeforeMs}))${raw(limit(1))}`,
    lastTruncation: (transfer: string, chain: string) =>
      sql`SELECT run, claim, event FROM ${parked} WHERE ${chainOf(transfer, chain)} AND operation = 'T' ORDER BY run DESC, claim DESC, event DESC${raw(limit(1))}`,
    chain: (transfer: string, chain: string, from: EventPlace | null, { events }: ChainLimits) =>
      sql`SELECT ${LISTED} FROM ${parked} WHERE ${chainOf(transfer, chain)}${from === null ? sql`` : sql` AND ${isFrom(from)}`} ORDER BY ${ORDER}${raw(limit(events))}`,
    payloads: (transfer: string, chain: string, from: EventPlace, upto: EventPlace) =>
      sql`SELECT old_row, new_row FROM ${parked} WHERE ${chainOf(transfer, chain)} AND ${isFrom(from)} AND ${isUpTo(upto)} ORDER BY ${ORDER}`,
    remove: (transfer: string, chain: string, upto: EventPlace) =>
      sql`DELETE FROM ${parked} WHERE ${chainOf(transfer, chain)} AND ${isUpTo(upto)}`,
    discard: (transfer: string, place: EventPlace) =>
      sql`DELETE FROM ${parked} WHERE transfer = ${transfer} AND ${isAt(place)}`,
    mark: (transfer: string, place: EventPlace, mark: ParkedMark) =>
      sql`UPDATE ${parked} SET holds = 1, state = ${mark.state}, attempts = ${mark.attempts}, retry_ms = ${mark.retryAtMs}, final_ms = ${mark.finalAtMs}, error_code = ${mark.code}, error_message = ${mark.message} WHERE transfer = ${transfer} AND ${isAt(place)}`,
    /** @param where  what else must be true of them */
    list: (transfer: string, where: Statement, order: string, most: number) =>
      sql`SELECT ${LISTED} FROM ${parked} WHERE transfer = ${transfer}${where} ORDER BY ${raw(order)}${raw(limit(most))}`,
    payload: (transfer: string, place: EventPlace) =>
      sql`SELECT old_row, new_row FROM ${parked} WHERE transfer = ${transfer} AND ${isAt(place)}`,
    count: (transfer: string, where: Statement) =>
      sql`SELECT state, COUNT(*) FROM ${parked} WHERE transfer = ${transfer}${where} GROUP BY state`,
    deleteWhere: (transfer: string, where: Statement) =>
      sql`DELETE FROM ${parked} WHERE transfer = ${transfer}${where}`,
    reactivate: (transfer: string, where: Statement, nowMs: number) =>
      sql`UPDATE ${parked} SET state = 'waiting', attempts = 0, retry_ms = ${nowMs}, final_ms = NULL WHERE transfer = ${transfer} AND state <> 'behind'${where}`,
    chains: (transfer: string, where: Statement) =>
      sql`SELECT DISTINCT chain FROM ${parked} WHERE transfer = ${transfer}${where}`,
  };
}
export type ParkingSql = ReturnType<typeof parkingSql>;
