import { WAIT_SECONDS } from '../connections/pins.ts';
import { FENCE, LANE_KEY, type LedgerNames, newest, of, RUN_KEY, TABLE_KEY } from './ledger-sql.ts';

/** Statements of the ledger about runs, tables and lanes; values by name. */

const NOW = 'SYS_EXTRACT_UTC(SYSTIMESTAMP)';

/** One after the other: of rows that are not there yet none can be locked. */
export const lockRuns = (names: LedgerNames): string =>
  `LOCK TABLE ${names.runs} IN EXCLUSIVE MODE WAIT ${WAIT_SECONDS}`;

export const findRun = (names: LedgerNames): string =>
  `SELECT RUN, OPENED_BY, EXECUTION, SPEC FROM ${names.runs} WHERE TRANSFER = :transfer AND (EXECUTION = :execution OR (FINISHED_AT IS NULL AND PLAN_HASH = :planHash)) ORDER BY CASE WHEN EXECUTION = :execution THEN 0 ELSE 1 END, RUN DESC FETCH FIRST 1 ROWS ONLY`;

/** The spec changes hands with the execution, and never within one. */
export const takeOverRun = (names: LedgerNames): string =>
  `UPDATE ${names.runs} SET EXECUTION = :execution, SPEC = :spec WHERE ${RUN_KEY}`;

export const finishOlderRuns = (names: LedgerNames): string =>
  `UPDATE ${names.runs} SET FINISHED_AT = ${NOW} WHERE TRANSFER = :transfer AND FINISHED_AT IS NULL`;

/** Waits for a batch of an older run that is being applied, and makes every later one a drop. */
export const fenceTransfer = (names: LedgerNames): string =>
  `UPDATE ${names.lanes} SET ${FENCE} WHERE TRANSFER = :transfer`;

export const nextRun = (names: LedgerNames): string =>
  `SELECT NVL(MAX(RUN), 0) + 1 FROM ${names.runs} WHERE TRANSFER = :transfer`;

export const insertRun = (names: LedgerNames): string =>
  `INSERT INTO ${names.runs} (TRANSFER, RUN, EXECUTION, OPENED_BY, PLAN_HASH, SPEC, OPENED_AT) VALUES (:transfer, TO_NUMBER(:run), :execution, :execution, :planHash, :spec, ${NOW})`;

export const newestRunOf = (names: LedgerNames): string =>
  `SELECT MAX(RUN) FROM ${names.runs} WHERE TRANSFER = :transfer`;

export const specOf = (names: LedgerNames): string => `SELECT SPEC FROM ${names.runs} WHERE ${RUN_KEY}`;

export const finishRun = (names: LedgerNames): string =>
  `UPDATE ${names.runs} SET FINISHED_AT = ${NOW} WHERE ${RUN_KEY} AND FINISHED_AT IS NULL`;

export const fenceUnended = (names: LedgerNames): string =>
  `UPDATE ${names.lanes} SET ${FENCE} WHERE ${RUN_KEY} AND ENDED = 0`;

export const forgetRuns = (names: LedgerNames): string =>
  `DELETE FROM ${names.runs} R WHERE R.FINISHED_AT < TO_TIMESTAMP(:finishedBefore, 'YYYY-MM-DD HH24:MI:SS.FF') AND R.RUN < (SELECT MAX(N.RUN) FROM ${names.runs} N WHERE N.TRANSFER = R.TRANSFER)`;

/** Locks the run's row against closing and going on. */
export const lockRunRow = (names: LedgerNames): string =>
  `SELECT CASE WHEN FINISHED_AT IS NULL THEN '1' ELSE '0' END, EXECUTION FROM ${names.runs} WHERE ${RUN_KEY} FOR UPDATE WAIT ${WAIT_SECONDS}`;

export const planOfGeneration = (names: LedgerNames): string =>
  `SELECT PLAN FROM ${names.tables} WHERE ${TABLE_KEY} AND GENERATION = TO_NUMBER(:generation)`;

export const openNextAttempt = (names: LedgerNames, onlyIfAt: boolean): string =>
  `UPDATE ${names.lanes} SET ATTEMPT = ATTEMPT + 1, EPOCH = :epoch, N = 0 WHERE ${LANE_KEY}${onlyIfAt ? ' AND ATTEMPT = TO_NUMBER(:ifAttempt)' : ''}`;

