import { createClaimCut } from '../../../../engine/capture/claim-cut.ts';
import { countGaps, type JudgedGaps, type Look, type Looked } from '../../../../engine/capture/id-gaps.ts';
import { contains, groupsOf, type Run, type Runs, unite } from '../../../../engine/capture/id-runs.ts';
import type { ClaimLimits } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-names.ts';
import { renderEndOfIds, renderLook } from '../sql/claims-sql.ts';

/**
 * So many runs of gaps a lane has at most: behind them it looks no further until transactions end. They are what is rolled back
 * while others stay open, and cost each look a search.
 */
const MOST_GAPS = 2_000;

/** Gaps that lie closer to each other are looked for by one statement, which sees what lies between them for nothing. */
const APART = 1_000n;
/** Rows of others, on top of what the limits allow. */
const MORE_ROWS = 1_000;
/** Ids that are looked at for each row that is wanted: most are there. */
const IDS_A_ROW = 4n;
const WIDER = 16n;

interface EventRow {
  readonly id: bigint;
  readonly table: number;
  readonly bytes: number;
  readonly transaction: string;
}

/** Rows of some ids; `isWhole`: there are no others. */
interface Part {
  readonly rows: readonly EventRow[];
  readonly isWhole: boolean;
}

interface Reading {
  readonly session: Session;
  readonly names: CaptureNames;
  readonly mostRows: number;
}

async function rowsBetween({ session, names, mostRows }: Reading, { from, to }: Run): Promise<Part> {
  const { rows } = await session.query(renderLook(names), {
    fromId: String(from),
    toId: String(to),
    most: String(mostRows),
  });
  return {
    rows: rows.map(([id, table, bytes, transaction]) => ({
      id: BigInt(id ?? 0),
      table: Number(table),
      bytes: Number(bytes),
      transaction: transaction ?? '',
    })),
    isWhole: rows.length < mostRows,
  };
}

/** What lies behind all that was seen: the ids are searched in steps, for there is no index that would find the next one. */
async function rowsAhead(reading: Reading, seen: bigint): Promise<Part> {
  const end = BigInt((await reading.session.cell(...endOfIds(reading))) ?? 0) - 1n;
  for (let width = IDS_A_ROW * BigInt(reading.mostRows); ; width *= WIDER) {
    if (seen >= end) return { rows: [], isWhole: true };
    const to = seen + width < end ? seen + width : end;
    const part = await rowsBetween(reading, { from: seen + 1n, to });
    if (part.rows.length > 0 || to === end) return { rows: part.rows, isWhole: part.isWhole && to === end };
  }
}

const endOfIds = ({ names }: Reading) => {
  const { text, binds } = renderEndOfIds(names);
  return [text, binds] as const;
};

/**
 * Rows of gaps. Groups are read from the highest on, behind what lies ahead: so whatever is seen of an id, all lower ones are seen as
 * of a later moment, as one snapshot would have it (id-gaps.ts). A group that has more rows than are wanted makes those above it needless.
 */
async function rowsInGaps(reading: Reading, runs: Runs): Promise<Part> {
  let rows: readonly EventRow[] = [];
  let isWhole = true;
  const groups = groupsOf(runs, { apart: APART, most: BigInt(reading.mostRows) });
  for (const group of groups.toReversed()) {
    const part = await rowsBetween(reading, { from: group[0]!.from, to: group.at(-1)!.to });
    const own = part.rows.filter(({ id }) => contains(group, id));
    // Only one long gap has more rows than are wanted, and all of them are its own.
    if (part.isWhole || group.length > 1) rows = [...own, ...rows];
    else [rows, isWhole] = [own, false];
  }
  return { rows, isWhole };
}

/** What a lane may claim of what a look saw. */
export interface Found {
  readonly look: Look;
  /** Runs of ids that were all seen, which begin and end with one of the lane's tables. */
  readonly runs: Runs;
  readonly events: number;
}

