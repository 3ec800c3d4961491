import type BetterSqlite from 'better-sqlite3';
import type { Position } from '../../../model/row-block.ts';
import type { ReadProgram } from './operations.ts';
import { positionText } from '../values/position-text.ts';
import { orderOf, readStatement } from './read-statement.ts';
import { nullKey, rawStatement, refuseNullKeys } from './row-source.ts';
import { schemaVersion } from './row-address.ts';

/**
 * Last positions of consecutive ranges of `rowsPerRange` rows, found by walking the key's index. The rest behind the
 * last one is a range without an end. In one read transaction.
 */
export function cutRanges(
  database: BetterSqlite.Database,
  program: ReadProgram,
  rowsPerRange: number,
): Position[] {
  const { expressions, types } = orderOf(program);
  const cuts: Position[] = [];
  database.exec('BEGIN');
  try {
    refuseNullKeys(database, program);
    const version = schemaVersion(database);
    for (let after = program.after; ; ) {
      const { sql, values } = readStatement({ ...program, after }, expressions);
      // Two rows: the range's last, and proof that another range begins behind it.
      const rows = rawStatement(database, `${sql} LIMIT 2 OFFSET ?`).all(...values, BigInt(rowsPerRange - 1));
      const end = rows[0];
      if (end === undefined || rows.length < 2) return cuts;
      after = types.map((type, at) => {
        const value = end[at] ?? null;
        if (value === null) throw nullKey(program);
        return positionText(value, type);
      });
      if (program.keyColumns === null) after = [...after, version];
      cuts.push(after);
    }
  } finally {
    database.exec('ROLLBACK');
  }
}
