import { SluiceError } from '../../../../model/sluice-error.ts';
import type { Session } from '../../connections/session.ts';
import { vendorCode } from '../../error-codes.ts';
import { OPEN_TRANSACTIONS } from '../sql/claims-sql.ts';

/** The views of open transactions are not to be seen. */
export const FORBIDDEN: ReadonlySet<string> = new Set(['ORA-00942', 'ORA-01031']);

/** The list of a busy server is long: it is asked for so often and no more. */
const ASK_AGAIN_MS = 200;

/**
 * Names of transactions that may write and are open now, those of the session itself left out. A transaction has its name before a
 * trigger draws an id in it, and it is in the list until what it has committed is visible.
 * @throws SluiceError database.permission_denied with the GRANT
 */
export async function openTransactions(session: Session): Promise<readonly string[]> {
  try {
    const { rows } = await session.query(OPEN_TRANSACTIONS);
    return rows.map(([name]) => name ?? '');
  } catch (error) {
    if (!FORBIDDEN.has(vendorCode(error))) throw error;
    const { user } = session.facts;
    throw new SluiceError(
      'database.permission_denied',
      'the capture may not ask which transactions are open, and so not whether an id that is missing may still come',
      {
        vendorCode: vendorCode(error),
        suggestion: `GRANT SELECT ON SYS.GV_$TRANSACTION TO "${user}"; GRANT SELECT ON SYS.DBA_2PC_PENDING TO "${user}";`,
      },
    );
  }
}

export interface TransactionWatch {
  /** Null: it was asked a moment ago. */
  ask(session: Session): Promise<readonly string[] | null>;
}

/** Asks for all lanes of a database, for each one in its own transaction, and not too often over all. */
export function createTransactionWatch(): TransactionWatch {
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    async ask(session) {
      const now = performance.now();
      if (now - askedAt < ASK_AGAIN_MS) return null;
      askedAt = now;
      return openTransactions(session);
    },
  };
}
