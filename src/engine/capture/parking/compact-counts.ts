import type { CountsKept } from '../../../model/capture-spec.ts';
import { COUNTED } from '../../../model/change-statistics.ts';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import type { ChangeCapture } from '../../ports/change-capture.ts';
import { columnOf } from './count-minutes.ts';
import type { ParkingSource } from './create-event-parking.ts';
import { type ParkedTables, type PlainSession, renderLaneIs } from './parked-tables.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Groups of rows that become one in the same transaction. */
const GROUPS_AT_ONCE = 200;
/** What is so old changes no faster. */
const COMPACT_EVERY_MS = HOUR_MS;

/** One of the two tables of counts. */
interface Counts {
  readonly table: string;
  /** Columns of its key behind transfer, lane and minute. */
  readonly keys: readonly string[];
  /** Its other columns, and what many rows become in each. */
  readonly folded: readonly { readonly column: string; readonly by: 'SUM' | 'MAX' }[];
}

const countsOf = ({ minutes, lags }: ParkedTables): readonly Counts[] => [
  {
    table: minutes,
    keys: ['table_id', 'operation'],
    folded: COUNTED.map((what) => ({ column: columnOf(what), by: 'SUM' })),
  },
  { table: lags, keys: [], folded: ['seconds', 'events'].map((column) => ({ column, by: 'MAX' })) },
];

/** Whole periods, so that no row comes into one later. */
interface Span {
  readonly periodMs: number;
  readonly fromMs: number;
  readonly beforeMs: number;
}

/** Those of the days end where those of the hours begin: who does the one never meets who does the other. */
function spansOf({ minutesMs, hoursMs }: CountsKept, nowMs: number): readonly Span[] {
  const begin = (ms: number, periodMs: number): number => Math.floor(ms / periodMs) * periodMs;
  const dayMs = begin(nowMs - hoursMs, DAY_MS);
  return [
    { periodMs: HOUR_MS, fromMs: dayMs, beforeMs: begin(nowMs - minutesMs, HOUR_MS) },
    { periodMs: DAY_MS, fromMs: 0, beforeMs: dayMs },
  ];
}

/** Rows of one period, lane and key, and what they come to. */
interface Group {
  readonly transfer: string;
  readonly lane: number;
  readonly beginsMs: number;
  readonly keys: readonly string[];
  readonly rows: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly values: readonly string[];
}

async function findGroups(
  session: PlainSession,
  { table, keys, folded }: Counts,
  { periodMs, fromMs, beforeMs }: Span,
): Promise<readonly Group[]> {
  const by = ['transfer', 'lane', 'begins', ...keys].join(', ');
  const values = folded.map((each) => `${each.by}(${each.column})`).join(', ');
  // Named once: where numbers are bound the same text twice is not the same value for whoever groups.
  const rows = await session.rows(
    `SELECT ${by}, COUNT(*), MIN(minute_ms), MAX(minute_ms), ${values}
     FROM (SELECT c.*, minute_ms - MOD(minute_ms, ${periodMs}) AS begins FROM ${table} c WHERE minute_ms >= ${fromMs} AND minute_ms < ${beforeMs}) counts
     GROUP BY ${by} HAVING COUNT(*) > 1 OR MIN(minute_ms) > begins`,
  );
  return rows.map(([transfer, lane, begins, ...cells]) => {
    const [count, first, last, ...folds] = cells.slice(keys.length);
    return {
      transfer: transfer ?? '',
      lane: Number(lane),
      beginsMs: Number(begins),
      keys: cells.slice(0, keys.length).map((key) => key ?? ''),
      rows: Number(count),
      firstMs: Number(first),
      lastMs: Number(last),
      values: folds.map((value) => BigInt(value ?? 0).toString()),
    };
  });
}

/**
 * Puts one row in the place of many. They must be there as they were found: whoever was quicker has left one row, and that at the
 * beginning of its period, where a group of one row never is.
 */
async function merge(
  session: PlainSession,
  tables: ParkedTables,
  { table, keys, folded }: Counts,
  group: Group,
): Promise<void> {
  const { transfer, lane, beginsMs, firstMs, lastMs } = group;
  const literals = group.keys.map(tables.literal);
  const isOf = [
    renderLaneIs(tables, { transfer, lane }),
    ...keys.map((key, at) => `${key} = ${literals[at]}`),
  ];
  const gone = await session.run(
    `DELETE FROM ${table} WHERE ${isOf.join(' AND ')} AND minute_ms >= ${firstMs} AND minute_ms <= ${lastMs}`,
  );
  if (gone !== group.rows)
    throw new SluiceError('database.transient', 'counts were put together by another one meanwhile');
  const columns = ['transfer', 'lane', 'minute_ms', ...keys, ...folded.map(({ column }) => column)];
  const values = [tables.literal(transfer), lane, beginsMs, ...literals, ...group.values];
  await session.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values.join(', ')})`);
}

/**
 * Counts by the minute become counts by the hour, and those by the day, when they are old enough; the oldest are forgotten. Sums stay
 * what they were, of how far a transfer was behind the largest stays. Each transaction leaves whole groups, so that any one may be the
 * last, and any number of processes do this: who meets another one leaves the rest to him.
 */
export async function compactCounts<S extends PlainSession>(
  source: Pick<ParkingSource<S>, 'tables' | 'reading' | 'transaction' | 'isReady'>,
  { kept, nowMs }: { readonly kept: CountsKept; readonly nowMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { tables } = source;
  if (!(await source.reading(signal, (session) => source.isReady(session)))) return;
  try {
    for (const counts of countsOf(tables)) {
      const old = `FROM ${counts.table} WHERE minute_ms < ${nowMs - kept.daysMs}`;
      const [found] = await source.reading(signal, (session) => session.rows(`SELECT COUNT(*) ${old}`));
      if (Number(found?.[0]) > 0) await source.transaction(signal, (session) => session.run(`DELETE ${old}`));
      for (const span of spansOf(kept, nowMs)) {
        const groups = await source.reading(signal, (session) => findGroups(session, counts, span));
        for (let at = 0; at < groups.length; at += GROUPS_AT_ONCE)
          await source.transaction(signal, async (session) => {
            for (const group of groups.slice(at, at + GROUPS_AT_ONCE))
              await merge(session, tables, counts, group);
          });
      }
    }
  } catch (error) {
    if (!isSluiceError(error) || error.retry !== 'auto') throw error;
  }
}

/** ChangeCapture.housekeep, and now and then that of the counts. */
export function housekeepCounts<S extends PlainSession>(
  source: ParkingSource<S>,
  kept: CountsKept,
  housekeep: ChangeCapture['housekeep'],
): ChangeCapture['housekeep'] {
  let dueMs = 0;
  return async (options, signal) => {
    const freed = await housekeep(options, signal);
    const nowMs = Date.now();
    if (nowMs < dueMs) return freed;
    dueMs = nowMs + COMPACT_EVERY_MS;
    await compactCounts(source, { kept, nowMs }, signal);
    return freed;
  };
}
