import type BetterSqlite from 'better-sqlite3';
import { rowTooLarge } from '../../../engine/reading/largest-row.ts';
import type { LogicalKind } from '../../../model/logical-type.ts';
import type { Position } from '../../../model/row-block.ts';
import type { StoredValue } from '../values/stored-value.ts';
import { createBlockWriter } from './block-writer.ts';
import { canonicalText } from '../values/canonical-text.ts';
import { escapeCell } from '../values/cell-escapes.ts';
import type { BlockLimits, ReadProgram, ThreadBlock } from './operations.ts';
import { positionText } from '../values/position-text.ts';
import { orderOf, readStatement } from './read-statement.ts';
import { iterate, nullKey, refuseNullKeys, type StoredRow, strictRows } from './row-source.ts';
import { checkRowAddress, schemaVersion } from './row-address.ts';

/** Reads a range block by block; only ever as far as the block that is asked for (invariant 12). */
export interface Cursor {
  next(limits: BlockLimits): ThreadBlock | null;
  close(): void;
}

type Rows = Iterator<StoredRow, unknown>;

/** Kinds whose canonical text has nothing that a cell escapes. */
const PLAIN: ReadonlySet<LogicalKind> = new Set([
  'int',
  'decimal',
  'float64',
  'float32',
  'boolean',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'uuid',
]);

/** A row in wire form. */
function encoderOf(program: ReadProgram): (row: StoredRow) => string {
  const cells = program.columns.map((column) => {
    const text = canonicalText(column, program);
    const plain = PLAIN.has(column.logical.kind);
    return (value: StoredValue): string => {
      const made = text(value);
      if (made === null) return '\\N';
      return plain ? made : escapeCell(made);
    };
  });
  return (row) => {
    let line = '';
    for (let at = 0; at < cells.length; at += 1) {
      if (at > 0) line += '\t';
      line += (cells[at] as (typeof cells)[number])(row[at] ?? null);
    }
    return `${line}\n`;
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
  const encode = encoderOf(program);
  const list = program.keyColumns === null ? [...program.expressions, program.rowid] : program.expressions;
  let strict = database.pragma('encoding', { simple: true }) !== 'UTF-8';
  let rows: Rows | null = null;
  let { after } = program;
  let given = 0;

  const open = (): Rows => {
    const { mostRows } = program;
    const from = { ...program, after, mostRows: mostRows === null ? null : mostRows - given };
    return strict ? strictRows(database, from) : iterate(database, readStatement(from, list));
  };

  const lineOf = (row: StoredRow, mostBytes: number): string => {
    try {
      const line = encode(row);
      if (line.length <= mostBytes) return line;
      throw rowTooLarge(line.length, mostBytes, program.table);
    } catch (error) {
      // No string of JavaScript is so long as this row's text.
      if (error instanceof RangeError) throw rowTooLarge(bytesOf(row), mostBytes, program.table);
      throw error;
    }
  };

  const block = (limits: BlockLimits): ThreadBlock | 'again' | null => {
    rows ??= open();
    const writer = createBlockWriter(limits.blockBytes);
    let first: StoredRow | null = null;
    let last: StoredRow | null = null;
    while (writer.rows < limits.blockRows && !writer.full()) {
      const { value, done } = rows.next();
      if (done) break;
      writer.add(lineOf(value, limits.mostRowBytes));
      first ??= value;
      last = value;
      // Invariant 7: never past a row whose key has a NULL, which no position can name.
      if (program.keyColumns !== null && value.length > 0) refuseNull(program, value);
    }
    if (first === null || last === null) return null;
    const data = writer.take();
    if (writer.suspicious && !strict) return 'again';
    after = position(last);
    given += writer.rows;
    return { rows: writer.rows, data, first: position(first), last: after };
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

/** About the length of a row's text: bytes are two digits each. */
const bytesOf = (row: StoredRow): number =>
  row.reduce<number>((sum, value) => {
    if (typeof value === 'string') return sum + value.length;
    return sum + (value instanceof Uint8Array ? 2 * value.byteLength : 20);
  }, 0);

function refuseNull(program: ReadProgram, row: StoredRow): void {
  for (let at = 0; at < (program.keyColumns ?? 0); at += 1) if (row[at] === null) throw nullKey(program);
}
