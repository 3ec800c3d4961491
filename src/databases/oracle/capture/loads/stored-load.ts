import {
  loadOfCells,
  type LoadPosition,
  storedLoad,
  type StoredLoad,
} from '../../../../engine/capture/loads/stored-load.ts';
import type { LoadProgress, WantedLoad } from '../../../../engine/ports/initial-load.ts';
import type { Cells, Session } from '../../connections/session.ts';
import { vendorCode } from '../../error-codes.ts';
import type { Binds } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';
import {
  renderBeginLoadAgain,
  renderEndLoad,
  renderInsertLoad,
  renderLoads,
  renderLockLoad,
  renderStorePosition,
} from '../sql/loads-sql.ts';

const loadBinds = ({ transfer, captured }: WantedLoad): Binds => ({
  transfer,
  tableNumber: String(captured.number),
});

/** Another process made the load known at the same time. */
const MADE_ALREADY = 'ORA-00001';

async function lockCells(session: Session, names: CaptureNames, wanted: WantedLoad): Promise<Cells | null> {
  const { rows } = await session.query(renderLockLoad(names), loadBinds(wanted));
  return rows[0] ?? null;
}

/** Its row is locked, be it that of another. */
async function insertLoad(session: Session, names: CaptureNames, binds: Binds): Promise<void> {
  try {
    await session.query(renderInsertLoad(names), binds);
  } catch (error) {
    if (vendorCode(error) !== MADE_ALREADY) throw error;
  }
}

/** See InitialLoad.open: what stands goes on, unless it is an older one, or another one that is not done. In one transaction. */
export async function beginLoad(
  session: Session,
  names: CaptureNames,
  wanted: WantedLoad,
  definition: string,
): Promise<void> {
  const binds = { ...loadBinds(wanted), generation: String(wanted.generation), definition };
  if ((await lockCells(session, names, wanted)) === null) await insertLoad(session, names, binds);
  const [generation, , isDone, before] = (await lockCells(session, names, wanted)) ?? [];
  const isOlder = Number(generation) < wanted.generation;
  const isOther = Number(generation) === wanted.generation && isDone !== '1' && before !== definition;
  if (isOlder || isOther) await session.query(renderBeginLoadAgain(names), binds);
}

/** Its lock is the first of a chunk's transaction. Null: it was forgotten. */
export async function lockLoad(
  session: Session,
  names: CaptureNames,
  wanted: WantedLoad,
): Promise<StoredLoad | null> {
  const cells = await lockCells(session, names, wanted);
  return cells && storedLoad(cells[0], cells[1], cells[2] === '1');
}

export async function storeLoad(
  session: Session,
  names: CaptureNames,
  wanted: WantedLoad,
  { upto, events }: { readonly upto: LoadPosition | null; readonly events: number },
): Promise<void> {
  const binds = { ...loadBinds(wanted), events: String(events) };
  if (upto === null) await session.query(renderEndLoad(names), binds);
  else await session.query(renderStorePosition(names), { position: JSON.stringify(upto), ...binds });
}

export async function readLoads(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<readonly LoadProgress[]> {
  const { rows } = await session.query(renderLoads(names), { transfer });
  return rows.map(loadOfCells('1'));
}
