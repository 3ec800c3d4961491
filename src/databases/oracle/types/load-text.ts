/**
 * SQL that makes a value of a canonical text, `$value` in the place of the text. What Oracle would change without a word is
 * refused before (rows/bind-rows.ts).
 */

const SECOND = 'YYYY-MM-DD HH24:MI:SS';
const era = (text: string): string => `CASE WHEN ${text} LIKE '% BC' THEN ' BC' END`;
const fraction = (text: string): string => `CASE WHEN INSTR(${text}, '.') > 0 THEN '.FF' END`;
const timestamp = (text: string): string =>
  `TO_TIMESTAMP(${text}, '${SECOND}' || ${fraction(text)} || ${era(text)})`;

export const LOAD_DAY = `TO_DATE($value, 'FXYYYY-MM-DD' || ${era('$value')})`;
/** Into a DATE: a fraction is refused. */
export const LOAD_SECOND = `TO_DATE($value, 'FX${SECOND}' || ${era('$value')})`;
export const LOAD_TIMESTAMP = timestamp('$value');
/** The text says UTC, and so does the session. */
export const LOAD_MOMENT = `FROM_TZ(${timestamp("REPLACE($value, '+00')")}, '+00:00')`;

export const LOAD_NUMBER = 'TO_NUMBER($value)';
export const LOAD_BOOLEAN = "CASE $value WHEN 't' THEN 1 WHEN 'f' THEN 0 ELSE TO_NUMBER($value) END";
export const LOAD_TRUTH = "CASE $value WHEN 't' THEN TRUE WHEN 'f' THEN FALSE END";
export const LOAD_UUID_BYTES = "HEXTORAW(REPLACE($value, '-'))";
export const LOAD_BYTES = 'HEXTORAW(SUBSTR($value, 3))';

/** What renderZoned wrote; or, of a change, a moment in UTC that says no zone. */
export const LOAD_ZONED = `CASE WHEN REGEXP_LIKE($value, ' [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?( BC)?$') THEN FROM_TZ(${timestamp('$value')}, '+00:00') WHEN REGEXP_LIKE($value, '[+-][0-9]{2}:[0-9]{2}$') THEN TO_TIMESTAMP_TZ($value, 'SYYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM') ELSE TO_TIMESTAMP_TZ($value, 'SYYYY-MM-DD HH24:MI:SS.FF9 TZR TZD') END`;
