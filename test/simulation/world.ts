import type { Clock } from '../../src/engine/clock.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import type { ErrorCode } from '../../src/model/error-codes.ts';
import type { ChangePlant } from './changes/plants.ts';
import { createQueue } from './event-queue.ts';
import type { Plant } from './plants.ts';
import { createRandom } from './random.ts';

/** What a run of the simulation is checked for. */
export type Check =
  | 'rows' // source and target differ
  | 'twice' // a stretch of rows was written twice
  | 'order' // rows of a lane not in their order
  | 'integrity' // rows are not what the source has there
  | 'ledger' // totals in the ledger are wrong
  | 'acknowledged' // the hub was told before the ledger held it
  | 'credit' // more published and not applied than allowed
  | 'termination' // does not come to its end
  | 'refused' // a table was blocked although nothing is wrong with it
  | 'error' // an error that must not leave the engine
  | 'waste' // read again although nothing was lost
  | 'confirmed' // the source was told that something is in before it is
  | 'freed' // what somebody still reads was taken away
  | 'limit' // more is applied than may be, or less where it says that it may not go on
  | 'leak'; // something was left open

export class CheckFailed extends Error {
  readonly check: Check;
  constructor(check: Check, message: string) {
    super(message);
    this.check = check;
  }
}

/** A process, or the slice of work in it: what is killed, and what sleeps and wakes up when nobody expects it any more. */
export interface Actor {
  readonly name: string;
  dead: boolean;
  frozenUntilMs: number;
  /** Calls that it made: crashes strike between any two. */
  calls: number;
  /** Told after each call; kills or freezes. */
  onCall: (() => void) | null;
  /** Run at its death: what servers notice of it. */
  readonly onDeath: Set<() => void>;
  /** Tables whose messages it may drop. */
  readonly excluded: Set<string>;
  /** What is open now, by name: must be empty when its work has returned. */
  readonly held: Map<string, number>;
}

export interface WorldOptions {
  readonly seed: number;
  readonly plant: Plant | ChangePlant | null;
  /** Keeps every line; otherwise nothing is recorded. */
  readonly tracing: boolean;
  /** Share of calls that fail, before or after they took effect. */
  readonly faultRate: number;
}

const abortError = (): Error => new DOMException('This operation was aborted', 'AbortError');

/** Virtual time, the order of all that happens, actors and their calls to servers. */
export function createWorld(options: WorldOptions) {
  const random = createRandom(options.seed);
  const queue = createQueue();
  const lines: string[] = [];
  let nowMs = 0;
  let events = 0;
  let failure: CheckFailed | null = null;
  let calm = false;
  let epochs = 0;

  const trace = (text: () => string): void => {
    if (options.tracing) lines.push(`${(nowMs / 1000).toFixed(3).padStart(9)} ${text()}`);
  };
  const fail = (check: Check, message: string): CheckFailed => {
    failure ??= new CheckFailed(check, message);
    trace(() => `FAILED ${check}: ${message}`);
    return failure;
  };
  const at = (delayMs: number, happen: () => void): void => queue.push(nowMs + delayMs, happen);
  /** Something that the actor's process is told: never when dead, late when frozen. */
  const tell = (actor: Actor, delayMs: number, happen: () => void): void =>
    at(delayMs, () => {
      if (actor.dead) return;
      if (actor.frozenUntilMs > nowMs) tell(actor, actor.frozenUntilMs - nowMs + random.next() * 5, happen);
      else happen();
    });

  const createActor = (name: string): Actor => ({
    name,
    dead: false,
    frozenUntilMs: 0,
    calls: 0,
    onCall: null,
    onDeath: new Set(),
    excluded: new Set(),
    held: new Map(),
  });

  const kill = (actor: Actor): void => {
    if (actor.dead) return;
    actor.dead = true;
    trace(() => `${actor.name} † killed`);
    for (const noticed of actor.onDeath) at(random.latencyMs(50), noticed);
  };

  const clockOf = (actor: Actor): Clock => ({
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const finish = (): void => {
          signal?.removeEventListener('abort', finish);
          resolve();
        };
        signal?.addEventListener('abort', finish, { once: true });
        tell(actor, ms, finish);
      }),
  });

  /** Runs until the work is done, a check failed, or the bounds of time and events are passed. */
  async function run(work: Promise<void>, boundMs: number, boundEvents: number): Promise<void> {
    let over = false;
    work.then(
      () => (over = true),
      (error: unknown) => {
        over = true;
        if (error !== failure)
          fail('error', `the stand-in of the workflow failed: ${String((error as Error).stack)}`);
      },
    );
    const endMs = nowMs + boundMs;
    const lastEvent = events + boundEvents;
    for (;;) {
      // Runs when no promise has anything left to do: each event is one step between two states of rest.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      if (over || failure) return;
      const next = queue.pop();
      if (!next) return void fail('termination', 'nothing is left that could happen');
      nowMs = Math.max(nowMs, next.atMs);
      events += 1;
      if (nowMs > endMs) return void fail('termination', `not over after ${Math.round(boundMs / 1000)} s`);
      if (events > lastEvent) return void fail('termination', `not over after ${boundEvents} events`);
      next.run();
    }
  }

  return {
    random,
    plant: options.plant,
    now: (): number => nowMs,
    events: (): number => events,
    lines: (): readonly string[] => lines,
    failure: (): CheckFailed | null => failure,
    faultRate: (): number => (calm ? 0 : options.faultRate),
    isCalm: (): boolean => calm,
    /** While it is calm no server fails and no process dies. */
    setCalm: (isCalm: boolean): void => {
      calm = isCalm;
    },
    trace,
    fail,
    at,
    tell,
    /** As many as are asked for; the planted bug draws one for all. */
    drawEpoch: (): string => (options.plant === 'epoch-is-ignored' ? 'one' : `e${(epochs += 1)}`),
    createActor,
    kill,
    clockOf,
    run,
  };
}
export type World = ReturnType<typeof createWorld>;

