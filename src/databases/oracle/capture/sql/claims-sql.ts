import { WAIT_SECONDS } from '../../connections/pins.ts';
import { renderTimestamp } from '../../types/render-text.ts';
import type { Statement } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';

export const LANE_KEY = 'TRANSFER = :transfer AND LANE = TO_NUMBER(:lane)';
export const NOW = 'SYS_EXTRACT_UTC(SYSTIMESTAMP)';

/** A moment that is stored in UTC, as canonical text; of NULL it is no text of anything. */
export const renderMomentText = (column: string): string => `${renderTimestamp(column, 6)} || '+00'`;

/** Numbers of tables, which are ours. @param numbers  `1,2,5` */
const amongTables = (numbers: string): string =>
  numbers === '' ? '1 = 0' : `E.TABLE_NUMBER IN (${numbers})`;

const BETWEEN = 'E.ID BETWEEN TO_NUMBER(:fromId) AND TO_NUMBER(:toId)';

/**
 * Transactions that may write and are open now, in all instances, our own left out; and those that wait for the end of a distributed one,
 * which no session has any more.
 */
export const OPEN_TRANSACTIONS =
  "SELECT T.XIDUSN || '.' || T.XIDSLOT || '.' || T.XIDSQN FROM SYS.GV_$TRANSACTION T WHERE T.XIDUSN || '.' || T.XIDSLOT || '.' || T.XIDSQN <> NVL(DBMS_TRANSACTION.LOCAL_TRANSACTION_ID, '-') UNION SELECT P.LOCAL_TRAN_ID FROM SYS.DBA_2PC_PENDING P WHERE P.STATE = 'prepared'";

/** All ids that were drawn are below it. */
export const renderEndOfIds = ({ schema, prefix }: CaptureNames): Statement => ({
  text: "SELECT TO_CHAR(LAST_NUMBER, 'TM9') FROM ALL_SEQUENCES WHERE SEQUENCE_OWNER = :schema AND SEQUENCE_NAME = :name",
  binds: { schema, name: `${prefix}EVENT_IDS` },
});

/** What a look sees of some ids, the first ones of them. */
export const renderLook = (names: CaptureNames): string =>
  `SELECT I, N, B, X FROM (SELECT TO_CHAR(E.ID, 'TM9') AS I, TO_CHAR(E.TABLE_NUMBER, 'TM9') AS N, TO_CHAR(E.BYTES, 'TM9') AS B, E.TRANSACTION_ID AS X FROM ${names.events} E WHERE ${BETWEEN} ORDER BY E.ID) WHERE ROWNUM <= TO_NUMBER(:most)`;

/** Ids that are not there below others that are, as runs; and the highest that is. In one statement, which is one moment. */
export const renderFirstLook = (names: CaptureNames): string =>
  `SELECT TO_CHAR(P + 1, 'TM9'), TO_CHAR(I - 1, 'TM9') FROM (SELECT E.ID AS I, LAG(E.ID, 1, 0) OVER (ORDER BY E.ID) AS P FROM ${names.events} E) WHERE I > P + 1 UNION ALL SELECT NULL, TO_CHAR(MAX(E.ID), 'TM9') FROM ${names.events} E`;

/** Cells of an event (src/model/change-event.ts): a text is short, or else long. */
export const EVENT_ITEMS: readonly (readonly string[])[] = [
  ["TO_CHAR(E.ID, 'TM9')"],
  ["TO_CHAR(E.TABLE_NUMBER, 'TM9')"],
  ['E.OPERATION'],
  ['E.TRANSACTION_ID'],
  [renderMomentText('E.RECORDED_AT')],
  ['E.DB_USER'],
  ['E.MESSAGE_KEY', 'E.LONG_KEY'],
  ['E.OLD_ROW', 'E.OLD_LONG'],
  ['E.NEW_ROW', 'E.NEW_LONG'],
];
export const renderEvents = (names: CaptureNames, numbers: string): string =>
  `SELECT ${EVENT_ITEMS.flat().join(', ')} FROM ${names.events} E WHERE ${BETWEEN} AND ${amongTables(numbers)} ORDER BY E.ID`;
