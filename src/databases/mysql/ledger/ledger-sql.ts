import type { OpenOptions } from '../../../engine/ports/dialect.ts';
import type { Batch } from '../../../model/batch.ts';
import { laneOfCells } from '../../../engine/driver/lane-cells.ts';
import type { LaneProgress, LaneRef } from '../../../model/lane.ts';
import { encodePosition } from '../../../model/row-block.ts';
import type { Session } from '../connections/session.ts';
import { literal, quote } from '../sql/names.ts';

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
 * The ledger lies in the database of the connection, whatever schema is configured: a backup of that database has both, and
 * nobody needs a right on another one.
 */
export function ledgerNames(schema: string, { prefix }: OpenOptions['ledger']): LedgerNames {
  const name = (table: string): string => `${quote(schema)}.${quote(prefix + table)}`;
  return {
    schema,
    runs: name('runs'),
    tables: name('tables'),
    lanes: name('lanes'),
    parked: name('parked'),
    drift: name('drift'),
    bare: ['runs', 'tables', 'lanes', 'parked', 'drift'].map((table) => prefix + table),
  };
}

const KEY = 'transfer varchar(64) NOT NULL, run int NOT NULL';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC';

/** Keys are compared by their characters. Each of them commits by itself. */
export const installStatements = (names: LedgerNames): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${names.runs} (${KEY}, execution varchar(255) NOT NULL, opened_by varchar(255) NOT NULL,
    plan_hash varchar(128) NOT NULL, spec longtext NOT NULL, opened_at datetime(6) NOT NULL, finished_at datetime(6) NULL,
    PRIMARY KEY (transfer, run)) ${TABLE}`,
  `CREATE TABLE IF NOT EXISTS ${names.tables} (${KEY}, table_id varchar(400) NOT NULL, generation int NOT NULL,
    plan longtext NOT NULL, incarnation text NOT NULL, change_marker text NOT NULL, planned_at datetime(6) NOT NULL,
    PRIMARY KEY (transfer, run, table_id),
    FOREIGN KEY (transfer, run) REFERENCES ${names.runs} (transfer, run) ON DELETE CASCADE) ${TABLE}`,
  `CREATE TABLE IF NOT EXISTS ${names.lanes} (${KEY}, table_id varchar(400) NOT NULL, generation int NOT NULL, lane int NOT NULL,
    range_after longtext NULL, range_upto longtext NULL, attempt int NOT NULL DEFAULT 0, epoch varchar(64) NOT NULL DEFAULT '',
    n int NOT NULL DEFAULT 0, position longtext NULL, \`rows\` bigint NOT NULL DEFAULT 0, bytes bigint NOT NULL DEFAULT 0,
    ended boolean NOT NULL DEFAULT false, applied_at datetime(6) NULL,
    PRIMARY KEY (transfer, run, table_id, generation, lane),
    FOREIGN KEY (transfer, run) REFERENCES ${names.runs} (transfer, run) ON DELETE CASCADE) ${TABLE}`,
];

/**
 * Events that are set apart: of a transfer and not of one of its runs, which may be forgotten. Times are milliseconds, see PARKED_COLUMNS.
 */
export const parkedStatement = ({ parked }: LedgerNames): string =>
  `CREATE TABLE IF NOT EXISTS ${parked} (${KEY}, claim bigint NOT NULL, event bigint NOT NULL, lane int NOT NULL, table_id varchar(400) NOT NULL,
    operation char(1) NOT NULL, chain char(64) NOT NULL, own_key char(64) NOT NULL, other_key char(64) NULL, holds tinyint NOT NULL, row_key varchar(1000) NOT NULL,
    state varchar(16) NOT NULL, attempts int NOT NULL, parked_ms bigint NOT NULL, retry_ms bigint NULL, final_ms bigint NULL,
    error_code varchar(255) NOT NULL, error_message text NOT NULL, bytes bigint NOT NULL, old_row longtext NULL, new_row longtext NULL,
    PRIMARY KEY (transfer, run, claim, event), KEY (transfer, chain), KEY (transfer, holds)) ${TABLE}`;

