import {
  loadOfCells,
  type LoadPosition,
  storedLoad,
  type StoredLoad,
} from '../../../../engine/capture/loads/stored-load.ts';
import type { LoadProgress, WantedLoad } from '../../../../engine/ports/initial-load.ts';
import type { Session } from '../../pool.ts';
import type { CaptureNames } from '../capture-tables.ts';

/** With the transfer. An installation of an earlier version has none. */
export async function forgetLoads(session: Session, names: CaptureNames, transfer: string): Promise<void> {
  if ((await session.cell('SELECT to_regclass($1)', [names.loads])) !== null)
    await session.query(`DELETE FROM ${names.loads} WHERE transfer = $1`, [transfer]);
}

/** See InitialLoad.open: what stands goes on, unless it is an older one, or another one that is not done. */
export async function beginLoad(
  session: Session,
  names: CaptureNames,
  { transfer, captured, generation }: WantedLoad,
  definition: string,
): Promise<void> {
  await session.query(
    `INSERT INTO ${names.loads} AS l (transfer, table_number, generation, definition) VALUES ($1, $2, $3, $4)
     ON CONFLICT (transfer, table_number) DO UPDATE SET generation = greatest(l.generation, $3), definition = $4, position = NULL,
       events = 0, is_done = false, began_at = clock_timestamp(), changed_at = clock_timestamp()
     WHERE l.generation < $3 OR (NOT l.is_done AND l.definition <> $4)`,
    [transfer, captured.number, generation, definition],
  );
}

/** Its lock is the first of a chunk's transaction. Null: it was forgotten. */
export async function lockLoad(
  session: Session,
  names: CaptureNames,
  { transfer, captured }: WantedLoad,
): Promise<StoredLoad | null> {
  const { rows } = await session.query(
    `SELECT generation, position, is_done FROM ${names.loads} WHERE transfer = $1 AND table_number = $2 FOR UPDATE`,
    [transfer, captured.number],
  );
  const [found] = rows;
  if (!found) return null;
  const [generation, position, isDone] = found;
  return storedLoad(generation, position, isDone === 't');
}

export async function storeLoad(
  session: Session,
  names: CaptureNames,
  { transfer, captured }: WantedLoad,
  chunk: { readonly upto: LoadPosition | null; readonly events: number },
): Promise<void> {
  await session.query(
    `UPDATE ${names.loads} SET position = coalesce($3, position), events = events + $4, is_done = $3::text IS NULL,
       changed_at = clock_timestamp() WHERE transfer = $1 AND table_number = $2`,
    [transfer, captured.number, chunk.upto === null ? null : JSON.stringify(chunk.upto), chunk.events],
  );
}

export async function readLoads(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<readonly LoadProgress[]> {
  const { rows } = await session.query(
    `SELECT table_number, generation, events, is_done FROM ${names.loads} WHERE transfer = $1 ORDER BY table_number`,
    [transfer],
  );
  return rows.map(loadOfCells('t'));
}
