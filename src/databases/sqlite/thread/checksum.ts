import { hash } from 'node:crypto';
import type BetterSqlite from 'better-sqlite3';
import { canonicalText } from '../values/canonical-text.ts';
import type { ReadProgram } from './operations.ts';
import { unorderedStatement } from './read-statement.ts';
import { iterate, maybeInvalid, refuseNullKeys, type StoredRow, strictRows } from './row-source.ts';
import { checkRowAddress, schemaVersion } from './row-address.ts';

interface Sum {
  readonly rows: bigint;
  readonly sum: bigint;
}

/** `-;` for NULL, else `<bytes of UTF-8>:<text>;`, a cell after the other: what every database hashes of a row. */
export const rowText = (cells: readonly (string | null)[]): string =>
  cells.map((cell) => (cell === null ? '-;' : `${Buffer.byteLength(cell)}:${cell};`)).join('');

/** The first 8 bytes of the MD5 of a row's text, unsigned and big-endian, summed modulo 2^64 in two halves. */
function createSum(): { add(text: string): void; total(): bigint } {
  let high = 0;
  let low = 0;
  return {
    add(text) {
      const digest = hash('md5', text, 'buffer');
      low += digest.readUInt32BE(4);
      high = (high + digest.readUInt32BE(0) + (low > 0xffff_ffff ? 1 : 0)) % 0x1_0000_0000;
      low %= 0x1_0000_0000;
    },
    total: () => (BigInt(high) << 32n) | BigInt(low),
  };
}

function sumOf(rows: Iterable<StoredRow>, program: ReadProgram, strict: boolean): Sum | null {
  const texts = program.columns.map((column) => canonicalText(column, program));
  const sum = createSum();
  let count = 0;
  for (const row of rows) {
    if (!strict && row.some(maybeInvalid)) return null;
    sum.add(rowText(texts.map((text, at) => text(row[at] ?? null))));
    count += 1;
  }
  return { rows: BigInt(count), sum: sum.total() };
}

/** Count and checksum of the program's rows, in one read transaction. */
export function checksum(database: BetterSqlite.Database, program: ReadProgram): Sum {
  database.exec('BEGIN');
  try {
    refuseNullKeys(database, program);
    checkRowAddress(program, schemaVersion(database));
    const statement = unorderedStatement(program);
    const utf8 = database.pragma('encoding', { simple: true }) === 'UTF-8';
    const fast = utf8 ? sumOf(iterate(database, statement), program, false) : null;
    if (fast !== null) return fast;
    const keyed = { ...program, keyColumns: program.keyColumns ?? 0 };
    const strict = strictRows(database, keyed, (list) => ({
      ...statement,
      sql: unorderedStatement({ ...program, expressions: list }).sql,
    }));
    return sumOf(strict, program, true) ?? { rows: 0n, sum: 0n };
  } finally {
    database.exec('ROLLBACK');
  }
}
