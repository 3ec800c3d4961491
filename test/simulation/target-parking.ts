import type { Quarantine } from '../../src/engine/ports/quarantine.ts';
import type {
  EventPlace,
  HeldKeys,
  StoredEvent,
  TargetParking,
} from '../../src/engine/ports/target-parking.ts';
import { isRefusal } from '../../src/engine/quarantine/refusals.ts';
import type { TargetState } from './target-state.ts';
import { type Actor, call, type World } from './world.ts';

/** Events that are set apart, by their places. */
export type ParkedEvents = ReadonlyMap<string, StoredEvent>;

/** What of an open transaction its parking changes: a new map each time, which stands for all when it commits. */
export interface ParkingOpen {
  parked: ParkedEvents | null;
  readonly steps: unknown[];
  /** What is refused is taken back alone. */
  attempting: boolean;
  readonly holder: { readonly over: boolean };
}

/** A step of the transaction as a call to the server. */
export type TransactionStep = <T>(
  label: string,
  effect: (done: (value: T) => void, refuse: (error: Error) => void) => void,
) => Promise<T>;

const placeKey = ({ run, claim, event }: EventPlace): string => `${run} ${claim} ${event}`;

const inOrder = (one: EventPlace, other: EventPlace): number =>
  one.run - other.run || one.claim - other.claim || Number(BigInt(one.event) - BigInt(other.event));

const holds = ({ state, other }: StoredEvent): boolean => state !== 'behind' || other !== null;

const without = (parked: ParkedEvents, gone: readonly StoredEvent[]): ParkedEvents => {
  const keys = new Set(gone.map(placeKey));
  return new Map([...parked].filter(([key]) => !keys.has(key)));
};
const withThese = (parked: ParkedEvents, events: readonly StoredEvent[]): ParkedEvents =>
  new Map([...parked, ...events.map((event) => [placeKey(event), event] as const)]);

/** Of a transaction that is open: all but `hold`, which takes a lock of the ledger. */
export function createTargetParking(
  world: World,
  state: TargetState,
  { open, step }: { readonly open: ParkingOpen; readonly step: TransactionStep },
): Omit<TargetParking, 'hold'> {
  const { plant } = world;
  const now = (): ParkedEvents => open.parked ?? state.parked;
  const become = (parked: ParkedEvents): void => void (open.parked = parked);
  const which = (transfer: string, wanted: (event: StoredEvent) => boolean): StoredEvent[] =>
    [...now().values()].filter((event) => event.transfer === transfer && wanted(event)).sort(inOrder);
  const ask = <T>(label: string, work: () => T): Promise<T> => step<T>(label, (done) => done(work()));
  const heads = (label: string, transfer: string, wanted: (event: StoredEvent) => boolean) =>
    ask<readonly HeldKeys[]>(label, () => which(transfer, (event) => holds(event) && wanted(event)));

  return {
    async attempt(work) {
      await ask('savepoint', () => undefined);
      const before = { steps: open.steps.length, parked: open.parked };
      open.attempting = true;
      try {
        await work();
      } catch (error) {
        open.attempting = false;
        if (!open.holder.over && isRefusal(error))
          await ask('back to the savepoint', () => {
            open.steps.splice(before.steps);
            open.parked = before.parked;
          });
        throw error;
      }
      open.attempting = false;
      await ask('release the savepoint', () => undefined);
    },
    held: (transfer) => heads('held', transfer, () => plant !== 'parked-keys-are-overtaken'),
    park: (events) => ask(`park ${events.map(placeKey).join()}`, () => become(withThese(now(), events))),
    merge: (transfer, into, of) =>
      ask(`merge into ${into}`, () => {
        const merged = which(transfer, ({ chain, table }) =>
          'chain' in of ? chain === of.chain : table === of.table,
        );
        become(
          withThese(
            now(),
            merged.map((event) => ({ ...event, chain: into })),
          ),
        );
      }),
    drop: (transfer, table) =>
      ask(`drop parked of ${table}`, () => {
        const gone = which(transfer, (event) => event.table === table);
        become(without(now(), gone));
        return gone.length;
      }),
    due: (transfer, nowMs, most) =>
      heads('due', transfer, (event) => event.state === 'waiting' && (event.retryAtMs ?? 0) <= nowMs).then(
        (found) => found.slice(0, most),
      ),
    expired: (transfer, beforeMs) =>
      heads('expired', transfer, (event) => event.state === 'final' && (event.finalAtMs ?? 0) <= beforeMs),
    chain: (transfer, chain, { events }) =>
      ask(`chain ${chain}`, () => {
        const all = which(transfer, (event) => event.chain === chain);
        const truncated = all.findLastIndex(({ operation }) => operation === 'T');
        return all.slice(Math.max(0, truncated)).slice(0, events);
      }),
    remove: (transfer, chain, upto) =>
      ask(`take out ${chain} up to ${placeKey(upto)}`, () => {
        const gone = which(transfer, (event) => event.chain === chain && inOrder(event, upto) <= 0);
        become(without(now(), gone));
        if (plant === 'taken-out-before-the-commit') state.parked = now();
        return gone.length;
      }),
    discard: (transfer, place) =>
      ask('discard', () =>
        become(
          without(
            now(),
            which(transfer, (event) => inOrder(event, place) === 0),
          ),
        ),
      ),
    mark: (transfer, place, mark) =>
      ask(`mark ${placeKey(place)}`, () =>
        become(
          withThese(
            now(),
            which(transfer, (event) => inOrder(event, place) === 0).map((event) => ({ ...event, ...mark })),
          ),
        ),
      ),
  };
}

const nobodyAsks = (): Promise<never> => Promise.reject(new Error('nobody asks in the simulation'));

/** The quarantine as writers see it; a person has no hand in it. */
export const createTargetQuarantine = (world: World, state: TargetState, actor: Actor): Quarantine => ({
  isDue: (transfer, { nowMs, finalBeforeMs }, signal) =>
    call<boolean>(world, actor, {
      label: 'is anything due',
      code: 'database.unreachable',
      usualMs: 3,
      signal,
      effect: (done) =>
        done(
          [...state.parked.values()].some(
            (event) =>
              event.transfer === transfer &&
              ((event.state === 'waiting' && (event.retryAtMs ?? 0) <= nowMs) ||
                (event.state === 'final' && (event.finalAtMs ?? 0) <= finalBeforeMs)),
          ),
        ),
    }),
  list: nobodyAsks,
  show: nobodyAsks,
  count: nobodyAsks,
  reactivate: nobodyAsks,
  discard: nobodyAsks,
});