export const renderEventIds = (names: CaptureNames, numbers: string): string =>
  `SELECT TO_CHAR(E.ID, 'TM9') FROM ${names.events} E WHERE ${BETWEEN} AND ${amongTables(numbers)}`;

/** How many of them there are, counted up to so many, and the time of the oldest. */
export const renderPending = (names: CaptureNames, numbers: string): string =>
  `SELECT TO_CHAR(COUNT(*), 'TM9'), ${renderMomentText('MIN(R)')} FROM (SELECT E.RECORDED_AT AS R FROM ${names.events} E WHERE ${BETWEEN} AND ${amongTables(numbers)}) WHERE ROWNUM <= TO_NUMBER(:most)`;

export const renderDeleteEvents = (names: CaptureNames, numbers: string): string =>
  `DELETE FROM ${names.events} E WHERE ${BETWEEN} AND ${amongTables(numbers)}`;

/** In milliseconds before now. */
const before = (column: string): string =>
  `${column} <= ${NOW} - NUMTODSINTERVAL(TO_NUMBER(:ageMs) / 1000, 'SECOND')`;

/** A page of all events, and whether each is old. */
export const renderSweep = (names: CaptureNames): string =>
  `SELECT I, N, O FROM (SELECT TO_CHAR(E.ID, 'TM9') AS I, TO_CHAR(E.TABLE_NUMBER, 'TM9') AS N, CASE WHEN ${before('E.RECORDED_AT')} THEN '1' ELSE '0' END AS O FROM ${names.events} E WHERE ${BETWEEN} ORDER BY E.ID) WHERE ROWNUM <= TO_NUMBER(:most)`;

/** Partitions in the order of their ids; a bound is a text. */
export const renderPartitions = ({ schema, bare }: CaptureNames): Statement => ({
  text: 'SELECT PARTITION_NAME, HIGH_VALUE FROM ALL_TAB_PARTITIONS WHERE TABLE_OWNER = :schema AND TABLE_NAME = :events ORDER BY PARTITION_POSITION',
  binds: { schema, events: bare[0] ?? '' },
});

/** By tables, what lies in a range of ids, and whether all of it is old. */
export const renderContents = (names: CaptureNames): string =>
  `SELECT TO_CHAR(E.TABLE_NUMBER, 'TM9'), TO_CHAR(COUNT(*), 'TM9'), MIN(CASE WHEN ${before('E.RECORDED_AT')} THEN '1' ELSE '0' END) FROM ${names.events} E WHERE ${BETWEEN} GROUP BY E.TABLE_NUMBER`;

const STATE =
  "EPOCH, TO_CHAR(SEALED, 'TM9'), TO_CHAR(CONFIRMED, 'TM9'), TABLE_NUMBERS, LOOKED, TO_CHAR(LANE, 'TM9')";
export const renderLane = (names: CaptureNames): string =>
  `SELECT ${STATE} FROM ${names.lanes} WHERE ${LANE_KEY}`;
export const renderLockLane = (names: CaptureNames): string =>
  `${renderLane(names)} FOR UPDATE WAIT ${WAIT_SECONDS}`;
export const renderLanes = (names: CaptureNames): string =>
  `SELECT ${STATE} FROM ${names.lanes} WHERE TRANSFER = :transfer ORDER BY LANE`;
export const renderInsertLane = (names: CaptureNames): string =>
  `INSERT INTO ${names.lanes} (TRANSFER, LANE, TABLE_NUMBERS, LOOKED) VALUES (:transfer, TO_NUMBER(:lane), :numbers, :looked)`;
export const renderTakeLane = (names: CaptureNames): string =>
  `UPDATE ${names.lanes} SET EPOCH = :epoch WHERE ${LANE_KEY}`;
