import { randomUUID } from 'node:crypto';
import type { Session } from '../../connections/session.ts';
import { vendorCode } from '../../error-codes.ts';
import { literal } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { type Gaps, isDetached, type TransactionName } from './gaps.ts';
import { chunksOf, renderIds } from './render-runs.ts';

/** No right to see what belongs to others: PROCESS. */
export const NO_PROCESS = '1227';
/** Somebody has the row: a lock that was waited for, and one that was not to be. */
const LOCKED = new Set(['1205', '3572']);

/** The server makes its list anew only where nobody asked for 0.1 s: who asks more often gets the same old one for ever. */
const ASK_AGAIN_MS = 400;

/**
 * Without PROCESS nobody tells which transactions are open. A gap is kept for so long then, and given up only where no row of it is
 * locked: an id that was drawn becomes a row of its transaction in the same statement, microseconds later.
 */
const UNSEEN_SECONDS = 3_600;

export interface TransactionWatch {
  /**
   * Transactions that may write and are open now, those of the session itself left out; null: nobody can tell. In a transaction of the
   * session, by which an old list of the server is told from a new one.
   */
  ask(session: Session): Promise<readonly TransactionName[] | null>;
  /** The user may not ask. */
  readonly isBlind: boolean;
  /** Some of what was open when it was asked last belongs to no session. */
  readonly seesDetached: boolean;
}

/** Asks for all lanes of a database, for each one in its own transaction, and not too often over all. */
export function createTransactionWatch(): TransactionWatch {
  let askedAt = Number.NEGATIVE_INFINITY;
  let isBlind = false;
  let seesDetached = false;
  const list = async (session: Session): Promise<readonly TransactionName[] | null> => {
    const mark = randomUUID();
    const { rows } = await session.query(
      `SELECT ${literal(mark)}, trx_id, trx_mysql_thread_id, trx_started, trx_is_read_only, COALESCE(LOCATE(${literal(mark)}, trx_query), 0), trx_mysql_thread_id = CONNECTION_ID()
       FROM information_schema.INNODB_TRX`,
    );
    // Our own statement stands in a list that was made while it ran, and in no older one.
    const isNew = rows.some(([, , , , , at, isOwn]) => at !== '0' && isOwn === '1');
    if (!isNew) return null;
    const others = rows.filter(([, , , , isReadOnly, , isOwn]) => isOwn !== '1' && isReadOnly !== '1');
    const names = others.map(([, id, thread, started]) => `${id}/${thread}/${started}`);
    seesDetached = names.some(isDetached);
    return names;
  };
  return {
    get isBlind() {
      return isBlind;
    },
    get seesDetached() {
      return seesDetached;
    },
    async ask(session) {
      const now = performance.now();
      if (isBlind || now - askedAt < ASK_AGAIN_MS * (1 + Math.random())) return null;
      askedAt = now;
      try {
        return await list(session);
      } catch (error) {
        if (vendorCode(error) !== NO_PROCESS) throw error;
        isBlind = true;
        return null;
      }
    },
  };
}

/** Whether somebody has written one of the ids and not committed. A statement of its own under READ COMMITTED: it locks no gap. */
async function hasWriter(session: Session, names: CaptureNames, { runs }: Gaps): Promise<boolean> {
  const nowait = session.facts.flavour === 'mysql' ? 'FOR SHARE NOWAIT' : 'LOCK IN SHARE MODE NOWAIT';
  try {
    for (const chunk of chunksOf(runs))
      await session.query(`SELECT COUNT(*) FROM ${names.events} WHERE ${renderIds(chunk)} ${nowait}`);
    return false;
  } catch (error) {
    if (LOCKED.has(vendorCode(error))) return true;
    throw error;
  }
}

/**
 * Which gaps nobody fills although something may be open that could have drawn them: what belongs to no session has written all that it
 * ever will, and of a user who is blind see UNSEEN_SECONDS. Outside of a transaction, before the look's snapshot.
 */
export async function findUnwritten(
  session: Session,
  names: CaptureNames,
  gaps: readonly Gaps[],
): Promise<ReadonlySet<number>> {
  const oldest = Date.now() / 1_000 - UNSEEN_SECONDS;
  const found = new Set<number>();
  for (const [at, each] of gaps.entries()) {
    const isAsked = each.open === null ? each.since < oldest : each.open.every(isDetached);
    if (isAsked && !(await hasWriter(session, names, each))) found.add(at);
  }
  return found;
}
