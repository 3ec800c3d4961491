import { SluiceError } from '../../model/sluice-error.ts';
import { DEFAULTS } from '../../model/transfer-spec.ts';
import { type ClaimConfirmer, createConfirmer } from '../changes/claim-confirmer.ts';
import { systemClock } from '../clock.ts';
import type { ChangeCapture, Lease } from '../ports/change-capture.ts';
import type { TopicLane } from '../ports/topic-sink.ts';
import { type ClaimWriter, createClaimWriter } from './parking/claim-writer.ts';
import { type CountedConfirms, countConfirms } from './parking/counted-confirms.ts';
import { ParkedKeys } from './parking/parked-keys.ts';
import { type EventsReading, eventsOfClaim } from './parking/events-of-claim.ts';
import { DEFAULT_POLICY } from './parking/retry-policy.ts';
import { withRetries } from './parking/with-retries.ts';
import type { TopicsRelayDeps, TopicsRelayRequest } from './relay-to-topics.ts';
import { openTableLookup, type TableLookup } from './table-lookup.ts';

/** A lane that is this process's at the source and at the hub. */
export interface OpenedLane {
  readonly lease: Lease;
  readonly lane: TopicLane;
  /** The claim to write next. */
  readonly from: number;
  readonly tables: TableLookup;
  readonly wanted: ReadonlySet<number>;
  /** Seals what is set apart, too, and counts what it confirms. */
  readonly changes: ChangeCapture;
  readonly confirmer: ClaimConfirmer;
  readonly confirms: CountedConfirms | null;
  readonly writer: ClaimWriter;
}

interface Ends {
  readonly lease: Lease;
  readonly lane: TopicLane;
  readonly incarnation: string;
}

const belongTogether = ({ lease, lane: { last }, incarnation }: Ends): boolean =>
  last === null ||
  (last.incarnation === incarnation && last.claim <= lease.sealed && last.claim >= lease.confirmed);

/**
 * The claim to write next, after what the hub has is confirmed.
 * @throws SluiceError capture.resync_required where source and hub do not belong together
 */
async function resume(ends: Ends, confirm: (claim: number) => Promise<void>): Promise<number> {
  const { lease, lane } = ends;
  const { last } = lane;
  // Confirmed once means that the hub had it: it may forget the number of a lane that has been still for long.
  if (last === null) return lease.confirmed + 1;
  if (!belongTogether(ends))
    throw new SluiceError(
      'capture.resync_required',
      'the topics have changes of another capture, or of one that was restored: what they lack is not known',
      { suggestion: `sluice table resnapshot ${lease.transfer} "(changes)"` },
    );
  if (last.claim > lease.confirmed) await confirm(last.claim);
  return last.claim + 1;
}

/** Claims that are in and were never confirmed, since whoever wrote them died: counted from what the source has of them. */
async function countAgain(reading: EventsReading, confirms: CountedConfirms, upto: number): Promise<void> {
  for (let claim = reading.lease.confirmed + 1; claim <= upto; claim += 1)
    confirms.wrote(claim, await eventsOfClaim(reading, claim));
}

/** What is done about a lane's claims, once it is open. */
async function makeReady(
  { source, clock = systemClock }: TopicsRelayDeps,
  request: TopicsRelayRequest,
  ends: Ends & { readonly tables: TableLookup },
  signal: AbortSignal,
): Promise<OpenedLane> {
  const { lease, lane, tables } = ends;
  const { parking = null } = source.changes;
  const wanted = new Set(request.tables);
  const reading = { changes: source.changes, lease, wanted, tables, blockBytes: DEFAULTS.blockBytes, signal };
  const confirms = parking ? countConfirms(source.changes, parking, { clock }) : null;
  const counted = confirms?.changes ?? source.changes;
  const from = await resume(ends, async (claim) => {
    if (confirms) await countAgain(reading, confirms, claim);
    await counted.confirm(lease, claim, signal);
  });
  const policy = request.quarantine ?? DEFAULT_POLICY;
  const keys = new ParkedKeys(parking ? await parking.marks(lease, signal) : [], policy);
  const mayPark = request.quarantine !== undefined;
  const isAnyParked = (): boolean => keys.size > 0;
  return {
    lease,
    lane,
    from,
    tables,
    wanted,
    changes: parking ? withRetries(counted, { parking, policy, clock, isAnyParked }) : counted,
    confirmer: createConfirmer(counted, lease, { clock, retentionMs: request.retentionMs ?? 0 }),
    confirms,
    writer: createClaimWriter({
      lane,
      lease,
      tables,
      parking,
      keys,
      policy,
      mayPark,
      reread: async (claim) => (await eventsOfClaim(reading, claim)).map(({ event }) => event),
    }),
  };
}

/** Source first: whoever has the newest lease and is overtaken at the hub learns it from his next statement at the source. */
export async function openLane(
  deps: TopicsRelayDeps,
  request: TopicsRelayRequest,
  signal: AbortSignal,
): Promise<OpenedLane> {
  const { transfer, lane: number } = request;
  const { triggers, changes } = deps.source;
  const tables = await openTableLookup(triggers, request, signal);
  const incarnation = await triggers.incarnation(signal);
  const lease = await changes.lease({ transfer, lane: number }, signal);
  const topics = tables.topics(request.tables);
  const open = (): Promise<TopicLane> =>
    deps.sink.open({ transfer, lane: number, incarnation, topics }, signal);
  let lane = await open();
  if (request.anew && !belongTogether({ lease, lane, incarnation })) {
    // Whoever dies behind this finds no claim there, and goes on in the same way.
    await lane.close();
    await deps.sink.forget({ transfer, lane: number }, signal);
    lane = await open();
  }
  try {
    return await makeReady(deps, request, { lease, lane, incarnation, tables }, signal);
  } catch (error) {
    await lane.close();
    throw error;
  }
}
