/**
 * SQL that makes the canonical text (src/model/logical-type.ts) of values whose own text is another one. A column is named
 * several times in some of these, which costs a server little where the value is an ordinary one.
 */

const digitsWithPoint = (digits: string): string =>
  `IF(LENGTH(${digits}) = 1, ${digits}, CONCAT(LEFT(${digits}, 1), '.', SUBSTR(${digits}, 2)))`;

const exponent = (sign: string, size: string): string => `'e${sign}', IF((${size}) < 10, '0', ''), ${size}`;

const TWO_65 = '36893488147419103232';

/**
 * A double from 2^54 to 2^128, or the distance to the next one there, as an exact number: in two parts, for a cast to a decimal would round it to
 * 17 digits. All of them are whole and divisible by four; so no part is 2^63 or more, of which MySQL casts no double.
 */
function exactly(value: string): string {
  const high = `FLOOR(${value} / ${TWO_65}e0)`;
  return `(CAST(${high} AS UNSIGNED) * ${TWO_65} + CAST((${value} - ${high} * ${TWO_65}e0) / 4e0 AS UNSIGNED) * CAST(4 AS DECIMAL(2,0)))`;
}

/**
 * `WHEN … THEN …` for doubles whose shortest text lies exactly halfway to the next double. It reads back as the same where
 * ties go to even, and this server prints it; PostgreSQL prints only what lies nearer to the value than to any other. With
 * 15 digits and fewer there is no other text then, so it has 16, or 17. Such texts exist from 2^54 on.
 */
function renderHalfway(size: string, text: string): string {
  const exact = exactly(size);
  const digits = `LENGTH(${exact})`;
  const half = 1.1102230246251565e-16; // 2^-53: added, it goes to the next double, but for a power of two
  const isPowerOfTwo = `${size} + ${size} * ${half} = ${size}`;
  const ulp = exactly(`IF(${isPowerOfTwo}, ${size} * ${2 * half}, ${size} + ${size} * ${half} - ${size})`);
  const shortest = `CAST(${text} AS DECIMAL(65,0))`;
  const below = `IF(${isPowerOfTwo}, IF(${shortest} < ${exact}, 4, 2), 2)`;
  const distanceOf = (other: string): string => `ABS(${other} - ${exact})`;
  const rounded = (places: number): string => `ROUND(${exact}, ${places} - ${digits})`;
  const nearer = `IF(2 * ${distanceOf(rounded(16))} < ${ulp}, ${rounded(16)}, ${rounded(17)})`;
  const significant = `TRIM(TRAILING '0' FROM ${nearer})`;
  const written = `CONCAT(${digitsWithPoint(significant)}, 'e+', LENGTH(${nearer}) - 1)`;
  // By IF, which looks at no more than it must: what stands behind AND may be out of range, and in a trigger is looked at first.
  return `WHEN IF(${size} >= 18014398509481984e0 AND ${size} < 3.4e38, ${below} * ${distanceOf(shortest)} = ${ulp}, FALSE) THEN ${written}`;
}

/** The server's own text of a double is the shortest one, without an exponent. */
export const isUsualDouble = (value: string, from: '1e15' | '1e6'): string =>
  `${value} = 0 OR (ABS(${value}) >= 1e-4 AND ABS(${value}) < ${from})`;

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
  // A column of 4-byte floats at the source is kept as its own shortest text.
  const halfway = from === '1e15' ? renderHalfway(`ABS(${value})`, text) : '';
  const odd = `CONCAT(IF(${value} < 0, '-', ''), CASE ${halfway} WHEN LOCATE('e', ${text}) > 0 THEN ${scientific} WHEN ABS(${value}) < 1 THEN ${below} ELSE ${above} END)`;
  return `CASE WHEN ${value} IS NULL THEN NULL WHEN ${isUsualDouble(value, from)} THEN CAST(${value} AS CHAR) ELSE ${odd} END`;
}

/** A time or a moment without the last zeros of its fraction. */
export const renderFraction = (value: string, precision: number): string =>
  precision === 0 ? value : `TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(${value} AS CHAR)))`;

/** A decimal without zeros at the end of its fraction. */
export const renderBare = (value: string): string =>
  `IF(LOCATE('.', ${value}) > 0, TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM ${value})), ${value})`;

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
