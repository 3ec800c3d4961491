import type BetterSqlite from 'better-sqlite3';
import { SluiceError } from '../../../../model/sluice-error.ts';
import { captureTables, rowsTable } from '../../capture/capture-tables.ts';
import type { CapturedShape } from '../../capture/captured-shape.ts';
import { maybeInvalid, rawStatement } from '../row-source.ts';
import type { InvalidText, RowValue } from './event-json.ts';

/** The rows of the events of one layout. */
export interface LayoutRows {
  readonly shape: CapturedShape;
  /** @throws SluiceError capture.resync_required when the row is not there */
  row(address: bigint): readonly RowValue[];
  /** About how many bytes the rows of an event have. */
  size(id: bigint): number;
}

const lost = (what: string): SluiceError =>
  new SluiceError('capture.resync_required', `the capture has lost ${what}`);

/** Decodes the TEXT of a column from its bytes; JavaScript's strings cannot hold what is no text. */
function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer): string | InvalidText {
  try {
    return decoder.decode(bytes);
  } catch {
    return { invalid: bytes };
  }
}

/** An expression of SQLite is at most a thousand terms deep. */
const TERMS = 200;

/** Together they give the bytes of all values of some rows. */
function sumsOf(cells: readonly string[]): readonly string[] {
  const lengths = cells.map((cell) => `coalesce(octet_length(${cell}), 0)`);
  const parts = Math.ceil(cells.length / TERMS);
  return Array.from(
    { length: parts },
    (_, at) => `sum(${lengths.slice(at * TERMS, (at + 1) * TERMS).join(' + ')})`,
  );
}

function openRows(
  database: BetterSqlite.Database,
  {
    rows,
    shape,
    encoding,
  }: { readonly rows: string; readonly shape: CapturedShape; readonly encoding: string },
): LayoutRows {
  const cells = [...shape.columns, ...shape.expressions].map((_, at) => `c${at + 1}`);
  const select = (list: readonly string[], where: string) =>
    rawStatement(database, `SELECT ${list.join(', ')} FROM ${rows} WHERE ${where}`);
  const plain = select(cells, 'sluice_row = ?');
  // As many columns as the table has: SQLite's limit of a table is the one of a list too.
  const bytes = select(
    cells.map((cell) => `CASE typeof(${cell}) WHEN 'text' THEN CAST(${cell} AS BLOB) END`),
    'sluice_row = ?',
  );
  const sizes = select(sumsOf(cells), 'sluice_row IN (?, ?)');
  const beside = BigInt(64 + 16 * cells.length);
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return {
    shape,
    row(address) {
      const found = plain.get(address);
      if (found === undefined) throw lost('a row of an event');
      if (encoding === 'utf-8' && !found.some(maybeInvalid)) return found;
      const texts = bytes.get(address) ?? [];
      return found.map((value, at) => {
        const text = texts[at] ?? null;
        return text === null ? value : decoded(decoder, text as Buffer);
      });
    },
    size(id) {
      let all = beside;
      for (const sum of sizes.get(id * 2n, id * 2n + 1n) ?? []) all += (sum as bigint | null) ?? 0n;
      return Number(all);
    },
  };
}

/** The layouts of a capture as far as they are asked for, for the length of one operation. */
export function openLayouts(
  database: BetterSqlite.Database,
  prefix: string,
): (number: bigint, layout: bigint) => LayoutRows {
  const encoding = String(database.pragma('encoding', { simple: true })).toLowerCase();
  const find = rawStatement(
    database,
    `SELECT shape FROM ${captureTables(prefix).layouts} WHERE number = ? AND layout = ?`,
  );
  const open = new Map<string, LayoutRows>();
  return (number, layout) => {
    const name = rowsTable(prefix, Number(number), Number(layout));
    const known = open.get(name);
    if (known !== undefined) return known;
    const stored = find.get(number, layout)?.[0];
    if (typeof stored !== 'string') throw lost('what it recorded of a table');
    const made = openRows(database, { rows: name, shape: JSON.parse(stored) as CapturedShape, encoding });
    open.set(name, made);
    return made;
  };
}

/** Everything in one read transaction, which is over before anybody waits for what it found. */
export function inReadTransaction<T>(database: BetterSqlite.Database, work: () => T): T {
  database.exec('BEGIN');
  try {
    return work();
  } finally {
    database.exec('ROLLBACK');
  }
}
