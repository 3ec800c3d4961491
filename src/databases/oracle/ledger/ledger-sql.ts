import type { OpenOptions } from '../../../engine/ports/dialect.ts';
import type { Batch } from '../../../model/batch.ts';
import type { LaneRef } from '../../../model/lane.ts';
import { encodePosition } from '../../../model/row-block.ts';
import { WAIT_SECONDS } from '../connections/pins.ts';
import { type Binds, quote, type Statement } from '../sql/names.ts';

/** Quoted names of the ledger's tables, and the bare ones. */
export interface LedgerNames {
  readonly schema: string;
  readonly runs: string;
  readonly tables: string;
  readonly lanes: string;
  /** Events that are set apart. */
  readonly parked: string;
  /** What was found otherwise than changes take for granted. */
  readonly drift: string;
  readonly bare: readonly string[];
}

/**
 * The ledger lies in the schema of the connection's user, whatever schema is configured: nobody needs a right on another one.
 * Its names are in capitals, as Oracle has them without quotation marks.
 */
export function ledgerNames(schema: string, { prefix }: OpenOptions['ledger']): LedgerNames {
  const bare = ['RUNS', 'TABLES', 'LANES', 'PARKED', 'DRIFT'].map((table) => prefix.toUpperCase() + table);
  const [runs = '', tables = '', lanes = '', parked = '', drift = ''] = bare.map(
    (table) => `${quote(schema)}.${quote(table)}`,
  );
  return { schema, runs, tables, lanes, parked, drift, bare };
}

const KEY = 'TRANSFER VARCHAR2(64 CHAR) NOT NULL, RUN NUMBER(10) NOT NULL';
const REFERENCE = (names: LedgerNames): string =>
  `FOREIGN KEY (TRANSFER, RUN) REFERENCES ${names.runs} (TRANSFER, RUN) ON DELETE CASCADE`;

/** Each of them commits by itself. Texts that may be empty take NULL, which is the same here. */
export const installStatements = (names: LedgerNames): readonly string[] => [
  `CREATE TABLE ${names.runs} (${KEY}, EXECUTION VARCHAR2(255 CHAR) NOT NULL, OPENED_BY VARCHAR2(255 CHAR) NOT NULL, PLAN_HASH VARCHAR2(128 CHAR) NOT NULL, SPEC CLOB NOT NULL, OPENED_AT TIMESTAMP(6) NOT NULL, FINISHED_AT TIMESTAMP(6), PRIMARY KEY (TRANSFER, RUN))`,
  `CREATE TABLE ${names.tables} (${KEY}, TABLE_ID VARCHAR2(400 CHAR) NOT NULL, GENERATION NUMBER(10) NOT NULL, PLAN CLOB NOT NULL, INCARNATION VARCHAR2(1000 CHAR), CHANGE_MARKER VARCHAR2(1000 CHAR), PLANNED_AT TIMESTAMP(6) NOT NULL, PRIMARY KEY (TRANSFER, RUN, TABLE_ID), ${REFERENCE(names)})`,
  `CREATE TABLE ${names.lanes} (${KEY}, TABLE_ID VARCHAR2(400 CHAR) NOT NULL, GENERATION NUMBER(10) NOT NULL, LANE NUMBER(10) NOT NULL, RANGE_AFTER CLOB, RANGE_UPTO CLOB, ATTEMPT NUMBER(10) DEFAULT 0 NOT NULL, EPOCH VARCHAR2(64 CHAR), N NUMBER(10) DEFAULT 0 NOT NULL, POSITION CLOB, ROW_COUNT NUMBER(19) DEFAULT 0 NOT NULL, BYTES NUMBER(19) DEFAULT 0 NOT NULL, ENDED NUMBER(1) DEFAULT 0 NOT NULL, APPLIED_AT TIMESTAMP(6), PRIMARY KEY (TRANSFER, RUN, TABLE_ID, GENERATION, LANE), ${REFERENCE(names)})`,
];

/**
 * Events that are set apart: of a transfer and not of one of its runs, which may be forgotten. Times are milliseconds, see PARKED_COLUMNS.
 */
export const parkedStatements = ({ schema, parked, bare }: LedgerNames): readonly string[] => [
  `CREATE TABLE ${parked} (${KEY}, CLAIM NUMBER(19) NOT NULL, EVENT NUMBER(19) NOT NULL, LANE NUMBER(10) NOT NULL, TABLE_ID VARCHAR2(400 CHAR) NOT NULL, OPERATION VARCHAR2(1 CHAR) NOT NULL, CHAIN VARCHAR2(64) NOT NULL, OWN_KEY VARCHAR2(64) NOT NULL, OTHER_KEY VARCHAR2(64), HOLDS NUMBER(1) NOT NULL, ROW_KEY VARCHAR2(1000 CHAR), STATE VARCHAR2(16) NOT NULL, ATTEMPTS NUMBER(10) NOT NULL, PARKED_MS NUMBER(19) NOT NULL, RETRY_MS NUMBER(19), FINAL_MS NUMBER(19), ERROR_CODE VARCHAR2(255), ERROR_MESSAGE VARCHAR2(1000 CHAR), BYTES NUMBER(19) NOT NULL, OLD_ROW CLOB, NEW_ROW CLOB, PRIMARY KEY (TRANSFER, RUN, CLAIM, EVENT))`,
  `CREATE INDEX ${quote(schema)}.${quote(`${bare[3] ?? ''}_CHAIN`)} ON ${parked} (TRANSFER, CHAIN)`,
  `CREATE INDEX ${quote(schema)}.${quote(`${bare[3] ?? ''}_HELD`)} ON ${parked} (TRANSFER, HOLDS)`,
];

