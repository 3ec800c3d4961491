import { loadDefinition } from '../../../../engine/capture/loads/load-columns.ts';
import { failsOnRow } from '../../../../engine/capture/loads/fails-on-row.ts';
import { writeChunk } from '../../../../engine/capture/loads/write-chunk.ts';
import type { InitialLoad, TableLoad, WantedLoad } from '../../../../engine/ports/initial-load.ts';
import type { Pool } from '../../connections/pool.ts';
import type { Session } from '../../connections/session.ts';
import { vendorCode } from '../../error-codes.ts';
import { inCapture } from '../capture-errors.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { asDeployer } from '../triggers/deploy-table.ts';
import { makeSubject } from '../triggers/subject.ts';
import { checkUserSql } from '../triggers/user-sql.ts';
import { orderedColumns } from './load-position.ts';
import {
  type LoadSource,
  type LockedRow,
  renderBound,
  renderEvents,
  renderLocked,
} from './load-statements.ts';
import { beginLoad, lockLoad, readLoads, storeLoad } from './stored-load.ts';

/** A row is held by others, on MariaDB and on MySQL; a deadlock, which is none of ours. */
const HELD = new Set(['1205', '3572', '1213']);
/** What SQL of a user says of a value that it cannot take. */
const FAILED = new Set(['1365', '1690', '3140', '3141', '4038']);

async function checkWanted(session: Session, wanted: WantedLoad): Promise<void> {
  const { where, table } = wanted;
  orderedColumns(wanted);
  if (where !== null)
    await checkUserSql(session, table, [{ place: 'init.where', sql: where, isCondition: true }]);
}

async function loadSource(session: Session, wanted: WantedLoad): Promise<LoadSource> {
  const { table, captured, where, order } = wanted;
  await checkWanted(session, wanted);
  const subject = await makeSubject(session, { table, spec: captured.spec }, captured.number);
  return { subject, columns: orderedColumns(wanted), where, isByKey: order.length === 0 };
}

const toRow = ([key = null, payload, ...position]: readonly (string | null)[]): LockedRow => ({
  key,
  payload: payload ?? '',
  position: position.map((cell) => cell ?? ''),
});

/** In the transaction that is open. */
const writeNext = (
  session: Session,
  names: CaptureNames,
  { wanted, source }: { readonly wanted: WantedLoad; readonly source: LoadSource },
  rows: number,
): ReturnType<typeof writeChunk> =>
  writeChunk(wanted, {
    stored: () => lockLoad(session, names, wanted),
    bound: async (after) => {
      const [bound] = (await session.query(renderBound(source, after, rows))).rows;
      return bound === undefined ? null : bound.map((cell) => cell ?? '');
    },
    write: async (span) => {
      const locked = await session.query(renderLocked(source, span, session.facts.flavour));
      for (const statement of renderEvents(names, source, locked.rows.map(toRow)))
        await session.query(statement);
      return locked.rows.length;
    },
    store: (chunk) => storeLoad(session, names, wanted, chunk),
  });

const told = (error: unknown, { table }: WantedLoad['table']): unknown =>
  FAILED.has(vendorCode(error)) ? failsOnRow('a condition or expression', table, vendorCode(error)) : error;

/**
 * See InitialLoad. Rows are read out and written back as VALUES: INSERT … SELECT would hold the counter of ids for its length, and with it all
 * triggers of the application.
 */
export function createInitialLoad(pool: Pool, names: CaptureNames): InitialLoad {
  const context = inCapture(names);
  const run = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context);
  const ready = (wanted: WantedLoad, source: LoadSource): TableLoad => ({
    next: (rows, signal) =>
      // Under the settings of the triggers: what SQL of a user makes of a value is the same.
      run(signal, (session) =>
        asDeployer(session, async () => {
          await session.query('START TRANSACTION');
          try {
            const { lockedAtMs, ...chunk } = await writeNext(session, names, { wanted, source }, rows);
            await session.query('COMMIT');
            return { ...chunk, tookMs: performance.now() - lockedAtMs };
          } catch (error) {
            if (!HELD.has(vendorCode(error))) throw told(error, wanted.table);
            await session.query('ROLLBACK');
            return { state: 'held', rows: 0 } as const;
          }
        }),
      ),
  });
  return {
    check: (wanted, signal) => run(signal, (session) => checkWanted(session, wanted)),
    open: async (wanted, signal) => {
      const source = await run(signal, async (session) => {
        const found = await loadSource(session, wanted);
        await beginLoad(session, names, wanted, loadDefinition(wanted, found.columns));
        return found;
      });
      return ready(wanted, source);
    },
    progress: (transfer, signal) => run(signal, (session) => readLoads(session, names, transfer)),
  };
}
