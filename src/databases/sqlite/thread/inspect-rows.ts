import { hash } from 'node:crypto';
import type BetterSqlite from 'better-sqlite3';
import { createSum, rowText, visitRows } from './checksum.ts';
import type { InspectProgram, ThreadBucket } from './operations.ts';

type Cells = readonly (string | null)[];

const nameOf = ({ keys }: InspectProgram, cells: Cells): Cells =>
  keys.length === 0 ? cells : keys.map((at) => cells[at] ?? null);

/** The first 4 bytes of the MD5 of what names the row, modulo the number of buckets. */
const bucketOf = (input: InspectProgram, cells: Cells): number =>
  hash('md5', rowText(nameOf(input, cells)), 'buffer').readUInt32BE(0) % input.buckets;

/** Count and checksum of each bucket that has rows. */
export function bucketSums(database: BetterSqlite.Database, input: InspectProgram): ThreadBucket[] {
  return visitRows(database, input.program, () => {
    const found = new Map<number, { rows: number; readonly sum: ReturnType<typeof createSum> }>();
    return {
      visit: (cells) => {
        const bucket = bucketOf(input, cells);
        const known = found.get(bucket) ?? { rows: 0, sum: createSum() };
        known.rows += 1;
        known.sum.add(rowText(cells));
        found.set(bucket, known);
      },
      result: () =>
        [...found].map(([bucket, { rows, sum }]) => ({ bucket, rows: BigInt(rows), sum: sum.total() })),
    };
  });
}

type Named = Omit<InspectProgram, 'buckets'>;

function digests(
  database: BetterSqlite.Database,
  input: Named,
  isWanted: (cells: Cells) => boolean,
): string[][] {
  return visitRows(database, input.program, () => {
    const found: string[][] = [];
    return {
      visit: (cells) => {
        if (!isWanted(cells)) return;
        const key = input.keys.map((at) => cells[at] ?? '');
        found.push([hash('md5', rowText(cells), 'hex'), ...key]);
      },
      result: () => found,
    };
  });
}

/** MD5 and name of each row of the chosen buckets. */
export function rowDigests(
  database: BetterSqlite.Database,
  input: InspectProgram,
  chosen: readonly number[],
): string[][] {
  const wanted = new Set(chosen);
  return digests(database, input, (cells) => wanted.has(bucketOf(input, cells)));
}

/** MD5 and name of each row. */
export const rowsAt = (database: BetterSqlite.Database, input: Named): string[][] =>
  digests(database, input, () => true);
