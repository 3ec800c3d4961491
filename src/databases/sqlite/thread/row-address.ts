import type BetterSqlite from 'better-sqlite3';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { ReadProgram } from './operations.ts';

/** Every change of the structure and every VACUUM raises it. */
export const schemaVersion = (database: BetterSqlite.Database): string =>
  String(database.pragma('schema_version', { simple: true }));

/**
 * A row address is `[rowid, schema version]`: VACUUM may renumber the rows of a table without a key, and a position from
 * before would then name another row.
 * @throws SluiceError source.changed_structure
 */
export function checkRowAddress(program: ReadProgram, version: string): void {
  if (program.keyColumns !== null) return;
  for (const position of [program.after, program.upto]) {
    if (position === null || position[1] === undefined || position[1] === version) continue;
    throw new SluiceError(
      'source.changed_structure',
      `${program.table} has no key, and the file was vacuumed or its structure changed while the table was read`,
      { table: program.table },
    );
  }
}
