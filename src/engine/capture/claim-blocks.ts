import type { RowBlock } from '../../model/row-block.ts';
import type { ChangeCapture, Lease } from '../ports/change-capture.ts';
import { resyncRequired } from './lane-errors.ts';

export interface WantedClaim {
  readonly lease: Lease;
  readonly request: Parameters<ChangeCapture['read']>[1];
}

/** What a session reads of a claim; it is nobody's again behind the last block. */
export interface OpenClaim {
  /** With the ids of events as positions. */
  readonly blocks: AsyncIterable<RowBlock>;
  /** Events that they must have. */
  readonly events: number;
}

/** How a database reads a claim on a session of its own. */
export interface ClaimSource<Session> {
  readonly pool: {
    take(signal: AbortSignal): Promise<Session>;
    give(session: Session): void;
    discard(session: Session): void;
  };
  /** Ends what the session is waiting for. */
  leave(session: Session): void;
  /** @throws SluiceError capture.resync_required where the claim is gone */
  open(session: Session): Promise<OpenClaim>;
  /** An error as a person reads it. */
  told(error: unknown): unknown;
}

/**
 * See ChangeCapture.read, of a database whose events may be freed while they are read. Pulls, and is one block behind: the last one is
 * told from the others only when all events were counted, and the session is back in its pool before anybody has it. What was freed
 * meanwhile is missed, and never in silence.
 */
export async function* claimBlocks<Session>(
  { lease, request }: WantedClaim,
  source: ClaimSource<Session>,
  signal: AbortSignal,
): AsyncGenerator<RowBlock, void, undefined> {
  const { pool } = source;
  const claim = String(request.claim);
  const empty: RowBlock = { rows: 0, data: Buffer.alloc(0), first: [claim, ''], last: [claim, ''] };
  const session = await pool.take(signal);
  const leave = (): void => source.leave(session);
  signal.addEventListener('abort', leave, { once: true });
  let held: RowBlock | null = null;
  let whole = false;
  try {
    const { blocks, events } = await source.open(session);
    let rows = 0;
    for await (const block of blocks) {
      if (held) yield held;
      signal.throwIfAborted(); // what was read already is not handed out any more
      const [first = '', last = ''] = [block.first[0], block.last[0]];
      held = { ...block, first: [claim, first], last: [claim, last], isLive: true };
      rows += block.rows;
    }
    if (rows !== events) throw resyncRequired(lease, `claim ${claim} has ${rows} events left of ${events}`);
    whole = true;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw source.told(error);
  } finally {
    signal.removeEventListener('abort', leave);
    // Left early or failed: what the server was about to send is nobody's any more.
    if (whole) pool.give(session);
    else pool.discard(session);
  }
  yield { ...(held ?? empty), last: empty.last, isLive: true };
}
