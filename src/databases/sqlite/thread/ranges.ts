import type BetterSqlite from 'better-sqlite3';
import { badKey } from '../../../engine/planning/source-query.ts';
import type { Position } from '../../../model/row-block.ts';
import type { ReadProgram } from './operations.ts';
import { positionText } from '../values/position-text.ts';
import type { StoredValue } from '../values/stored-value.ts';
import { stopIfGivenUp } from './given-up.ts';
import { orderOf, readStatement } from './read-statement.ts';
import { nullKey, rawStatement, refuseNullKeys } from './row-source.ts';
import { schemaVersion } from './row-address.ts';

/**
 * The same of a query, in one pass that looks at every key.
 * @throws SluiceError source.value_rejected when one is NULL or stands twice
 */
function cutQuery(database: BetterSqlite.Database, program: ReadProgram, rowsPerRange: number): Position[] {
  if (program.keyColumns === null) return [];
  const { expressions, types } = orderOf(program);
  const isDouble = expressions.map((key) => `${key} = lag(${key}) OVER w`).join(' AND ');
  const sql = `SELECT ${expressions.join(', ')}, ${isDouble} FROM ${program.from} WINDOW w AS (ORDER BY ${expressions.join(', ')})`;
  const cuts: Position[] = [];
  let rows = 0;
  for (const row of rawStatement(database, sql).iterate()) {
    stopIfGivenUp();
    const key = types.map((_, at) => row[at] ?? null);
    if (key.includes(null)) throw badKey(program.table, 'null');
    if (row.at(-1) === 1n) throw badKey(program.table, 'double');
    rows += 1;
    if (rows % rowsPerRange === 0)
      cuts.push(types.map((type, at) => positionText(key[at] as NonNullable<StoredValue>, type)));
  }
  return cuts;
}

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
    if (program.ofQuery) return cutQuery(database, program, rowsPerRange);
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
