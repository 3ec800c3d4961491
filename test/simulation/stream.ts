import type { Announcement, HubMessage } from '../../src/engine/ports/hub.ts';
import type { World } from './world.ts';

export interface Stored {
  readonly seq: number;
  readonly message: HubMessage;
  /** ready: to be delivered; out: in somebody's hands; done: acknowledged, kept until it is purged. */
  state: 'ready' | 'out' | 'done';
  delivered: number;
  damaged: boolean;
  /** Grows with each delivery: an old redelivery timer finds that it is late. */
  hand: number;
}

/** The message id without the number of the part. */
const batchOf = ({ id }: HubMessage): string => id.slice(0, id.lastIndexOf('.'));

/** Who takes messages of a stream. */
export interface Taker {
  readonly wants: () => boolean;
  readonly take: (stored: Stored) => void;
}

export interface StreamOptions {
  readonly duplicateWindowMs: number;
  /** Share of messages that are delivered out of order, twice, or damaged. */
  readonly disorder: number;
}

/** The data stream and the control stream of one run: a log that may lose, repeat and reorder. */
export function createStream(world: World, options: StreamOptions) {
  const { random } = world;
  let stored = new Map<number, Stored>();
  let ids = new Map<string, number>();
  let lastSeq = 0;
  let lost = true;
  let incarnation = 0;
  let maxBytes = 0;
  const takers = new Set<Taker>();
  /** Identities of batches of which a message was damaged: the engine drops them whole. */
  const damagedBatches = new Set<string>();
  const said: Announcement[] = [];
  const listeners = new Set<(announcement: Announcement) => void>();

  const bytes = (): number =>
    [...stored.values()].reduce((sum, { message }) => sum + message.data.byteLength, 0);

  const pump = (): void => {
    const wanting = [...takers].filter((taker) => taker.wants());
    if (wanting.length === 0) return;
    const ready = [...stored.values()].filter(({ state }) => state === 'ready').slice(0, 5);
    if (ready.length === 0) return;
    const next = random.chance(options.disorder) ? random.pick(ready) : (ready[0] as Stored);
    next.state = 'out';
    next.delivered += 1;
    next.hand += 1;
    random.pick(wanting).take(next);
    pump();
  };

  const again = (entry: Stored, hand: number, delayMs: number): void =>
    world.at(delayMs, () => {
      if (entry.state !== 'out' || entry.hand !== hand) return;
      entry.state = 'ready';
      pump();
    });

  const clear = (): void => {
    stored = new Map();
    ids = new Map();
  };

  return {
    takers,
    isDamaged: (message: HubMessage): boolean => damagedBatches.has(batchOf(message)),
    said,
    listeners,
    pump,
    again,
    isLost: (): boolean => lost,
    /** @returns the stream's identity */
    ensure(sizeBytes: number): string {
      maxBytes = sizeBytes;
      if (lost) {
        lost = false;
        incarnation += 1;
        clear();
        said.length = 0;
      }
      return String(incarnation);
    },
    remove(): void {
      lost = true;
      clear();
    },
    store(message: HubMessage): 'stored' | 'full' | 'lost' {
      if (lost) return 'lost';
      const seenAt = ids.get(message.id);
      if (seenAt !== undefined && world.now() - seenAt < options.duplicateWindowMs) {
        world.trace(() => `hub: ${message.id} is a repeat`);
        return 'stored';
      }
      if (bytes() + message.data.byteLength > maxBytes) return 'full';
      const damaged = message.data.byteLength > 0 && !world.isCalm() && random.chance(options.disorder / 20);
      if (damaged) damagedBatches.add(batchOf(message));
      lastSeq += 1;
      ids.set(message.id, world.now());
      stored.set(lastSeq, {
        seq: lastSeq,
        message,
        state: 'ready',
        delivered: 0,
        damaged,
        hand: 0,
      });
      pump();
      return 'stored';
    },
    acknowledge(entry: Stored): void {
      entry.state = 'done';
    },
    backlog() {
      const waiting = [...stored.values()].filter(({ state }) => state !== 'done');
      return {
        lost,
        messages: waiting.length,
        undelivered: waiting.filter(({ delivered }) => delivered === 0).length,
        bytes: bytes(),
        maxBytes,
      };
    },
    /** Everything below the first message that nobody acknowledged. */
    purge(): void {
      for (const [seq, { state }] of stored) {
        if (state !== 'done') return;
        stored.delete(seq);
      }
    },
    /** Power cut: some of what was confirmed is gone. */
    loseSome(share: number): void {
      for (const [seq, { state, message }] of stored) {
        if (state === 'done' || !random.chance(share)) continue;
        stored.delete(seq);
        world.trace(() => `hub: lost ${message.id}`);
      }
    },
    /** Its file is gone; `madeAgain`: by somebody else at once, so that nobody is told. */
    loseAll(madeAgain: boolean): void {
      world.trace(() => `hub: lost the whole stream${madeAgain ? ' and has a new one' : ''}`);
      clear();
      said.length = 0;
      lost = !madeAgain;
      incarnation += 1;
    },
    announce(announcement: Announcement): void {
      said.push(announcement);
      for (const listener of listeners) listener(announcement);
    },
  };
}
export type Stream = ReturnType<typeof createStream>;
