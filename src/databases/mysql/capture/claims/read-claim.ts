import { claimBlocks, type WantedClaim } from '../../../../engine/capture/claim-blocks.ts';
import {
  between,
  decodeRuns,
  LAST_ID,
  type Runs,
  runsOf,
  without,
} from '../../../../engine/capture/id-runs.ts';
import { excludedOf } from '../../../../engine/capture/parking/park-events.ts';
import { PAYLOAD_COLUMNS } from '../../../../engine/capture/parking/parked-tables.ts';
import { resyncRequired } from '../../../../engine/capture/lane-errors.ts';
import type { RowBlock } from '../../../../model/row-block.ts';
import type { Pool } from '../../connections/pool.ts';
import type { Session } from '../../connections/session.ts';
import { toSluiceError } from '../../error-codes.ts';
import { list } from '../../sql/names.ts';
import type { CellKind } from '../../rows/encode-row.ts';
import { ReadRows } from '../../rows/read-rows.ts';
import { inCapture } from '../capture-errors.ts';
import { type CaptureNames, renderLane } from '../capture-tables.ts';
import { plain } from '../parking/plain-session.ts';
import { chunksOf, renderIds } from './render-runs.ts';

/** What was sealed bounds them. */
const BLOCK_ROWS = Number.MAX_SAFE_INTEGER;

/** Of an event as src/model/change-event.ts has it. */
const CELLS: readonly (readonly [column: string, kind: CellKind])[] = [
  ['id', 'plain'],
  ['table_number', 'plain'],
  ['operation', 'plain'],
  ['transaction_id', 'text'],
  ['recorded_at', 'moment'],
  ['db_user', 'text'],
  ['message_key', 'text'],
  ['old_row', 'text'],
  ['new_row', 'text'],
];
const COLUMNS = list(CELLS.map(([column]) => column));
const KINDS = CELLS.map(([, kind]) => kind);

/** What is left to read of a claim. */
interface Sealed {
  /** SELECTs, one behind the other, and how many events they must give. */
  readonly selects: readonly string[];
  readonly events: number;
}

/** @throws SluiceError capture.resync_required where the claim is gone */
async function sealedOf(
  session: Session,
  names: CaptureNames,
  { lease, request }: WantedClaim,
): Promise<Sealed> {
  const { rows } = await session.query(
    `SELECT table_numbers, runs, events FROM ${names.claims} JOIN ${names.lanes} USING (transfer, lane) WHERE ${renderLane(lease)} AND claim = ${request.claim}`,
  );
  const [found] = rows;
  if (!found) throw resyncRequired(lease, `claim ${request.claim} is gone`);
  const [tables = '', runs = '', events = ''] = found.map((cell) => cell ?? '');
  if (events === '0') return parkedOf(session, names, { lease, request });
  const parking = { session: plain(session), tables: names.parking, lane: lease };
  const excluded = await excludedOf(parking, request.claim);
  const claim = { tables, runs: without(decodeRuns(runs), runsOf(excluded.map(BigInt))) };
  return stagedOf(session, names, {
    ...claim,
    events: Number(events) - excluded.length,
    afterId: request.afterId,
  });
}

/** Events of the lane's tables in the runs of the claim, behind an id. */
async function stagedOf(
  session: Session,
  names: CaptureNames,
  claim: {
    readonly tables: string;
    readonly runs: Runs;
    readonly events: number;
    readonly afterId: string | null;
  },
): Promise<Sealed> {
  const { tables, runs, events } = claim;
  const after = BigInt(claim.afterId ?? 0);
  let before = 0;
  for (const chunk of chunksOf(between(runs, 0n, after)))
    before += Number(await session.cell(`SELECT COUNT(*) FROM ${renderEvents(names, tables, chunk)}`));
  const selects = [...chunksOf(between(runs, after + 1n, LAST_ID))].map(
    (chunk) => `SELECT ${COLUMNS} FROM ${renderEvents(names, tables, chunk)} ORDER BY id`,
  );
  return { selects, events: events - before };
}

/** Events that were set apart, and have this claim now. */
async function parkedOf(
  session: Session,
  { parking }: CaptureNames,
  { lease, request }: WantedClaim,
): Promise<Sealed> {
  const from = `FROM ${parking.parked} WHERE ${renderLane(lease)} AND retry_claim = ${request.claim} AND event_id > ${BigInt(request.afterId ?? 0)}`;
  return {
    selects: [`SELECT ${PAYLOAD_COLUMNS.join(', ')} ${from} ORDER BY event_id`],
    events: Number(await session.cell(`SELECT COUNT(*) ${from}`)),
  };
}

const renderEvents = (names: CaptureNames, tables: string, runs: Runs): string =>
  `${names.events} WHERE ${renderIds(runs)} AND table_number IN (${tables})`;

/** Blocks of the events, with their ids as positions. */
async function* blocksOf(
  session: Session,
  { sealed, request }: { readonly sealed: Sealed; readonly request: WantedClaim['request'] },
): AsyncGenerator<RowBlock> {
  for (const select of sealed.selects) {
    const rows = new ReadRows(select, {
      kinds: KINDS,
      positionCells: 1,
      after: null,
      blockBytes: request.blockBytes,
      blockRows: BLOCK_ROWS,
      mostRowBytes: request.mostRowBytes ?? Number.MAX_SAFE_INTEGER,
    });
    session.submit(rows);
    for (let block = await rows.next(); block; block = await rows.next()) yield block;
  }
}

/** See claimBlocks. The ids of the claim are the query, so it gives the same bytes each time, without what is excluded. */
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
      leave: (session: Session) => session.cancel(),
      open: async (session) => {
        const sealed = await sealedOf(session, names, wanted);
        return { blocks: blocksOf(session, { sealed, request: wanted.request }), events: sealed.events };
      },
      told: (error) => toSluiceError(error, inCapture(names)),
    },
    signal,
  );
