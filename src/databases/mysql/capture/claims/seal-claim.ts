import { encodeRuns } from '../../../../engine/capture/id-runs.ts';
import { leaseLost } from '../../../../engine/capture/lane-errors.ts';
import { decodeNumbers } from '../../../../engine/capture/lane-tables.ts';
import type { ClaimLimits, Lease } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../connections/session.ts';
import { literal } from '../../sql/names.ts';
import { type CaptureNames, renderLane } from '../capture-tables.ts';
import { decodeLooked, encodeLooked, judgeGaps, type JudgedGaps, type Looked, lookedAfter } from './gaps.ts';
import { type Found, lookAround } from './look.ts';
import { findUnwritten, type TransactionWatch } from './open-transactions.ts';

/** The next transaction reads one snapshot, made by its first read without a lock. */
export const ONE_SNAPSHOT = 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ';

interface Lane {
  readonly epoch: string;
  readonly sealed: number;
  readonly tables: ReadonlySet<number>;
  readonly looked: Looked;
}

async function readLane(session: Session, names: CaptureNames, lease: Lease, lock = ''): Promise<Lane> {
  const { rows } = await session.query(
    `SELECT epoch, sealed, table_numbers, looked FROM ${names.lanes} WHERE ${renderLane(lease)}${lock}`,
  );
  const [epoch, sealed, tables, looked] = rows[0] ?? [];
  if (epoch !== lease.epoch) throw leaseLost(lease);
  return {
    epoch,
    sealed: Number(sealed),
    tables: new Set(decodeNumbers(tables)),
    looked: decodeLooked(looked ?? ''),
  };
}

interface SealRequest {
  readonly lease: Lease;
  readonly limits: ClaimLimits;
}

const unjudged = ({ gaps }: Looked): readonly JudgedGaps[] =>
  gaps.map((each) => ({ gaps: each, isOver: false }));

/** Gaps that nobody fills whatever is open, and of which state of the lane they are. */
async function judgeBefore(session: Session, names: CaptureNames, lease: Lease) {
  const { looked } = await readLane(session, names, lease);
  return { of: encodeLooked(looked), unwritten: await findUnwritten(session, names, looked.gaps) };
}

/** Writes the claim, where there is one, and where the lane goes on. */
async function writeLook(
  session: Session,
  names: CaptureNames,
  request: {
    readonly lease: Lease;
    readonly lane: Lane;
    readonly found: Found;
    readonly looked: string;
  },
): Promise<number | null> {
  const { lease, lane, found, looked } = request;
  const claim = lane.sealed + 1;
  if (found.events > 0) {
    const values = [
      literal(lease.transfer),
      lease.lane,
      claim,
      literal(encodeRuns(found.runs)),
      found.events,
    ];
    await session.query(
      `INSERT INTO ${names.claims} (transfer, lane, claim, runs, events, sealed_at) VALUES (${values.join(', ')}, UTC_TIMESTAMP(6))`,
    );
  }
  const sealed = found.events > 0 ? `, sealed = ${claim}` : '';
  await session.query(
    `UPDATE ${names.lanes} SET looked = ${literal(looked)}${sealed} WHERE ${renderLane(lease)}`,
  );
  return found.events > 0 ? claim : null;
}

/**
 * See ChangeCapture.seal, and gaps.ts for what is pending and why. One transaction under the lock of the lane's row; no event is locked.
 * Its snapshot is made behind that lock and behind the question which transactions are open. If the commit's answer is lost, the
 * claim may be sealed: the lane tells whoever takes it next.
 */
export async function sealClaim(
  session: Session,
  names: CaptureNames,
  watch: TransactionWatch,
  { lease, limits }: SealRequest,
): Promise<number | null> {
  const asked = watch.isBlind || watch.seesDetached ? await judgeBefore(session, names, lease) : null;
  await session.query(ONE_SNAPSHOT);
  await session.query('START TRANSACTION');
  const lane = await readLane(session, names, lease, ' FOR UPDATE');
  const { looked: before, tables } = lane;
  const open = before.gaps.length > 0 ? await watch.ask(session) : null;
  const isAsBefore = asked?.of === encodeLooked(before);
  const judged = (open ? judgeGaps(before.gaps, open) : unjudged(before)).map(({ gaps, isOver }, at) => ({
    gaps,
    isOver: isOver || (isAsBefore && asked.unwritten.has(at)),
  }));
  const found = await lookAround(session, names, { before, judged, tables, limits });
  const looked = encodeLooked(lookedAfter(judged, found.look));
  const claim =
    found.events > 0 || looked !== encodeLooked(before)
      ? await writeLook(session, names, { lease, lane, found, looked })
      : null;
  await session.query('COMMIT');
  return claim;
}
