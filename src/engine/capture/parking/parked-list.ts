import type { ParkedCounts, ParkedEvent, ParkedPayload, ParkedState } from '../../../model/quarantine.ts';
import type { ParkedChoice } from '../../ports/quarantine.ts';
import { type ParkedTables, type PlainSession, timeOf } from './parked-tables.ts';

const COLUMNS =
  'transfer, lane, claim, event_id, table_id, operation, row_key, state, attempts, parked_ms, retry_ms, error_code, error_message';

type Cells = readonly (string | null)[];

function eventOf(cells: Cells): ParkedEvent {
  const [transfer, lane, claim, event, table, operation, key, state, attempts, parked, retry, code, message] =
    cells;
  return {
    transfer: transfer ?? '',
    lane: Number(lane),
    claim: Number(claim),
    event: event ?? '',
    table: table ?? '',
    operation: operation ?? '',
    key: key ?? '',
    state: state as ParkedState,
    attempts: Number(attempts),
    parkedAt: timeOf(Number(parked)),
    retryAt: state === 'waiting' && retry !== null && retry !== undefined ? timeOf(Number(retry)) : null,
    code: code ?? '',
    message: message ?? '',
  };
}

const isId = (text: string): boolean => /^\d{1,19}$/.test(text);

function renderChoice({ literal, own }: ParkedTables, transfer: string, choice: ParkedChoice): string {
  const { table, key, event, state } = choice;
  const conditions = [
    `transfer = ${literal(transfer)}`,
    ...(table === undefined ? [] : [`table_id = ${literal(table)}`]),
    ...(key === undefined ? [] : [own?.sameText('row_key', key) ?? `row_key = ${literal(key)}`]),
    ...(event === undefined ? [] : [isId(event) ? `event_id = ${event}` : '1 = 0']),
    ...(state === undefined ? [] : [`state = ${literal(state)}`]),
  ];
  return conditions.join(' AND ');
}

/** See Quarantine.list. */
export async function listParked(
  session: PlainSession,
  tables: ParkedTables,
  request: {
    readonly transfer: string;
    readonly choice: ParkedChoice;
    readonly page: {
      readonly limit: number;
      readonly after: { readonly lane: number; readonly event: string } | null;
    };
  },
): Promise<readonly ParkedEvent[]> {
  const { transfer, choice, page } = request;
  const { after, limit } = page;
  const behind =
    after === null
      ? ''
      : ` AND (lane > ${after.lane} OR (lane = ${after.lane} AND event_id > ${BigInt(after.event)}))`;
  const rows = await session.rows(
    `SELECT ${COLUMNS} FROM ${tables.parked} WHERE ${renderChoice(tables, transfer, choice)}${behind} ORDER BY lane, event_id${tables.own?.limit(limit) ?? ` LIMIT ${limit}`}`,
  );
  return rows.map(eventOf);
}

/** See Quarantine.show. */
export async function showParked(
  session: PlainSession,
  tables: ParkedTables,
  { transfer, event }: { readonly transfer: string; readonly event: string },
): Promise<ParkedPayload | null> {
  const [cells] = await session.rows(
    `SELECT ${COLUMNS}, old_row, new_row FROM ${tables.parked} WHERE ${renderChoice(tables, transfer, { event })}`,
  );
  if (!cells) return null;
  return { ...eventOf(cells), old: cells.at(-2) ?? null, new: cells.at(-1) ?? null };
}

/** See Quarantine.count. */
export async function countParked(
  session: PlainSession,
  tables: ParkedTables,
  transfer: string,
): Promise<ParkedCounts> {
  const rows = await session.rows(
    `SELECT state, COUNT(*) FROM ${tables.parked} WHERE transfer = ${tables.literal(transfer)} GROUP BY state`,
  );
  return Object.fromEntries(rows.map(([state, events]) => [state ?? '', Number(events)]));
}

/** See Quarantine.reactivate. What is in a claim already is on its way. */
export const reactivateParked = (
  session: PlainSession,
  tables: ParkedTables,
  request: { readonly transfer: string; readonly choice: ParkedChoice; readonly nowMs: number },
): Promise<number> =>
  session.run(
    `UPDATE ${tables.parked} SET state = 'waiting', attempts = 0, retry_ms = ${request.nowMs}, state_ms = ${request.nowMs}
     WHERE ${renderChoice(tables, request.transfer, request.choice)} AND state IN ('waiting', 'final') AND retry_claim IS NULL`,
  );

/** See Quarantine.discard. */
export const discardParked = (
  session: PlainSession,
  tables: ParkedTables,
  request: { readonly transfer: string; readonly choice: ParkedChoice },
): Promise<number> =>
  session.run(
    `DELETE FROM ${tables.parked} WHERE ${renderChoice(tables, request.transfer, request.choice)} AND retry_claim IS NULL`,
  );
