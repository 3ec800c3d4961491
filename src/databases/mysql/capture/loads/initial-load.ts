import { loadDefinition } from '../../../../engine/capture/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/stored-load.ts';
import type {
  InitialLoad,
  LoadedChunk,
  TableLoad,
  WantedLoad,
} from '../../../../engine/ports/initial-load.ts';
import { SluiceError } from '../../../../model/sluice-error.ts';
import { tableId } from '../../../../model/table-name.ts';
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
async function writeChunk(
  session: Session,
  names: CaptureNames,
  load: { readonly wanted: WantedLoad; readonly source: LoadSource },
  rows: number,
): Promise<LoadedChunk & { readonly lockedAtMs: number }> {
  const { wanted, source } = load;
  const beganMs = performance.now();
  const stored = await lockLoad(session, names, wanted);
  if (stored === null || stored.generation !== wanted.generation)
    return { state: 'superseded', rows: 0, lockedAtMs: beganMs };
  if (stored.isDone) return { state: 'done', rows: 0, lockedAtMs: beganMs };
  const { after } = stored;
  const [bound] = (await session.query(renderBound(source, after, rows))).rows;
  const upto: LoadPosition | null = bound === undefined ? null : bound.map((cell) => cell ?? '');
  const lockedAtMs = performance.now();
  const locked = await session.query(renderLocked(source, { after, upto }, session.facts.flavour));
  for (const statement of renderEvents(names, source, locked.rows.map(toRow))) await session.query(statement);
  await storeLoad(session, names, wanted, { upto, events: locked.rows.length });
  return { state: upto === null ? 'done' : 'more', rows: locked.rows.length, lockedAtMs };
}

const told = (error: unknown, { table }: WantedLoad['table']): unknown =>
  FAILED.has(vendorCode(error))
    ? new SluiceError(
        'capture.table_unsupported',
        `a condition or expression of ${tableId(table)} fails on one of its rows`,
        {
          table: tableId(table),
          vendorCode: vendorCode(error),
          suggestion: 'write one that fails on no row',
        },
      )
    : error;

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
            const { lockedAtMs, ...chunk } = await writeChunk(session, names, { wanted, source }, rows);
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