/** A row a table of a transfer: see engine/changes/drift/drift-sql.ts. */
export const driftStatement = ({ drift }: LedgerNames): string =>
  `CREATE TABLE ${drift} (TRANSFER VARCHAR2(64 CHAR) NOT NULL, TABLE_ID VARCHAR2(400 CHAR) NOT NULL, RUN NUMBER(10) NOT NULL, GENERATION NUMBER(10) NOT NULL, COPIED_UPTO NUMBER(19), UPDATE_MISSING NUMBER(19) NOT NULL, INSERT_EXISTING NUMBER(19) NOT NULL, DELETE_MISSING NUMBER(19) NOT NULL, PRIMARY KEY (TRANSFER, TABLE_ID))`;

/** Ledgers before attempts had an epoch. */
export const upgradeStatement = (names: LedgerNames): string =>
  `ALTER TABLE ${names.lanes} ADD (EPOCH VARCHAR2(64 CHAR))`;

/** Which of the tables are there, and whether lanes have epochs. */
export const thereStatement = ({ schema, bare }: LedgerNames): Statement => ({
  text: `SELECT TO_CHAR(COUNT(DISTINCT TABLE_NAME), 'TM9'), TO_CHAR(COUNT(CASE WHEN TABLE_NAME = :lanes AND COLUMN_NAME = 'EPOCH' THEN 1 END), 'TM9'), TO_CHAR(COUNT(CASE WHEN TABLE_NAME = :parked AND COLUMN_NAME = 'CHAIN' THEN 1 END), 'TM9'), TO_CHAR(COUNT(CASE WHEN TABLE_NAME = :drift AND COLUMN_NAME = 'COPIED_UPTO' THEN 1 END), 'TM9') FROM ALL_TAB_COLUMNS WHERE OWNER = :schema AND TABLE_NAME IN (:runs, :tables, :lanes, :parked, :drift)`,
  binds: {
    schema,
    runs: bare[0] ?? '',
    tables: bare[1] ?? '',
    lanes: bare[2] ?? '',
    parked: bare[3] ?? '',
    drift: bare[4] ?? '',
  },
});

/** Waits for a batch that is being applied, and makes every later one of the lane a drop. */
export const FENCE = 'ATTEMPT = ATTEMPT + 1, EPOCH = NULL, N = 0';

export const RUN_KEY = 'TRANSFER = :transfer AND RUN = TO_NUMBER(:run)';
export const TABLE_KEY = `${RUN_KEY} AND TABLE_ID = :tableId`;
export const LANE_KEY = `${TABLE_KEY} AND GENERATION = TO_NUMBER(:generation) AND LANE = TO_NUMBER(:lane)`;

export const runBinds = (ref: { readonly transfer: string; readonly run: number }): Binds => ({
  transfer: ref.transfer,
  run: String(ref.run),
});
export const tableBinds = (ref: {
  readonly transfer: string;
  readonly run: number;
  readonly table: string;
}): Binds => ({ ...runBinds(ref), tableId: ref.table });
export const laneBinds = (lane: LaneRef): Binds => ({
  ...tableBinds(lane),
  generation: String(lane.generation),
  lane: String(lane.lane),
});

/** Locks the lane's row, and waits no longer than others may stand still. No row: there is no such lane. */
export const renderLockLane = (names: LedgerNames, lane: LaneRef): Statement => ({
  text: `SELECT N FROM ${names.lanes} WHERE ${LANE_KEY} FOR UPDATE WAIT ${WAIT_SECONDS}`,
  binds: laneBinds(lane),
});

/** Compare-and-set of n-1 to n. */
export function renderAdvance(names: LedgerNames, { header }: Batch): Statement {
  const position = header.last ? ', POSITION = :position' : '';
  const ended = header.end ? ', ENDED = 1' : '';
  return {
    text: `UPDATE ${names.lanes} SET N = TO_NUMBER(:n), ROW_COUNT = ROW_COUNT + TO_NUMBER(:moreRows), BYTES = BYTES + TO_NUMBER(:moreBytes), APPLIED_AT = SYS_EXTRACT_UTC(SYSTIMESTAMP)${position}${ended} WHERE ${LANE_KEY} AND ATTEMPT = TO_NUMBER(:attempt) AND EPOCH = :epoch AND N = TO_NUMBER(:n) - 1 AND ENDED = 0`,
    binds: {
      ...laneBinds(header),
      n: String(header.n),
      moreRows: String(header.rows),
      moreBytes: String(header.bytes),
      attempt: String(header.attempt),
      epoch: header.epoch,
      ...(header.last ? { position: encodePosition(header.last) } : {}),
    },
  };
}

/** Lanes beside their table, of the generation that counts. */
export const newest = (names: LedgerNames): string =>
  `${names.lanes} L JOIN ${names.tables} T ON T.TRANSFER = L.TRANSFER AND T.RUN = L.RUN AND T.TABLE_ID = L.TABLE_ID AND T.GENERATION = L.GENERATION`;
export const of = (columns: string): string => columns.replaceAll(/\b[A-Z]/g, 'L.$&');
