import type { ChangeLetter } from '../../model/change-event.ts';
import type { ParkedState } from '../../model/quarantine.ts';
import type {
  ChainLimits,
  EventPlace,
  HeldKeys,
  ParkedMark,
  StoredEvent,
  TargetParking,
} from '../ports/target-parking.ts';
import type { ParkingDialect, ParkingSql } from './parking-sql.ts';
import type { Statement } from './statement.ts';

type Cells = readonly (string | null)[];

/** Runs one statement in the transaction that is open; cells are texts. */
export type RunStatement = (
  statement: Statement,
) => Promise<{ readonly rows: readonly Cells[]; readonly count: number }>;

/** The next one of a chain, once those before it are gone: tried at once, and for the first time. */
export const firstMark = (nowMs: number): ParkedMark => ({
  state: 'waiting',
  attempts: 0,
  retryAtMs: nowMs,
  finalAtMs: null,
  code: '',
  message: '',
});

const heldOf = ([table, chain, own, other]: Cells): HeldKeys => ({
  table: table ?? '',
  chain: chain ?? '',
  own: own ?? '',
  other: other ?? null,
});

const orNull = (cell: string | null | undefined): number | null =>
  cell === null || cell === undefined ? null : Number(cell);

/** What a row of the listed columns says, without its payload; and how large that is. */
export function storedOf(
  transfer: string,
  cells: Cells,
): { readonly event: StoredEvent; readonly bytes: number } {
  const [run, claim, event, lane, table, operation, chain, own, other, key, state, attempts] = cells;
  const [parkedAt, retryAt, finalAt, code, message, bytes] = cells.slice(12);
  return {
    bytes: Number(bytes),
    event: {
      transfer,
      run: Number(run),
      claim: Number(claim),
      event: event ?? '',
      lane: Number(lane),
      ...heldOf([table ?? null, chain ?? null, own ?? null, other ?? null]),
      operation: operation as ChangeLetter,
      key: key ?? '',
      state: state as ParkedState,
      attempts: Number(attempts),
      parkedAtMs: Number(parkedAt),
      retryAtMs: orNull(retryAt),
      finalAtMs: orNull(finalAt),
      code: code ?? '',
      message: message ?? '',
      old: null,
      new: null,
    },
  };
}

const placeOf = ([run, claim, event]: Cells): EventPlace => ({
  run: Number(run),
  claim: Number(claim),
  event: event ?? '',
});

/** The events whose payloads fit, at least the first. */
function fitting(
  found: readonly { readonly event: StoredEvent; readonly bytes: number }[],
  { bytes: most }: ChainLimits,
): readonly StoredEvent[] {
  let sum = 0;
  const end = found.findIndex(({ bytes }, at) => (sum += bytes) > most && at > 0);
  return found.slice(0, end < 0 ? found.length : end).map(({ event }) => event);
}

/** A row of one statement, of many where its payloads are small. */
const INSERT_BYTES = 1024 * 1024;

function* chunks(events: readonly StoredEvent[], most: number): Generator<readonly StoredEvent[]> {
  let chunk: StoredEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = (event.old?.length ?? 0) + (event.new?.length ?? 0);
    if (chunk.length > 0 && (chunk.length >= most || bytes + size > INSERT_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(event);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

/** All of TargetParking that is the same for every database, on a transaction that it has open. */
export function createParking(
  text: ParkingSql,
  { rowsPerInsert }: Pick<ParkingDialect, 'rowsPerInsert'>,
  run: RunStatement,
): Omit<TargetParking, 'attempt' | 'check'> {
  return {
    async hold(lane) {
      if ((await run(text.lockLane(lane))).rows.length === 0) return false;
      return (await run(text.openRun(lane))).rows.length > 0;
    },
    held: async (transfer) => (await run(text.held(transfer))).rows.map(heldOf),
    async park(events) {
      for (const chunk of chunks(events, rowsPerInsert)) await run(text.insert(chunk));
    },
    async merge(transfer, into, of) {
      await run(
        'chain' in of ? text.mergeChain(transfer, into, of.chain) : text.mergeTable(transfer, into, of.table),
      );
    },
    drop: async (transfer, table) => (await run(text.drop(transfer, table))).count,
    due: async (transfer, nowMs, most) => (await run(text.due(transfer, nowMs, most))).rows.map(heldOf),
    expired: async (transfer, beforeMs, most) =>
      (await run(text.expired(transfer, beforeMs, most))).rows.map(heldOf),
    async chain(transfer, chain, limits) {
      const [truncation] = (await run(text.lastTruncation(transfer, chain))).rows;
      const from = truncation ? placeOf(truncation) : null;
      const { rows } = await run(text.chain(transfer, chain, from, limits));
      const events = fitting(
        rows.map((cells) => storedOf(transfer, cells)),
        limits,
      );
      const [first, last] = [events[0], events.at(-1)];
      if (!first || !last) return [];
      const payloads = await run(text.payloads(transfer, chain, first, last));
      return events.map((event, at) => ({
        ...event,
        old: payloads.rows[at]?.[0] ?? null,
        new: payloads.rows[at]?.[1] ?? null,
      }));
    },
    remove: async (transfer, chain, upto) => (await run(text.remove(transfer, chain, upto))).count,
    async discard(transfer, place) {
      await run(text.discard(transfer, place));
    },
    async mark(transfer, place, mark) {
      await run(text.mark(transfer, place, mark));
    },
  };
}
