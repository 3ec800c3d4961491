import type BetterSqlite from 'better-sqlite3';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { ReadProgram, Statement } from './operations.ts';
import { nullKeyGuards, readStatement } from './read-statement.ts';
import type { StoredValue } from '../values/stored-value.ts';

export type StoredRow = StoredValue[];

/** V8 puts it in the place of bytes that are no UTF-8, but it can also stand in a text by right. */
export const REPLACEMENT = '\uFFFD';

export const maybeInvalid = (value: StoredValue): boolean =>
  typeof value === 'string' && value.includes(REPLACEMENT);

/** Statements whose rows are arrays and whose integers are bigint. */
export const rawStatement = (
  database: BetterSqlite.Database,
  sql: string,
): BetterSqlite.Statement<unknown[], StoredRow> =>
  database.prepare<unknown[], StoredRow>(sql).raw().safeIntegers();

export const iterate = (database: BetterSqlite.Database, statement: Statement): IterableIterator<StoredRow> =>
  rawStatement(database, statement.sql).iterate(...statement.values);

/** @throws SluiceError source.value_rejected when a key of the range holds NULL */
export function refuseNullKeys(database: BetterSqlite.Database, program: ReadProgram): void {
  for (const guard of nullKeyGuards(program)) {
    if (rawStatement(database, guard.sql).get(...guard.values) !== undefined) throw nullKey(program);
  }
}

export const nullKey = (program: ReadProgram): SluiceError =>
  new SluiceError(`${program.side}.value_rejected`, `a primary key of ${program.table} holds NULL`, {
    table: program.table,
    suggestion: 'declare the columns of the key NOT NULL, or delete the row',
  });

/** An expression that gives TEXT as its bytes and everything else as it is, and one that tells the two apart. */
const asBytes = (expression: string): string[] => [
  `CASE typeof(${expression}) WHEN 'text' THEN CAST(${expression} AS BLOB) ELSE ${expression} END`,
  `typeof(${expression}) = 'text'`,
];

/**
 * The same rows again with every text decoded strictly: the way for rows in which a text held U+FFFD, which is either
 * that character or bytes that are no text. Several times slower.
 * @throws SluiceError source.value_rejected when the bytes of a text are not valid
 */
export function* strictRows(
  database: BetterSqlite.Database,
  program: ReadProgram,
  statement: (list: readonly string[]) => Statement = (list) => readStatement(program, list),
): Generator<StoredRow> {
  const encoding = String(database.pragma('encoding', { simple: true })).toLowerCase();
  const decoder = new TextDecoder(encoding === 'utf-8' ? 'utf-8' : encoding, {
    fatal: true,
    ignoreBOM: true,
  });
  const list = program.expressions.flatMap(asBytes);
  const rowid = program.keyColumns === null ? [program.rowid] : [];
  for (const cells of iterate(database, statement([...list, ...rowid]))) {
    const row: StoredRow = program.columns.map((column, at) => {
      const value = cells[at * 2] as StoredValue;
      if (cells[at * 2 + 1] !== 1n) return value;
      try {
        return decoder.decode(value as Buffer);
      } catch {
        throw new SluiceError(
          `${program.side}.value_rejected`,
          `column ${column.name} of ${program.table} holds TEXT whose bytes are not valid ${encoding.toUpperCase()}`,
          { table: program.table, column: column.name },
        );
      }
    });
    yield rowid.length === 0 ? row : [...row, cells.at(-1) as StoredValue];
  }
}