/** A row a table of a transfer: see engine/changes/drift/drift-sql.ts. */
export const driftStatement = ({ drift }: LedgerNames): string =>
  `CREATE TABLE IF NOT EXISTS ${drift} (transfer varchar(64) NOT NULL, table_id varchar(400) NOT NULL, run int NOT NULL, generation int NOT NULL,
    copied_upto bigint NULL, update_missing bigint NOT NULL, insert_existing bigint NOT NULL, delete_missing bigint NOT NULL,
    PRIMARY KEY (transfer, table_id)) ${TABLE}`;

/** The rows that are copied now are newer than what was set apart. */
export const dropParked = (
  names: LedgerNames,
  { transfer, table }: Pick<TableRef, 'transfer' | 'table'>,
): string =>
  `DELETE FROM ${names.parked} WHERE transfer = ${literal(transfer)} AND table_id = ${literal(table)}`;

/** Ledgers of version 0.1.0 before attempts had an epoch. */
export const upgradeStatement = (names: LedgerNames): string =>
  `ALTER TABLE ${names.lanes} ADD COLUMN epoch varchar(64) NOT NULL DEFAULT ''`;

/** Waits for a batch that is being applied, and makes every later one of the lane a drop. */
export const FENCE = "attempt = attempt + 1, epoch = '', n = 0";

export const runKey = (ref: { readonly transfer: string; readonly run: number }): string =>
  `transfer = ${literal(ref.transfer)} AND run = ${ref.run}`;

export interface TableRef {
  readonly transfer: string;
  readonly run: number;
  readonly table: string;
}

export const tableKey = (ref: TableRef): string => `${runKey(ref)} AND table_id = ${literal(ref.table)}`;

/** A plan without a source is that of another one: the next planning makes a newer generation of it. */
export const forgetSource = (names: LedgerNames, ref: TableRef): string =>
  `UPDATE ${names.tables} SET incarnation = '' WHERE ${tableKey(ref)}`;

export const laneKey = (lane: LaneRef): string =>
  `${runKey(lane)} AND table_id = ${literal(lane.table)} AND generation = ${lane.generation} AND lane = ${lane.lane}`;

// Where ranges of rows stand nobody asks, many times a second.
const LANE_COLUMNS =
  "table_id, generation, lane, attempt, epoch, n, `rows`, bytes, ended, CASE WHEN table_id LIKE '(changes%' THEN position END";

const toProgress = laneOfCells('1');

/** The lane as the session's transaction sees it. */
export async function readLane(
  session: Session,
  names: LedgerNames,
  lane: LaneRef,
): Promise<LaneProgress | null> {
  const { rows } = await session.query(`SELECT ${LANE_COLUMNS} FROM ${names.lanes} WHERE ${laneKey(lane)}`);
  return rows[0] ? toProgress(rows[0]) : null;
}

/** Compare-and-set of n-1 to n. */
export function renderAdvance(names: LedgerNames, { header }: Batch): string {
  const position = header.last ? `, position = ${literal(encodePosition(header.last))}` : '';
  const ended = header.end ? ', ended = true' : '';
  return `UPDATE ${names.lanes} SET n = ${header.n}, \`rows\` = \`rows\` + ${header.rows}, bytes = bytes + ${header.bytes}, applied_at = NOW(6)${position}${ended}
    WHERE ${laneKey(header)} AND attempt = ${header.attempt} AND epoch = ${literal(header.epoch)} AND n = ${header.n - 1} AND NOT ended`;
}

const newest = (names: LedgerNames): string =>
  `${names.lanes} AS l JOIN ${names.tables} AS t USING (transfer, run, table_id, generation)`;

/** Lanes of the newest generation, in lane order. */
export async function readLanes(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number; readonly table: string },
): Promise<readonly LaneProgress[]> {
  const { rows } = await session.query(
    `SELECT ${LANE_COLUMNS} FROM ${newest(names)} WHERE ${runKey(ref)} AND table_id = ${literal(ref.table)} ORDER BY lane`,
  );
  return rows.map(toProgress);
}

export async function readProgress(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number },
) {
  const { rows } = await session.query(
    `SELECT table_id, generation, COUNT(*), SUM(ended), SUM(l.\`rows\`), SUM(bytes)
     FROM ${newest(names)} WHERE ${runKey(ref)} GROUP BY table_id, generation ORDER BY table_id`,
  );
  return rows.map(([table, ...counts]) => {
    const [generation = 0, lanes = 0, endedLanes = 0, count = 0, bytes = 0] = counts.map(Number);
    return { table: table ?? '', generation, lanes, endedLanes, rows: count, bytes };
  });
}