export const renderWriteLooked = (names: CaptureNames): string =>
  `UPDATE ${names.lanes} SET LOOKED = :looked, SEALED = TO_NUMBER(:sealed) WHERE ${LANE_KEY}`;
export const renderConfirmLane = (names: CaptureNames): string =>
  `UPDATE ${names.lanes} SET CONFIRMED = TO_NUMBER(:claim) WHERE ${LANE_KEY}`;
export const renderDeleteLanes = (names: CaptureNames): string =>
  `DELETE FROM ${names.lanes} WHERE TRANSFER = :transfer`;

export const renderInsertClaim = (names: CaptureNames): string =>
  `INSERT INTO ${names.claims} (TRANSFER, LANE, CLAIM, RUNS, EVENTS, SEALED_AT) VALUES (:transfer, TO_NUMBER(:lane), TO_NUMBER(:claim), :runs, TO_NUMBER(:events), ${NOW})`;
export const renderClaim = (names: CaptureNames): string =>
  `SELECT L.TABLE_NUMBERS, C.RUNS, TO_CHAR(C.EVENTS, 'TM9') FROM ${names.claims} C JOIN ${names.lanes} L ON L.TRANSFER = C.TRANSFER AND L.LANE = C.LANE WHERE C.TRANSFER = :transfer AND C.LANE = TO_NUMBER(:lane) AND C.CLAIM = TO_NUMBER(:claim)`;
export const renderConfirmClaims = (names: CaptureNames): string =>
  `UPDATE ${names.claims} SET CONFIRMED_AT = ${NOW} WHERE ${LANE_KEY} AND CLAIM > TO_NUMBER(:confirmed) AND CLAIM <= TO_NUMBER(:claim)`;
export const renderOpenClaims = (names: CaptureNames): string =>
  `SELECT TO_CHAR(LANE, 'TM9'), RUNS, TO_CHAR(EVENTS, 'TM9') FROM ${names.claims} WHERE TRANSFER = :transfer AND CONFIRMED_AT IS NULL ORDER BY LANE, CLAIM`;

/** All lanes and, of each, claims that are not expired: in one statement, which is one moment. */
export const renderNeeds = (names: CaptureNames): string =>
  `SELECT L.TRANSFER, TO_CHAR(L.LANE, 'TM9'), L.TABLE_NUMBERS, L.LOOKED, C.RUNS FROM ${names.lanes} L LEFT JOIN ${names.claims} C ON C.TRANSFER = L.TRANSFER AND C.LANE = L.LANE AND (C.CONFIRMED_AT IS NULL OR NOT ${before('C.CONFIRMED_AT')})`;
export const renderExpiredClaims = (names: CaptureNames): string =>
  `SELECT T, L, C, RUNS FROM (SELECT TRANSFER AS T, TO_CHAR(LANE, 'TM9') AS L, TO_CHAR(CLAIM, 'TM9') AS C, RUNS FROM ${names.claims} WHERE ${before('CONFIRMED_AT')} ORDER BY TRANSFER, LANE, CLAIM) WHERE ROWNUM <= TO_NUMBER(:most)`;
export const renderDeleteClaim = (names: CaptureNames): string =>
  `DELETE FROM ${names.claims} WHERE ${LANE_KEY} AND CLAIM = TO_NUMBER(:claim)`;

export const renderLeaveBehind = (names: CaptureNames): string =>
  `UPDATE ${names.installation} SET LEFT_BEHIND = LEFT_BEHIND + 1`;
export const renderSwept = (names: CaptureNames): string =>
  `UPDATE ${names.installation} SET SWEPT = TO_NUMBER(:leftBehind)`;
export const renderNumbers = (names: CaptureNames): string =>
  `SELECT TO_CHAR(TABLE_NUMBER, 'TM9') FROM ${names.tables}`;
export const renderTaken = (names: CaptureNames): string => `SELECT TABLE_NUMBERS FROM ${names.lanes}`;
