import type { RangeChecksum, ReadOptions, SourceReader } from '../../engine/ports/source-reader.ts';
import type { KeyRange } from '../../model/lane.ts';
import type { Position, RowBlock } from '../../model/row-block.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { readChangeMarker } from './change-marker.ts';
import { cellOf, renderChecksum, renderRowText } from './sql/checksum-sql.ts';
import type { Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import { snapshotLost, type Snapshots } from './connections/snapshots.ts';
import { type ErrorContext, toSluiceError } from './error-codes.ts';
import { keyBounds } from './rows/key-bounds.ts';
import { openRead } from './rows/open-read.ts';
import type { ReadRows } from './rows/read-rows.ts';
import { renderWhereAt } from './sql/keys.ts';
import { list, qualified } from './sql/names.ts';
import { renderFrom, selectedRows } from './sql/source-sql.ts';

/** A read refused for a right gets the GRANT with its error; other errors need no suggestion. */
export function toReadError(error: unknown, session: Session | null, plan: TablePlan): SluiceError {
  const context: ErrorContext = { side: 'source', table: plan.id };
  const known = toSluiceError(error, context);
  if (known.code !== 'database.permission_denied' || session === null || plan.query !== undefined)
    return known;
  const suggestion = `GRANT SELECT ON ${qualified(plan.source)} TO ${session.facts.account};`;
  return toSluiceError(error, { ...context, suggestion });
}

function rangesBetween(bounds: readonly Position[]): readonly KeyRange[] {
  const edges = [null, ...bounds, null];
  return edges.slice(1).map((upto, index) => ({ lane: index + 1, after: edges[index] ?? null, upto }));
}

/** Reads `count, sum, lost` of renderChecksum. */
export function checksumOf(cells: readonly (string | null)[], table: string): RangeChecksum {
  const [rows, sum, lost] = cells;
  if (lost !== '0') {
    throw new SluiceError('database.internal', 'a row is longer than the server writes texts', {
      table,
      suggestion: 'SET GLOBAL max_allowed_packet = 1073741824;',
    });
  }
  return { rows: BigInt(rows ?? 0), sum: BigInt.asUintN(64, BigInt(sum ?? 0)) };
}

interface ReadRequest {
  readonly plan: TablePlan;
  readonly range: KeyRange;
  readonly after: Position | null;
}

/** A session that reads, and what becomes of it. */
interface Reading {
  readonly session: Session;
  /** Ends the statement that runs. */
  readonly stop: () => void;
  /** Behind the last block, or before it when the rest is not wanted. */
  readonly end: (whole: boolean, rows: ReadRows | null) => Promise<void>;
}

/** What a query calls must not write either. */
const READ_ONLY = 'START TRANSACTION READ ONLY';

async function fromPool(pool: Pool, plan: TablePlan, signal: AbortSignal): Promise<Reading> {
  const session = await pool.take(signal);
  // Left early or failed: the rest of the rows is still on its way, so the connection ends.
  const end = async (whole: boolean): Promise<void> => {
    try {
      if (whole && plan.query !== undefined) await session.query('COMMIT');
    } catch {
      session.destroy();
    }
    if (whole && !session.ended) pool.give(session);
    else pool.discard(session);
  };
  try {
    if (plan.query !== undefined) await session.query(READ_ONLY);
  } catch (error) {
    pool.discard(session);
    throw toReadError(error, session, plan);
  }
  return { session, stop: () => session.cancel(), end };
}

/** A snapshot dies with its connection: what is left of a statement is interrupted and read for nobody. */
async function fromSnapshot(snapshots: Snapshots, ref: string, signal: AbortSignal): Promise<Reading> {
  const { session, stop, free } = await snapshots.take(ref, signal);
  const end = async (whole: boolean, rows: ReadRows | null): Promise<void> => {
    try {
      if (whole || rows === null || session.ended) return;
      await stop();
      await rows.drain();
    } catch {
      session.destroy();
    } finally {
      await free();
    }
  };
  return { session, stop: () => void stop(), end };
}

async function* readRange(
  ends: { readonly pool: Pool; readonly snapshots: Snapshots },
  request: ReadRequest,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<RowBlock, void, undefined> {
  const { session, stop, end } =
    options.snapshot === null
      ? await fromPool(ends.pool, request.plan, signal)
      : await fromSnapshot(ends.snapshots, options.snapshot, signal);
  signal.addEventListener('abort', stop, { once: true });
  let whole = false;
  let rows: ReadRows | null = null;
  try {
    rows = openRead(request, options, session);
    session.submit(rows);
    for (let block = await rows.next(); block; block = await rows.next()) {
      yield block;
      signal.throwIfAborted(); // what was read already is not handed out any more
    }
    whole = true;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (options.snapshot !== null && session.ended) throw snapshotLost(error);
    throw toReadError(error, session, request.plan);
  } finally {
    signal.removeEventListener('abort', stop);
    await end(whole, rows);
  }
}

/** Runs work on the source and gives errors the table's context. */
export async function reading<T>(
  pool: Pool,
  plan: TablePlan,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const run = async (session: Session): Promise<T> => {
    try {
      if (plan.query === undefined) return await work(session);
      await session.query(READ_ONLY);
      const result = await work(session);
      await session.query('COMMIT');
      return result;
    } catch (error) {
      throw signal.aborted ? error : toReadError(error, session, plan);
    }
  };
  return pool.use(run, signal);
}

export function createReader(pool: Pool, snapshots: Snapshots): SourceReader {
  const readingIn = <T>(
    snapshot: string | null,
    plan: TablePlan,
    signal: AbortSignal,
    work: (session: Session) => Promise<T>,
  ): Promise<T> =>
    snapshot === null
      ? reading(pool, plan, signal, work)
      : snapshots.use(snapshot, signal, async (session) => {
          try {
            return await work(session);
          } catch (error) {
            throw signal.aborted ? error : toReadError(error, session, plan);
          }
        });
  return {
    planRanges: (plan, { rowsPerRange, snapshot }, signal) => {
      // Ordered by a hash, each range would read the whole table.
      if (plan.position.kind !== 'key') return Promise.resolve(rangesBetween([]));
      return readingIn(snapshot, plan, signal, async (session) =>
        rangesBetween(await keyBounds(session, plan, rowsPerRange)),
      );
    },
    rowsAt: (plan, { position, snapshot }, signal) =>
      readingIn(snapshot, plan, signal, async (session) => {
        const text = `SELECT COUNT(*) FROM ${renderFrom(plan)}${renderWhereAt(plan, position)}`;
        return BigInt((await session.cell(text)) ?? 0);
      }),
    readRange: (request, options, signal) => readRange({ pool, snapshots }, request, options, signal),
    countRows: (plan, signal) =>
      reading(pool, plan, signal, async (session) => {
        const { from, where } = selectedRows(plan, null);
        return BigInt((await session.cell(`SELECT COUNT(*) FROM ${from}${where}`)) ?? 0);
      }),
    checksum: (plan, range, signal) =>
      reading(pool, plan, signal, async (session) => {
        const rowText = renderRowText(plan.columns.map((column) => cellOf(column, 'source')));
        const { from, where } = selectedRows(plan, range);
        const { rows } = await session.query(renderChecksum(from, where, rowText));
        return checksumOf(rows[0] ?? [], plan.id);
      }),
    countAltered: (plan, signal) =>
      reading(pool, plan, signal, async (session) => {
        const counts = plan.columns.map(
          ({ fit }) => `COUNT(CASE WHEN ${fit?.altered ?? 'FALSE'} THEN 1 END)`,
        );
        const { from, where } = selectedRows(plan, null);
        const { rows } = await session.query(`SELECT ${list(counts)} FROM ${from}${where}`);
        return (rows[0] ?? []).map((cell) => BigInt(cell ?? 0));
      }),
    changeMarker: (plan, signal) => reading(pool, plan, signal, (session) => readChangeMarker(session, plan)),
    holdSnapshot: (signal) => snapshots.hold(signal),
  };
}
