import { WAIT_SECONDS } from '../../connections/pins.ts';
import type { CaptureNames } from '../capture-names.ts';

const LOAD_KEY = 'TRANSFER = :transfer AND TABLE_NUMBER = TO_NUMBER(:tableNumber)';

/** Its lock is the first of a chunk's transaction. */
export const renderLockLoad = (names: CaptureNames): string =>
  `SELECT TO_CHAR(GENERATION, 'TM9'), POSITION, TO_CHAR(IS_DONE, 'TM9'), DEFINITION FROM ${names.loads} WHERE ${LOAD_KEY} FOR UPDATE WAIT ${WAIT_SECONDS}`;
export const renderInsertLoad = (names: CaptureNames): string =>
  `INSERT INTO ${names.loads} (TRANSFER, TABLE_NUMBER, GENERATION, DEFINITION) VALUES (:transfer, TO_NUMBER(:tableNumber), TO_NUMBER(:generation), :definition)`;
export const renderBeginLoadAgain = (names: CaptureNames): string =>
  `UPDATE ${names.loads} SET GENERATION = TO_NUMBER(:generation), DEFINITION = :definition, POSITION = NULL, EVENTS = 0, IS_DONE = 0 WHERE ${LOAD_KEY}`;
export const renderStorePosition = (names: CaptureNames): string =>
  `UPDATE ${names.loads} SET POSITION = :position, EVENTS = EVENTS + TO_NUMBER(:events) WHERE ${LOAD_KEY}`;
export const renderEndLoad = (names: CaptureNames): string =>
  `UPDATE ${names.loads} SET IS_DONE = 1, EVENTS = EVENTS + TO_NUMBER(:events) WHERE ${LOAD_KEY}`;
export const renderLoads = (names: CaptureNames): string =>
  `SELECT TO_CHAR(TABLE_NUMBER, 'TM9'), TO_CHAR(GENERATION, 'TM9'), TO_CHAR(EVENTS, 'TM9'), TO_CHAR(IS_DONE, 'TM9') FROM ${names.loads} WHERE TRANSFER = :transfer ORDER BY TABLE_NUMBER`;
/** With the transfer. */
export const renderForgetLoads = (names: CaptureNames): string =>
  `DELETE FROM ${names.loads} WHERE TRANSFER = :transfer`;
