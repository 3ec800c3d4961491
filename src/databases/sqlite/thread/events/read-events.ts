import type BetterSqlite from 'better-sqlite3';
import { rowTooLarge } from '../../../../engine/reading/largest-row.ts';
import { PAYLOAD_COLUMNS } from '../../../../engine/capture/parking/parked-tables.ts';
import { captureTables } from '../../capture/capture-tables.ts';
import { escapeCell } from '../../values/cell-escapes.ts';
import type { StoredValue } from '../../values/stored-value.ts';
import { createBlockWriter } from '../block-writer.ts';
import { stopIfGivenUp } from '../given-up.ts';
import type { EventBlock, EventsToRead } from '../operations.ts';
import { rawStatement } from '../row-source.ts';
import { keyText, type RowValue, type ShapeJson, shapeJson } from './event-json.ts';
import { inReadTransaction, type LayoutRows, openLayouts } from './event-rows.ts';

/** `2024-02-29 10:00:00.500`, as the trigger has it from SQLite, in canonical form. */
const timeText = (at: StoredValue): string =>
  `${String(at ?? '1970-01-01 00:00:00')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')}+00`;

function messageKey(
  { shape }: LayoutRows,
  { json, recorded, row }: { json: ShapeJson; recorded: StoredValue; row: readonly RowValue[] },
): string | null {
  if (shape.messageKey === 'none') return null;
  if (shape.messageKey === 'recorded') return keyText(recorded);
  return shape.messageKey === 'primary' ? json.key(row) : shape.messageKey.fixed;
}

/** No row of a copy is larger, and no string of JavaScript holds the text of one that is much larger. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Stands for rows that are too large: whoever applies them is told, and a topic has it as it is. */
const NOT_RECORDED = '{"sluice": "not recorded"}';

const cell = (text: string | null): string => (text === null ? '\\N' : escapeCell(text));

/** Makes the line of an event of `event-rows`; SQLite has neither users nor numbers of transactions. */
function encoderOf(database: BetterSqlite.Database, { prefix, any }: EventsToRead) {
  const layouts = openLayouts(database, prefix);
  const jsons = new Map<LayoutRows, ShapeJson>();
  return (event: readonly StoredValue[]): string => {
    const [id, table, layout, operation, at, recorded] = event as [
      bigint,
      bigint,
      bigint,
      string,
      StoredValue,
      StoredValue,
    ];
    const rows = layouts(table, layout);
    const json = jsons.get(rows) ?? shapeJson(rows.shape, new Set(any.get(Number(table))));
    jsons.set(rows, json);
    const large = rows.size(id) > MOST_BYTES;
    const old = operation === 'I' || operation === 'i' ? null : large ? [] : rows.row(id * 2n);
    const fresh = operation === 'D' ? null : large ? [] : rows.row(id * 2n + 1n);
    const key = messageKey(rows, { json, recorded: recorded ?? null, row: fresh ?? old ?? [] });
    const payload = (row: readonly RowValue[] | null): string | null =>
      row === null ? null : large ? NOT_RECORDED : json.row(row);
    const cells = [
      String(id),
      String(table),
      operation,
      '',
      timeText(at ?? null),
      '',
      cell(large && rows.shape.messageKey === 'primary' ? null : key),
      cell(payload(old)),
      cell(payload(fresh)),
    ];
    return `${cells.join('\t')}\n`;
  };
}

/** Ids that the claim has no longer. */
function excludedFrom(
  database: BetterSqlite.Database,
  excluded: string,
  { transfer, lane, claim }: EventsToRead,
): ReadonlySet<bigint> {
  const rows = rawStatement(
    database,
    `SELECT event_id FROM ${excluded} WHERE transfer = ? AND lane = ? AND claim = ?`,
  ).all(transfer, lane, claim);
  return new Set(rows.map((row) => (row as readonly StoredValue[])[0] as bigint));
}

/** Lines of events that were set apart, and have this claim now. */
function* parkedLines(
  database: BetterSqlite.Database,
  parked: string,
  { transfer, lane, claim, afterId }: EventsToRead,
): Generator<readonly [id: bigint, line: string]> {
  const rows = rawStatement(
    database,
    `SELECT ${PAYLOAD_COLUMNS.join(', ')} FROM ${parked} WHERE transfer = ? AND lane = ? AND retry_claim = ? AND event_id > ? ORDER BY event_id`,
  );
  for (const row of rows.iterate(transfer, lane, claim, afterId ?? 0n)) {
    const cells = row as readonly StoredValue[];
    yield [
      cells[0] as bigint,
      `${cells.map((each) => cell(each === null ? null : String(each))).join('\t')}\n`,
    ];
  }
}

/** Lines of the events of a claim's tables between two ids. */
function* claimLines(
  database: BetterSqlite.Database,
  request: EventsToRead,
  claim: { readonly tables: string; readonly afterId: StoredValue; readonly lastId: StoredValue },
): Generator<readonly [id: bigint, line: string]> {
  const { events, parking } = captureTables(request.prefix);
  const numbers = new Set(JSON.parse(claim.tables) as number[]);
  const excluded = excludedFrom(database, parking.excluded, request);
  const encode = encoderOf(database, request);
  const rows = rawStatement(
    database,
    `SELECT id, table_number, layout, operation, at, message_key FROM ${events} WHERE id > ? AND id <= ? ORDER BY id`,
  );
  for (const event of rows.iterate(request.afterId ?? claim.afterId, claim.lastId)) {
    stopIfGivenUp();
    const id = event[0] as bigint;
    if (numbers.has(Number(event[1])) && !excluded.has(id)) yield [id, encode(event)];
  }
}

/**
 * The next block of a sealed claim; null where the claim is gone. That is looked for in the same transaction: events are freed only
 * behind their claims, so that nobody who is late reads a part of one for the whole.
 */
export function readEvents(database: BetterSqlite.Database, request: EventsToRead): EventBlock | null {
  const tables = captureTables(request.prefix);
  return inReadTransaction(database, () => {
    const claim = rawStatement(
      database,
      `SELECT table_numbers, after_id, last_id FROM ${tables.claims} WHERE transfer = ? AND lane = ? AND claim = ?`,
    ).get(request.transfer, request.lane, request.claim);
    if (claim === undefined) return null;
    const [numbers = '[]', afterId = 0n, lastId = 0n] = claim as readonly StoredValue[];
    // A claim without an id of its own holds events that were set apart.
    const lines =
      afterId === lastId
        ? parkedLines(database, tables.parking.parked, request)
        : claimLines(database, request, { tables: String(numbers), afterId, lastId });
    const writer = createBlockWriter(request.blockBytes);
    let first: string | null = null;
    let last: string | null = null;
    let isEnd = true;
    for (const [id, line] of lines) {
      if (writer.rows > 0 && writer.full()) {
        isEnd = false;
        break;
      }
      if (line.length > request.mostRowBytes) throw rowTooLarge(line.length, request.mostRowBytes);
      writer.add(line);
      last = String(id);
      first ??= last;
    }
    const { rows } = writer;
    return { rows, data: writer.take(), first, last, isEnd };
  });
}
