import type {
  HeldSnapshot,
  RangeChecksum,
  ReadOptions,
  SourceReader,
} from '../../engine/ports/source-reader.ts';
import type { KeyRange } from '../../model/lane.ts';
import type { Position, RowBlock } from '../../model/row-block.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { badKey } from '../../engine/planning/source-query.ts';
import type { TableName } from '../../model/table-name.ts';
import { binaryPosition, CopyOut } from './copy-out.ts';
import { type ErrorContext, toSluiceError, vendorCode } from './error-codes.ts';
import type { Pool, Session } from './pool.ts';
import { renderHashedFrom, renderKeyPass, renderQueryFrom, renderSampleFrom } from './query-sql.ts';
import {
  literal,
  positionColumns,
  qualified,
  quote,
  type ReadShape,
  renderChecksum,
  renderConditions,
  renderCopyOut,
  renderFrom,
  renderKeySample,
  renderKeyWalk,
  renderRowsAt,
  renderRowText,
} from './sql.ts';

/** A read refused for a right gets the GRANT with its error; other errors need no suggestion. */
function toReadError(error: unknown, pool: Pool, plan: TablePlan): SluiceError {
  const context: ErrorContext = { side: 'source', table: plan.id };
  const known = toSluiceError(error, context);
  if (known.code !== 'database.permission_denied' || plan.query !== undefined) return known;
  const suggestion = `GRANT SELECT ON ${qualified(plan.source)} TO ${quote(pool.user)};`;
  return toSluiceError(error, { ...context, suggestion });
}

/** Catalog facts of a table, looked up for each read: an estimate and how it is stored. */
interface Stored extends ReadShape {
  readonly rows: number | null;
  readonly pages: number;
}

// Partitions and their partitions; a plain table is the one row of it.
const TREE = `WITH RECURSIVE tree(oid) AS (SELECT $1::text::regclass::oid UNION ALL SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid JOIN pg_class p ON p.oid = tree.oid AND p.relkind = 'p')`;

async function shapeOf(session: Session, plan: TablePlan): Promise<ReadShape> {
  if (plan.query !== undefined) return { only: false, from: renderQueryFrom(plan.query) };
  const kind = await session.cell(
    'SELECT c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
    [plan.source.schema, plan.source.name],
  );
  if (kind === null) {
    throw new SluiceError('source.table_not_found', `${plan.id} is not there`, { table: plan.id });
  }
  return { only: kind !== 'p' };
}

/** The same, with what the position columns of a query without a key are taken from. */
function orderedShape(session: Session, plan: TablePlan, shape: ReadShape): ReadShape {
  if (plan.query === undefined || plan.position.kind === 'key') return shape;
  return { ...shape, from: renderHashedFrom(plan, session.parameter('server_encoding') === 'UTF8') };
}

/** FROM and WHERE of the rows of a range that the plan selects. */
export async function selectedRows(session: Session, plan: TablePlan, range: KeyRange | null) {
  const shape = await shapeOf(session, plan);
  const where = renderConditions(plan, shape, range, null);
  if (plan.mostRows === undefined) return { from: renderFrom(plan.source, shape), where };
  return { from: renderSampleFrom(plan, orderedShape(session, plan, shape), where), where: '' };
}

async function storedOf(session: Session, plan: TablePlan): Promise<Stored> {
  const shape = await shapeOf(session, plan);
  const { rows } = await session.query(
    `${TREE} SELECT sum(greatest(c.reltuples, 0)), sum(c.relpages), sum(pg_relation_size(c.oid) / current_setting('block_size')::bigint) FROM tree JOIN pg_class c ON c.oid = tree.oid WHERE c.relkind IN ('r', 'm')`,
    [qualified(plan.source)],
  );
  const [tuples, counted, pages] = (rows[0] ?? []).map(Number);
  const known = (counted ?? 0) > 0;
  return {
    ...shape,
    pages: pages ?? 0,
    rows: known ? ((tuples ?? 0) / (counted ?? 1)) * (pages ?? 0) : null,
  };
}

