import { isUtf8 } from 'node:buffer';
import type BetterSqlite from 'better-sqlite3';
import { SluiceError } from '../../../model/sluice-error.ts';
import { bindOf } from '../values/bind-value.ts';
import { unescapeCell } from '../values/cell-escapes.ts';
import type { InsertedRows, InsertProgram } from './operations.ts';
import type { StoredValue } from '../values/stored-value.ts';

/** Bytes that are made a string at once; a row larger than this is one piece. */
const PIECE_BYTES = 256 * 1024;
const LINE_FEED = 10;

const damaged = (table: string, what: string): SluiceError =>
  new SluiceError('batch.damaged', `a batch of ${table} ${what}`, { table });

/** Pieces of whole lines, in order. */
function* pieces(data: Buffer, table: string): Generator<string> {
  for (let from = 0; from < data.length; ) {
    let end = data.length;
    if (end - from > PIECE_BYTES) {
      end = data.lastIndexOf(LINE_FEED, from + PIECE_BYTES) + 1;
      if (end <= from) end = data.indexOf(LINE_FEED, from + PIECE_BYTES) + 1;
    }
    if (end <= from || data[end - 1] !== LINE_FEED) throw damaged(table, 'ends within a row');
    yield data.toString('utf8', from, end - 1);
    from = end;
  }
}

/**
 * Inserts the rows of a `text-rows` block, or runs another statement for each, in the transaction that is open. Each text becomes a value that the column
 * keeps as it is, or the batch fails (invariant 7).
 * @throws SluiceError target.value_rejected, batch.damaged
 */
export function insertRows(
  database: BetterSqlite.Database,
  program: InsertProgram,
  bytes: Uint8Array,
): InsertedRows {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(data)) throw damaged(program.table, 'is not UTF-8');
  const statement = database.prepare<[StoredValue[]]>(program.sql);
  const tried = program.first && database.prepare<[StoredValue[]]>(program.first.sql);
  const places = program.first?.places ?? [];
  const binds = program.columns.map(bindOf);
  const values = Array.from<StoredValue>({ length: binds.length });
  const isInOrder = places.every((place, at) => place === at);
  const triedValues = isInOrder ? values : [...values];
  let changes = 0;
  let first = 0;

  const insert = (line: string, escapes: boolean): void => {
    const cells = line.split('\t');
    if (cells.length !== binds.length) throw damaged(program.table, 'has a row of another width');
    for (let at = 0; at < cells.length; at += 1) {
      const cell = cells[at] as string;
      const text = escapes ? unescapeCell(cell) : cell;
      const value = text === null ? null : (binds[at] as (typeof binds)[number])(text);
      if (value === undefined) throw rejected(program, at);
      values[at] = value;
    }
    if (!isInOrder)
      for (let at = 0; at < places.length; at += 1)
        triedValues[at] = values[places[at] as number] as StoredValue;
    if (tried && tried.run(triedValues).changes > 0) first += 1;
    else changes += statement.run(values).changes;
  };

  for (const piece of pieces(data, program.table)) {
    const escapes = piece.includes('\\');
    for (const line of piece.split('\n')) insert(line, escapes);
  }
  return { rows: first + changes, first };
}

function rejected(program: InsertProgram, at: number): SluiceError {
  const column = program.columns[at];
  return new SluiceError(
    'target.value_rejected',
    `column ${column?.name} of ${program.table} does not keep a value of kind ${column?.logical.kind} as it is`,
    { table: program.table, ...(column && { column: column.name }) },
  );
}
