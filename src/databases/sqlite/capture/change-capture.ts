import { addBacklogs } from '../../../engine/capture/backlogs.ts';
import { housekeepCounts } from '../../../engine/capture/parking/compact-counts.ts';
import { createEventParking } from '../../../engine/capture/parking/create-event-parking.ts';
import { settleRetries } from '../../../engine/capture/parking/park-events.ts';
import { drawEpoch } from '../../../engine/driver/epoch.ts';
import type { ChangeCapture, ChangeLane, ClaimLimits, Lease } from '../../../engine/ports/change-capture.ts';
import type { CountsKept } from '../../../model/capture-spec.ts';
import type { RowBlock } from '../../../model/row-block.ts';
import { reading, type Session, writing } from '../connections/session.ts';
import type { EventBlock, MeasuredEvents } from '../thread/operations.ts';
import { eventTime, readBacklogs } from './backlogs.ts';
import { beginLane } from './begin-lane.ts';
import { captureTables } from './capture-tables.ts';
import { isInstalled, requireCurrent, requireInstalled } from './captured-state.ts';
import { housekeep } from './housekeep.ts';
import { createParkingSource } from './parking/parking-source.ts';
import { claimGone, confirmClaim, leaseLost, ownLane } from './own-lane.ts';
import { dropLanes, highestId, laneKey, readLane, readLanes, type StoredLane, storeLanes } from './lanes.ts';
import type { CaptureFile } from './trigger-manager.ts';
import { NOW } from './triggers/trigger-words.ts';

/** Events of other tables behind which a lane that has none is moved up, so that nobody looks at them again and again. */
const MANY_OF_OTHERS = 20_000n;

async function takeLease(
  { pool, prefix }: CaptureFile,
  lane: ChangeLane,
  signal: AbortSignal,
): Promise<Lease> {
  return writing(pool, signal, async (session) => {
    await requireCurrent(session, prefix);
    const { sealed, confirmed } = await readLane(session, prefix, lane);
    const epoch = drawEpoch();
    await session.run(`UPDATE ${captureTables(prefix).lanes} SET epoch = ? WHERE transfer = ? AND lane = ?`, [
      epoch,
      ...laneKey(lane),
    ]);
    return { ...lane, epoch, sealed: Number(sealed), confirmed: Number(confirmed) };
  });
}