/**
 * Type names are printed with their schema unless it is pg_catalog; its operators are found only on the path. A query finds
 * what it names without a schema in public.
 */
function searchPathOf({ position, query }: TablePlan): string {
  const schemas = position.types.flatMap(
    (type) => /^("(?:[^"]|"")+"|[A-Za-z_][\w$]*)\./.exec(type)?.[1] ?? [],
  );
  return ['pg_catalog', ...new Set([...(query === undefined ? [] : ['public']), ...schemas])].join(', ');
}

async function beginRead(session: Session, plan: TablePlan, snapshot: string | null): Promise<void> {
  const path = `SET LOCAL search_path = ${searchPathOf(plan)}`;
  if (snapshot === null) await session.query(`BEGIN READ ONLY; ${path}`);
  else await beginInSnapshot(session, snapshot, path);
}

/** Begins a transaction that reads in a held snapshot. @throws SluiceError source.snapshot_lost */
export async function beginInSnapshot(session: Session, snapshot: string, first: string): Promise<void> {
  try {
    await session.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT ${literal(snapshot)}; ${first}`,
    );
  } catch (error) {
    // 22023: no such snapshot; 42704: its transaction ended meanwhile.
    if (!['22023', '42704', '55000'].includes(vendorCode(error))) throw error;
    throw new SluiceError('source.snapshot_lost', 'the exported snapshot is gone', {
      vendorCode: vendorCode(error),
    });
  }
}

const LARGE_ROWS = 10_000_000; // walking an index reads about 5 million keys a second
const SAMPLED_PAGES_PER_RANGE = 24; // ranges vary by about a fifth

async function keyBounds(
  session: Session,
  plan: TablePlan,
  table: Stored,
  rowsPerRange: number,
): Promise<readonly Position[]> {
  const estimate = table.rows ?? 0;
  if (estimate < 4 * rowsPerRange) {
    const most = Math.ceil(rowsPerRange * 1.5);
    const counted = await session.cell(
      `SELECT count(*) FROM (SELECT FROM ${renderFrom(plan.source, table)} LIMIT ${most}) AS probe`,
    );
    if (Number(counted) < most) return [];
  }
  const ranges = Math.ceil(estimate / rowsPerRange);
  const percent = (100 * SAMPLED_PAGES_PER_RANGE * ranges) / Math.max(1, table.pages);
  const text =
    estimate > LARGE_ROWS && percent < 50
      ? renderKeySample(plan, table, { percent, ranges })
      : renderKeyWalk(plan, table, rowsPerRange);
  const { rows } = await session.query(text);
  return rows.map((row) => row.map((cell) => cell ?? ''));
}

const PROBED_PAGES = 64;

/** Cuts by pages: `(page,0)` is before every row of the page. Only servers that scan a range of row addresses. */
async function pageBounds(
  session: Session,
  plan: TablePlan,
  table: Stored,
  rowsPerRange: number,
): Promise<readonly Position[]> {
  if (!table.only || Number.parseInt(session.parameter('server_version'), 10) < 14) return [];
  const probed = await session.cell(
    `SELECT count(*) FROM ${renderFrom(plan.source, table)} WHERE ctid < '(${PROBED_PAGES},0)'`,
  );
  const perPage =
    table.rows === null
      ? Number(probed) / Math.min(PROBED_PAGES, Math.max(1, table.pages))
      : table.rows / Math.max(1, table.pages);
  const step = Math.max(1, Math.round(rowsPerRange / Math.max(perPage, 0.01)));
  const bounds: Position[] = [];
  for (let page = step; page < table.pages; page += step) bounds.push([`(${page},0)`]);
  return bounds;
}

/** @throws SluiceError source.value_rejected when its key is none */
async function queryBounds(
  session: Session,
  plan: TablePlan,
  rowsPerRange: number,
): Promise<readonly Position[]> {
  if (plan.position.kind !== 'key') return [];
  const shape = await shapeOf(session, plan);
  const { rows } = await session.query(renderKeyPass(plan, shape, rowsPerRange));
  return rows.map(([bad, ...key]) => {
    if (bad !== '0') throw badKey(plan.id, bad === '1' ? 'null' : 'double');
    return key.map((cell) => cell ?? '');
  });
}

function rangesBetween(bounds: readonly Position[]): readonly KeyRange[] {
  const edges = [null, ...bounds, null];
  return edges.slice(1).map((upto, index) => ({ lane: index + 1, after: edges[index] ?? null, upto }));
}

/** Text of position columns that stand beside the row because its own cells do not give it. */
function hiddenOf(plan: TablePlan, shape: ReadShape): readonly string[] {
  const decodable =
    plan.position.kind === 'key' &&
    (plan.encoding === 'text-rows' || plan.position.types.every((type) => binaryPosition(type) !== null));
  if (decodable) return [];
  return positionColumns(plan, shape).map((column) => `concat(${column})`);
}

async function openCopy(
  session: Session,
  request: { readonly plan: TablePlan; readonly range: KeyRange; readonly after: Position | null },
  options: ReadOptions,
): Promise<CopyOut> {
  const { plan } = request;
  await beginRead(session, plan, options.snapshot);
  const shape = orderedShape(session, plan, await shapeOf(session, plan));
  // A parallel plan would mix the row addresses, which are in order only as one process scans them.
  if (plan.position.kind === 'row-address')
    await session.query('SET LOCAL max_parallel_workers_per_gather = 0');
  const hidden = hiddenOf(plan, shape);
  const copy = new CopyOut(renderCopyOut(plan, shape, { ...request, hidden, mostRows: options.mostRows }), {
    binary: plan.encoding === 'binary-rows',
    hiddenCells: hidden.length,
    positionTypes: plan.position.types,
    blockBytes: options.blockBytes,
    blockRows: options.blockRows,
    mostRowBytes: options.mostRowBytes,
  });
  session.submit(copy);
  return copy;
}

async function* readRange(
  pool: Pool,
  request: { readonly plan: TablePlan; readonly range: KeyRange; readonly after: Position | null },
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<RowBlock, void, undefined> {
  const session = await pool.take(signal);
  const leave = (): void => session.destroy();
  signal.addEventListener('abort', leave, { once: true });
  let whole = false;
  try {
    const copy = await openCopy(session, request, options);
    for (let block = await copy.next(); block; block = await copy.next()) {
      yield block;
      signal.throwIfAborted(); // what was read already is not handed out any more
    }
    whole = true;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw toReadError(error, pool, request.plan);
  } finally {
    signal.removeEventListener('abort', leave);
    // Left early or failed: the rest of the COPY is still on its way, so the connection ends.
    if (whole) pool.give(session);
    else pool.discard(session);
  }
}

/** Runs work in a read transaction and gives errors the table's context. */
export async function reading<T>(
  pool: Pool,
  plan: TablePlan,
  options: { readonly snapshot: string | null; readonly signal: AbortSignal },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const run = async (session: Session): Promise<T> => {
    try {
      await beginRead(session, plan, options.snapshot);
      const result = await work(session);
      await session.query('COMMIT');
      return result;
    } catch (error) {
      throw options.signal.aborted ? error : toReadError(error, pool, plan);
    }
  };
  return pool.use(run, options.signal);
}

/** Reads `count, sum` of renderChecksum. */
export async function checksumOf(
  session: Session,
  renders: readonly string[],
  from: string,
  where: string,
): Promise<RangeChecksum> {
  const utf8 = session.parameter('server_encoding') === 'UTF8';
  const { rows } = await session.query(renderChecksum(from, where, renderRowText(renders, utf8), utf8));
  const [count, sum] = rows[0] ?? [];
  return { rows: BigInt(count ?? 0), sum: BigInt(sum ?? 0) };
}

/** Counters of changes, and what changes when the table is rewritten or emptied. Counters may lag by some seconds. */
const MARKER = `${TREE} SELECT coalesce(sum(pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)), 0)::text || ':' || md5(string_agg(c.oid::text || '/' || pg_relation_filenode(c.oid)::text || '/' || pg_relation_size(c.oid)::text, ',' ORDER BY c.oid)) FROM tree JOIN pg_class c ON c.oid = tree.oid WHERE c.relkind IN ('r', 'm')`;

/** What the planner reads for a query: tables and partitions. What a function of it reads stays unseen. */
async function tablesOfQuery(session: Session, from: string): Promise<readonly TableName[]> {
  const text = await session.cell(`EXPLAIN (VERBOSE, FORMAT JSON) SELECT * FROM ${from}`);
  const found = new Map<string, TableName>();
  JSON.parse(text ?? '[]', (_, node: Readonly<Record<string, unknown>> | null) => {
    const { 'Relation Name': name, Schema: schema } = node ?? {};
    if (typeof name === 'string' && typeof schema === 'string')
      found.set(`${schema}.${name}`, { schema, name });
    return node;
  });
  return [...found.values()];
}

async function holdSnapshot(pool: Pool, signal: AbortSignal): Promise<HeldSnapshot> {
  signal.throwIfAborted();
  const session = await pool.dedicated();
  try {
    await session.query(
      'SET idle_in_transaction_session_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
    );
    const ref = (await session.cell('SELECT pg_export_snapshot()')) ?? '';
    const check = async (): Promise<void> => {
      try {
        await session.query('SELECT 1');
      } catch (error) {
        throw new SluiceError('source.snapshot_lost', 'the connection that held the snapshot is gone', {
          vendorCode: vendorCode(error),
        });
      }
    };
    return { ref, check, close: () => session.end() };
  } catch (error) {
    session.destroy();
    throw toSluiceError(error, { side: 'source' });
  }
}

export function createReader(pool: Pool): SourceReader {
  const whole = (signal: AbortSignal) => ({ snapshot: null, signal });
  return {
    planRanges: (plan, options, signal) =>
      reading(pool, plan, { snapshot: options.snapshot, signal }, async (session) => {
        if (plan.query !== undefined)
          return rangesBetween(await queryBounds(session, plan, options.rowsPerRange));
        const table = await storedOf(session, plan);
        const bounds = plan.position.kind === 'key' ? keyBounds : pageBounds;
        return rangesBetween(await bounds(session, plan, table, options.rowsPerRange));
      }),
    readRange: (request, options, signal) => readRange(pool, request, options, signal),
    rowsAt: (plan, { position, snapshot }, signal) =>
      reading(pool, plan, { snapshot, signal }, async (session) => {
        const text = renderRowsAt(plan, await shapeOf(session, plan), position);
        return BigInt((await session.cell(text)) ?? 0);
      }),
    countRows: (plan, signal) =>
      reading(pool, plan, whole(signal), async (session) => {
        const { from, where } = await selectedRows(session, plan, null);
        return BigInt((await session.cell(`SELECT count(*) FROM ${from}${where}`)) ?? 0);
      }),
    checksum: (plan, range, signal) =>
      reading(pool, plan, whole(signal), async (session) => {
        const renders = plan.columns.map((column) => column.renderSource);
        const { from, where } = await selectedRows(session, plan, range);
        return checksumOf(session, renders, from, where);
      }),
    countAltered: (plan, signal) =>
      reading(pool, plan, whole(signal), async (session) => {
        const counts = plan.columns.map(({ fit }) => `count(*) FILTER (WHERE ${fit?.altered ?? 'false'})`);
        const { from, where } = await selectedRows(session, plan, null);
        const sql = `SELECT ${counts.join(', ')} FROM ${from}${where}`;
        return ((await session.query(sql)).rows[0] ?? []).map((cell) => BigInt(cell ?? 0));
      }),
    changeMarker: (plan, signal) =>
      reading(pool, plan, whole(signal), async (session) => {
        await shapeOf(session, plan);
        const tables =
          plan.query === undefined
            ? [plan.source]
            : await tablesOfQuery(session, renderQueryFrom(plan.query));
        const markers: string[] = [];
        for (const table of tables) markers.push((await session.cell(MARKER, [qualified(table)])) ?? '');
        return markers.join(',');
      }),
    holdSnapshot: (signal) => holdSnapshot(pool, signal),
  };
}
