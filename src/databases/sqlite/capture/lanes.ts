import type { ChangeLane, LaneTables } from '../../../engine/ports/change-capture.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Session } from '../connections/session.ts';
import type { StoredValue } from '../values/stored-value.ts';
import { captureTables, PARKING_VERSION } from './capture-tables.ts';
import { readVersion } from './captured-state.ts';
import { forgetLoads } from './loads/stored-load.ts';

/** A lane as the file has it. */
export interface StoredLane extends ChangeLane {
  readonly tables: readonly number[];
  readonly epoch: string;
  readonly sealed: bigint;
  /** Events up to it are in claims, or of other tables. */
  readonly sealedId: bigint;
  readonly confirmed: bigint;
  readonly confirmedId: bigint;
}

export const laneKey = ({ transfer, lane }: ChangeLane): readonly StoredValue[] => [transfer, BigInt(lane)];

const toLane = (row: readonly StoredValue[]): StoredLane => ({
  transfer: String(row[0]),
  lane: Number(row[1]),
  tables: JSON.parse(String(row[2])) as number[],
  epoch: String(row[3]),
  sealed: row[4] as bigint,
  sealedId: row[5] as bigint,
  confirmed: row[6] as bigint,
  confirmedId: row[7] as bigint,
});

export async function readLanes(
  session: Session,
  prefix: string,
  transfer: string,
): Promise<readonly StoredLane[]> {
  const rows = await session.rows(
    `SELECT transfer, lane, table_numbers, epoch, sealed, sealed_id, confirmed, confirmed_id FROM ${captureTables(prefix).lanes} WHERE transfer = ? ORDER BY lane`,
    [transfer],
  );
  return rows.map(toLane);
}

/** @throws SluiceError capture.resync_required */
export async function readLane(session: Session, prefix: string, lane: ChangeLane): Promise<StoredLane> {
  const lanes = await readLanes(session, prefix, lane.transfer);
  const found = lanes.find((each) => each.lane === lane.lane);
  if (found !== undefined) return found;
  throw new SluiceError(
    'capture.resync_required',
    `the capture knows no lane ${lane.lane} of ${lane.transfer}`,
  );
}

/** The highest id that was ever given: an empty table begins behind it too. */
export async function highestId(session: Session, prefix: string): Promise<bigint> {
  const { events } = captureTables(prefix);
  const [row] = await session.rows(
    `SELECT max(coalesce((SELECT max(id) FROM ${events}), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0))`,
    [`${prefix}event_logs`],
  );
  return row?.[0] as bigint;
}

/**
 * Where a lane that is new begins: now, or as early as the lanes from which it takes tables over, so that none of their
 * events is left out. One that comes twice changes nothing.
 */
const beginOf = (tables: readonly number[], before: readonly StoredLane[], now: bigint): bigint =>
  before
    .filter((lane) => lane.tables.some((table) => tables.includes(table)))
    .reduce((least, { sealedId }) => (sealedId < least ? sealedId : least), now);

/** Makes the lanes what is given; runs in one transaction, in which nobody else writes. */
export async function storeLanes(
  session: Session,
  place: { readonly prefix: string; readonly transfer: string },
  lanes: readonly LaneTables[],
): Promise<void> {
  const { prefix, transfer } = place;
  const names = captureTables(prefix);
  const before = await readLanes(session, prefix, transfer);
  const now = await highestId(session, prefix);
  for (const { lane } of before.filter((each) => !lanes.some(({ lane: kept }) => kept === each.lane)))
    await dropLane(session, prefix, { transfer, lane });
  for (const { lane, tables } of lanes) {
    const numbers = JSON.stringify(tables);
    const key = laneKey({ transfer, lane });
    const known = before.find((each) => each.lane === lane);
    if (known === undefined) {
      const begin = beginOf(tables, before, now);
      await session.run(
        `INSERT INTO ${names.lanes} (transfer, lane, table_numbers, sealed_id, confirmed_id) VALUES (?, ?, ?, ?, ?)`,
        [...key, numbers, begin, begin],
      );
    } else if (JSON.stringify(known.tables) !== numbers) {
      await session.run(`UPDATE ${names.lanes} SET table_numbers = ? WHERE transfer = ? AND lane = ?`, [
        numbers,
        ...key,
      ]);
    }
  }
}

async function dropLane(session: Session, prefix: string, lane: ChangeLane): Promise<void> {
  const { claims, lanes, parking } = captureTables(prefix);
  const isOld = (await readVersion(session, prefix)) < PARKING_VERSION;
  for (const table of [...(isOld ? [] : [parking.excluded, parking.parked]), claims, lanes])
    await session.run(`DELETE FROM ${table} WHERE transfer = ? AND lane = ?`, laneKey(lane));
}

export async function dropLanes(session: Session, prefix: string, transfer: string): Promise<void> {
  for (const lane of await readLanes(session, prefix, transfer)) await dropLane(session, prefix, lane);
  await forgetLoads(session, prefix, transfer);
}
