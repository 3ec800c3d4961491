import type { ErrorDetails } from '../../../model/sluice-error.ts';
import { isSluiceError } from '../../../model/sluice-error.ts';
import { classify, vendorCode } from '../error-codes.ts';
import type { ThreadError } from './operations.ts';

/** SQLite's own texts of these codes name table and column and nothing else; a trigger's RAISE has another code. */
const NAMES_COLUMNS = /^SQLITE_CONSTRAINT_(?:UNIQUE|PRIMARYKEY|NOTNULL|ROWID)$/;

const SAID: Readonly<Record<string, string>> = {
  SQLITE_CONSTRAINT_UNIQUE: 'a unique key would hold the same value twice',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'the primary key would hold the same value twice',
  SQLITE_CONSTRAINT_ROWID: 'the primary key would hold the same value twice',
  SQLITE_CONSTRAINT_NOTNULL: 'a column that is NOT NULL would hold NULL',
  SQLITE_CONSTRAINT_CHECK: 'a CHECK constraint is not met',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'a foreign key is not met',
  SQLITE_CONSTRAINT_TRIGGER: 'a trigger refused the row',
  SQLITE_CONSTRAINT_DATATYPE: 'a value is of a storage class that the column of a STRICT table does not take',
  SQLITE_MISMATCH: 'a value is of a storage class that the column does not take',
  SQLITE_TOOBIG: 'a value or row is larger than SQLite takes',
  SQLITE_BUSY: 'another connection holds the lock of the file',
  SQLITE_FULL: 'the disk is full',
  SQLITE_NOTADB: 'the file is no SQLite database',
  SQLITE_CANTOPEN: 'the file cannot be opened',
  SQLITE_READONLY: 'the file or its folder cannot be written',
};

/** `t.a` of "UNIQUE constraint failed: t.a, t.b". */
const columnOf = (message: string): string | undefined => /: [^.]+\.([^,]+)/.exec(message)?.[1];

/**
 * An error made safe to leave the thread: our code, our words, the vendor's code. The driver's message stays behind, for
 * triggers can put values into it (invariant 1).
 */
export function safeError(error: unknown, table?: string): ThreadError {
  if (isSluiceError(error)) return { code: error.code, message: error.message, details: error.details };
  const vendor = vendorCode(error);
  const column =
    vendor !== null && NAMES_COLUMNS.test(vendor) && error instanceof Error
      ? columnOf(error.message)
      : undefined;
  const details: ErrorDetails = {
    ...(vendor !== null && { vendorCode: vendor }),
    ...(table !== undefined && { table }),
    ...(column !== undefined && { column }),
  };
  const said = SAID[vendor ?? ''] ?? SAID[(vendor ?? '').split('_').slice(0, 2).join('_')];
  const what = said ?? (vendor === null ? 'an error in the SQLite thread' : `SQLite says ${vendor}`);
  return { code: classify(error), message: table === undefined ? what : `${table}: ${what}`, details };
}
