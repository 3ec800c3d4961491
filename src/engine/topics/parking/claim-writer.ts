import type { ChangeEvent } from '../../../model/change-event.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Lease } from '../../ports/change-capture.ts';
import type { EventParking, EventToPark, RetryPolicy } from '../../ports/event-parking.ts';
import type { RefusedMessage, TopicLane, TopicMessage } from '../../ports/topic-sink.ts';
import type { RenderedClaim } from '../claim-messages.ts';
import type { TableLookup } from '../table-lookup.ts';
import type { ParkedKeys } from './parked-keys.ts';
import { rowKeyOf } from './row-key.ts';

/** Of a lane: behind that its hub, or what is written to it, is not what it was taken for, and a person must look. */
const MOST_PARKED = 20_000;

export interface ClaimWriterDeps {
  readonly lane: TopicLane;
  readonly lease: Lease;
  readonly tables: TableLookup;
  /** Null: nothing can be set apart here. */
  readonly parking: EventParking | null;
  readonly keys: ParkedKeys;
  readonly policy: RetryPolicy;
  /** False: what is refused stops the lane, but for what was set apart before. */
  readonly mayPark: boolean;
  /** The events of a claim, once more. */
  readonly reread: (claim: number) => Promise<readonly ChangeEvent[]>;
}

type Refusals = Map<string, SluiceError>;

/** Those of the events that are refused, or wait behind one that is set apart; each is told once. */
async function heldOf(
  { tables, keys }: Pick<ClaimWriterDeps, 'tables' | 'keys'>,
  request: {
    readonly events: readonly ChangeEvent[];
    readonly refusals: Refusals;
    readonly held: Set<string>;
  },
  signal: AbortSignal,
): Promise<readonly EventToPark[]> {
  const { events, refusals, held } = request;
  const found: EventToPark[] = [];
  for (const event of events) {
    if (held.has(event.id)) continue;
    const table = tables.get(event.table) ?? (await tables.find(event.table, signal));
    const key = rowKeyOf(event, table);
    const mark = { event: event.id, table: event.table, key };
    // Of those of a key the first one is what is refused: the others wait for it, whatever they are.
    const isBehind = keys.holds(mark);
    const refusal = refusals.get(event.id);
    if (!refusal && !isBehind) continue;
    held.add(event.id);
    keys.add(mark);
    const why = refusal && !isBehind ? { code: refusal.code, message: refusal.message } : null;
    found.push({ event, table: table.id, key, refusal: why });
  }
  return found;
}

const tooMany = ({ transfer, lane }: Lease, { table }: EventToPark): SluiceError =>
  new SluiceError(
    'hub.message_too_large',
    `more than ${MOST_PARKED} events of lane ${lane} of ${transfer} are set apart: no more of them are`,
    { table, suggestion: `mend what they lack, or discard them: sluice errors list ${transfer}` },
  );

/** Writes claims to their lane. */
export interface ClaimWriter {
  /** Something is set apart: the events of claims are needed beside their messages. */
  readonly needsEvents: boolean;
  /**
   * Stores a claim but for what is refused of it, or must wait behind what is: that is excluded from it, and set apart, before the rest is
   * stored. So whoever dies in between, whoever reads the claim next reads what is to be stored of it.
   * @returns what was stored
   */
  write(claim: RenderedClaim, signal: AbortSignal): Promise<readonly TopicMessage[]>;
}

export function createClaimWriter(deps: ClaimWriterDeps): ClaimWriter {
  const { lane, lease, parking, keys, policy, mayPark } = deps;

  /** @throws the refusal of an event that is not to be set apart */
  const demandMayPark = (refusals: Refusals, retried: ReadonlySet<string>): void => {
    if (parking && mayPark) return;
    for (const [event, error] of refusals) if (!parking || !retried.has(event)) throw error;
  };

  const park = async (claim: number, events: readonly EventToPark[], signal: AbortSignal): Promise<void> => {
    const [first] = events;
    if (!first || !parking) return;
    if (keys.size > MOST_PARKED) throw tooMany(lease, first);
    await parking.park(lease, { claim, events, policy }, signal);
  };

  /** What was refused of the claim as a whole is set apart, and what comes behind it, until the rest is stored. */
  const writeRest = async (
    { claim, messages, unfit, events: kept }: RenderedClaim,
    first: readonly RefusedMessage[],
    signal: AbortSignal,
  ): Promise<readonly TopicMessage[]> => {
    const refusals: Refusals = new Map([
      ...unfit.map(({ event, error }): [string, SluiceError] => [event, error]),
      ...first.map(({ message, error }): [string, SluiceError] => [message.eventId, error]),
    ]);
    const events = kept ?? (await deps.reread(claim));
    const retried = new Set(events.map(({ id }) => id).filter((id) => keys.has(id)));
    keys.release([...retried]);
    const held = new Set<string>();
    for (;;) {
      demandMayPark(refusals, retried);
      await park(claim, await heldOf(deps, { events, refusals, held }, signal), signal);
      const rest = messages.filter(({ eventId }) => !held.has(eventId));
      const refused = await lane.write(claim, rest, signal);
      if (refused.length === 0) return rest;
      for (const { message, error } of refused) refusals.set(message.eventId, error);
    }
  };

  return {
    get needsEvents() {
      return keys.size > 0;
    },
    async write(claim, signal) {
      if (keys.size > 0 || claim.unfit.length > 0) return writeRest(claim, [], signal);
      const refused = await lane.write(claim.claim, claim.messages, signal);
      return refused.length === 0 ? claim.messages : writeRest(claim, refused, signal);
    },
  };
}
