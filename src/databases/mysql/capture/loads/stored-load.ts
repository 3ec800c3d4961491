import {
  loadOfCells,
  type LoadPosition,
  storedLoad,
  type StoredLoad,
} from '../../../../engine/capture/loads/stored-load.ts';
import type { LoadProgress, WantedLoad } from '../../../../engine/ports/initial-load.ts';
import type { Session } from '../../connections/session.ts';
import { literal } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';

const isOf = ({ transfer, captured }: WantedLoad): string =>
  `transfer = ${literal(transfer)} AND table_number = ${captured.number}`;

/** With the transfer. An installation of an earlier version has none. */
export async function forgetLoads(session: Session, names: CaptureNames, transfer: string): Promise<void> {
  const found = await session.cell(
    `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(names.schema)} AND TABLE_NAME = ${literal(`${names.prefix}capture_loads`)}`,
  );
  if (found === '1') await session.query(`DELETE FROM ${names.loads} WHERE transfer = ${literal(transfer)}`);
}

/**
 * See InitialLoad.open: what stands goes on, unless it is an older one, or another one that is not done. Two statements, each committed by
 * itself: in one transaction the first would keep a lock that two at once cannot raise.
 */
export async function beginLoad(
  session: Session,
  names: CaptureNames,
  wanted: WantedLoad,
  definition: string,
): Promise<void> {
  const { transfer, captured, generation } = wanted;
  await session.query(
    `INSERT IGNORE INTO ${names.loads} (transfer, table_number, generation, definition) VALUES (${literal(transfer)}, ${captured.number}, ${generation}, ${literal(definition)})`,
  );
  await session.query(
    `UPDATE ${names.loads} SET is_done = 0, generation = GREATEST(generation, ${generation}), definition = ${literal(definition)}, position = NULL, events = 0
     WHERE ${isOf(wanted)} AND (generation < ${generation} OR (is_done = 0 AND definition <> ${literal(definition)}))`,
  );
}

/** Its lock is the first of a chunk's transaction. Null: it was forgotten. */
export async function lockLoad(
  session: Session,
  names: CaptureNames,
  wanted: WantedLoad,
): Promise<StoredLoad | null> {
  const { rows } = await session.query(
    `SELECT generation, position, is_done FROM ${names.loads} WHERE ${isOf(wanted)} FOR UPDATE`,
  );
  const [found] = rows;
  if (!found) return null;
  const [generation, position, isDone] = found;
  return storedLoad(generation, position, isDone === '1');
}

export async function storeLoad(
  session: Session,
  names: CaptureNames,
  wanted: WantedLoad,
  { upto, events }: { readonly upto: LoadPosition | null; readonly events: number },
): Promise<void> {
  const place = upto === null ? 'is_done = 1' : `position = ${literal(JSON.stringify(upto))}`;
  await session.query(
    `UPDATE ${names.loads} SET ${place}, events = events + ${events} WHERE ${isOf(wanted)}`,
  );
}

export async function readLoads(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<readonly LoadProgress[]> {
  const { rows } = await session.query(
    `SELECT table_number, generation, events, is_done FROM ${names.loads} WHERE transfer = ${literal(transfer)} ORDER BY table_number`,
  );
  return rows.map(loadOfCells('1'));
}
