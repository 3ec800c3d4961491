import type { Consumer, ConsumerWindow, Delivery, Handled } from '../../src/engine/ports/hub.ts';
import type { BatchHeader } from '../../src/model/batch.ts';
import type { Stored, Stream, Taker } from './stream.ts';
import { isBehindGap, isSettled, placeOf, type TargetState } from './target-state.ts';
import { type Actor, hold, type World } from './world.ts';

const ACK_WAIT_MS = 4_000;

/** The byte in the middle is another one. */
function damage(data: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(data);
  const at = copy.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

export interface ConsumerOptions {
  readonly stream: Stream;
  readonly target: TargetState;
  readonly actor: Actor;
  readonly window: ConsumerWindow;
}

/** One consumer process of a stream: a window, redelivery, acknowledgements that come late or never. */
export function createConsumer(world: World, options: ConsumerOptions): Consumer {
  const { stream, target, actor, window } = options;
  const { random } = world;
  let messages = 0;
  let bytes = 0;
  let handling = 0;
  let handle: ((delivery: Delivery) => Promise<Handled>) | null = null;
  let finish: (() => void) | null = null;
  hold(actor, 'consumer', 1);

  const check = (entry: Stored, outcome: Handled): void => {
    if (outcome === 'later' || stream.isDamaged(entry.message)) return;
    const { h, ps: parts } = JSON.parse(entry.message.header) as { h: BatchHeader; ps: number };
    if (isSettled(target, h)) return;
    // Of what the target had before it was restored: a writer may remember it, and the record supplies it again.
    if (target.restores > 0 && (outcome === 'dropped' || target.everCommitted.has(placeOf(h)))) return;
    // Dropped before it was applied: only where the record is sure to supply it again.
    if (outcome === 'dropped' && (actor.excluded.has(h.table) || isBehindGap(target, h) || parts > 1)) return;
    world.fail('acknowledged', `${actor.name}: ${entry.message.id} (${outcome}) is not in the ledger`);
  };

  const answer = (entry: Stored, hand: number, outcome: Handled | 'failed'): void => {
    world.trace(() => `${actor.name} ${entry.message.id} ${outcome}`);
    if (outcome !== 'failed') check(entry, outcome);
    if (!world.isCalm() && random.chance(world.faultRate())) return; // lost: delivered again after the wait
    world.at(random.latencyMs(3), () => {
      if (outcome === 'applied' || outcome === 'dropped') stream.acknowledge(entry);
      else stream.again(entry, hand, outcome === 'failed' ? 50 : random.int(50, 400));
      stream.pump();
    });
  };

  /** While its process lives and works on it the message stays its own. */
  const guard = (entry: Stored, hand: number, isHandled: () => boolean): void =>
    world.at(ACK_WAIT_MS, () => {
      if (entry.state !== 'out' || entry.hand !== hand) return;
      const working = !actor.dead && actor.frozenUntilMs <= world.now() && !isHandled();
      if (working) guard(entry, hand, isHandled);
      else stream.again(entry, hand, 0);
    });

  const deliver = async (entry: Stored, hand: number, done: () => void): Promise<void> => {
    if (!handle) {
      done();
      return answer(entry, hand, 'later');
    }
    let held = false;
    const size = entry.message.data.byteLength;
    const free = (): void => {
      if (held) return;
      held = true;
      messages -= 1;
      bytes -= size;
      stream.pump();
    };
    handling += 1;
    hold(actor, 'delivery', 1);
    const delivery: Delivery = {
      ...entry.message,
      data: entry.damaged ? damage(entry.message.data) : entry.message.data,
      redelivered: entry.delivered > 1,
      hold: free,
    };
    if (world.plant === 'acknowledge-before-commit') answer(entry, hand, 'applied');
    let outcome: Handled | 'failed' = 'failed';
    try {
      outcome = await handle(delivery);
    } catch {
      // is delivered again
    }
    done();
    if (world.plant !== 'acknowledge-before-commit') answer(entry, hand, outcome);
    hold(actor, 'delivery', -1);
    handling -= 1;
    free();
    if (handle === null && handling === 0) finish?.();
  };

  const taker: Taker = {
    wants: () =>
      handle !== null &&
      !actor.dead &&
      (messages === 0 || (messages < window.messages && bytes < window.bytes)),
    take: (entry) => {
      const { hand } = entry;
      messages += 1;
      bytes += entry.message.data.byteLength;
      let isHandled = false;
      guard(entry, hand, () => isHandled);
      world.tell(actor, random.latencyMs(3), () => void deliver(entry, hand, () => (isHandled = true)));
      if (!world.isCalm() && random.chance(world.faultRate()))
        stream.again(entry, hand, random.latencyMs(200)); // twice
    },
  };

  return {
    run: (given, signal) =>
      new Promise((resolve) => {
        handle = given;
        finish = () => {
          stream.takers.delete(taker);
          resolve();
        };
        const stop = (): void => {
          handle = null;
          if (handling === 0) finish?.();
        };
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop, { once: true });
        stream.takers.add(taker);
        actor.onDeath.add(() => {
          stream.takers.delete(taker);
        });
        stream.pump();
      }),
    close: () => {
      hold(actor, 'consumer', -1);
      stream.takers.delete(taker);
      return Promise.resolve();
    },
  };
}
