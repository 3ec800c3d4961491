import type { ReadOptions, SourceReader } from '../../engine/ports/source-reader.ts';
import type { KeyRange } from '../../model/lane.ts';
import type { Position, RowBlock } from '../../model/row-block.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import type { Snapshots } from './connections/snapshots.ts';
import { type ErrorContext, toSluiceError, vendorCode } from './error-codes.ts';
import { checksum } from './rows/checksum.ts';
import { readBlocks } from './rows/read-rows.ts';
import { renderBounds } from './sql/keys.ts';
import { qualified } from './sql/names.ts';
import { renderAltered, renderCountSelected, renderMarker } from './sql/table-sql.ts';

interface Reading {
  readonly plan: TablePlan;
  readonly snapshot: string | null;
}

/** A read as of a number needs a right of its own on tables of others. */
const NO_FLASHBACK = new Set(['ORA-01031', 'ORA-41900', 'ORA-00942']);

/** A read refused for a right gets the GRANT with its error; other errors need no suggestion. */
export function toReadError(
  error: unknown,
  { facts: { user } }: Session,
  { plan, snapshot }: Reading,
): SluiceError {
  const context: ErrorContext = { side: snapshot === null ? 'source' : 'snapshot', table: plan.id };
  const known = toSluiceError(error, context);
  const table = qualified(plan.source);
  if (snapshot !== null && vendorCode(error) === 'ORA-01031')
    return new SluiceError('database.permission_denied', 'the table may not be read as of a snapshot', {
      ...known.details,
      suggestion: `GRANT SELECT, FLASHBACK ON ${table} TO "${user}";`,
    });
  if (known.code !== 'database.permission_denied' || !NO_FLASHBACK.has(vendorCode(error))) return known;
  return toSluiceError(error, { ...context, suggestion: `GRANT SELECT ON ${table} TO "${user}";` });
}

function rangesBetween(bounds: readonly Position[]): readonly KeyRange[] {
  const edges = [null, ...bounds, null];
  return edges.slice(1).map((upto, index) => ({ lane: index + 1, after: edges[index] ?? null, upto }));
}

async function planRanges(
  session: Session,
  plan: TablePlan,
  options: { readonly rowsPerRange: number; readonly snapshot: string | null },
): Promise<readonly KeyRange[]> {
  const { rows } = await session.run(renderBounds(plan, options.rowsPerRange, options.snapshot));
  return rangesBetween(rows.map((row) => row.map((cell) => cell ?? '')));
}

interface ReadRequest {
  readonly plan: TablePlan;
  readonly range: KeyRange;
  readonly after: Position | null;
}

async function* readRange(
  ends: { readonly pool: Pool; readonly snapshots: Snapshots },
  request: ReadRequest,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<RowBlock, void, undefined> {
  if (options.snapshot !== null) ends.snapshots.use(options.snapshot);
  const session = await ends.pool.take(signal);
  const stop = (): void => session.cancel();
  signal.addEventListener('abort', stop, { once: true });
  let whole = false;
  try {
    signal.throwIfAborted();
    for await (const block of readBlocks(session, request, options)) {
      yield block;
      signal.throwIfAborted(); // what was read already is not handed out any more
    }
    whole = true;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw toReadError(error, session, { plan: request.plan, snapshot: options.snapshot });
  } finally {
    signal.removeEventListener('abort', stop);
    // Left early or failed: what is left on the connection is not looked for.
    if (whole) ends.pool.give(session);
    else ends.pool.discard(session);
  }
}

async function readMarker(session: Session, plan: TablePlan): Promise<string> {
  const { rows } = await session.query(renderMarker(plan));
  const [count, scn] = rows[0] ?? [];
  return `${count ?? ''}/${scn ?? ''}`;
}

export function createReader(pool: Pool, snapshots: Snapshots): SourceReader {
  const reading = <T>(
    { plan, snapshot }: Reading,
    signal: AbortSignal,
    work: (session: Session) => Promise<T>,
  ): Promise<T> =>
    pool.use(async (session) => {
      try {
        return await work(session);
      } catch (error) {
        throw signal.aborted ? error : toReadError(error, session, { plan, snapshot });
      }
    }, signal);
  return {
    planRanges: async (plan, options, signal) => {
      const { snapshot } = options;
      if (snapshot !== null) snapshots.use(snapshot);
      return reading({ plan, snapshot }, signal, (session) => planRanges(session, plan, options));
    },
    readRange: (request, options, signal) => readRange({ pool, snapshots }, request, options, signal),
    countRows: (plan, signal) =>
      reading({ plan, snapshot: null }, signal, async (session) =>
        BigInt((await session.run(renderCountSelected(plan))).rows[0]?.[0] ?? 0),
      ),
    checksum: (plan, range, signal) =>
      reading({ plan, snapshot: null }, signal, (session) =>
        checksum(session, { plan, side: 'source', range }),
      ),
    countAltered: (plan, signal) =>
      reading({ plan, snapshot: null }, signal, async (session) => {
        const { rows } = await session.run(renderAltered(plan));
        return (rows[0] ?? []).map((cell) => BigInt(cell ?? 0));
      }),
    changeMarker: (plan, signal) =>
      reading({ plan, snapshot: null }, signal, (session) => readMarker(session, plan)),
    holdSnapshot: (signal) => snapshots.hold(signal),
  };
}
