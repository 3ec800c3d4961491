/**
 * SQL that makes the canonical text (src/model/logical-type.ts) of values whose own text is another one. The pinned session
 * decides what TO_CHAR prints (connections/pins.ts).
 */

/** Digits of a format model at most. */
const MOST_FORMAT_DIGITS = 62;

/** `0.10`, with all places that the type has. @returns null where no format model is as long */
export function renderFixed(column: string, precision: number, scale: number): string | null {
  const whole = Math.max(precision - scale, 1);
  if (whole + scale > MOST_FORMAT_DIGITS) return null;
  return `TO_CHAR(${column}, 'FM${'9'.repeat(whole - 1)}0.${'0'.repeat(scale)}')`;
}

/** Whole numbers of up to 40 digits. */
export const renderWhole = (column: string): string => `TO_CHAR(${column}, 'TM9')`;

/**
 * A NUMBER as plain digits, however large or small: TM9 leaves out the zero before the point, and from 64 letters on it
 * prints `1.5E-99`.
 */
export function renderNumber(column: string): string {
  const text = `TO_CHAR(ABS(${column}), 'TM9')`;
  const digits = `REPLACE(SUBSTR(${text}, 1, INSTR(${text}, 'E') - 1), '.')`;
  const power = `TO_NUMBER(SUBSTR(${text}, INSTR(${text}, 'E') + 1))`;
  const small = `'0.' || LPAD(${digits}, LENGTH(${digits}) - ${power} - 1, '0')`;
  const large = `RPAD(${digits}, ${power} + 1, '0')`;
  const plain = [
    `WHEN INSTR(${text}, 'E') = 0 AND ABS(${column}) < 1 AND ${column} <> 0 THEN '0' || ${text}`,
    `WHEN INSTR(${text}, 'E') = 0 THEN ${text}`,
    `WHEN ABS(${column}) < 1 THEN ${small}`,
  ].join(' ');
  const sign = `CASE WHEN ${column} < 0 THEN '-' END`;
  return `CASE WHEN ${column} IS NOT NULL THEN ${sign} || CASE ${plain} ELSE ${large} END END`;
}

const DAY = 'YYYY-MM-DD';
const SECOND = `${DAY} HH24:MI:SS`;

const era = (column: string): string => `CASE WHEN ${column} < DATE '0001-01-01' THEN ' BC' END`;

export const renderDay = (column: string): string => `TO_CHAR(${column}, '${DAY}') || ${era(column)}`;

/** Without the last zeros of a fraction. */
const fractional = (value: string, precision: number): string =>
  precision === 0
    ? `TO_CHAR(${value}, '${SECOND}')`
    : `RTRIM(RTRIM(TO_CHAR(${value}, '${SECOND}.FF${precision}'), '0'), '.')`;

/** A DATE (precision 0) or a TIMESTAMP. */
export const renderTimestamp = (column: string, precision: number): string =>
  `${fractional(column, precision)} || ${era(column)}`;

/** A moment in UTC. One with a local zone is printed in the session's, which is UTC. */
export function renderMoment(column: string, precision: number, local: boolean): string {
  const value = local ? `CAST(${column} AS TIMESTAMP(${precision}))` : `SYS_EXTRACT_UTC(${column})`;
  // A NULL joined with a text would be that text.
  return `CASE WHEN ${column} IS NOT NULL THEN ${fractional(value, precision)} || '+00' || ${era(value)} END`;
}

const part = (field: string, column: string): string => `EXTRACT(${field} FROM ${column})`;
const unless0 = (field: string, column: string, letter: string): string =>
  `CASE WHEN ${part(field, column)} <> 0 THEN TO_CHAR(${part(field, column)}, 'TM9') || '${letter}' END`;

export function renderYears(column: string): string {
  const zero = `${part('YEAR', column)} = 0 AND ${part('MONTH', column)} = 0`;
  const text = `'P' || ${unless0('YEAR', column, 'Y')} || ${unless0('MONTH', column, 'M')}`;
  return `CASE WHEN ${column} IS NULL THEN NULL WHEN ${zero} THEN 'PT0S' ELSE ${text} END`;
}

export function renderSeconds(column: string): string {
  const seconds = part('SECOND', column);
  const time = ['HOUR', 'MINUTE', 'SECOND'].map((field) => `${part(field, column)} = 0`).join(' AND ');
  const zero = `${part('DAY', column)} = 0 AND ${time}`;
  const clock = `'T' || ${unless0('HOUR', column, 'H')} || ${unless0('MINUTE', column, 'M')} || CASE WHEN ${seconds} <> 0 THEN ${renderNumber(seconds)} || 'S' END`;
  const text = `'P' || ${unless0('DAY', column, 'D')} || CASE WHEN NOT (${time}) THEN ${clock} END`;
  return `CASE WHEN ${column} IS NULL THEN NULL WHEN ${zero} THEN 'PT0S' ELSE ${text} END`;
}

/** 0 and 1; whatever else stands there is printed, and refused by who takes booleans. */
export const renderBoolean = (column: string): string =>
  `CASE ${column} WHEN 1 THEN 't' WHEN 0 THEN 'f' ELSE ${renderNumber(column)} END`;

/** The BOOLEAN of version 23. */
export const renderTruth = (column: string): string =>
  `CASE WHEN ${column} THEN 't' WHEN NOT ${column} THEN 'f' END`;

export const renderUuidBytes = (column: string): string =>
  String.raw`REGEXP_REPLACE(LOWER(RAWTOHEX(${column})), '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')`;

/** Bytes as a text in SQL; what is read is taken as bytes. */
export const renderRaw = (column: string): string =>
  String.raw`CASE WHEN ${column} IS NOT NULL THEN '\x' || LOWER(RAWTOHEX(${column})) END`;

/** A moment with the zone that it was written in, by name where it has one, and whether summer time was kept then. */
export function renderZoned(column: string): string {
  const text = `TO_CHAR(${column}, 'SYYYY-MM-DD HH24:MI:SS.FF9 TZR')`;
  const summer = `RTRIM(TO_CHAR(${column}, 'TZD'))`;
  return `CASE WHEN ${column} IS NOT NULL THEN ${text} || NVL2(${summer}, ' ' || ${summer}, NULL) END`;
}