export interface CallOptions<T> {
  readonly label: string;
  readonly code: ErrorCode;
  readonly usualMs: number;
  /** It takes so long whatever luck it has. */
  readonly atLeastMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** What happens at the server; answers through `done` or `refuse`, at once or once it has its locks. */
  readonly effect: (done: (value: T) => void, refuse: (error: Error) => void) => void;
  /** The connection broke: the server forgets what was not committed. */
  readonly broke?: () => void;
}

/**
 * A call of an actor to a server: two steps, the effect and the answer. Either may be lost; what is lost after the
 * effect leaves the caller in doubt. An abort ends the waiting at once and not the effect.
 */
export function call<T>(world: World, actor: Actor, options: CallOptions<T>): Promise<T> {
  const { random, tell, trace } = world;
  const { signal, label } = options;
  return new Promise((resolve, reject) => {
    actor.calls += 1;
    actor.onCall?.();
    if (actor.dead) return;
    if (signal?.aborted) return reject(abortError());
    let over = false;
    const end = (settle: () => void): void => {
      if (over) return;
      over = true;
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => end(() => reject(abortError()));
    signal?.addEventListener('abort', onAbort, { once: true });
    const luck = random.next() / Math.max(world.faultRate(), 1e-9);
    const lost = luck < 0.5 ? 'request' : luck < 1 ? 'answer' : null;
    const breakDown = (): void => {
      trace(() => `${actor.name} ${label} ✗ ${lost} lost`);
      options.broke?.();
      tell(actor, random.latencyMs(options.usualMs), () =>
        end(() => reject(new SluiceError(options.code, `${label}: the connection was lost`))),
      );
    };
    world.at((options.atLeastMs ?? 0) + random.latencyMs(options.usualMs), () => {
      if (lost === 'request' || (actor.dead && random.chance(0.5))) return breakDown();
      const answer = (settle: () => void): void => {
        if (lost === 'answer') breakDown();
        else tell(actor, random.latencyMs(options.usualMs), () => end(settle));
      };
      options.effect(
        (value) => {
          trace(() => `${actor.name} ${label} = ${JSON.stringify(value) ?? 'ok'}`);
          answer(() => resolve(value));
        },
        (error) => {
          trace(() => `${actor.name} ${label} ! ${error.message}`);
          answer(() => reject(error));
        },
      );
    });
  });
}

/** Counts what an actor holds open. */
export function hold(actor: Actor, what: string, change: 1 | -1): void {
  actor.held.set(what, (actor.held.get(what) ?? 0) + change);
}
