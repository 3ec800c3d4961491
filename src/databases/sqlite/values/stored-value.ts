/** A value as better-sqlite3 gives and takes it with safeIntegers: INTEGER, REAL, TEXT, BLOB, NULL in this order. */
export type StoredValue = bigint | number | string | Buffer | null;

export type StorageClass = 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB' | 'NULL';

export function storageClass(value: StoredValue): StorageClass {
  if (value === null) return 'NULL';
  if (typeof value === 'bigint') return 'INTEGER';
  if (typeof value === 'number') return 'REAL';
  return typeof value === 'string' ? 'TEXT' : 'BLOB';
}

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

/** `123` but not `0123`, `+1` or what is beyond 64 bits: a text that is an int64 and comes back the same. */
export function isCanonicalInt64(text: string): boolean {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) return false;
  const value = BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX;
}
