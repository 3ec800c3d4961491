import { between, LAST_ID, type Run, type Runs, unite } from '../../../../engine/capture/id-runs.ts';
import { createClaimCut, type PendingEvent } from '../../../../engine/capture/claim-cut.ts';
import type { ClaimLimits } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { countGaps, type JudgedGaps, type Look, type Looked } from './gaps.ts';
import { chunksOf, renderIds } from './render-runs.ts';

/**
 * So many runs of gaps a lane has at most: behind them it looks no further until transactions end. They are what is rolled back
 * while others stay open, and cost each look a search.
 */
export const MOST_GAPS = 10_000;

const ROWS_A_PAGE = 5_000;

interface EventRow extends PendingEvent {
  readonly id: bigint;
  readonly table: number;
}

/** Of a session that begins transactions itself, on a server that does not tell them apart (triggers/render-event.ts): several may have this name. */
const isOfMany = (transaction: string): boolean => !/\/./.test(transaction);

const COLUMNS = 'id, table_number, bytes';
const WITH_TRANSACTIONS = `${COLUMNS}, transaction_id, TO_SECONDS(recorded_at) * 1000 + MICROSECOND(recorded_at) DIV 1000`;

/** Events of some ids that the session's snapshot sees, from the lowest on. */
async function* rowsOf(
  session: Session,
  { names, columns }: { readonly names: CaptureNames; readonly columns: string },
  runs: Runs,
): AsyncGenerator<EventRow> {
  for (const chunk of chunksOf(runs)) {
    for (let left = chunk; left.length > 0; ) {
      const { rows } = await session.query(
        `SELECT ${columns} FROM ${names.events} WHERE ${renderIds(left)} ORDER BY id LIMIT ${ROWS_A_PAGE}`,
      );
      let last = 0n;
      for (const [id, table, bytes, transaction, at] of rows) {
        last = BigInt(id ?? 0);
        const name = transaction ?? '';
        yield {
          id: last,
          table: Number(table),
          bytes: Number(bytes),
          transaction: name,
          at: isOfMany(name) ? Number(at) : null,
        };
      }
      left = rows.length < ROWS_A_PAGE ? [] : between(left, last + 1n, LAST_ID);
    }
  }
}

async function* rowsOfAll(
  session: Session,
  from: Parameters<typeof rowsOf>[1],
  parts: readonly Runs[],
): AsyncGenerator<EventRow> {
  for (const runs of parts) yield* rowsOf(session, from, runs);
}

/** What a lane may claim of what a look saw. */
export interface Found {
  readonly look: Look;
  /** Runs of ids that were all seen, which begin and end with one of the lane's tables. */
  readonly runs: Runs;
  readonly events: number;
}

/** Runs of ids that are there, in their order. */
class Seen {
  readonly #visible: { from: bigint; to: bigint }[] = [];
  readonly #ours: { from: bigint; to: bigint }[] = [];
  /** Of the lane's events. */
  readonly #ids: bigint[] = [];

  add({ id }: EventRow, isOurs: boolean): void {
    const run = this.#visible.at(-1);
    const follows = run !== undefined && id === run.to + 1n;
    if (follows) run.to = id;
    else this.#visible.push({ from: id, to: id });
    if (!isOurs) return;
    const ours = this.#ours.at(-1);
    // All between the two were seen where both are in one run.
    if (ours && follows && ours.from >= run.from) ours.to = id;
    else this.#ours.push({ from: id, to: id });
    this.#ids.push(id);
  }

  /** What was seen before the first event that is left for the next claim. @param left  its id where it was not added */
  upTo(events: number, left: bigint | null): SeenUpTo {
    const end = this.#ids[events] ?? left;
    const last = this.#ids[events - 1] ?? 0n;
    return {
      end,
      visible: end === null ? this.#visible : between(this.#visible, 0n, end - 1n),
      runs: between(this.#ours, 0n, last),
    };
  }
}

interface SeenUpTo {
  /** The first event that is left; null: all that is there was seen. */
  readonly end: bigint | null;
  readonly visible: Runs;
  readonly runs: Runs;
}

interface LookRequest {
  readonly before: Looked;
  readonly judged: readonly JudgedGaps[];
  readonly tables: ReadonlySet<number>;
  readonly limits: ClaimLimits;
}

/** Ids behind `after` that a look passed over, as far as it may. */
class Missing {
  readonly runs: Run[] = [];
  #end: bigint;
  #gaps: number;

  constructor(after: bigint, gaps: number) {
    this.#end = after;
    this.#gaps = gaps;
  }

  /** @returns false: there are too many gaps already */
  reach(id: bigint): boolean {
    const isBehind = id > this.#end + 1n;
    if (isBehind && this.#gaps >= MOST_GAPS) return false;
    if (isBehind) {
      this.runs.push({ from: this.#end + 1n, to: id - 1n });
      this.#gaps += 1;
    }
    this.#end = id;
    return true;
  }
}

/** Where a look ended that saw so much, and what it missed before. */
function lookUpTo(seen: SeenUpTo, before: Looked, missing: Runs): Pick<Look, 'upto' | 'seen' | 'missing'> {
  if (seen.end !== null && seen.end <= before.seen)
    return { upto: seen.end - 1n, seen: before.seen, missing: [] };
  const last = seen.visible.at(-1)?.to ?? 0n;
  const end = last > before.seen ? last : before.seen;
  return { upto: before.seen, seen: end, missing: between(missing, 0n, end) };
}

/**
 * Looks at the gaps of a lane and then behind all that it has seen, until a claim is full. In one transaction with a snapshot: what
 * is behind a gap must not be seen later than the gap. What was looked at to find where the claim ends, and is not in it, was not seen.
 */
export async function lookAround(
  session: Session,
  names: CaptureNames,
  { before, judged, tables, limits }: LookRequest,
): Promise<Found> {
  const seen = new Seen();
  const cut = createClaimCut(limits);
  const missing = new Missing(before.seen, countGaps(before));
  const at = Date.now() / 1_000;
  const from = { names, columns: limits.whole ? WITH_TRANSACTIONS : COLUMNS };
  const gaps = unite(...judged.map(({ gaps: { runs } }) => runs));
  // A claim is full when an event of the lane would come on top: what is behind the last one is not looked at.
  let left: bigint | null = null;
  let isAll = true;
  for await (const row of rowsOfAll(session, from, [gaps, [{ from: before.seen + 1n, to: LAST_ID }]])) {
    const isOurs = tables.has(row.table);
    isAll = row.id <= before.seen || missing.reach(row.id);
    if (!isAll) break;
    if (isOurs && !cut.add(row)) {
      left = row.id;
      break;
    }
    seen.add(row, isOurs);
  }
  const events = cut.take(isAll && left === null);
  const found = seen.upTo(events, left);
  return {
    look: { ...lookUpTo(found, before, missing.runs), visible: found.visible, at },
    runs: found.runs,
    events,
  };
}
