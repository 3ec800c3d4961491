import { claimBlocks, type OpenClaim, type WantedClaim } from '../../../../engine/capture/claim-blocks.ts';
import { PAYLOAD_COLUMNS, renderLaneIs } from '../../../../engine/capture/parking/parked-tables.ts';
import { resyncRequired } from '../../../../engine/capture/lane-errors.ts';
import type { Lease } from '../../../../engine/ports/change-capture.ts';
import type { RowBlock } from '../../../../model/row-block.ts';
import { CopyOut } from '../../copy-out.ts';
import { toSluiceError } from '../../error-codes.ts';
import type { Pool, Session } from '../../pool.ts';
import { inCapture } from './capture-errors.ts';
import { literal } from '../../sql.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { ALONG_THE_INDEX, renderCopyEvents, renderCountEvents, type Span } from './pending-sql.ts';

/** What was sealed bounds them. */
const BLOCK_ROWS = Number.MAX_SAFE_INTEGER;

/** A claim as it was sealed. */
interface Sealed {
  readonly span: Span & { readonly lastId: string };
  /** None: it holds events that were set apart, and are tried again. */
  readonly events: number;
  /** Ids of those that it has no longer, as an array of PostgreSQL. */
  readonly excluded: string;
}

interface WhichClaim {
  readonly lease: Lease;
  readonly claim: number;
}

/** In a new transaction. @throws SluiceError capture.resync_required where the claim is gone */
async function claimOf(session: Session, names: CaptureNames, { lease, claim }: WhichClaim): Promise<Sealed> {
  const excluded = `ARRAY(SELECT x.event_id FROM ${names.parking.excluded} AS x WHERE x.transfer = c.transfer AND x.lane = c.lane AND x.claim = c.claim)`;
  // One way to the server and back.
  const { rows } = await session.query(
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${ALONG_THE_INDEX};
     SELECT l.table_numbers, c.since, c.upto, c.after_id, c.last_id, c.events, ${excluded}
     FROM ${names.claims} AS c JOIN ${names.lanes} AS l USING (transfer, lane)
     WHERE c.transfer = ${literal(lease.transfer)} AND c.lane = ${lease.lane} AND c.claim = ${claim}`,
  );
  const [found] = rows;
  if (!found) throw resyncRequired(lease, `claim ${claim} is gone`);
  const [tables = '', since = '', upto = '', afterId = '', lastId = '', events = '', without = ''] =
    found.map((cell) => cell ?? '');
  return { span: { tables, since, upto, afterId, lastId }, events: Number(events), excluded: without };
}

/** What is to be copied, and how many events that are. */
interface Copied {
  readonly sql: string;
  readonly events: number;
}

/** The claim without what is excluded, behind an id. */
async function copyOfStaging(
  session: Session,
  names: CaptureNames,
  { sealed, afterId }: { readonly sealed: Sealed; readonly afterId: string | null },
): Promise<Copied> {
  const { span, events, excluded } = sealed;
  const without = excluded === '{}' ? 0 : excluded.split(',').length;
  const before =
    afterId === null
      ? '0'
      : await session.cell(renderCountEvents(names, { ...span, lastId: afterId }, excluded));
  return {
    sql: renderCopyEvents(names, { ...span, afterId: afterId ?? span.afterId }, excluded),
    events: events - without - Number(before),
  };
}

/** Events that were set apart, and have this claim now. */
async function copyOfParked(
  session: Session,
  { parking }: CaptureNames,
  { lease, claim, afterId }: WhichClaim & { readonly afterId: string | null },
): Promise<Copied> {
  const behind = afterId === null ? '' : ` AND event_id > ${BigInt(afterId)}`;
  const from = `FROM ${parking.parked} WHERE ${renderLaneIs(parking, lease)} AND retry_claim = ${claim}${behind}`;
  return {
    sql: `COPY (SELECT ${PAYLOAD_COLUMNS.join(', ')} ${from} ORDER BY event_id) TO STDOUT`,
    events: Number(await session.cell(`SELECT count(*) ${from}`)),
  };
}

async function* blocksOf(copy: CopyOut): AsyncGenerator<RowBlock> {
  for (let block = await copy.next(); block; block = await copy.next()) yield block;
}

/** In one snapshot: what was confirmed and is freed meanwhile is missing by count, and never short in silence. */
async function openClaim(
  session: Session,
  names: CaptureNames,
  { lease, request }: WantedClaim,
): Promise<OpenClaim> {
  const { claim, afterId } = request;
  const which = { lease, claim };
  const sealed = await claimOf(session, names, which);
  const { sql, events } =
    sealed.events === 0
      ? await copyOfParked(session, names, { ...which, afterId })
      : await copyOfStaging(session, names, { sealed, afterId });
  // The transaction ends with it.
  const copy = new CopyOut(`${sql}; COMMIT`, {
    binary: false,
    hiddenCells: 0,
    positionTypes: ['bigint'],
    blockBytes: request.blockBytes,
    blockRows: BLOCK_ROWS,
    mostRowBytes: request.mostRowBytes ?? Number.MAX_SAFE_INTEGER,
  });
  session.submit(copy);
  return { blocks: blocksOf(copy), events };
}

/** See claimBlocks. The claim's own bounds are the query, so it gives the same bytes each time, without what is excluded. */
export const readClaim = (
  pool: Pool,
  names: CaptureNames,
  wanted: WantedClaim,
  signal: AbortSignal,
): AsyncIterable<RowBlock> =>
  claimBlocks(
    wanted,
    {
      pool,
      leave: (session: Session) => session.destroy(),
      open: (session) => openClaim(session, names, wanted),
      told: (error) => inCapture(toSluiceError(error, { side: 'source' }), names.schema),
    },
    signal,
  );
