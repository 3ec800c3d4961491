import { createHash } from 'node:crypto';
import type { RangeChecksum } from '../../../engine/ports/source-reader.ts';
import type { Session } from '../connections/session.ts';
import { fetchRows, type RowCell, type RowReading, textOfCell } from './read-rows.ts';

/** A row of which the server makes no text: it is read, and hashed here (docs/reference/checksum.md). */
export interface HashedRow {
  readonly digest: string;
  /** First 8 bytes of the digest as an unsigned number. */
  readonly head: bigint;
  /** The cells that name it, '' for NULL. */
  readonly key: readonly string[];
  /** First 4 bytes of the digest of its name. */
  readonly bucket: number;
}

const entry = (text: string | null): string => (text === null ? '-;' : `${Buffer.byteLength(text)}:${text};`);
const md5 = (texts: readonly string[]): Buffer => {
  const hash = createHash('md5');
  for (const text of texts) hash.update(text);
  return hash.digest();
};

async function hashRow(cells: readonly RowCell[], keys: readonly number[]): Promise<HashedRow> {
  const texts: (string | null)[] = [];
  for (const cell of cells) texts.push(await textOfCell(cell));
  const entries = texts.map(entry);
  const digest = md5(entries);
  const name = keys.length === 0 ? digest : md5(keys.map((place) => entries[place] ?? ''));
  return {
    digest: digest.toString('hex'),
    head: digest.readBigUInt64BE(0),
    key: keys.map((place) => texts[place] ?? ''),
    bucket: name.readUInt32BE(0),
  };
}

export async function* hashRows(
  session: Session,
  reading: RowReading,
  keys: readonly number[] = [],
): AsyncGenerator<HashedRow, void, undefined> {
  for await (const { cells } of fetchRows(session, reading)) yield hashRow(cells, keys);
}

export async function checksumOfRows(session: Session, reading: RowReading): Promise<RangeChecksum> {
  let rows = 0n;
  let sum = 0n;
  for await (const { head } of hashRows(session, reading)) {
    rows += 1n;
    sum += head;
  }
  return { rows, sum: BigInt.asUintN(64, sum) };
}
