import { inlineLob } from '../../rows/row-shape.ts';
import type { CaptureNames } from '../capture-names.ts';
import { LANE_KEY, NOW, renderMomentText } from './claims-sql.ts';

const whole = (short: string, long: string): string =>
  `CASE WHEN E.${long} IS NULL THEN TO_CLOB(E.${short}) ELSE E.${long} END`;

/** What a staged event has for PAYLOAD_COLUMNS, in their order: its texts are long ones. */
export const STAGED_PAYLOAD = [
  'E.ID',
  'E.TABLE_NUMBER',
  'E.OPERATION',
  'E.TRANSACTION_ID',
  'E.RECORDED_AT',
  'E.DB_USER',
  whole('MESSAGE_KEY', 'LONG_KEY'),
  whole('OLD_ROW', 'OLD_LONG'),
  whole('NEW_ROW', 'NEW_LONG'),
].join(', ');

/** Its runs are none: an empty text would be NULL. */
export const renderInsertEmptyClaim = (names: CaptureNames): string =>
  `INSERT INTO ${names.claims} (TRANSFER, LANE, CLAIM, RUNS, EVENTS, SEALED_AT) VALUES (:transfer, TO_NUMBER(:lane), TO_NUMBER(:claim), EMPTY_CLOB(), 0, ${NOW})`;

export const renderSealed = (names: CaptureNames): string =>
  `UPDATE ${names.lanes} SET SEALED = TO_NUMBER(:claim) WHERE ${LANE_KEY}`;

const ITEMS: readonly string[] = [
  "TO_CHAR(P.EVENT_ID, 'TM9')",
  "TO_CHAR(P.TABLE_NUMBER, 'TM9')",
  'P.OPERATION',
  'P.TRANSACTION_ID',
  renderMomentText('P.RECORDED_AT'),
  'P.DB_USER',
  ...['P.MESSAGE_KEY', 'P.OLD_ROW', 'P.NEW_ROW'].flatMap((column) => inlineLob(column, 'CLOB').items),
];

const retried = ({ parking }: CaptureNames): string =>
  `FROM ${parking.parked} P WHERE P.TRANSFER = :transfer AND P.LANE = TO_NUMBER(:lane) AND P.RETRY_CLAIM = TO_NUMBER(:claim) AND P.EVENT_ID > TO_NUMBER(:afterId)`;

/** Events that were set apart, and have this claim now, as those of the staging table are selected. */
export const renderRetriedEvents = (names: CaptureNames): string =>
  `SELECT ${ITEMS.join(', ')} ${retried(names)} ORDER BY P.EVENT_ID`;
export const renderCountRetried = (names: CaptureNames): string =>
  `SELECT TO_CHAR(COUNT(*), 'TM9') ${retried(names)}`;
