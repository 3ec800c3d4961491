import { loadDefinition } from '../../../../engine/capture/loads/load-columns.ts';
import { failsOnRow } from '../../../../engine/capture/loads/fails-on-row.ts';
import { writeChunk } from '../../../../engine/capture/loads/write-chunk.ts';
import type { InitialLoad, TableLoad, WantedLoad } from '../../../../engine/ports/initial-load.ts';
import { SluiceError } from '../../../../model/sluice-error.ts';
import { tableId } from '../../../../model/table-name.ts';
import { inTransaction, type Pool } from '../../connections/pool.ts';
import type { Session } from '../../connections/session.ts';
import { toSluiceError, vendorCode } from '../../error-codes.ts';
import { qualified } from '../../sql/names.ts';
import { inCapture } from '../capture-errors.ts';
import type { CaptureNames } from '../capture-names.ts';
import { demandCurrent } from '../installation.ts';
import { makeSubject } from '../triggers/subject.ts';
import { checkUserSql } from '../triggers/user-sql.ts';
import { orderedColumns, positionBinds } from './load-position.ts';
import { type LoadSource, renderBound, renderChunk } from './load-statements.ts';
import { beginLoad, lockLoad, readLoads, storeLoad } from './stored-load.ts';

/** A row is held by others, or the load itself is; a deadlock, which is none of ours. */
const HELD = new Set(['ORA-00054', 'ORA-30006', 'ORA-00060']);
/** What SQL of a user says of a value that it cannot take. */
const FAILED = new Set(
  [1426, 1428, 1476, 1722, 1830, 1839, 1841, 1843, 1847, 1850, 1858, 1861].map(
    (number) => `ORA-${String(number).padStart(5, '0')}`,
  ),
);

async function checkWanted(session: Session, wanted: WantedLoad): Promise<void> {
  const { where, table } = wanted;
  orderedColumns(wanted);
  if (where !== null)
    await checkUserSql(session, table, [{ place: 'init.where', sql: where, isCondition: true }]);
}

function loadSource(wanted: WantedLoad): LoadSource {
  const { table, captured, where } = wanted;
  const subject = makeSubject({ table, spec: captured.spec }, captured.number);
  return { subject, columns: orderedColumns(wanted), where };
}

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
      const binds = { ...positionBinds(after, null), most: String(Math.max(1, rows)) };
      const { rows: bound } = await session.query(renderBound(source, after), binds);
      return bound[0]?.map((cell) => cell ?? '') ?? null;
    },
    write: (span) => session.call(renderChunk(names, source, span), positionBinds(span.after, span.upto)),
    store: (chunk) => storeLoad(session, names, wanted, chunk),
  });

/** An error of a chunk as a person reads it. */
function told(
  error: unknown,
  session: Session,
  { names, wanted }: { readonly names: CaptureNames; readonly wanted: WantedLoad },
): unknown {
  const { table } = wanted.table;
  const id = tableId(table);
  const vendor = vendorCode(error);
  if (FAILED.has(vendor)) return failsOnRow('a condition or expression', table, vendor);
  const known = toSluiceError(error, { side: 'source', table: id });
  if (known.code !== 'database.permission_denied') return error;
  const { user } = session.facts;
  return new SluiceError(known.code, `the rows of ${id} may not be loaded`, {
    ...known.details,
    suggestion: [
      `GRANT SELECT ON ${qualified(table)} TO "${user}";`,
      ...(user === names.schema ? [] : [`GRANT EXECUTE ON ${names.recorder} TO "${user}";`]),
    ].join(' '),
  });
}

/** See InitialLoad. A block of the server writes the rows by what the triggers call: none of them comes here. */
export function createInitialLoad(pool: Pool, names: CaptureNames): InitialLoad {
  const context = inCapture(names);
  const run = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context);
  const ready = (wanted: WantedLoad, source: LoadSource): TableLoad => ({
    next: (rows, signal) =>
      run(signal, async (session) => {
        try {
          const { lockedAtMs, ...chunk } = await inTransaction(session, () =>
            writeNext(session, names, { wanted, source }, rows),
          );
          return { ...chunk, tookMs: performance.now() - lockedAtMs };
        } catch (error) {
          if (!HELD.has(vendorCode(error))) throw told(error, session, { names, wanted });
          await session.query('ROLLBACK');
          return { state: 'held', rows: 0 } as const;
        }
      }),
  });
  return {
    check: (wanted, signal) => run(signal, (session) => checkWanted(session, wanted)),
    open: async (wanted, signal) => {
      const source = await pool.transaction(
        async (session) => {
          await demandCurrent(session, names);
          await checkWanted(session, wanted);
          const found = loadSource(wanted);
          await beginLoad(session, names, wanted, loadDefinition(wanted, found.columns));
          return found;
        },
        signal,
        context,
      );
      return ready(wanted, source);
    },
    progress: (transfer, signal) => run(signal, (session) => readLoads(session, names, transfer)),
  };
}
