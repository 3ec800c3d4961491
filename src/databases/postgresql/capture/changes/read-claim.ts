import type { Lease } from '../../../../engine/ports/change-capture.ts';
import type { RowBlock } from '../../../../model/row-block.ts';
import { CopyOut } from '../../copy-out.ts';
import { toSluiceError } from '../../error-codes.ts';
import type { Pool, Session } from '../../pool.ts';
import { inCapture, resyncRequired } from './capture-errors.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { ALONG_THE_INDEX, renderCopyEvents, renderCountEvents, type Span } from './pending-sql.ts';

export interface ClaimRequest {
  readonly claim: number;
  readonly afterId: string | null;
  readonly blockBytes: number;
}

const BLOCK_ROWS = 65_536;

/** A claim as it was sealed. */
interface Sealed {
  readonly span: Span & { readonly lastId: string };
  readonly events: number;
}

/** @throws SluiceError capture.resync_required where the claim is gone */
async function claimOf(
  session: Session,
  names: CaptureNames,
  request: { readonly lease: Lease; readonly claim: number },
): Promise<Sealed> {
  const { lease, claim } = request;
  const { rows } = await session.query(
    `SELECT l.table_numbers, c.since, c.upto, c.after_id, c.last_id, c.events
     FROM ${names.claims} AS c JOIN ${names.lanes} AS l USING (transfer, lane) WHERE c.transfer = $1 AND c.lane = $2 AND c.claim = $3`,
    [lease.transfer, lease.lane, claim],
  );
  const [found] = rows;
  if (!found) throw resyncRequired(lease, `claim ${claim} is gone`);
  const [tables = '', since = '', upto = '', afterId = '', lastId = '', events = ''] = found.map(
    (cell) => cell ?? '',
  );
  return { span: { tables, since, upto, afterId, lastId }, events: Number(events) };
}

interface OpenClaim {
  readonly copy: CopyOut;
  /** Events that the COPY must give. */
  readonly events: number;
}

/** In one snapshot: what was confirmed and is freed meanwhile is missing by count, and never short in silence. */
async function openClaim(
  session: Session,
  names: CaptureNames,
  { lease, request }: { readonly lease: Lease; readonly request: ClaimRequest },
): Promise<OpenClaim> {
  await session.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${ALONG_THE_INDEX}`);
  const { span, events } = await claimOf(session, names, { lease, claim: request.claim });
  const { afterId } = request;
  const before =
    afterId === null ? '0' : await session.cell(renderCountEvents(names, { ...span, lastId: afterId }));
  const copy = new CopyOut(renderCopyEvents(names, { ...span, afterId: afterId ?? span.afterId }), {
    binary: false,
    hiddenCells: 0,
    positionTypes: ['bigint'],
    blockBytes: request.blockBytes,
    blockRows: BLOCK_ROWS,
    mostRowBytes: Number.MAX_SAFE_INTEGER, // who publishes refuses what the hub cannot hold
  });
  session.submit(copy);
  return { copy, events: events - Number(before) };
}

/**
 * See ChangeCapture.read. The claim's own bounds are the query, so it gives the same bytes each time. Pulls, and is one block behind:
 * the last one is told from the others only when all events were counted.
 */
export async function* readClaim(
  pool: Pool,
  names: CaptureNames,
  { lease, request }: { readonly lease: Lease; readonly request: ClaimRequest },
  signal: AbortSignal,
): AsyncGenerator<RowBlock, void, undefined> {
  const claim = String(request.claim);
  const empty: RowBlock = { rows: 0, data: Buffer.alloc(0), first: [claim, ''], last: [claim, ''] };
  const session = await pool.take(signal);
  const leave = (): void => session.destroy();
  signal.addEventListener('abort', leave, { once: true });
  let held: RowBlock | null = null;
  let whole = false;
  try {
    const { copy, events } = await openClaim(session, names, { lease, request });
    let rows = 0;
    for (let block = await copy.next(); block; block = await copy.next()) {
      if (held) yield held;
      signal.throwIfAborted(); // what was read already is not handed out any more
      const [first = '', last = ''] = [block.first[0], block.last[0]];
      held = { ...block, first: [claim, first], last: [claim, last], isLive: true };
      rows += block.rows;
    }
    if (rows !== events) throw resyncRequired(lease, `claim ${claim} has ${rows} events left of ${events}`);
    await session.query('COMMIT');
    whole = true;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw inCapture(toSluiceError(error, { side: 'source' }), names.schema);
  } finally {
    signal.removeEventListener('abort', leave);
    // Left early or failed: the rest of the COPY is still on its way, so the connection ends.
    if (whole) pool.give(session);
    else pool.discard(session);
  }
  yield { ...(held ?? empty), last: empty.last, isLive: true };
}
