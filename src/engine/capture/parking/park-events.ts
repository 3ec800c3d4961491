import type { EventCount } from '../../../model/change-statistics.ts';
import { type ParkedState, retryDelayMs } from '../../../model/quarantine.ts';
import type { ChangeLane, ClaimLimits } from '../../ports/change-capture.ts';
import type { EventToPark, ParkedMark, RetryPolicy } from '../../ports/event-parking.ts';
import { chooseRetries, type ParkedRow } from './choose-retries.ts';
import { countEvents } from './count-minutes.ts';
import { idsOf, type ParkedTables, type PlainSession, renderLaneIs } from './parked-tables.ts';

/** What all statements of a transaction are about; the lane is locked, and the lease is the newest. */
export interface Parking {
  readonly session: PlainSession;
  readonly tables: ParkedTables;
  readonly lane: ChangeLane;
  readonly nowMs: number;
}

/** Ids that a claim no longer has. */
export async function excludedOf(
  {
    session,
    tables,
    lane,
  }: Pick<Parking, 'tables' | 'lane'> & { readonly session: Pick<PlainSession, 'rows'> },
  claim: number,
): Promise<readonly string[]> {
  const rows = await session.rows(
    `SELECT event_id FROM ${tables.excluded} WHERE ${renderLaneIs(tables, lane)} AND claim = ${claim} ORDER BY event_id`,
  );
  return rows.map(([id]) => id ?? '');
}

class Tally {
  readonly #counts = new Map<string, EventCount>();

