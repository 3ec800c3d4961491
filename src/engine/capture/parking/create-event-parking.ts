import type { ChangeCapture, Lease } from '../../ports/change-capture.ts';
import type { EventParking, EventToPark } from '../../ports/event-parking.ts';
import { countConfirmed } from './count-minutes.ts';
import { parkEvents, readMarks, sealRetries, settleRetries } from './park-events.ts';
import type { ParkedTables, PlainSession } from './parked-tables.ts';

/** Events of a claim that are set apart for the first time. */
export interface StoreRequest {
  readonly lease: Lease;
  readonly claim: number;
  readonly events: readonly EventToPark[];
  readonly nowMs: number;
}

/** What a database knows of its own staging table, lanes and claims; all in the transaction of the session. */
export interface ParkingSource<S extends PlainSession> {
  readonly tables: ParkedTables;
  /** A synchronous transaction, committed when the work resolves. */
  transaction<T>(signal: AbortSignal, work: (session: S) => Promise<T>): Promise<T>;
  /** One statement that only reads, or several that need no common state. */
  reading<T>(signal: AbortSignal, work: (session: S) => Promise<T>): Promise<T>;
  /** The installation has the tables; whoever holds a lease knows. */
  isReady(session: S): Promise<boolean>;
  /** @throws SluiceError capture.lease_lost */
  lockLane(session: S, lease: Lease): Promise<{ readonly sealed: number }>;
  /** See parkEvents. */
  store(session: S, request: StoreRequest): Promise<void>;
  /** Makes a claim without an event of the staging table the lane's last: what it frees is what the lane has freed. */
  writeClaim(session: S, lease: Lease, claim: number): Promise<void>;
  /** ChangeCapture.confirm. @returns whether it went on */
  confirm(session: S, lease: Lease, claim: number): Promise<boolean>;
}

/** EventParking of a source whose statements are written for any database; see there. */
export function createEventParking<S extends PlainSession>(source: ParkingSource<S>): EventParking {
  const { tables } = source;
  return {
    marks: (lane, signal) => source.reading(signal, (session) => readMarks({ session, tables, lane })),
    park: (lease, request, signal) =>
      source.transaction(signal, async (session) => {
        await source.lockLane(session, lease);
        const nowMs = Date.now();
        await parkEvents({ session, tables, lane: lease, nowMs }, request, (events) =>
          source.store(session, { lease, claim: request.claim, events, nowMs }),
        );
      }),
    seal: (lease, request, signal) =>
      source.transaction(signal, async (session) => {
        const { sealed } = await source.lockLane(session, lease);
        const next = sealed + 1;
        return sealRetries({ session, tables, lane: lease, nowMs: Date.now() }, { ...request, next }, () =>
          source.writeClaim(session, lease, next),
        );
      }),
    confirm: (lease, { claim, moved, lag }, signal) =>
      source.transaction(signal, async (session) => {
        if (!(await source.confirm(session, lease, claim))) return;
        await settleRetries({ session, tables, lane: lease }, claim);
        await countConfirmed(session, tables, { lane: lease, moved, lag, nowMs: Date.now() });
      }),
  };
}

/** ChangeCapture.confirm: what was tried again in the claim is settled with it. */
export const confirmAndSettle =
  <S extends PlainSession>(source: ParkingSource<S>): ChangeCapture['confirm'] =>
  (lease, claim, signal) =>
    source.transaction(signal, async (session) => {
      await source.confirm(session, lease, claim);
      await settleRetries({ session, tables: source.tables, lane: lease }, claim);
    });
