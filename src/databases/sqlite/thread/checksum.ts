import { hash } from 'node:crypto';
import type BetterSqlite from 'better-sqlite3';
import { canonicalText } from '../values/canonical-text.ts';
import type { ReadProgram } from './operations.ts';
import { unorderedStatement } from './read-statement.ts';
import { iterate, maybeInvalid, refuseNullKeys, type StoredRow, strictRows } from './row-source.ts';
import { checkRowAddress, schemaVersion } from './row-address.ts';
import { stopIfGivenUp } from './given-up.ts';

interface Sum {
  readonly rows: bigint;
  readonly sum: bigint;
}

/** `-;` for NULL, else `<bytes of UTF-8>:<text>;`, a cell after the other: what every database hashes of a row. */
export const rowText = (cells: readonly (string | null)[]): string =>
  cells.map((cell) => (cell === null ? '-;' : `${Buffer.byteLength(cell)}:${cell};`)).join('');

/** The first 8 bytes of the MD5 of a row's text, unsigned and big-endian, summed modulo 2^64 in two halves. */
export function createSum(): { add(text: string): void; total(): bigint } {
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

/** Takes the canonical cells of one row after the other. */
export interface RowVisitor<T> {
  visit(cells: readonly (string | null)[]): void;
  result(): T;
}

/** @returns false where a text may not be valid: what was visited must be forgotten */
function visitAll(
  rows: Iterable<StoredRow>,
  program: ReadProgram,
  { visitor, strict }: { readonly visitor: RowVisitor<unknown>; readonly strict: boolean },
): boolean {
  const texts = program.columns.map((column) => canonicalText(column, program));
  for (const row of rows) {
    stopIfGivenUp();
    if (!strict && row.some(maybeInvalid)) return false;
    visitor.visit(texts.map((text, at) => text(row[at] ?? null)));
  }
  return true;
}

/**
 * Shows the program's rows to a visitor, in no order and in one read transaction. `begin` makes a new one where the rows
 * must be read a second time.
 */
export function visitRows<T>(
  database: BetterSqlite.Database,
  program: ReadProgram,
  begin: () => RowVisitor<T>,
): T {
  database.exec('BEGIN');
  try {
    refuseNullKeys(database, program);
    checkRowAddress(program, schemaVersion(database));
    const statement = unorderedStatement(program, program.expressions);
    const utf8 = database.pragma('encoding', { simple: true }) === 'UTF-8';
    const fast = begin();
    if (utf8 && visitAll(iterate(database, statement), program, { visitor: fast, strict: false }))
      return fast.result();
    const keyed = { ...program, keyColumns: program.keyColumns ?? 0 };
    const strictly = strictRows(database, keyed, (list) => ({
      ...statement,
      sql: unorderedStatement(program, list).sql,
    }));
    const visitor = begin();
    visitAll(strictly, program, { visitor, strict: true });
    return visitor.result();
  } finally {
    database.exec('ROLLBACK');
  }
}

/** Count and checksum of the program's rows. */
export const checksum = (database: BetterSqlite.Database, program: ReadProgram): Sum =>
  visitRows(database, program, () => {
    const sum = createSum();
    let count = 0;
    return {
      visit: (cells) => {
        sum.add(rowText(cells));
        count += 1;
      },
      result: () => ({ rows: BigInt(count), sum: sum.total() }),
    };
  });

/** Per column the rows whose value a policy alters. */
export function countAltered(database: BetterSqlite.Database, program: ReadProgram): bigint[] {
  const tallies = program.columns.map(() => ({ rows: 0 }));
  const columns = program.columns.map((column, at) => ({ ...column, tally: tallies[at] ?? { rows: 0 } }));
  return visitRows(database, { ...program, columns }, () => {
    for (const tally of tallies) tally.rows = 0;
    return { visit: () => undefined, result: () => tallies.map(({ rows }) => BigInt(rows)) };
  });
}
