import type { ParkedCounts } from '../../../model/quarantine.ts';
import type { CaptureStatistics } from '../../ports/capture-statistics.ts';
import type { Quarantine } from '../../ports/quarantine.ts';
import { readCounts, readLags } from './count-minutes.ts';
import type { ParkingSource } from './create-event-parking.ts';
import { countParked, discardParked, listParked, reactivateParked, showParked } from './parked-list.ts';
import type { PlainSession } from './parked-tables.ts';

type Source<S extends PlainSession> = Pick<
  ParkingSource<S>,
  'tables' | 'transaction' | 'reading' | 'isReady'
>;

/** Quarantine of events that go from a source to topics. An installation that has no place for them has none. */
function createParkedQuarantine<S extends PlainSession>(source: Source<S>): Quarantine {
  const { tables } = source;
  const read = <T>(signal: AbortSignal, none: T, work: (session: S) => Promise<T>): Promise<T> =>
    source.reading(signal, async (session) => ((await source.isReady(session)) ? work(session) : none));
  const change = (signal: AbortSignal, work: (session: S) => Promise<number>): Promise<number> =>
    source.transaction(signal, async (session) => ((await source.isReady(session)) ? work(session) : 0));
  return {
    list: (transfer, choice, page, signal) =>
      read(signal, [], (session) => listParked(session, tables, { transfer, choice, page })),
    show: (transfer, event, signal) =>
      read(signal, null, (session) => showParked(session, tables, { transfer, event })),
    count: (transfer, signal) =>
      read<ParkedCounts>(signal, {}, (session) => countParked(session, tables, transfer)),
    reactivate: (transfer, choice, signal) =>
      change(signal, (session) => reactivateParked(session, tables, { transfer, choice, nowMs: Date.now() })),
    discard: (transfer, choice, signal) =>
      change(signal, (session) => discardParked(session, tables, { transfer, choice })),
  };
}

function createCaptureStatistics<S extends PlainSession>(source: Source<S>): CaptureStatistics {
  const { tables } = source;
  const read = <T>(signal: AbortSignal, work: (session: S) => Promise<readonly T[]>) =>
    source.reading(signal, async (session) => ((await source.isReady(session)) ? work(session) : []));
  return {
    counts: (choice, signal) => read(signal, (session) => readCounts(session, tables, choice)),
    lags: (choice, signal) => read(signal, (session) => readLags(session, tables, choice)),
  };
}

/** What a capture gives beside its triggers and changes. */
export const createParkedPorts = <S extends PlainSession>(source: Source<S>) => ({
  quarantine: createParkedQuarantine(source),
  statistics: createCaptureStatistics(source),
});
