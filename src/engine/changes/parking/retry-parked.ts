import type { Batch } from '../../../model/batch.ts';
import type { ChangesPlan } from '../../../model/changes-plan.ts';
import type { LaneRef } from '../../../model/lane.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { HeldKeys, StoredEvent, TargetParking } from '../../ports/target-parking.ts';
import type { TargetTransaction } from '../../ports/target-writer.ts';
import { bulkWays, CONFLICT, partSteps } from '../change-ways.ts';
import type { RawEvent } from '../parse-events.ts';
import { runSteps } from '../run-steps.ts';
import type { ChangeTarget } from '../target-facts.ts';
import { type CascadeGuard, createCascadeGuard, takesRows } from './cascade-guard.ts';
import type { ParkingOptions } from './parking-options.ts';
import { firstMark } from '../../quarantine/create-parking.ts';
import { isRefusal } from '../../quarantine/refusals.ts';
import { payloadCell, refusedMark } from './set-apart.ts';

/** Chains that one transaction tries: the lane waits meanwhile. */
const MOST_CHAINS = 50;
/** Of one chain, and of all of them, in memory. */
const CHAIN_LIMITS = { events: 1_000, bytes: 4 * 1024 * 1024 };
const MOST_BYTES = 16 * 1024 * 1024;
/** So few that fail alone are tried without one of them: rows that refer to each other, or exchange a unique value. */
const FEW = 8;

export interface RetryRequest {
  readonly lane: LaneRef;
  readonly plan: ChangesPlan;
  /** Whatever waits is tried, whether its time has come or not: the lane is about to end. */
  readonly now?: boolean;
}

/** One chain while it is tried: what of it is in memory, of which the first is the one that others wait behind. */
interface Chain {
  readonly name: string;
  readonly events: readonly StoredEvent[];
  readonly raw: readonly RawEvent[];
}

interface Retrying {
  readonly target: ChangeTarget;
  readonly request: RetryRequest;
  readonly options: ParkingOptions;
  readonly signal: AbortSignal;
  readonly transaction: TargetTransaction;
  readonly parking: TargetParking;
  readonly guard: CascadeGuard;
  readonly checks: boolean;
}

/** What became of a round; both 0: nothing is due. */
export interface Retried {
  readonly applied: number;
  readonly refused: number;
}

const NOTHING: Retried = { applied: 0, refused: 0 };

