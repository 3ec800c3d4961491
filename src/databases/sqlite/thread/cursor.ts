import type BetterSqlite from 'better-sqlite3';
import type { Position } from '../../../model/row-block.ts';
import { createBlockWriter } from './block-writer.ts';
import { canonicalText } from '../values/canonical-text.ts';
import { escapeCell } from '../values/cell-escapes.ts';
import type { BlockLimits, ReadProgram, ThreadBlock } from './operations.ts';
import { positionText } from '../values/position-text.ts';
import { orderOf, readStatement } from './read-statement.ts';
import { iterate, maybeInvalid, nullKey, refuseNullKeys, type StoredRow, strictRows } from './row-source.ts';
import { checkRowAddress, schemaVersion } from './row-address.ts';

/** Reads a range block by block; only ever as far as the block that is asked for (invariant 12). */
export interface Cursor {
  next(limits: BlockLimits): ThreadBlock | null;
  close(): void;
}

type Rows = Iterator<StoredRow, unknown>;

/** What a finished row is: its cells in wire form, and where it stands. */
function encoderOf(program: ReadProgram): (row: StoredRow) => string | null {
  const texts = program.columns.map((column) => canonicalText(column, program));
  return (row) => {
    let line = '';
    for (let at = 0; at < texts.length; at += 1) {
      const value = row[at] ?? null;
      if (maybeInvalid(value)) return null;
      const text = (texts[at] as (typeof texts)[number])(value);
      line += at === 0 ? '' : '\t';
      line += text === null ? '\\N' : escapeCell(text);
    }
    return `${line}\n`;
  };
}

/** The texts of strictly decoded rows are what they are. */
function strictEncoderOf(program: ReadProgram): (row: StoredRow) => string {
  const texts = program.columns.map((column) => canonicalText(column, program));
  return (row) => {
    const cells = texts.map((text, at) => {
      const made = text(row[at] ?? null);
      return made === null ? '\\N' : escapeCell(made);
    });
    return `${cells.join('\t')}\n`;
  };
}

function positionOf(program: ReadProgram, version: string): (row: StoredRow) => Position {
  const { types } = orderOf(program);
  if (program.keyColumns === null) return (row) => [String(row.at(-1)), version];
  return (row) =>
    types.map((type, at) => {
      const value = row[at] ?? null;
      if (value === null) throw nullKey(program);
      return positionText(value, type);
    });
}

/**
 * Opens a read transaction that lasts until `close`.
 * @throws SluiceError source.changed_structure when row addresses were renumbered since a position was taken
 */
export function openCursor(database: BetterSqlite.Database, program: ReadProgram): Cursor {
  database.exec('BEGIN');
  refuseNullKeys(database, program);
  const version = schemaVersion(database);
  checkRowAddress(program, version);
  const position = positionOf(program, version);
  const fast = encoderOf(program);
  const careful = strictEncoderOf(program);
  const list = program.keyColumns === null ? [...program.expressions, program.rowid] : program.expressions;
  let strict = database.pragma('encoding', { simple: true }) !== 'UTF-8';
  let rows: Rows | null = null;
  let { after } = program;

  const open = (): Rows => {
    const from = { ...program, after };
    return strict ? strictRows(database, from) : iterate(database, readStatement(from, list));
  };

  const block = (limits: BlockLimits): ThreadBlock | 'again' | null => {
    rows ??= open();
    const writer = createBlockWriter(limits.blockBytes);
    let first: StoredRow | null = null;
    let last: StoredRow | null = null;
    while (writer.rows < limits.blockRows && !writer.full()) {
      const { value, done } = rows.next();
      if (done) break;
      const line = strict ? careful(value) : fast(value);
      if (line === null) return 'again';
      writer.add(line);
      first ??= value;
      last = value;
      // Invariant 7: never past a row whose key has a NULL, which no position can name.
      if (program.keyColumns !== null && value.length > 0) refuseNull(program, value);
    }
    if (first === null || last === null) return null;
    after = position(last);
    return { rows: writer.rows, data: writer.take(), first: position(first), last: after };
  };

  return {
    next(limits) {
      const made = block(limits);
      if (made !== 'again') return made;
      // A text may not be valid UTF-8: the rows from the last block's end are read again, byte for byte.
      rows?.return?.();
      rows = null;
      strict = true;
      const again = block(limits);
      return again === 'again' ? null : again;
    },
    close() {
      rows?.return?.();
      if (database.inTransaction) database.exec('ROLLBACK');
    },
  };
}

function refuseNull(program: ReadProgram, row: StoredRow): void {
  for (let at = 0; at < (program.keyColumns ?? 0); at += 1) if (row[at] === null) throw nullKey(program);
}