export const openingOfLane = (names: LedgerNames): string =>
  `SELECT ATTEMPT, EPOCH, POSITION, ROW_COUNT, BYTES, ENDED, RANGE_AFTER, RANGE_UPTO FROM ${names.lanes} WHERE ${LANE_KEY}`;

/** Plan and ranges in one statement: two would see two states. The plan comes with the first lane only. */
export const plannedTable = (names: LedgerNames): string =>
  `SELECT T.GENERATION, CASE WHEN L.LANE = 1 THEN T.PLAN END, T.INCARNATION, T.CHANGE_MARKER, L.LANE, L.RANGE_AFTER, L.RANGE_UPTO FROM ${names.tables} T JOIN ${names.lanes} L ON L.TRANSFER = T.TRANSFER AND L.RUN = T.RUN AND L.TABLE_ID = T.TABLE_ID AND L.GENERATION = T.GENERATION WHERE T.TRANSFER = :transfer AND T.RUN = TO_NUMBER(:run) AND T.TABLE_ID = :tableId ORDER BY L.LANE`;

export const fenceTable = (names: LedgerNames): string =>
  `UPDATE ${names.lanes} SET ${FENCE} WHERE ${TABLE_KEY}`;

/** The rows that are copied now are newer than what was set apart. */
export const dropParked = (names: LedgerNames): string =>
  `DELETE FROM ${names.parked} WHERE TRANSFER = :transfer AND TABLE_ID = :tableId`;

/** Of all generations. */
export const appliedRows = (names: LedgerNames): string =>
  `SELECT NVL(SUM(ROW_COUNT), 0) FROM ${names.lanes} WHERE ${TABLE_KEY}`;

/** A plan without a source is that of another one: the next planning makes a newer generation of it. */
export const forgetSource = (names: LedgerNames): string =>
  `UPDATE ${names.tables} SET INCARNATION = NULL WHERE ${TABLE_KEY}`;

export const deletePlan = (names: LedgerNames): string => `DELETE FROM ${names.tables} WHERE ${TABLE_KEY}`;

export const insertPlan = (names: LedgerNames): string =>
  `INSERT INTO ${names.tables} (TRANSFER, RUN, TABLE_ID, GENERATION, PLAN, INCARNATION, CHANGE_MARKER, PLANNED_AT) VALUES (:transfer, TO_NUMBER(:run), :tableId, TO_NUMBER(:generation), :plan, :incarnation, :changeMarker, ${NOW})`;

export const insertLane = (names: LedgerNames): string =>
  `INSERT INTO ${names.lanes} (TRANSFER, RUN, TABLE_ID, GENERATION, LANE, RANGE_AFTER, RANGE_UPTO) VALUES (:transfer, TO_NUMBER(:run), :tableId, TO_NUMBER(:generation), TO_NUMBER(:lane), :rangeAfter, :rangeUpto)`;

const LANE_COLUMNS = 'TABLE_ID, GENERATION, LANE, ATTEMPT, EPOCH, N, ROW_COUNT, BYTES, ENDED';

/** A lane as the transaction sees it. */
export const laneOf = (names: LedgerNames): string =>
  `SELECT ${LANE_COLUMNS} FROM ${names.lanes} WHERE ${LANE_KEY}`;

/** Lanes of the newest generation, in lane order. */
export const lanesOfTable = (names: LedgerNames): string =>
  `SELECT ${of(LANE_COLUMNS)} FROM ${newest(names)} WHERE L.TRANSFER = :transfer AND L.RUN = TO_NUMBER(:run) AND L.TABLE_ID = :tableId ORDER BY L.LANE`;

export const progressOfRun = (names: LedgerNames): string =>
  `SELECT L.TABLE_ID, L.GENERATION, COUNT(*), SUM(L.ENDED), SUM(L.ROW_COUNT), SUM(L.BYTES) FROM ${newest(names)} WHERE L.TRANSFER = :transfer AND L.RUN = TO_NUMBER(:run) GROUP BY L.TABLE_ID, L.GENERATION ORDER BY L.TABLE_ID`;
