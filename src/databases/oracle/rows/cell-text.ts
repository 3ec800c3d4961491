import oracledb from 'oracledb';
import { float32Text, float64Text } from '../../../engine/driver/float-text.ts';
import type { LogicalKind } from '../../../model/logical-type.ts';
import type { FetchedCell } from '../connections/session.ts';

/** What of a plan decides the text of a cell that the driver gives as a number. */
export interface CellKind {
  readonly kind: LogicalKind;
  /** BINARY_FLOAT holds four bytes. */
  readonly single: boolean;
}

/** Letters or bytes of a large object that are asked for at once. */
const PIECE = 256 * 1024;

const isLob = (cell: FetchedCell): cell is oracledb.Lob =>
  typeof cell === 'object' && cell !== null && !Buffer.isBuffer(cell);

/** The pieces of a cell's canonical text; null: NULL. Only a large object has more than one, each read when it is asked for. */
export function pieces(cell: FetchedCell, kind: CellKind): readonly string[] | oracledb.Lob | null {
  if (cell === null || cell === undefined) return null;
  if (typeof cell === 'string') return [cell];
  if (typeof cell === 'number') return [kind.single ? float32Text(cell) : float64Text(cell)];
  return isLob(cell) ? cell : ['\\x', cell.toString('hex')];
}

/** A BLOB; every other large object is a text. */
export const isBytes = (lob: oracledb.Lob): boolean => lob.type === oracledb.DB_TYPE_BLOB;

/** The texts of a large object, piece by piece; a letter of two units is never cut. */
export async function* lobPieces(lob: oracledb.Lob): AsyncGenerator<string, void, undefined> {
  const { length } = lob;
  if (isBytes(lob)) yield '\\x';
  let rest = '';
  for (let at = 0; at < length; ) {
    const data = (await lob.getData(at + 1, Math.min(PIECE, length - at))) as string | Buffer | null;
    if (data === null || data.length === 0) break;
    at += data.length;
    if (Buffer.isBuffer(data)) {
      yield data.toString('hex');
      continue;
    }
    const text = rest + data;
    const last = text.charCodeAt(text.length - 1);
    const end = last >= 0xd8_00 && last <= 0xdb_ff ? text.length - 1 : text.length;
    rest = text.slice(end);
    yield text.slice(0, end);
  }
  if (rest !== '') yield rest;
}
