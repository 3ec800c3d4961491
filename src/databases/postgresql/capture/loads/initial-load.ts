import { type LoadColumn, loadDefinition } from '../../../../engine/capture/loads/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/loads/stored-load.ts';
import { failsOnRow } from '../../../../engine/capture/loads/fails-on-row.ts';
import { writeChunk } from '../../../../engine/capture/loads/write-chunk.ts';
import type { InitialLoad, TableLoad, WantedLoad } from '../../../../engine/ports/initial-load.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import { SluiceError } from '../../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import { vendorCode } from '../../error-codes.ts';
import type { Pool, Session } from '../../pool.ts';
import { qualified, quote } from '../../sql.ts';
import { type CaptureNames, captureNames } from '../capture-tables.ts';
import { inCapture } from '../changes/capture-errors.ts';
import { checkExpressions } from '../triggers/check-expressions.ts';
import { makeSubject } from '../triggers/make-subject.ts';
import { readFacts } from '../triggers/table-facts.ts';
import { orderedColumns } from './load-position.ts';
import { type ChunkOf, COUNT_SETTING, renderBound, renderChunk } from './render-chunk.ts';
import { beginLoad, lockLoad, readLoads, storeLoad } from './stored-load.ts';

/** A row or the table is held by others; a row went to another partition meanwhile. */
const HELD = new Set(['55P03', '40001', '40P01']);
/** Who waits longer for a table stands in a queue in which others stand behind him. */
const LOCK_TIMEOUT_MS = 200;

/** @throws SluiceError capture.condition_invalid, capture.key_needed, config.invalid */
async function checkWanted(session: Session, wanted: WantedLoad): Promise<readonly LoadColumn[]> {
  const columns = orderedColumns(wanted);
  const { where, table } = wanted;
  if (where !== null)
    await checkExpressions(session, table.table, [{ place: 'init.where', sql: where, isCondition: true }]);
  return columns;
}

async function makeChunks(session: Session, place: CapturePlace, wanted: WantedLoad): Promise<ChunkOf> {
  const { table, captured, where } = wanted;
  const columns = await checkWanted(session, wanted);
  const facts = await readFacts(session, table.table, place.schema);
  if (facts === null)
    throw new SluiceError('capture.not_deployed', `${tableId(table.table)} is not there`, {
      table: tableId(table.table),
    });
  const subject = await makeSubject(
    session,
    { table, spec: captured.spec },
    { facts, place, number: captured.number },
  );
  return { subject, columns, where };
}

/** In the transaction that is open. */
const writeNext = (
  session: Session,
  names: CaptureNames,
  { wanted, chunks }: { readonly wanted: WantedLoad; readonly chunks: ChunkOf },
  rows: number,
): ReturnType<typeof writeChunk> =>
  writeChunk(wanted, {
    stored: () => lockLoad(session, names, wanted),
    bound: async (after) => {
      const [bound] = (await session.query(renderBound(chunks, after, rows))).rows;
      // The transaction has its number before the first id is drawn: ticks.ts rests on it.
      await session.query(`SELECT txid_current()`);
      return bound === undefined ? null : (bound as LoadPosition);
    },
    write: async (span) => {
      await session.query(renderChunk(chunks, span));
      return Number(await session.cell(`SELECT current_setting('${COUNT_SETTING}')`));
    },
    store: (chunk) => storeLoad(session, names, wanted, chunk),
  });

/**
 * Rows are locked for as long as a chunk takes and not for the disk: what a crash of the server loses of a chunk, it loses with how far
 * the load is, for a claim that has its events is on the disk behind it. Only the last one is waited for.
 */
const BEGIN = `BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`;

const grant = (table: TableName, columns: readonly LoadColumn[], user: string): string =>
  `GRANT UPDATE (${quote(columns.at(-1)?.column.name ?? '')}) ON ${qualified(table)} TO ${quote(user)};`;

/** An error of the chunk itself, as a person reads it; others as they are. */
function told(
  error: unknown,
  { table }: WantedLoad['table'],
  { columns, user }: { readonly columns: readonly LoadColumn[]; readonly user: string },
): unknown {
  const code = vendorCode(error);
  if (code === '42501')
    return new SluiceError(
      'database.permission_denied',
      'rows cannot be locked while they are written as events',
      { table: tableId(table), vendorCode: code, suggestion: grant(table, columns, user) },
    );
  if (!code.startsWith('22')) return error;
  return failsOnRow('the condition init.where', table, code);
}

/** See InitialLoad. PostgreSQL 11 and later. */
export function createInitialLoad(pool: Pool, place: CapturePlace): InitialLoad {
  const names = captureNames(place);
  const use = async <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> => {
    try {
      return await pool.use(work, signal, { side: 'source' });
    } catch (error) {
      throw inCapture(error, names.schema);
    }
  };
  const ready = (wanted: WantedLoad, chunks: ChunkOf): TableLoad => ({
    next: (rows, signal) =>
      use(signal, async (session) => {
        await session.query(BEGIN);
        try {
          const { lockedAtMs, ...chunk } = await writeNext(session, names, { wanted, chunks }, rows);
          await session.query(
            chunk.state === 'done' ? 'SET LOCAL synchronous_commit = on; COMMIT' : 'COMMIT',
          );
          return { ...chunk, tookMs: performance.now() - lockedAtMs };
        } catch (error) {
          if (!HELD.has(vendorCode(error)))
            throw told(error, wanted.table, { columns: chunks.columns, user: pool.user });
          await session.query('ROLLBACK');
          return { state: 'held', rows: 0 } as const;
        }
      }),
  });
  return {
    check: (wanted, signal) => use(signal, async (session) => void (await checkWanted(session, wanted))),
    open: async (wanted, signal) => {
      const chunks = await use(signal, async (session) => {
        const made = await makeChunks(session, place, wanted);
        await beginLoad(session, names, wanted, loadDefinition(wanted, made.columns));
        return made;
      });
      return ready(wanted, chunks);
    },
    progress: (transfer, signal) => use(signal, (session) => readLoads(session, names, transfer)),
  };
}
