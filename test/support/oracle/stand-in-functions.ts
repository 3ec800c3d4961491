import type BetterSqlite from 'better-sqlite3';
import { createHash } from 'node:crypto';

type Value = string | number | bigint | Buffer | null;

const bytesOf = (value: Value): Buffer => (Buffer.isBuffer(value) ? value : Buffer.from(String(value)));

/** TM9: as few letters as there can be, no zero before the point, and an exponent from 64 letters on. */
function textMinimum(value: Value): string {
  const plain = String(value);
  if (typeof value !== 'number') return plain;
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(plain) ?? [];
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const exponent = Number(power) - fraction.length;
  const text =
    exponent >= 0
      ? digits + '0'.repeat(exponent)
      : digits.length > -exponent
        ? `${digits.slice(0, exponent)}.${digits.slice(exponent)}`
        : `.${digits.padStart(-exponent, '0')}`;
  if (text.length <= 63) return value === 0 ? '0' : sign + text;
  const first = `${digits[0]}.${digits.slice(1) || '0'}`;
  const size = digits.length - 1 + exponent;
  return `${sign}${first.replace(/\.0$/, '')}E${size < 0 ? '-' : '+'}${Math.abs(size)}`;
}

/** `FM…0.00`: as many places as the model has. Digits as text, for a number of JavaScript would lose some. */
function fixed(value: Value, model: string): string {
  const places = /\.(0+)$/.exec(model)?.[1]?.length ?? 0;
  const [whole = '', fraction = ''] = String(value).split('.');
  return places === 0 ? whole : `${whole}.${fraction.padEnd(places, '0')}`;
}

function toChar(value: Value, model: string): string | null {
  if (value === null) return null;
  if (model === 'TM9') return textMinimum(value);
  if (model.startsWith('FM')) return fixed(value, model);
  return model.includes('.FF') ? String(value) : String(value).split('.')[0]!;
}

const orNull =
  <A extends readonly Value[]>(work: (...values: A) => Value) =>
  (...values: A): Value =>
    values.includes(null) ? null : work(...values);

/** As a number where SQLite has one so large. */
const ofSize = (value: bigint): Value => (value < 2n ** 53n ? value : String(value));

/** Functions of Oracle in a connection of SQLite, as far as our statements use them and as its manual has them. */
export function lendOracleFunctions(database: BetterSqlite.Database): void {
  const lend = (name: string, work: (...values: never[]) => Value): void =>
    void database.function(
      name,
      { varargs: true, deterministic: true },
      work as (...values: unknown[]) => Value,
    );
  lend('TO_CHAR', toChar);
  lend(
    'LENGTHB',
    orNull((value: Value) => BigInt(bytesOf(value).length)),
  );
  lend(
    'STANDARD_HASH',
    orNull((value: Value, name: Value) =>
      createHash(String(name).toLowerCase()).update(bytesOf(value)).digest(),
    ),
  );
  lend(
    'RAWTOHEX',
    orNull((value: Value) => bytesOf(value).toString('hex').toUpperCase()),
  );
  lend('NVL', (value: Value, other: Value) => value ?? other);
  lend(
    'INSTR',
    orNull((text: Value, part: Value) => BigInt(String(text).indexOf(String(part)) + 1)),
  );
  lend(
    'REPLACE',
    orNull((text: Value, from: Value) => String(text).replaceAll(String(from), '')),
  );
  lend(
    'LPAD',
    orNull((text: Value, size: Value, fill: Value) => String(text).padStart(Number(size), String(fill))),
  );
  lend(
    'RPAD',
    orNull((text: Value, size: Value, fill: Value) => String(text).padEnd(Number(size), String(fill))),
  );
  // A number of more than 53 bits, as its digits.
  lend(
    'TO_NUMBER',
    orNull((...[text, model]: Value[]) =>
      model === undefined ? BigInt(String(text)) : String(BigInt(`0x${String(text)}`)),
    ),
  );
  lend(
    'MOD',
    orNull((value: Value, by: Value) => ofSize(BigInt(value as string) % BigInt(by as number))),
  );
  database.aggregate('SUM', {
    start: null as string | null,
    step: (sum: string | null, value: string | null) => String(BigInt(sum ?? 0) + BigInt(value ?? 0)),
  });
}
