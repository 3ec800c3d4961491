import type { CaptureNames } from '../capture-names.ts';
import { renderMomentText } from './claims-sql.ts';

/** With the moment at which a claim of each was sealed or confirmed last; NULL of a lane without claims. */
export const renderStandingLanes = (names: CaptureNames): string =>
  `SELECT L.TRANSFER, TO_CHAR(L.LANE, 'TM9'), L.TABLE_NUMBERS, L.EPOCH, TO_CHAR(L.SEALED, 'TM9'), TO_CHAR(L.CONFIRMED, 'TM9'), (SELECT CASE WHEN MAX(C.SEALED_AT) IS NULL THEN NULL ELSE ${renderMomentText('MAX(GREATEST(C.SEALED_AT, NVL(C.CONFIRMED_AT, C.SEALED_AT)))')} END FROM ${names.claims} C WHERE C.TRANSFER = L.TRANSFER AND C.LANE = L.LANE) FROM ${names.lanes} L ORDER BY L.TRANSFER, L.LANE`;

/** Events, counted up to so many. */
export const renderCountedEvents = (names: CaptureNames): string =>
  `SELECT TO_CHAR(COUNT(*), 'TM9') FROM ${names.events} E WHERE ROWNUM <= TO_NUMBER(:most)`;

/** Whether a range of ids has an event. */
export const renderHasEvents = (names: CaptureNames): string =>
  `SELECT TO_CHAR(COUNT(*), 'TM9') FROM ${names.events} E WHERE E.ID BETWEEN TO_NUMBER(:fromId) AND TO_NUMBER(:toId) AND ROWNUM <= 1`;

/** Id and time of the oldest event of a range of ids; NULL where there is none. */
export const renderOldest = (names: CaptureNames): string =>
  `SELECT TO_CHAR(MIN(E.ID), 'TM9'), CASE WHEN MIN(E.ID) IS NULL THEN NULL ELSE ${renderMomentText('MIN(E.RECORDED_AT)')} END FROM ${names.events} E WHERE E.ID BETWEEN TO_NUMBER(:fromId) AND TO_NUMBER(:toId)`;

export const renderAllLoads = (names: CaptureNames): string =>
  `SELECT TRANSFER, TO_CHAR(TABLE_NUMBER, 'TM9'), TO_CHAR(GENERATION, 'TM9'), TO_CHAR(EVENTS, 'TM9'), TO_CHAR(IS_DONE, 'TM9') FROM ${names.loads} ORDER BY TRANSFER, TABLE_NUMBER`;

/** The one that began first, and for how many seconds it is open: in all instances, our own left out. */
export const LONGEST_TRANSACTION =
  "SELECT N, S FROM (SELECT T.XIDUSN || '.' || T.XIDSLOT || '.' || T.XIDSQN AS N, TO_CHAR(ROUND((SYSDATE - T.START_DATE) * 86400), 'TM9') AS S FROM SYS.GV_$TRANSACTION T WHERE T.XIDUSN || '.' || T.XIDSLOT || '.' || T.XIDSQN <> NVL(DBMS_TRANSACTION.LOCAL_TRANSACTION_ID, '-') ORDER BY T.START_DATE) WHERE ROWNUM <= 1";
