import { CHANGE_OPERATIONS } from '../../model/change-event.ts';
import { PARKED_STATES, type ParkedCounts, type ParkedEvent } from '../../model/quarantine.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { ParkedChoice, Quarantine } from '../ports/quarantine.ts';
import type { StoredEvent } from '../ports/target-parking.ts';
import { createParking, firstMark, type RunStatement, storedOf } from './create-parking.ts';
import { type ParkingDialect, parkingSql } from './parking-sql.ts';
import { raw, sql, type Statement } from './statement.ts';

/** One transaction each. */
export interface QuarantineSessions {
  read<T>(work: (run: RunStatement) => Promise<T>, signal: AbortSignal): Promise<T>;
  write<T>(work: (run: RunStatement) => Promise<T>, signal: AbortSignal): Promise<T>;
}

const momentOf = (ms: number): string =>
  `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}+00`;

const DIGITS = /^\d{1,19}$/;

/** @throws SluiceError input.invalid for an event that is no number */
function whereOf({ table, key, event, state }: ParkedChoice): Statement {
  if (event !== undefined && !DIGITS.test(event))
    throw new SluiceError('input.invalid', 'an event is a number', { where: '--event' });
  // An empty text is NULL in Oracle.
  const isEmpty = key === '' ? sql` AND (row_key = '' OR row_key IS NULL)` : sql``;
  const ofKey = key ? sql` AND row_key = ${key}` : isEmpty;
  return sql`${table === undefined ? sql`` : sql` AND table_id = ${table}`}${ofKey}${event === undefined ? sql`` : sql` AND event = ${raw(event)}`}${state === undefined ? sql`` : sql` AND state = ${state}`}`;
}

const parkedOf = (event: StoredEvent): ParkedEvent => ({
  transfer: event.transfer,
  lane: event.lane,
  claim: event.claim,
  event: event.event,
  table: event.table,
  operation: CHANGE_OPERATIONS[event.operation],
  key: event.key,
  state: event.state,
  attempts: event.attempts,
  parkedAt: momentOf(event.parkedAtMs),
  retryAt: event.state === 'waiting' && event.retryAtMs !== null ? momentOf(event.retryAtMs) : null,
  code: event.code,
  message: event.message,
});

const countsOf = (rows: readonly (readonly (string | null)[])[]): ParkedCounts =>
  Object.fromEntries(
    PARKED_STATES.flatMap((state) => {
      const found = rows.find(([name]) => name === state);
      return found ? [[state, Number(found[1])]] : [];
    }),
  );

/** The quarantine beside a ledger. What changes something waits for the batches of the transfer's lanes, as they do for it. */
export function createQuarantine(dialect: ParkingDialect, sessions: QuarantineSessions): Quarantine {
  const text = parkingSql(dialect);
  /** Where no transfer with changes ever ran there is nothing, nor a table for it. */
  const reading = <T>(nothing: T, work: (run: RunStatement) => Promise<T>, signal: AbortSignal): Promise<T> =>
    sessions.read(
      async (run) => ((await run(dialect.there)).rows.length === 0 ? nothing : work(run)),
      signal,
    );
  const changing = (
    transfer: string,
    work: (run: RunStatement) => Promise<number>,
    signal: AbortSignal,
  ): Promise<number> =>
    sessions.write(async (run) => {
      if ((await run(dialect.there)).rows.length === 0) return 0;
      await run(text.lockChanges(transfer));
      return work(run);
    }, signal);

  return {
    list: (transfer, choice, { limit, after }, signal) =>
      reading<readonly ParkedEvent[]>(
        [],
        async (run) => {
          whereOf({ event: after?.event });
          const behind =
            after === null
              ? sql``
              : sql` AND (lane > ${after.lane} OR (lane = ${after.lane} AND event > ${raw(after.event)}))`;
          const where = sql`${whereOf(choice)}${behind}`;
          const { rows } = await run(text.list(transfer, where, 'lane, event, run', limit));
          return rows.map((cells) => parkedOf(storedOf(transfer, cells).event));
        },
        signal,
      ),
    show: (transfer, event, signal) =>
      reading(
        null,
        async (run) => {
          const { rows } = await run(text.list(transfer, whereOf({ event }), 'run DESC', 1));
          const [cells] = rows;
          if (!cells) return null;
          const found = storedOf(transfer, cells).event;
          const payload = (await run(text.payload(transfer, found))).rows[0];
          return { ...parkedOf(found), old: payload?.[0] ?? null, new: payload?.[1] ?? null };
        },
        signal,
      ),
    count: (transfer, signal) =>
      reading({}, async (run) => countsOf((await run(text.count(transfer, sql``))).rows), signal),
    isDue: (transfer, { nowMs, finalBeforeMs }, signal) =>
      reading(
        false,
        async (run) => (await run(text.isDue(transfer, nowMs, finalBeforeMs))).rows.length > 0,
        signal,
      ),
    reactivate: (transfer, choice, signal) =>
      changing(
        transfer,
        async (run) => (await run(text.reactivate(transfer, whereOf(choice), Date.now()))).count,
        signal,
      ),
    discard: (transfer, choice, signal) =>
      changing(
        transfer,
        async (run) => {
          const where = whereOf(choice);
          const chains = await run(text.chains(transfer, where));
          const { count } = await run(text.deleteWhere(transfer, where));
          const parking = createParking(text, dialect, run);
          for (const [chain] of chains.rows) {
            const [head] = await parking.chain(transfer, chain ?? '', { events: 1, bytes: 0 });
            if (head?.state === 'behind') await parking.mark(transfer, head, firstMark(Date.now()));
          }
          return count;
        },
        signal,
      ),
  };
}