function chainOf({ request: { plan } }: Retrying, name: string, all: readonly StoredEvent[]): Chain | null {
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

const bytesOf = ({ raw }: Chain): number =>
  raw.reduce((sum, { old, new: after }) => sum + (old?.length ?? 0) + (after?.length ?? 0), 0);

async function readChains(retrying: Retrying, due: readonly HeldKeys[]): Promise<readonly Chain[]> {
  const { parking, request, options } = retrying;
  const nowMs = options.now();
  const known = new Set(request.plan.tables.map(({ plan: { id } }) => id));
  const names = new Set(due.filter(({ table }) => known.has(table)).map(({ chain }) => chain));
  const chains: Chain[] = [];
  let bytes = 0;
  for (const name of names) {
    const events = await parking.chain(request.lane.transfer, name, CHAIN_LIMITS);
    const [head] = events;
    const isDue =
      head !== undefined &&
      head.state !== 'final' &&
      (request.now === true || head.retryAtMs === null || head.retryAtMs <= nowMs);
    const chain = isDue ? chainOf(retrying, name, events) : null;
    if (!chain) continue;
    chains.push(chain);
    bytes += bytesOf(chain);
    if (bytes > MOST_BYTES) break;
  }
  return chains;
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
  const { parking, transaction, request, checks } = retrying;
  await parking.attempt(async () => {
    for (const { name, last, least } of takenOut)
      if ((await parking.remove(request.lane.transfer, name, last)) < least)
        throw new SluiceError('database.transient', 'what was set apart is another now', {
          table: last.table,
        });
    await runSteps(transaction, steps, headerOf(request.lane));
    if (checks) await parking.check?.();
  });
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
async function tryTogether(retrying: Retrying, chains: readonly Chain[]): Promise<SluiceError | null> {
  const { target, request, signal, guard } = retrying;
  const { plan, lane } = request;
  retrying.options.progress();
  const events = inOrder(chains);
  const guarded = await guard.over(await heldBeside(retrying, chains));
  if (takesRows(events, guarded))
    return new SluiceError(CONFLICT, 'rows that wait for changes that are set apart would go along');
  let refusal: SluiceError | null = null;
  try {
    const batch = { ...headerOf(lane), data: Buffer.alloc(0) };
    const bulk = await bulkWays(target, { plan, batch }, events, signal);
    for (const make of bulk.ways) {
      const way = await make();
      if (!way) continue;
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
  return refusal ?? new SluiceError(CONFLICT, 'no order of its changes is safe all at once');
}

/** One event after the other until one is refused, which is from then on the first of its chain. */
async function tryOneByOne(
  retrying: Retrying,
  chain: Chain,
): Promise<{ applied: number; refusal: SluiceError | null }> {
  const { target, request, signal, guard } = retrying;
  const guarded = await guard.over(await heldBeside(retrying, [chain]));
  for (const [at, event] of chain.raw.entries()) {
    try {
      if (takesRows([event], guarded))
        throw new SluiceError(CONFLICT, 'rows that wait for changes that are set apart would go along');
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

/** What is left of a chain behind what was applied is tried next. */
async function goOn({ parking, request, options }: Retrying, { name }: Chain): Promise<void> {
  const { transfer } = request.lane;
  const [next] = await parking.chain(transfer, name, { events: 1, bytes: 0 });
  if (next && next.state === 'behind') await parking.mark(transfer, next, firstMark(options.now()));
}

async function failed(
  retrying: Retrying,
  chain: Chain,
  { applied, refusal }: { readonly applied: number; readonly refusal: SluiceError },
): Promise<void> {
  const { parking, request, options } = retrying;
  const head = chain.events[applied];
  if (head)
    await parking.mark(
      request.lane.transfer,
      head,
      refusedMark(refusal, head.attempts, options, options.now()),
    );
}

/** Chains that fail each for itself: all but one of them may be right together. */
async function withoutOne(retrying: Retrying, chains: readonly Chain[]): Promise<readonly Chain[]> {
  if (chains.length < 3 || chains.length > FEW) return chains;
  for (const left of chains) {
    const others = chains.filter((each) => each !== left);
    if ((await tryTogether(retrying, others)) !== null) continue;
    for (const each of others) await goOn(retrying, each);
    return [left];
  }
  return chains;
}

/** Gives up what has been final for too long; what is behind it is tried in its place. */
async function expire(retrying: Retrying): Promise<void> {
  const { parking, request, options } = retrying;
  const { transfer } = request.lane;
  const known = new Set(request.plan.tables.map(({ plan: { id } }) => id));
  const nowMs = options.now();
  for (const { chain, table } of await parking.expired(transfer, nowMs - options.holdForMs, MOST_CHAINS)) {
    const [head] = known.has(table) ? await parking.chain(transfer, chain, { events: 1, bytes: 0 }) : [];
    if (head?.state !== 'final' || (head.finalAtMs ?? nowMs) > nowMs - options.holdForMs) continue;
    await parking.discard(transfer, head);
    await goOn(retrying, { name: chain, events: [], raw: [] });
  }
}

async function round(retrying: Retrying): Promise<Retried> {
  const { parking, request, options } = retrying;
  await expire(retrying);
  const nowMs = request.now === true ? Number.MAX_SAFE_INTEGER : options.now();
  const chains = await readChains(retrying, await parking.due(request.lane.transfer, nowMs, MOST_CHAINS));
  if (chains.length === 0) return NOTHING;
  if ((await tryTogether(retrying, chains)) === null) {
    for (const chain of chains) await goOn(retrying, chain);
    return { applied: chains.length, refused: 0 };
  }
  const results = new Map<Chain, { applied: number; refusal: SluiceError | null }>();
  let open: readonly Chain[] = chains;
  // What was refused for another one's sake is tried again behind it.
  for (let before = -1; open.length !== before && open.length > 0; ) {
    before = open.length;
    for (const chain of open) {
      const whole = chain.raw.length > 1 && (await tryTogether(retrying, [chain])) === null;
      const result = whole
        ? { applied: chain.raw.length, refusal: null }
        : await tryOneByOne(retrying, chain);
      results.set(chain, result);
      if (result.refusal === null) await goOn(retrying, chain);
    }
    open = open.filter((chain) => results.get(chain)?.applied === 0);
  }
  const left = await withoutOne(retrying, open);
  const refused = chains.filter((chain) => {
    const result = results.get(chain);
    return result !== undefined && result.refusal !== null && (result.applied > 0 || left.includes(chain));
  });
  for (const chain of refused) {
    const { applied, refusal } = results.get(chain) as { applied: number; refusal: SluiceError };
    await failed(retrying, chain, { applied, refusal });
  }
  return { applied: chains.length - refused.length, refused: refused.length };
}

/**
 * Tries events of a lane again that were set apart and are due, with those of their keys behind them: what is applied leaves the
 * quarantine in the same transaction, behind the lock of the lane's row in the ledger. So no batch comes between, and each event is
 * applied once, whoever else tries. Ends where nothing is due.
 * @throws SluiceError of the database; never for what the target refuses
 */
export async function retryParked(
  target: ChangeTarget,
  request: RetryRequest,
  options: ParkingOptions,
  signal: AbortSignal,
): Promise<Retried> {
  const once = async (checks: boolean): Promise<Retried> => {
    const transaction = await target.writer.begin(signal);
    try {
      const { parking } = transaction;
      if (!parking || !(await parking.hold(request.lane))) {
        await transaction.rollback();
        return NOTHING;
      }
      const guard = createCascadeGuard(target, request.plan, signal);
      const retrying = { target, request, options, signal, transaction, parking, guard, checks };
      const result = await round(retrying);
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback().catch(() => undefined);
      throw error;
    }
  };
  try {
    return await once(false);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return once(true);
  }
}
