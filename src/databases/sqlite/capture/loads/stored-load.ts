import {
  loadOfCells,
  type LoadPosition,
  storedLoad,
  type StoredLoad,
} from '../../../../engine/capture/loads/stored-load.ts';
import type { LoadProgress, WantedLoad } from '../../../../engine/ports/initial-load.ts';
import type { Session } from '../../connections/session.ts';
import type { StoredValue } from '../../values/stored-value.ts';
import { captureTables } from '../capture-tables.ts';

const keyOf = ({ transfer, captured }: WantedLoad): readonly StoredValue[] => [
  transfer,
  BigInt(captured.number),
];

/** Whether the installation has loads, which earlier versions had not. */
export async function hasLoads(session: Session, prefix: string): Promise<boolean> {
  const [found] = await session.rows(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`, [
    `${prefix}capture_loads`,
  ]);
  return found !== undefined;
}

/** With the transfer. */
export async function forgetLoads(session: Session, prefix: string, transfer: string): Promise<void> {
  if (await hasLoads(session, prefix))
    await session.run(`DELETE FROM ${captureTables(prefix).loads} WHERE transfer = ?`, [transfer]);
}

/** See InitialLoad.open: what stands goes on, unless it is an older one, or another one that is not done. */
export async function beginLoad(
  session: Session,
  prefix: string,
  wanted: WantedLoad,
  definition: string,
): Promise<void> {
  const { loads } = captureTables(prefix);
  const generation = BigInt(wanted.generation);
  await session.run(
    `INSERT INTO ${loads} (transfer, table_number, generation, definition) VALUES (?, ?, ?, ?)
     ON CONFLICT (transfer, table_number) DO UPDATE SET generation = max(generation, excluded.generation),
       definition = excluded.definition, position = NULL, events = 0, is_done = 0
     WHERE generation < excluded.generation OR (NOT is_done AND definition <> excluded.definition)`,
    [...keyOf(wanted), generation, definition],
  );
}

/** Null: it was forgotten. */
export async function readLoad(
  session: Session,
  prefix: string,
  wanted: WantedLoad,
): Promise<StoredLoad | null> {
  const [row] = await session.rows(
    `SELECT generation, position, is_done FROM ${captureTables(prefix).loads} WHERE transfer = ? AND table_number = ?`,
    keyOf(wanted),
  );
  if (row === undefined) return null;
  const [generation, position, isDone] = row;
  return storedLoad(generation, position, isDone === 1n);
}

export async function storeLoad(
  session: Session,
  prefix: string,
  wanted: WantedLoad,
  { upto, events }: { readonly upto: LoadPosition | null; readonly events: number },
): Promise<void> {
  await session.run(
    `UPDATE ${captureTables(prefix).loads} SET position = coalesce(?, position), events = events + ?, is_done = ?
     WHERE transfer = ? AND table_number = ?`,
    [upto === null ? null : JSON.stringify(upto), BigInt(events), upto === null ? 1n : 0n, ...keyOf(wanted)],
  );
}

export async function readLoads(
  session: Session,
  prefix: string,
  transfer: string,
): Promise<readonly LoadProgress[]> {
  const rows = await session.rows(
    `SELECT table_number, generation, events, is_done FROM ${captureTables(prefix).loads} WHERE transfer = ? ORDER BY table_number`,
    [transfer],
  );
  return rows.map(loadOfCells(1n));
}