interface LookRequest {
  readonly before: Looked;
  readonly judged: readonly JudgedGaps[];
  readonly tables: ReadonlySet<number>;
  readonly limits: ClaimLimits;
}

/** Rows behind all that was seen, as far as they leave no more gaps than a lane may have. */
function withinGaps(rows: readonly EventRow[], before: Looked): readonly EventRow[] {
  let gaps = countGaps(before);
  let end = before.seen;
  const at = rows.findIndex(({ id }) => {
    const isBehind = id > end + 1n;
    if (isBehind && gaps >= MOST_GAPS) return true;
    if (isBehind) gaps += 1;
    end = id;
    return false;
  });
  return at < 0 ? rows : rows.slice(0, at);
}

/** How many of the rows are looked at: up to the first of the lane's that its claim does not have. */
function cutAt(rows: readonly EventRow[], isAll: boolean, { tables, limits }: LookRequest): number {
  const cut = createClaimCut(limits);
  const ours: number[] = [];
  let end = rows.length;
  for (const [place, { table, bytes, transaction }] of rows.entries()) {
    if (!tables.has(table)) continue;
    if (!cut.add({ bytes, transaction, at: null })) {
      end = place;
      break;
    }
    ours.push(place);
  }
  const taken = cut.take(isAll && end === rows.length);
  return ours[taken] ?? end;
}

/** Runs of all ids that are there, and those between the lane's own. */
function runsOfRows(rows: readonly EventRow[], tables: ReadonlySet<number>) {
  const visible: { from: bigint; to: bigint }[] = [];
  const ours: { from: bigint; to: bigint }[] = [];
  let events = 0;
  for (const { id, table } of rows) {
    const last = visible.at(-1);
    const follows = last !== undefined && id === last.to + 1n;
    if (follows) last.to = id;
    else visible.push({ from: id, to: id });
    if (!tables.has(table)) continue;
    events += 1;
    const run = ours.at(-1);
    // All between the two were seen where both are in one run.
    if (run && follows && run.from >= last.from) run.to = id;
    else ours.push({ from: id, to: id });
  }
  return { visible, runs: ours, events };
}

/** Ids between what was seen before and rows behind it. */
function missingBetween(seen: bigint, rows: readonly EventRow[]): Runs {
  const missing: Run[] = [];
  let end = seen;
  for (const { id } of rows) {
    if (id > end + 1n) missing.push({ from: end + 1n, to: id - 1n });
    end = id;
  }
  return missing;
}

/** Looks at the gaps of a lane and behind all that it has seen, as far as a claim goes. */
export async function lookAround(
  session: Session,
  names: CaptureNames,
  request: LookRequest,
): Promise<Found> {
  const { before, judged, tables, limits } = request;
  const mostRows = 2 * Math.max(limits.events, limits.whole?.events ?? 0) + MORE_ROWS;
  const reading = { session, names, mostRows };
  const ahead = await rowsAhead(reading, before.seen);
  const inGaps = await rowsInGaps(reading, unite(...judged.map(({ gaps }) => gaps.runs)));
  const behind = inGaps.isWhole ? withinGaps(ahead.rows, before) : [];
  const rows = [...inGaps.rows, ...behind];
  const isAll = inGaps.isWhole && ahead.isWhole && behind.length === ahead.rows.length;
  const end = cutAt(rows, isAll, request);
  const isPastGaps = inGaps.isWhole && end >= inGaps.rows.length;
  const taken = rows.slice(0, end);
  const news = isPastGaps ? taken.slice(inGaps.rows.length) : [];
  const { visible, runs, events } = runsOfRows(taken, tables);
  // Of gaps behind the place where the claim is full, or the rows of one look, nothing is known.
  const upto = isPastGaps ? before.seen : (rows[end]?.id ?? (taken.at(-1)?.id ?? 0n) + 1n) - 1n;
  return {
    look: {
      visible,
      upto,
      seen: news.at(-1)?.id ?? before.seen,
      missing: missingBetween(before.seen, news),
    },
    runs,
    events,
  };
}
