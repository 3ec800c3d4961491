import type { SluiceError } from '../../../model/sluice-error.ts';
import type { HeldKeys } from '../../ports/target-parking.ts';
import { firstMark } from '../../quarantine/create-parking.ts';
import { withLateChecks } from '../../quarantine/refusals.ts';
import { countFound, judged, tellCounted, untilJudgedRight } from '../drift/judging.ts';
import type { ChangeTarget } from '../target-facts.ts';
import { createCascadeGuard } from './cascade-guard.ts';
import type { ParkingOptions } from './parking-options.ts';
import { refusedMark } from './set-apart.ts';
import {
  type Chain,
  chainOf,
  type RetryRequest,
  type Retrying,
  tryOneByOne,
  tryTogether,
} from './try-chains.ts';

/** Chains that one transaction tries: the lane waits meanwhile. */
const MOST_CHAINS = 50;
/** Among so many that are due those of the lane are looked for. */
const MOST_DUE = 1_000;
/** Of one chain, and of all of them, in memory. */
const CHAIN_LIMITS = { events: 1_000, bytes: 4 * 1024 * 1024 };
const MOST_BYTES = 16 * 1024 * 1024;
/** So few that fail alone are tried without one of them: rows that refer to each other, or exchange a unique value. */
const FEW = 8;

/** What became of a round; both 0: nothing is due. */
export interface Retried {
  readonly applied: number;
  readonly refused: number;
}

const NOTHING: Retried = { applied: 0, refused: 0 };

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
    if (bytes > MOST_BYTES || chains.length >= MOST_CHAINS) break;
  }
  return chains;
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
  for (const { chain, table } of await parking.expired(transfer, nowMs - options.holdForMs, MOST_DUE)) {
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
  const chains = await readChains(retrying, await parking.due(request.lane.transfer, nowMs, MOST_DUE));
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
  of: ChangeTarget,
  request: RetryRequest,
  options: ParkingOptions,
  signal: AbortSignal,
): Promise<Retried> {
  return untilJudgedRight(async () => {
    const target = await judged(of, request, signal);
    return withLateChecks((checks) => retryOnce({ target, request, options, checks, signal }));
  });
}

async function retryOnce(
  asked: Pick<Retrying, 'target' | 'request' | 'options' | 'checks' | 'signal'>,
): Promise<Retried> {
  const { target, request, signal } = asked;
  const { judge } = target;
  const transaction = await target.writer.begin(signal);
  try {
    const { parking, drift } = transaction;
    if (!parking || !(await parking.hold(request.lane))) {
      await transaction.rollback();
      return NOTHING;
    }
    const guard = createCascadeGuard(target, request.plan, signal);
    const retrying: Retrying = { ...asked, transaction, parking, guard, found: new Map() };
    const result = await round(retrying);
    const counted = judge && drift ? await countFound(judge, drift, retrying.found) : [];
    await transaction.commit();
    if (judge) tellCounted(judge, counted);
    return result;
  } catch (error) {
    await transaction.rollback().catch(() => undefined);
    throw error;
  }
}
