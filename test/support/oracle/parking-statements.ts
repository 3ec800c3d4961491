import { compactCounts } from '../../../src/engine/capture/parking/compact-counts.ts';
import { createEventParking } from '../../../src/engine/capture/parking/create-event-parking.ts';
import { createParkedPorts } from '../../../src/engine/capture/parking/create-parked-quarantine.ts';
import { excludedOf } from '../../../src/engine/capture/parking/park-events.ts';
import { encodeLooked } from '../../../src/engine/capture/id-gaps.ts';
import { createParkingSource } from '../../../src/databases/oracle/capture/parking/parking-source.ts';
import { plain } from '../../../src/databases/oracle/capture/parking/plain-session.ts';
import { renderLockLane } from '../../../src/databases/oracle/capture/sql/claims-sql.ts';
import { renderInstalled } from '../../../src/databases/oracle/capture/sql/install-sql.ts';
import type { Pool } from '../../../src/databases/oracle/connections/pool.ts';
import type { EventToPark } from '../../../src/engine/ports/event-parking.ts';
import { countsKeptOf } from '../../../src/model/capture-spec.ts';
import { captured } from './captured.ts';
import { type Answer, standInSession } from './stand-in-driver.ts';

const EPOCH = 'epoch';
export const LEASE = { transfer: 'orders', lane: 1, epoch: EPOCH, sealed: 3, confirmed: 1 };
export const POLICY = { retryAfterMs: 20_000, tries: 5, holdForMs: 1_000 };

export const eventToPark = (id: string, isRefused: boolean): EventToPark => ({
  event: {
    id,
    table: 7,
    operation: 'U',
    transaction: '1.2.3',
    at: '2026-11-30 12:00:00+00',
    user: 'SHOP',
    key: '{"ID": 1}',
    old: '{"ID": 1}',
    new: '{"ID": 1}',
  },
  table: 'SHOP.ORDERS',
  key: '{"ID": "it\'s"}',
  refusal: isRefused ? { code: 'hub.message_too_large', message: "larger than 'it' takes" } : null,
});

/** A server with a lane at its third claim, and one event that is set apart, as far as parking asks. */
export const parkingServer: Answer = (text) => {
  if (text === renderInstalled(captured)) return [['id', '2', '0', '0']];
  if (text === renderLockLane(captured))
    return [[EPOCH, '3', '1', '7', encodeLooked({ seen: 9n, gaps: [] }), '1']];
  if (text.startsWith('SELECT event_id, table_number, row_key, state'))
    return [['5', '7', '{"ID": 1}', 'waiting', '0', null, '10', 'SHOP.ORDERS', 'U']];
  // Two rows of one hour that become one, in either table of counts.
  if (text.startsWith('SELECT transfer, lane, begins')) {
    const [keys, values] = text.includes('table_id')
      ? [['SHOP.ORDERS', 'I'], Array(5).fill('1')]
      : [[], ['3', '4']];
    return [['orders', '1', '3600000', ...keys, '2', '3600000', '3660000', ...values]];
  }
  if (text.startsWith('SELECT COUNT(*) FROM') && text.includes('minute_ms <')) return [['1']];
  if (text.startsWith('DELETE') && text.includes('minute_ms >=')) return [[null], [null]];
  // One row for each event that is stored, one for each count that is there.
  return text.startsWith('INSERT') || text.includes('success_events +') ? [[null]] : [];
};

/** A pool of one session whose driver answers from a list. */
export function standInPool(answer: Answer): { readonly pool: Pool; readonly sent: readonly string[] } {
  const { session, sent } = standInSession(answer);
  const work = <T>(run: (of: typeof session) => Promise<T>): Promise<T> => run(session);
  return { pool: { use: work, transaction: work } as unknown as Pool, sent };
}

/** What every database is sent about events that are set apart at a source, as Oracle gets it. */
export async function parkingStatements(): Promise<readonly (readonly [string, string])[]> {
  const { pool, sent } = standInPool(parkingServer);
  const source = createParkingSource(pool, captured);
  const parking = createEventParking(source);
  const { quarantine, statistics } = createParkedPorts(source);
  const signal = new AbortController().signal;
  const choice = { table: 'SHOP.ORDERS', key: '{"ID": "it\'s"}', event: '5', state: 'final' } as const;
  const since = { transfer: 'orders', sinceMs: 60_000 };
  const moved = [{ table: 'SHOP.ORDERS', operation: 'I', events: 3 }];
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    marks: () => parking.marks(LEASE, signal),
    park: () => parking.park(LEASE, { claim: 3, events: [eventToPark('4', true)], policy: POLICY }, signal),
    seal: () => parking.seal(LEASE, { limits: { events: 9, bytes: 9 }, policy: POLICY }, signal),
    confirm: () => parking.confirm(LEASE, { claim: 3, moved, lag: { seconds: 1, events: 2 } }, signal),
    list: () => quarantine.list('orders', choice, { limit: 9, after: { lane: 1, event: '5' } }, signal),
    'list without a key': () => quarantine.list('orders', { key: '' }, { limit: 9, after: null }, signal),
    show: () => quarantine.show('orders', '5', signal),
    count: () => quarantine.count('orders', signal),
    reactivate: () => quarantine.reactivate('orders', choice, signal),
    discard: () => quarantine.discard('orders', {}, signal),
    counts: () => statistics.counts(since, signal),
    lags: () => statistics.lags({ sinceMs: 60_000 }, signal),
    'compact counts': () => compactCounts(source, { kept: countsKeptOf({}), nowMs: 1.8e12 }, signal),
    excluded: () =>
      pool.use(
        (session) => excludedOf({ session: plain(session), tables: captured.parking, lane: LEASE }, 3),
        signal,
      ),
  };
  const found = new Map<string, string>();
  for (const [name, step] of Object.entries(steps)) {
    const before = sent.length;
    await step();
    for (const [at, text] of sent.slice(before).entries())
      if (!found.has(text)) found.set(text, `parking ${name} ${at}`);
  }
  return Array.from(found, ([text, title]) => [title, text] as const);
}