  add(table: string, operation: string): void {
    const key = `${operation}${table}`;
    const events = (this.#counts.get(key)?.events ?? 0) + 1;
    this.#counts.set(key, { table, operation, events });
  }

  get all(): readonly EventCount[] {
    return [...this.#counts.values()];
  }
}

/** Ids of those that the claim brought as a retry, with how often they were tried. */
async function retriedBy(
  { session, tables, lane }: Parking,
  claim: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await session.rows(
    `SELECT event_id, attempts FROM ${tables.parked} WHERE ${renderLaneIs(tables, lane)} AND retry_claim = ${claim}`,
  );
  return new Map(rows.map(([id, attempts]) => [id ?? '', Number(attempts)]));
}

/** Those that were set apart from the claim just now. */
async function exclude(
  { session, tables, lane }: Parking,
  claim: number,
  events: readonly EventToPark[],
): Promise<void> {
  for (const ids of idsOf(events.map(({ event }) => event.id)))
    await session.run(
      `INSERT INTO ${tables.excluded} (transfer, lane, claim, event_id)
       SELECT transfer, lane, ${claim}, event_id FROM ${tables.parked} WHERE ${renderLaneIs(tables, lane)} AND event_id IN (${ids})`,
    );
}

/** A state of several events, with what of them is the same. */
interface Told {
  readonly state: ParkedState;
  readonly attempts: number;
  readonly retryMs: number | null;
  readonly code: string;
  readonly message: string;
}

function toldOf({ refusal }: EventToPark, tried: number, policy: RetryPolicy, nowMs: number): Told {
  if (!refusal) return { state: 'behind', attempts: tried, retryMs: null, code: '', message: '' };
  const attempts = tried + 1;
  const isFinal = attempts >= policy.tries;
  return {
    state: isFinal ? 'final' : 'waiting',
    attempts,
    retryMs: isFinal ? null : nowMs + retryDelayMs(attempts, policy.retryAfterMs),
    ...refusal,
  };
}

/** One statement for all that are told the same; of events behind one key there may be thousands. */
async function tell(
  { session, tables, lane, nowMs }: Parking,
  told: readonly {
    readonly event: string;
    readonly key: string;
    readonly table: string;
    readonly told: Told;
  }[],
): Promise<void> {
  const groups = new Map<string, string[]>();
  const { literal } = tables;
  for (const { event, key, table, told: of } of told) {
    const set = `state = ${literal(of.state)}, attempts = ${of.attempts}, retry_ms = ${of.retryMs ?? 'NULL'}, error_code = ${literal(of.code)}, error_message = ${literal(of.message)}, row_key = ${literal(key)}, table_id = ${literal(table)}`;
    const group = groups.get(set) ?? [];
    groups.set(set, group);
    group.push(event);
  }
  for (const [set, events] of groups)
    for (const ids of idsOf(events))
      await session.run(
        `UPDATE ${tables.parked} SET ${set}, retry_claim = NULL, state_ms = ${nowMs} WHERE ${renderLaneIs(tables, lane)} AND event_id IN (${ids})`,
      );
}

/**
 * See EventParking.park.
 * @param store  makes rows of events that are in the claim, with their payloads, `bytes`, the claim, `parked_ms`, and anything in the
 *   columns that are told of here; fails where one of them is gone
 */
export async function parkEvents(
  parking: Parking,
  request: {
    readonly claim: number;
    readonly events: readonly EventToPark[];
    readonly policy: RetryPolicy;
  },
  store: (events: readonly EventToPark[]) => Promise<void>,
): Promise<void> {
  const { claim, events, policy } = request;
  const { session, tables, lane, nowMs } = parking;
  const retried = await retriedBy(parking, claim);
  const known = new Set(await excludedOf(parking, claim));
  const fresh = events.filter(({ event: { id } }) => !retried.has(id) && !known.has(id));
  const again = events.filter(({ event: { id } }) => retried.has(id));
  if (fresh.length > 0) {
    await store(fresh);
    await exclude(parking, claim, fresh);
  }
  const told = [...fresh, ...again].map((each) => ({
    event: each.event.id,
    key: each.key,
    table: each.table,
    operation: each.event.operation,
    isRefused: each.refusal !== null,
    told: toldOf(each, retried.get(each.event.id) ?? 0, policy, nowMs),
  }));
  await tell(parking, told);
  const counts = { delayed: new Tally(), final: new Tally(), divisions: new Tally() };
  for (const { event, table, operation, isRefused, told: of } of told) {
    if (!retried.has(event)) counts.delayed.add(table, operation);
    if (of.state === 'final') counts.final.add(table, operation);
    if (isRefused) counts.divisions.add(table, operation);
  }
  const all = Object.entries(counts).map(([what, tally]) => [what, tally.all] as const);
  await countEvents(session, tables, {
    lane,
    nowMs,
    counts: Object.fromEntries(all),
  });
}

/** What is final for so long is given up. */
async function discardHeld({ session, tables, lane, nowMs }: Parking, holdForMs: number): Promise<void> {
  await session.run(
    `DELETE FROM ${tables.parked} WHERE ${renderLaneIs(tables, lane)} AND state = 'final' AND retry_claim IS NULL AND state_ms <= ${nowMs - holdForMs}`,
  );
}

/** See EventParking.marks. */
export async function readMarks({
  session,
  tables,
  lane,
}: Pick<Parking, 'session' | 'tables' | 'lane'>): Promise<readonly ParkedMark[]> {
  const rows = await session.rows(
    `SELECT event_id, table_number, row_key FROM ${tables.parked} WHERE ${renderLaneIs(tables, lane)} ORDER BY event_id`,
  );
  return rows.map(([event, table, key]) => ({ event: event ?? '', table: Number(table), key: key ?? '' }));
}

interface RetryRow extends ParkedRow {
  readonly tableId: string;
  readonly operation: string;
}

async function readRows({ session, tables, lane, nowMs }: Parking): Promise<readonly RetryRow[]> {
  const rows = await session.rows(
    `SELECT event_id, table_number, row_key, state, retry_ms, retry_claim, bytes, table_id, operation
     FROM ${tables.parked} WHERE ${renderLaneIs(tables, lane)} ORDER BY event_id`,
  );
  return rows.map(([event, table, key, state, retry, claim, bytes, tableId, operation]) => ({
    event: event ?? '',
    table: Number(table),
    key: key ?? '',
    state: state as ParkedState,
    isDue: Number(retry ?? 0) <= nowMs,
    isSealed: claim !== null,
    bytes: Number(bytes),
    tableId: tableId ?? '',
    operation: operation ?? '',
  }));
}

/**
 * See EventParking.seal.
 * @param next  the number of the claim, where one is sealed
 * @param write  makes it known as one that has no event of the staging table, and the lane's last
 */
export async function sealRetries(
  parking: Parking,
  request: { readonly limits: ClaimLimits; readonly policy: RetryPolicy; readonly next: number },
  write: () => Promise<void>,
): Promise<number | null> {
  const { session, tables, lane, nowMs } = parking;
  const { limits, policy, next } = request;
  await discardHeld(parking, policy.holdForMs);
  const rows = await readRows(parking);
  const chosen = new Set(chooseRetries(rows, limits, policy));
  if (chosen.size === 0) return null;
  await write();
  for (const ids of idsOf(Array.from(chosen, ({ event }) => event)))
    await session.run(
      `UPDATE ${tables.parked} SET retry_claim = ${next} WHERE ${renderLaneIs(tables, lane)} AND event_id IN (${ids})`,
    );
  const retries = new Tally();
  for (const row of rows) if (chosen.has(row)) retries.add(row.tableId, row.operation);
  await countEvents(session, tables, { lane, nowMs, counts: { retries: retries.all } });
  return next;
}

/** Events whose retry is confirmed are where they belong. In the transaction of the confirmation. */
export async function settleRetries(
  { session, tables, lane }: Pick<Parking, 'session' | 'tables' | 'lane'>,
  claim: number,
): Promise<void> {
  await session.run(
    `DELETE FROM ${tables.parked} WHERE ${renderLaneIs(tables, lane)} AND retry_claim <= ${claim}`,
  );
}
