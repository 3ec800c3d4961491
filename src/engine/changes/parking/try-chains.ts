import type { Batch } from '../../../model/batch.ts';
import type { ChangesPlan } from '../../../model/changes-plan.ts';
import type { LaneRef } from '../../../model/lane.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { StoredEvent, TargetParking } from '../../ports/target-parking.ts';
import type { TargetTransaction } from '../../ports/target-writer.ts';
import { isRefusal } from '../../quarantine/refusals.ts';
import { bulkWays, noSafeWay, partSteps } from '../change-ways.ts';
import type { RawEvent } from '../parse-events.ts';
import { type Found, type Judging, mergeFound, refuseFound } from '../drift/judging.ts';
import { runSteps } from '../run-steps.ts';
import type { ChangeTarget } from '../target-facts.ts';
import { type CascadeGuard, goesAlong, takesRows } from './cascade-guard.ts';
import type { ParkingOptions } from './parking-options.ts';
import { payloadCell } from './set-apart.ts';

export interface RetryRequest {
  readonly lane: LaneRef;
  readonly plan: ChangesPlan;
  /** Absent: what is found otherwise than changes take for granted is neither counted nor refused. */
  readonly judging?: Judging | undefined;
  /** Whatever waits is tried, whether its time has come or not: the lane is about to end. */
  readonly now?: boolean;
}

/** One chain while it is tried: what of it is in memory, of which the first is the one that others wait behind. */
export interface Chain {
  readonly name: string;
  readonly events: readonly StoredEvent[];
  readonly raw: readonly RawEvent[];
}

export interface Retrying {
  readonly target: ChangeTarget;
  readonly request: RetryRequest;
  readonly options: ParkingOptions;
  readonly signal: AbortSignal;
  readonly transaction: TargetTransaction;
  readonly parking: TargetParking;
  readonly guard: CascadeGuard;
  readonly checks: boolean;
  /** What of the target is not as changes take for granted, of all that is applied. */
  readonly found: Found;
}

export function chainOf(
  { request: { plan } }: Retrying,
  name: string,
  all: readonly StoredEvent[],
): Chain | null {
  const numbers = new Map(plan.tables.map(({ number, plan: { id } }) => [id, number]));
  // What is final waits for a person, and what is behind it, for it.
  const end = all.findIndex(({ state }, at) => at > 0 && state === 'final');
  const events = end < 0 ? all : all.slice(0, end);
  const raw = events.flatMap(({ event: id, table, operation, old, new: after }): readonly RawEvent[] => {
    const number = numbers.get(table);
    if (number === undefined) return [];
    return [{ id, table: number, operation, old: payloadCell(old), new: payloadCell(after) }];
  });
  return raw.length > 0 && raw.length === events.length ? { name, events, raw } : null;
}

/** Of a batch that there is none of: what a step takes of it is only what the plan says besides. */
const headerOf = ({ transfer, run, table, generation, lane }: LaneRef): Pick<Batch, 'header'> => ({
  header: {
    transfer,
    run,
    table,
    generation,
    lane,
    ordinal: 0,
    attempt: 0,
    epoch: '',
    n: 0,
    plan: '',
    operation: 'changes',
    encoding: 'event-rows',
    rows: 0,
    bytes: 0,
    first: null,
    last: null,
    fingerprint: '',
    end: null,
  },
});

/**
 * Takes events out of the quarantine and applies them, in that order: whoever copied their table anew meanwhile has dropped them, and
 * then nothing is applied.
 */
async function applyEvents(
  retrying: Retrying,
  takenOut: readonly { readonly name: string; readonly last: StoredEvent; readonly least: number }[],
  steps: Parameters<typeof runSteps>[1],
): Promise<void> {
  const { target, parking, transaction, request, checks } = retrying;
  const found: Found = new Map();
  await parking.attempt(async () => {
    for (const { name, last, least } of takenOut)
      if ((await parking.remove(request.lane.transfer, name, last)) < least)
        throw new SluiceError('database.transient', 'what was set apart is another now', {
          table: last.table,
        });
    await runSteps(transaction, steps, headerOf(request.lane), found);
    if (target.judge && transaction.drift) await refuseFound(target.judge, transaction.drift, found);
    if (checks) await parking.check?.();
  });
  mergeFound(retrying.found, found);
}

/** Ids of tables of which something is set apart that is in none of these chains. */
async function heldBeside(
  { parking, request }: Retrying,
  chains: readonly Chain[],
): Promise<ReadonlySet<string>> {
  const names = new Set(chains.map(({ name }) => name));
  const held = await parking.held(request.lane.transfer);
  return new Set(held.flatMap(({ chain, table }) => (names.has(chain) ? [] : [table])));
}

const inOrder = (chains: readonly Chain[]): readonly RawEvent[] =>
  chains
    .flatMap(({ events, raw }) => events.map((event, at) => ({ event, raw: raw[at] as RawEvent })))
    .toSorted(
      ({ event: one }, { event: other }) =>
        one.run - other.run || one.claim - other.claim || Number(BigInt(one.event) - BigInt(other.event)),
    )
    .map(({ raw }) => raw);

/** All of these chains at once, as their net effect. @returns why not */
export async function tryTogether(retrying: Retrying, chains: readonly Chain[]): Promise<SluiceError | null> {
  const { target, request, signal, guard } = retrying;
  retrying.options.progress();
  const events = inOrder(chains);
  const guarded = await guard.over(await heldBeside(retrying, chains));
  if (takesRows(events, guarded)) return goesAlong();
  let refusal: SluiceError | null = null;
  try {
    const bulk = await bulkWays(target, request.plan, events, signal);
    for await (const way of bulk.ways) {
      try {
        const all = chains.map(({ name, events: of }) => ({
          name,
          last: of.at(-1) as StoredEvent,
          least: of.length,
        }));
        await applyEvents(retrying, all, way.parts.flat());
        return null;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refusal ??= error;
      }
    }
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  return refusal ?? noSafeWay();
}

/** One event after the other until one is refused, which is from then on the first of its chain. */
export async function tryOneByOne(
  retrying: Retrying,
  chain: Chain,
): Promise<{ applied: number; refusal: SluiceError | null }> {
  const { target, request, signal, guard } = retrying;
  const guarded = await guard.over(await heldBeside(retrying, [chain]));
  for (const [at, event] of chain.raw.entries()) {
    try {
      if (takesRows([event], guarded)) throw goesAlong();
      const steps = (await partSteps(target, request.plan, [event], signal)) ?? [];
      const last = chain.events[at] as StoredEvent;
      await applyEvents(retrying, [{ name: chain.name, last, least: 1 }], steps);
    } catch (error) {
      if (isRefusal(error)) return { applied: at, refusal: error };
      throw error;
    }
    retrying.options.progress();
  }
  return { applied: chain.raw.length, refusal: null };
}
