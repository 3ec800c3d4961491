import { setTimeout as delay } from 'node:timers/promises';
import { LEDGER_DEFAULTS } from '../../src/model/config.ts';
import { loadDialect } from '../../src/databases/index.ts';
import { TRANSFER } from './write-config.ts';

const POLL_MS = 20;
/** Between the first rows and the last nobody needs each commit: looks at 50 a second took a twentieth of what was measured. */
const SELDOM_MS = 200;

/** One look at what the target has committed. */
export interface Committed {
  readonly atMs: number;
  readonly rows: number;
}

export interface LedgerWatch {
  /** All changes so far, oldest first. */
  readonly changes: readonly Committed[];
  /** Resolves once the ledger holds at least so many rows. */
  reached(rows: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Asks the target's ledger what is committed, through the product's own port: 50 times a second until the first rows are there, and where
 * somebody waits for a number of rows or for the last ones; else 5 times.
 * @param run  of the transfer there: the first one of a target that is new
 */
export async function watchLedger(targetUrl: string, run = 1): Promise<LedgerWatch> {
  const dialect = await loadDialect(targetUrl.slice(0, targetUrl.indexOf(':')));
  const database = await dialect.open(dialect.parseUrl(targetUrl, {}), {
    maxConnections: 1,
    applicationName: 'sluice bench',
    ledger: LEDGER_DEFAULTS,
  });
  const ending = new AbortController();
  const changes: Committed[] = [];
  let isAwaited = false;
  const pollMs = (): number => (isAwaited || changes.length === 0 ? POLL_MS : SELDOM_MS);
  const committedRows = async (): Promise<number> => {
    const tables = await database.ledger.progress(TRANSFER, run, ending.signal);
    return tables.reduce((sum, table) => sum + table.rows, 0);
  };
  const watching = (async () => {
    while (!ending.signal.aborted) {
      // Before the first run there is no ledger to ask.
      const rows = await committedRows().catch(() => 0);
      if (rows > (changes.at(-1)?.rows ?? 0)) changes.push({ atMs: performance.now(), rows });
      await delay(pollMs(), undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  return {
    changes,
    reached: async (rows) => {
      isAwaited = true;
      while ((changes.at(-1)?.rows ?? 0) < rows && !ending.signal.aborted) {
        await delay(POLL_MS, undefined, { signal: ending.signal }).catch(() => undefined);
      }
    },
    stop: async () => {
      ending.abort();
      await watching;
      await database.close();
    },
  };
}
