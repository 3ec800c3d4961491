import type { ChangeCapture, Lease } from '../../../src/engine/ports/change-capture.ts';
import type { TriggerManager } from '../../../src/engine/ports/trigger-manager.ts';
import { SluiceError } from '../../../src/model/sluice-error.ts';
import type { RowBlock } from '../../../src/model/row-block.ts';
import { type Actor, call, hold, type World } from '../world.ts';
import { type CapturedEvent, type CapturedLane, type CapturedSource, lineOf } from './captured-source.ts';

/** What the other end of each transfer has: claims that are in as a whole. Infinity where it was restored, and nobody knows. */
export type WholeClaims = (transfer: string) => number;

const resync = (what: string): SluiceError => new SluiceError('capture.resync_required', what);

const FRESH = { epoch: '', sealed: 0, confirmed: 0 } as const;

/** @returns the events of a sealed claim, as it reads now */
function claimNow(
  world: World,
  source: CapturedSource,
  lane: CapturedLane,
  claim: number,
): readonly CapturedEvent[] {
  const known = lane.claims.get(claim);
  if (!known) throw resync(`claim ${claim} is gone`);
  if (world.plant !== 'claims-are-cut-again') return known.events;
  const [first, last] = [known.events[0]?.id ?? 0, known.events.at(-1)?.id ?? 0];
  return source.events
    .filter(
      ({ id, table, commit }) =>
        id >= first && id <= last && lane.tables.includes(table) && commit > lane.since,
    )
    .sort((one, other) => one.id - other.id);
}

/** Cuts lines at the first end at or behind the limit; one block at least, be it empty. */
function cutEvents(events: readonly CapturedEvent[], blockBytes: number): CapturedEvent[][] {
  const blocks: CapturedEvent[][] = [[]];
  let bytes = 0;
  for (const event of events) {
    if (bytes >= blockBytes) {
      blocks.push([]);
      bytes = 0;
    }
    blocks.at(-1)?.push(event);
    bytes += lineOf(event).length;
  }
  return blocks;
}

function isPending(world: World, lane: CapturedLane, { id, table, commit }: CapturedEvent): boolean {
  if (!lane.tables.includes(table) || commit <= lane.since || lane.taken.has(id)) return false;
  if (world.plant === 'open-ones-are-forgotten' && id < lane.firstId) return false;
  return world.plant !== 'pending-is-above-the-last' || id > Math.max(0, ...lane.taken);
}

/** Frees what every lane has confirmed for long enough, or never takes. @returns events that were freed */
export function freeEvents(world: World, source: CapturedSource, retentionMs: number): number {
  const isOver = (atMs: number | null): boolean => atMs !== null && atMs + retentionMs <= world.now();
  const freed = new Map<number, number>();
  for (const lane of source.lanes.values()) {
    for (const [number, claim] of lane.claims) if (isOver(claim.confirmedAtMs)) lane.claims.delete(number);
    const kept = new Set([...lane.claims.values()].flatMap(({ events }) => events.map(({ id }) => id)));
    for (const event of source.events)
      if (!kept.has(event.id) && !isPending(world, lane, event))
        freed.set(event.id, (freed.get(event.id) ?? 0) + 1);
  }
  const wanted = world.plant === 'freed-for-one-of-two' ? 1 : source.lanes.size;
  const before = source.events.length;
  source.events = source.events.filter(({ id }) => (freed.get(id) ?? 0) < wanted);
  return before - source.events.length;
}

