import type { ChangeLane } from '../../ports/change-capture.ts';

/** A session of a source in an open transaction, as the statements of this folder need it. Cells are texts. */
export interface PlainSession {
  rows(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  /** @returns changed rows */
  run(sql: string): Promise<number>;
}

/**
 * The tables of what is set apart and of what is counted, quoted by the database, which makes them. Their columns have the same names
 * everywhere, and but for the payload only whole numbers and texts, times among them as milliseconds: so the statements of this
 * folder are the same for every database. Text is compared by its bytes.
 */
export interface ParkedTables {
  readonly parked: string;
  readonly excluded: string;
  readonly minutes: string;
  readonly lags: string;
  /** A text as the database writes it in a statement. */
  readonly literal: (text: string) => string;
  /** Where a product has its own way; absent: `LIMIT`, `=`. */
  readonly own?: {
    /** Behind an ORDER BY. */
    readonly limit: (rows: number) => string;
    /** Whether a long text is this one, which may be empty. */
    readonly sameText: (column: string, text: string) => string;
  };
}

/** The tables' names, behind what a database puts before them. */
export const PARKED_NAMES = {
  parked: 'capture_parked',
  excluded: 'capture_excluded',
  minutes: 'capture_minutes',
  lags: 'capture_lags',
} as const;

/** Columns of an event's payload, in the order of EVENT_CELLS: whoever sets it apart fills them, and they are read as those of staging. */
export const PAYLOAD_COLUMNS = [
  'event_id',
  'table_number',
  'operation',
  'transaction_id',
  'recorded_at',
  'db_user',
  'message_key',
  'old_row',
  'new_row',
] as const;

/** Types of a database for the columns of `renderParkedTables`. */
export interface ColumnTypes {
  readonly big: string;
  readonly int: string;
  /** Of names of transfers, ids of tables and operations: compared by their bytes, all three in one primary key. */
  readonly name: string;
  readonly table: string;
  readonly word: string;
  readonly text: string;
  /** Of the payload, as the staging table has them: operation, transaction, time, user, texts. */
  readonly payload: readonly [
    operation: string,
    transaction: string,
    at: string,
    user: string,
    longText: string,
  ];
  /** Behind the closing parenthesis. */
  readonly tail: string;
  /** Where whoever makes a table looks himself whether it is there, and an empty text is NULL. */
  readonly isPlain?: boolean;
}

/**
 * Makes the tables where they are missing. `claim` of a parked event is the one it was excluded from, `retry_claim` the one that has it
 * now: null where none has.
 * @param references  after the columns of a table of lanes, and of one of claims; empty where rows are deleted otherwise
 */
export function renderParkedTables(
  { parked, excluded, minutes, lags }: ParkedTables,
  { big, int, name, table, word, text, payload, tail, isPlain = false }: ColumnTypes,
  references: { readonly ofLane: string; readonly ofClaim: string },
): readonly string[] {
  const [operation, transaction, at, user, long] = payload;
  const lane = `transfer ${name} NOT NULL, lane ${int} NOT NULL`;
  const create = isPlain ? 'CREATE TABLE' : 'CREATE TABLE IF NOT EXISTS';
  const given = isPlain ? '' : ' NOT NULL';
  return [
    `${create} ${parked} (${lane}, event_id ${big} NOT NULL, table_number ${int} NOT NULL, operation ${operation} NOT NULL,
    transaction_id ${transaction} NOT NULL, recorded_at ${at} NOT NULL, db_user ${user} NOT NULL, message_key ${long}, old_row ${long}, new_row ${long},
    bytes ${big} NOT NULL, table_id ${text}${given}, row_key ${long}${given}, claim ${big} NOT NULL, retry_claim ${big}, state ${text} NOT NULL,
    attempts ${int} NOT NULL, parked_ms ${big} NOT NULL, state_ms ${big} NOT NULL, retry_ms ${big}, error_code ${text}${given}, error_message ${long}${given},
    PRIMARY KEY (transfer, lane, event_id)${references.ofLane})${tail}`,
    `${create} ${excluded} (${lane}, claim ${big} NOT NULL, event_id ${big} NOT NULL,
    PRIMARY KEY (transfer, lane, claim, event_id)${references.ofClaim})${tail}`,
    `${create} ${minutes} (${lane}, minute_ms ${big} NOT NULL, table_id ${table} NOT NULL, operation ${word} NOT NULL,
    success_events ${big} NOT NULL, delayed_events ${big} NOT NULL, final_events ${big} NOT NULL, divisions_events ${big} NOT NULL, retries_events ${big} NOT NULL,
    PRIMARY KEY (transfer, lane, minute_ms, table_id, operation))${tail}`,
    `${create} ${lags} (${lane}, minute_ms ${big} NOT NULL, seconds ${big} NOT NULL, events ${big} NOT NULL,
    PRIMARY KEY (transfer, lane, minute_ms))${tail}`,
  ];
}

export const renderLaneIs = ({ literal }: ParkedTables, { transfer, lane }: ChangeLane): string =>
  `transfer = ${literal(transfer)} AND lane = ${lane}`;

/** So many ids stand in one statement at most. */
const IDS_A_STATEMENT = 1_000;

export function* idsOf(events: readonly string[]): Generator<string> {
  for (let at = 0; at < events.length; at += IDS_A_STATEMENT)
    yield events
      .slice(at, at + IDS_A_STATEMENT)
      .map((id) => BigInt(id).toString())
      .join(', ');
}

/** `2026-11-30 16:47:23.5+00` */
export const timeOf = (ms: number): string =>
  `${new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace('Z', '')
    .replace(/\.?0+$/, '')}+00`;
