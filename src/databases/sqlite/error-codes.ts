import type { ErrorCode } from '../../model/error-codes.ts';
import { isSluiceError } from '../../model/sluice-error.ts';

/** Result codes of SQLite; of an extended code the longest entry that begins it counts. */
const BY_SQLITE_CODE: Readonly<Record<string, ErrorCode>> = {
  SQLITE_CONSTRAINT: 'target.constraint_violated',
  SQLITE_CONSTRAINT_DATATYPE: 'target.value_rejected',
  SQLITE_MISMATCH: 'target.value_rejected',
  SQLITE_TOOBIG: 'target.value_rejected',
  SQLITE_BUSY: 'database.transient',
  SQLITE_LOCKED: 'database.transient',
  SQLITE_PROTOCOL: 'database.transient',
  SQLITE_INTERRUPT: 'database.transient',
  SQLITE_ABORT: 'database.transient',
  SQLITE_SCHEMA: 'database.transient',
  SQLITE_FULL: 'database.disk_full',
  SQLITE_NOMEM: 'database.overloaded',
  SQLITE_CANTOPEN: 'database.not_found',
  SQLITE_NOTADB: 'database.not_found',
  SQLITE_FORMAT: 'database.not_found',
  SQLITE_PERM: 'database.permission_denied',
  SQLITE_AUTH: 'database.permission_denied',
  SQLITE_READONLY: 'database.permission_denied',
  SQLITE_READONLY_DBMOVED: 'database.transient',
};

const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'database.not_found',
  ENOTDIR: 'database.not_found',
  EISDIR: 'database.not_found',
  EACCES: 'database.permission_denied',
  EPERM: 'database.permission_denied',
  EROFS: 'database.permission_denied',
  ENOSPC: 'database.disk_full',
  EDQUOT: 'database.disk_full',
  EMFILE: 'database.overloaded',
  ENFILE: 'database.overloaded',
};

/** The `code` of a driver or system error, `SQLITE_BUSY_SNAPSHOT` or `ENOENT`; null where there is none. */
export function vendorCode(error: unknown): string | null {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : null;
}

/**
 * Total: by the result code, never by the text.
 * @see https://www.sqlite.org/rescode.html
 */
export function classify(error: unknown): ErrorCode {
  if (isSluiceError(error)) return error.code;
  const code = vendorCode(error);
  if (code === null) return 'internal';
  if (!code.startsWith('SQLITE')) return BY_ERRNO[code] ?? 'internal';
  for (let prefix = code; prefix.includes('_'); prefix = prefix.slice(0, prefix.lastIndexOf('_'))) {
    const known = BY_SQLITE_CODE[prefix];
    if (known !== undefined) return known;
  }
  return 'database.internal';
}