/** The capture of a simulated source as one actor sees it. */
export function createCapture(
  world: World,
  source: CapturedSource,
  { actor, whole }: { readonly actor: Actor; readonly whole: WholeClaims },
): { readonly changes: ChangeCapture; readonly triggers: Pick<TriggerManager, 'captured' | 'incarnation'> } {
  const ask = <T>(label: string, signal: AbortSignal, work: () => T): Promise<T> =>
    call<T>(world, actor, {
      label,
      code: 'source.unreachable',
      usualMs: 4,
      signal,
      effect: (done, refuse) => {
        try {
          done(work());
        } catch (error) {
          refuse(error as Error);
        }
      },
    });

  const laneOf = (transfer: string): CapturedLane => {
    const lane = source.lanes.get(transfer);
    if (!lane) throw resync(`${transfer} is not registered`);
    return lane;
  };
  const owned = (lease: Lease): CapturedLane => {
    const lane = laneOf(lease.transfer);
    if (lane.epoch === lease.epoch || world.plant === 'lease-does-not-fence') return lane;
    throw new SluiceError('capture.lease_lost', `the lane of ${lease.transfer} has another owner`);
  };

  const seal = (lane: CapturedLane, mostEvents: number): number | null => {
    const pending = source.events
      .filter((event) => isPending(world, lane, event))
      .sort((one, other) => one.id - other.id)
      .slice(0, mostEvents);
    if (pending.length === 0) return null;
    lane.sealed += 1;
    lane.claims.set(lane.sealed, { events: pending, confirmedAtMs: null });
    lane.history.set(lane.sealed, pending);
    for (const { id } of pending) lane.taken.add(id);
    if (world.plant === 'confirmed-when-sealed') confirm(lane, lane.sealed);
    return lane.sealed;
  };
  const confirm = (lane: CapturedLane, claim: number): void => {
    lane.confirmed = Math.max(lane.confirmed, claim);
    for (const [number, each] of lane.claims) if (number <= claim) each.confirmedAtMs ??= world.now();
  };
  async function* read(
    lease: Lease,
    { claim, afterId, blockBytes }: Parameters<ChangeCapture['read']>[1],
    signal: AbortSignal,
  ): AsyncGenerator<RowBlock, void, undefined> {
    hold(actor, 'claim', 1);
    try {
      const blocks = await ask(`read claim ${claim} after ${afterId ?? 'nothing'}`, signal, () => {
        const lane = laneOf(lease.transfer);
        const events = claimNow(world, source, lane, claim);
        const lost = events.filter((event) => !source.events.includes(event));
        if (lost.length > 0)
          world.fail('freed', `claim ${claim} of ${lease.transfer} lacks ${lost.map(({ id }) => id).join()}`);
        return cutEvents(
          events.filter(({ id }) => afterId === null || id > Number(afterId)),
          blockBytes,
        );
      });
      for (const [at, block] of blocks.entries()) {
        const data = Buffer.from(block.map(lineOf).join(''));
        const isLast = at === blocks.length - 1;
        const first = [String(claim), String(block[0]?.id ?? '')];
        const last = [String(claim), isLast ? '' : String(block.at(-1)?.id ?? '')];
        yield await ask(`fetch claim ${claim}`, signal, () => ({
          rows: block.length,
          data,
          first,
          last,
          isLive: true,
        }));
      }
    } finally {
      hold(actor, 'claim', -1);
    }
  }

  const changes: ChangeCapture = {
    register: (transfer, lanes, signal) =>
      ask(`register ${transfer}`, signal, () => {
        if (source.lanes.has(transfer)) return;
        const tables = lanes.flatMap((lane) => lane.tables);
        const begin = { rows: new Map(source.rows), versions: new Map(source.versions) };
        const now = { since: source.commits, firstId: source.ids + 1, begin };
        source.lanes.set(transfer, {
          tables,
          ...now,
          ...FRESH,
          claims: new Map(),
          history: new Map(),
          taken: new Set(),
        });
      }),
    lanes: (transfer, signal) =>
      ask(`lanes of ${transfer}`, signal, () => {
        const lane = source.lanes.get(transfer);
        return lane ? [{ lane: 1, tables: lane.tables }] : [];
      }),
    unregister: (transfer, signal) =>
      ask(`unregister ${transfer}`, signal, () => void source.lanes.delete(transfer)),
    lease: ({ transfer, lane: number }, signal) =>
      ask(`lease ${transfer}`, signal, () => {
        const lane = laneOf(transfer);
        lane.epoch = `lease ${(source.epochs += 1)}`;
        return { transfer, lane: number, epoch: lane.epoch, sealed: lane.sealed, confirmed: lane.confirmed };
      }),
    seal: (lease, { events }, signal) =>
      ask(`seal ${lease.transfer}`, signal, () => seal(owned(lease), world.random.int(1, events))),
    read,
    confirm: (lease, claim, signal) =>
      ask(`confirm ${lease.transfer} ${claim}`, signal, () => {
        const lane = owned(lease);
        if (claim > lane.sealed) throw resync(`claim ${claim} is not sealed`);
        if (claim > whole(lease.transfer))
          world.fail('confirmed', `claim ${claim} of ${lease.transfer} is confirmed and not in`);
        confirm(lane, claim);
      }),
    housekeep: ({ retentionMs }, signal) =>
      ask('housekeep', signal, () => freeEvents(world, source, retentionMs)),
    backlog: () => Promise.resolve({ events: 0, oldestAt: null }),
  };
  const captured = (): ReturnType<TriggerManager['captured']> =>
    Promise.resolve(
      [1, 2].map((number) => ({
        number,
        table: { schema: 'main', name: `t${number}` },
        columns: ['id', 'v'],
        primaryKey: ['id'],
        spec: {},
        intact: true,
      })),
    );
  return { changes, triggers: { captured, incarnation: () => Promise.resolve('one') } };
}
