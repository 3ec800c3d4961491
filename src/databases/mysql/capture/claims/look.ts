import type { ClaimLimits } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { countGaps, type JudgedGaps, type Look, type Looked } from './gaps.ts';
import { between, chunksOf, LAST_ID, renderIds, type Run, type Runs, unite } from './runs.ts';

/**
 * So many runs of gaps a lane has at most: behind them it looks no further until transactions end. They are what is rolled back
 * while others stay open, and cost each look a search.
 */
export const MOST_GAPS = 10_000;

const ROWS_A_PAGE = 5_000;

interface EventRow {
  readonly id: bigint;
  readonly table: number;
  readonly bytes: number;
}

/** Events of some ids that the session's snapshot sees, from the lowest on. */
async function* rowsOf(session: Session, names: CaptureNames, runs: Runs): AsyncGenerator<EventRow> {
  for (const chunk of chunksOf(runs)) {
    for (let left = chunk; left.length > 0; ) {
      const { rows } = await session.query(
        `SELECT id, table_number, bytes FROM ${names.events} WHERE ${renderIds(left)} ORDER BY id LIMIT ${ROWS_A_PAGE}`,
      );
      let last = 0n;
      for (const [id, table, bytes] of rows) {
        last = BigInt(id ?? 0);
        yield { id: last, table: Number(table), bytes: Number(bytes) };
      }
      left = rows.length < ROWS_A_PAGE ? [] : between(left, last + 1n, LAST_ID);
    }
  }
}

/** What a lane may claim of what a look saw. */
export interface Found {
  readonly look: Look;
  /** Runs of ids that were all seen, which begin and end with one of the lane's tables. */
  readonly runs: Runs;
  readonly events: number;
}

/** Runs of ids that are there. */
class Seen {
  readonly visible: { from: bigint; to: bigint }[] = [];
  readonly #ours: { from: bigint; to: bigint }[] = [];
  #events = 0;
  #bytes = 0;

  get events(): number {
    return this.#events;
  }

  get runs(): Runs {
    return this.#ours;
  }

  isFull({ events, bytes }: ClaimLimits): boolean {
    return this.#events >= events || (this.#events > 0 && this.#bytes >= bytes);
  }

  add({ id, bytes }: EventRow, isOurs: boolean): void {
    const run = this.visible.at(-1);
    const follows = run !== undefined && id === run.to + 1n;
    if (follows) run.to = id;
    else this.visible.push({ from: id, to: id });
    if (!isOurs) return;
    const ours = this.#ours.at(-1);
    // All between the two were seen where both are in one run.
    if (ours && follows && ours.from >= run.from) ours.to = id;
    else this.#ours.push({ from: id, to: id });
    this.#events += 1;
    this.#bytes += bytes;
  }
}

interface LookRequest {
  readonly before: Looked;
  readonly judged: readonly JudgedGaps[];
  readonly tables: ReadonlySet<number>;
  readonly limits: ClaimLimits;
}

/**
 * Looks at the gaps of a lane and then behind all that it has seen, until a claim is full. In one transaction with a snapshot: what
 * is behind a gap must not be seen later than the gap.
 */
export async function lookAround(
  session: Session,
  names: CaptureNames,
  { before, judged, tables, limits }: LookRequest,
): Promise<Found> {
  const seen = new Seen();
  const at = Date.now() / 1_000;
  const found = (upto: bigint, end: bigint, missing: Runs): Found => ({
    look: { visible: seen.visible, upto, seen: end, missing, at },
    runs: seen.runs,
    events: seen.events,
  });
  // A claim is full when an event of the lane would come on top: what is behind the last one is not looked at.
  const takes = (row: EventRow): boolean => {
    const isOurs = tables.has(row.table);
    if (isOurs && seen.isFull(limits)) return false;
    seen.add(row, isOurs);
    return true;
  };
  for await (const row of rowsOf(session, names, unite(...judged.map(({ gaps }) => gaps.runs))))
    if (!takes(row)) return found(row.id - 1n, before.seen, []);
  const missing: Run[] = [];
  let end = before.seen;
  let gaps = countGaps(before);
  for await (const row of rowsOf(session, names, [{ from: end + 1n, to: LAST_ID }])) {
    const isBehind = row.id > end + 1n;
    if (isBehind && gaps >= MOST_GAPS) break;
    if (!takes(row)) break;
    if (isBehind) {
      missing.push({ from: end + 1n, to: row.id - 1n });
      gaps += 1;
    }
    end = row.id;
  }
  return found(before.seen, end, missing);
}
