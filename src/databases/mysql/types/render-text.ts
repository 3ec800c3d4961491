/**
 * SQL that makes the canonical text (src/model/logical-type.ts) of values whose own text is another one. A column is named
 * several times in some of these, which costs a server little where the value is an ordinary one.
 */

const digitsWithPoint = (digits: string): string =>
  `IF(LENGTH(${digits}) = 1, ${digits}, CONCAT(LEFT(${digits}, 1), '.', SUBSTR(${digits}, 2)))`;

const exponent = (sign: string, size: string): string => `'e${sign}', IF((${size}) < 10, '0', ''), ${size}`;

/**
 * The shortest text of a double, with an exponent where PostgreSQL has one: below 1e-4 and from `from` on. The server prints
 * the same digits, but with other rules of exponents.
 */
export function renderDouble(value: string, from: '1e15' | '1e6'): string {
  const text = `CAST(ABS(${value}) AS CHAR)`;
  const power = `CAST(SUBSTRING_INDEX(${text}, 'e', -1) AS SIGNED)`;
  const scientific = `CONCAT(SUBSTRING_INDEX(${text}, 'e', 1), IF(${power} < 0, 'e-', 'e+'), IF(ABS(${power}) < 10, '0', ''), ABS(${power}))`;
  const small = `TRIM(LEADING '0' FROM SUBSTR(${text}, 3))`;
  const below = `CONCAT(${digitsWithPoint(small)}, ${exponent('-', `LENGTH(${text}) - 1 - LENGTH(${small})`)})`;
  const large = `TRIM(TRAILING '0' FROM REPLACE(${text}, '.', ''))`;
  const above = `CONCAT(${digitsWithPoint(large)}, ${exponent('+', `LENGTH(SUBSTRING_INDEX(${text}, '.', 1)) - 1`)})`;
  const odd = `CONCAT(IF(${value} < 0, '-', ''), CASE WHEN LOCATE('e', ${text}) > 0 THEN ${scientific} WHEN ABS(${value}) < 1 THEN ${below} ELSE ${above} END)`;
  const usual = `${value} = 0 OR (ABS(${value}) >= 1e-4 AND ABS(${value}) < ${from})`;
  return `CASE WHEN ${value} IS NULL THEN NULL WHEN ${usual} THEN CAST(${value} AS CHAR) ELSE ${odd} END`;
}

/** A time or a moment without the last zeros of its fraction. */
export const renderFraction = (value: string, precision: number): string =>
  precision === 0 ? value : `TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(${value} AS CHAR)))`;

export const renderBytes = (value: string): string => `CONCAT('\\\\x', LOWER(HEX(${value})))`;

export const renderBits = (value: string, length: number): string =>
  `LPAD(BIN(${value} + 0), ${length}, '0')`;

export const renderBoolean = (value: string): string =>
  `CASE ${value} WHEN 0 THEN 'f' WHEN 1 THEN 't' ELSE ${value} END`;

export const renderUuidBytes = (value: string): string =>
  `LOWER(INSERT(INSERT(INSERT(INSERT(HEX(${value}), 21, 0, '-'), 17, 0, '-'), 13, 0, '-'), 9, 0, '-'))`;

/** EWKT: what PostGIS and every tool reads. */
export const renderGeometry = (value: string): string =>
  `CONCAT('SRID=', ST_SRID(${value}), ';', ST_AsText(${value}))`;
