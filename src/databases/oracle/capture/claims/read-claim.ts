import { claimBlocks, type WantedClaim } from '../../../../engine/capture/claim-blocks.ts';
import {
  between,
  contains,
  decodeRuns,
  groupsOf,
  LAST_ID,
  type Runs,
  runsOf,
  without,
} from '../../../../engine/capture/id-runs.ts';
import { excludedOf } from '../../../../engine/capture/parking/park-events.ts';
import { resyncRequired } from '../../../../engine/capture/lane-errors.ts';
import type { RowBlock } from '../../../../model/row-block.ts';
import type { Pool } from '../../connections/pool.ts';
import type { Session } from '../../connections/session.ts';
import { toSluiceError } from '../../error-codes.ts';
import { BlockFilling } from '../../rows/block-filling.ts';
import { fetchRows, type RowReading, textOfCell, writeCell } from '../../rows/read-rows.ts';
import type { Binds, Statement } from '../../sql/names.ts';
import { MOST_BYTES } from '../../types/type-text.ts';
import { inCapture } from '../capture-errors.ts';
import type { CaptureNames } from '../capture-names.ts';
import { plain } from '../parking/plain-session.ts';
import { EVENT_ITEMS, renderClaim, renderEventIds, renderEvents } from '../sql/claims-sql.ts';
import { renderCountRetried, renderRetriedEvents } from '../sql/parking-sql.ts';
import { laneBinds } from './lanes.ts';

const BLOCK_ROWS = 65_536;
/** Runs of a claim that lie closer are read by one statement; so are so many ids at most. */
const NEAR = { apart: 1_000n, most: 1_000_000n } as const;

/** A statement that gives events, and which of them are meant; null: all. */
interface Part {
  readonly statement: Statement;
  readonly group: Runs | null;
}

/** What is left to read of a claim. */
interface Sealed {
  readonly parts: readonly Part[];
  /** Events that they must have. */
  readonly events: number;
}

const rangeOf = (group: Runs) => ({
  fromId: String(group[0]?.from ?? 0n),
  toId: String(group.at(-1)?.to ?? 0n),
});

async function countOf(
  session: Session,
  names: CaptureNames,
  { numbers, runs }: { readonly numbers: string; readonly runs: Runs },
): Promise<number> {
  let count = 0;
  for (const group of groupsOf(runs, NEAR)) {
    const { rows } = await session.query(renderEventIds(names, numbers), rangeOf(group));
    count += rows.filter(([id]) => contains(group, BigInt(id ?? 0))).length;
  }
  return count;
}

/** @throws SluiceError capture.resync_required where the claim is gone */
async function sealedOf(
  session: Session,
  names: CaptureNames,
  { lease, request }: WantedClaim,
): Promise<Sealed> {
  const binds = { ...laneBinds(lease), claim: String(request.claim) };
  const { rows } = await session.query(renderClaim(names), binds);
  const [found] = rows;
  if (!found) throw resyncRequired(lease, `claim ${request.claim} is gone`);
  const [numbers = '', text = '', events] = found.map((cell) => cell ?? '');
  if (events === '0') return parkedOf(session, names, { ...binds, afterId: request.afterId ?? '0' });
  const parking = { session: plain(session), tables: names.parking, lane: lease };
  const excluded = await excludedOf(parking, request.claim);
  const runs = without(decodeRuns(text), runsOf(excluded.map(BigInt)));
  const after = BigInt(request.afterId ?? 0);
  const before = await countOf(session, names, { numbers, runs: between(runs, 0n, after) });
  const left = between(runs, after + 1n, LAST_ID);
  return {
    parts: Array.from(groupsOf(left, NEAR), (group) => ({
      statement: { text: renderEvents(names, numbers), binds: rangeOf(group) },
      group,
    })),
    events: Number(events) - excluded.length - before,
  };
}

/** Events that were set apart, and have this claim now. */
async function parkedOf(session: Session, names: CaptureNames, binds: Binds): Promise<Sealed> {
  return {
    parts: [{ statement: { text: renderRetriedEvents(names), binds }, group: null }],
    events: Number(await session.cell(renderCountRetried(names), binds)),
  };
}

/** Cells of an event as the driver is to fetch them: a long text stands behind its short one. */
const SHAPES: RowReading['shapes'] = EVENT_ITEMS.map((items) => ({
  items,
  kind: items.length > 1 ? 'inline-lob' : 'value',
  mostBytes: items.length > 1 ? MOST_BYTES['VARCHAR2']! : 64,
}));
const KINDS: RowReading['kinds'] = EVENT_ITEMS.map(() => ({ kind: 'text', single: false }));

/** Blocks of the events, with their ids as positions. */
async function* blocksOf(
  session: Session,
  { sealed, request }: { readonly sealed: Sealed; readonly request: WantedClaim['request'] },
): AsyncGenerator<RowBlock> {
  const most = { bytes: request.mostRowBytes ?? Number.MAX_SAFE_INTEGER, table: 'an event' };
  const block = new BlockFilling('an event');
  for (const { statement, group } of sealed.parts) {
    const reading: RowReading = { statement, shapes: SHAPES, kinds: KINDS, addressed: false };
    for await (const { cells } of fetchRows(session, reading)) {
      const id = (await textOfCell(cells[0] ?? null)) ?? '';
      if (group && !contains(group, BigInt(id))) continue;
      for (const [place, cell] of cells.entries()) {
        if (place > 0) block.write('\t');
        await writeCell(block, cell, most);
      }
      block.endRow([id]);
      if (block.bytes < request.blockBytes && block.rows < BLOCK_ROWS) continue;
      const full = block.take();
      if (full) yield full;
    }
  }
  const rest = block.take();
  if (rest) yield rest;
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
        return {
          blocks: blocksOf(session, { sealed, request: wanted.request }),
          events: sealed.events,
        };
      },
      told: (error) => toSluiceError(error, inCapture(names)),
    },
    signal,
  );