/** Writes down what was measured: the number of a claim is given only here. */
async function storeClaim(
  session: Session,
  place: { readonly prefix: string; readonly lease: Lease; readonly from: StoredLane },
  measured: MeasuredEvents,
): Promise<number | null> {
  const { prefix, lease, from } = place;
  const { claims, lanes } = captureTables(prefix);
  const lane = await ownLane(session, prefix, lease);
  // Under this lease nobody else seals; a lane that was registered anew in between is measured once more.
  if (lane.sealedId !== from.sealedId || JSON.stringify(lane.tables) !== JSON.stringify(from.tables))
    return null;
  const { last, seen, events } = measured;
  const claim = lane.sealed + (last === null ? 0n : 1n);
  if (last !== null)
    await session.run(
      `INSERT INTO ${claims} (transfer, lane, claim, table_numbers, after_id, last_id, events, sealed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        ...laneKey(lane),
        claim,
        JSON.stringify(lane.tables),
        lane.sealedId,
        last,
        BigInt(events),
        new Date().toISOString(),
      ],
    );
  await session.run(`UPDATE ${lanes} SET sealed = ?, sealed_id = ? WHERE transfer = ? AND lane = ?`, [
    claim,
    last ?? seen,
    ...laneKey(lane),
  ]);
  return last === null ? null : Number(claim);
}

/**
 * A claim is a run of ids, and what is pending is what is above the lane's last one. That is right here, and nowhere else: SQLite has
 * one writer a file. Who draws an id holds the lock of the file until its transaction ends, and AUTOINCREMENT gives one above all
 * that are committed. So when an id has been seen, every transaction with a lower one has ended: what it committed is seen too, and
 * what it rolled back is gone with its ids, which are then given again, above all that was ever seen. That holds with WAL and
 * without, and for savepoints, which are parts of one transaction.
 *
 * Hence a claim can be measured before the lock is taken, which is held for two short statements only.
 */
async function seal(
  { pool, prefix }: CaptureFile,
  lease: Lease,
  limits: ClaimLimits,
  signal: AbortSignal,
): Promise<number | null> {
  for (;;) {
    const from = await reading(pool, signal, async (session) => {
      if (!(await isInstalled(session, prefix))) throw leaseLost(lease);
      return ownLane(session, prefix, lease);
    });
    const thread = await pool.scan(signal);
    const request = { prefix, tables: from.tables, afterId: from.sealedId, limits };
    const measured = await thread.thread
      .call('measureEvents', request, { signal })
      .finally(() => thread.release());
    if (measured.last === null && measured.seen - from.sealedId < MANY_OF_OTHERS) return null;
    const claim = await writing(pool, signal, (session) =>
      storeClaim(session, { prefix, lease, from }, measured),
    );
    if (claim !== null || measured.last === null) return claim;
  }
}

const blockOf = (claim: number, { rows, data, first, last, isEnd }: EventBlock): RowBlock => ({
  rows,
  data: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  first: [String(claim), first ?? ''],
  last: [String(claim), isEnd ? '' : (last ?? '')],
  isLive: true,
});

/** Each block in a read transaction of its own: none is open while the consumer has its block, which would hold up writers. */
async function* readClaim(
  { pool, prefix }: CaptureFile,
  lease: Lease,
  request: Parameters<ChangeCapture['read']>[1],
  signal: AbortSignal,
): AsyncGenerator<RowBlock, void, undefined> {
  const { claim, blockBytes, mostRowBytes = Number.MAX_SAFE_INTEGER, any = new Map() } = request;
  const thread = await pool.scan(signal);
  try {
    let afterId = request.afterId === null ? null : BigInt(request.afterId);
    for (;;) {
      const block = await thread.thread.call(
        'readEvents',
        {
          prefix,
          transfer: lease.transfer,
          lane: BigInt(lease.lane),
          claim: BigInt(claim),
          afterId,
          blockBytes,
          mostRowBytes,
          any,
        },
        { signal },
      );
      if (block === null) throw claimGone(lease, claim);
      yield blockOf(claim, block);
      if (block.isEnd) return;
      afterId = BigInt(block.last ?? 0);
    }
  } finally {
    thread.release();
  }
}

export function createChangeCapture(file: CaptureFile, kept: CountsKept): ChangeCapture {
  const { pool, prefix } = file;
  const parking = createParkingSource(file);
  return {
    register: (transfer, lanes, signal) =>
      writing(pool, signal, async (session) => {
        await requireCurrent(session, prefix);
        await storeLanes(session, { prefix, transfer }, lanes);
      }),
    lanes: (transfer, signal) =>
      reading(pool, signal, async (session) => {
        if (!(await isInstalled(session, prefix))) return [];
        const lanes = await readLanes(session, prefix, transfer);
        return lanes.map(({ lane, tables }) => ({ lane, tables }));
      }),
    unregister: (transfer, signal) =>
      writing(pool, signal, async (session) => {
        if (await isInstalled(session, prefix)) await dropLanes(session, prefix, transfer);
      }),
    beginAt: (lane, snapshot, signal) => beginLane(file, lane, { snapshot, signal }),
    lease: (lane, signal) => takeLease(file, lane, signal),
    seal: (lease, limits, signal) => seal(file, lease, limits, signal),
    read: (lease, request, signal) => readClaim(file, lease, request, signal),
    confirm: (lease, claim, signal) =>
      parking.transaction(signal, async (plain) => {
        if (!(await isInstalled(plain.session, prefix))) throw leaseLost(lease);
        await confirmClaim(plain.session, prefix, { lease, claim });
        await settleRetries({ session: plain, tables: parking.tables, lane: lease }, claim);
      }),
    housekeep: housekeepCounts(parking, kept, ({ retentionMs }, signal) =>
      housekeep(file, retentionMs, signal),
    ),
    now: (signal) =>
      reading(pool, signal, async (session) => eventTime((await session.rows(`SELECT ${NOW}`, []))[0]?.[0])),
    backlog: (transfer, signal) =>
      reading(pool, signal, async (session) => {
        await requireInstalled(session, prefix);
        return addBacklogs((await readBacklogs(session, prefix, transfer)).values());
      }),
    lastEvent: (signal) => reading(pool, signal, async (session) => String(await highestId(session, prefix))),
    parking: createEventParking(parking),
  };
}
