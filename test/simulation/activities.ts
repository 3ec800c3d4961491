import type { Database } from '../../src/engine/ports/dialect.ts';
import type { Hub } from '../../src/engine/ports/hub.ts';
import type { SliceControl } from '../../src/engine/slice.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import { standInDialect } from '../support/stand-in-dialect.ts';
import { checkIntegrity } from './checks.ts';
import { createCreditWatch, type CreditWatch } from './credit-watch.ts';
import { createHub, type HubState } from './hub.ts';
import { createLedger } from './ledger.ts';
import type { Scenario } from './scenario.ts';
import { createIntrospector, createSourceReader, type SourceState } from './source.ts';
import type { TargetState } from './target-state.ts';
import { createTargetQuarantine } from './target-parking.ts';
import { type CheckBatch, type CheckRow, createTargetWriter } from './target-writer.ts';
import type { Actor, World } from './world.ts';

export interface States {
  readonly source: SourceState;
  readonly target: TargetState;
  readonly hub: HubState;
  /** Of each batch that commits; default: it has the rows that the source has there. */
  readonly check?: CheckBatch;
  readonly checkRow?: CheckRow;
}

/** Of a scenario: what befalls activities. */
export type Fate = Pick<Scenario, 'isQuiet' | 'mostSleepMs' | 'zombiesOnly' | 'killRate' | 'freezeRate'>;

/** What an activity works with: everything as its own process sees it. */
export interface Tools {
  readonly source: Database;
  readonly target: Database;
  readonly hub: Hub;
  readonly clock: ReturnType<World['clockOf']>;
  readonly actor: Actor;
  readonly watch: CreditWatch;
  readonly control: SliceControl;
}

export type Work<T> = (tools: Tools) => Promise<T>;

/** An activity with its attempts, as Temporal would run it. */
export interface Activity<T> {
  /** Null: it was stopped or given up before it could answer. */
  readonly result: Promise<T | null>;
  stop(): void;
  /** Nobody waits for the attempt that runs now; it is dead, asleep or goes on. */
  abandon(): void;
}

interface Started {
  readonly stopped: AbortController;
  abandon: () => void;
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown } | 'lost';

const DIALECT = standInDialect('simulated');
const never = new Promise<never>(() => undefined);

function createTools(world: World, states: States, actor: Actor, control: SliceControl): Tools {
  const watch = createCreditWatch(world, states.target, actor.name);
  const check: CheckBatch =
    states.check ?? (({ header, data }) => checkIntegrity(world, states.source, header, data));
  const checkRow: CheckRow = states.checkRow ?? (() => undefined);
  const shared = {
    dialect: DIALECT,
    incarnation: () => Promise.resolve('one'),
    ping: () => Promise.resolve('simulated'),
    close: () => Promise.resolve(),
    reader: createSourceReader(world, states, actor),
    inspector: { bucketSums: () => Promise.resolve([]), rowDigests: () => Promise.resolve([]) },
    writer: createTargetWriter(world, states.target, { actor, check, checkRow }),
    ledger: createLedger(world, states.target, { actor, watch }),
  };
  return {
    source: { ...shared, introspector: createIntrospector(world, states.source, actor) },
    target: {
      ...shared,
      ...(states.target.refuses && { quarantine: createTargetQuarantine(world, states.target, actor) }),
      introspector: { listTables: () => Promise.resolve([]), describeTables: () => Promise.resolve([]) },
    },
    hub: createHub(world, { state: states.hub, target: states.target, actor, watch }),
    clock: world.clockOf(actor),
    actor,
    watch,
    control,
  };
}

function checkReturned(world: World, actor: Actor, error: unknown): void {
  const held = [...actor.held].filter(([, count]) => count !== 0);
  if (held.length > 0)
    world.fail('leak', `${actor.name} left open: ${held.map((each) => each.join(' ')).join(', ')}`);
  if (error !== undefined && !isSluiceError(error))
    world.fail('error', `${actor.name}: ${String((error as Error).stack)}`);
}

/** Starts activities: attempts that are killed, freeze and wake up as zombies, fail and are tried again. */
export function createActivities(world: World, states: States, scenario: Fate) {
  const { random } = world;
  const current = new Set<() => void>();
  const zombies = new Set<() => void>();

  const freeze = (actor: Actor): void => {
    const mostMs = scenario.mostSleepMs ?? random.pick([3_000, 30_000]);
    actor.frozenUntilMs = world.now() + random.int(50, mostMs);
    world.trace(() => `${actor.name} ~ frozen until ${actor.frozenUntilMs / 1000}`);
  };

  /** One attempt. Resolves when it has returned, or when nothing was heard of it for long enough. */
  const attempt = <T>(name: string, work: Work<T>, started: Started): Promise<Outcome<T>> => {
    const stopped = started.stopped.signal;
    const actor = world.createActor(name);
    const stop = new AbortController();
    const endsMs = world.now() + random.int(1_000, 90_000);
    const control: SliceControl = {
      stop: stop.signal,
      overdue: () => !scenario.isQuiet && world.now() >= endsMs,
      progress: () => undefined,
    };
    const tellStop = (delayMs: number): void => world.tell(actor, delayMs, () => stop.abort());
    return new Promise((resolve) => {
      let lost = false;
      // Of one that is lost nobody knows where it is.
      const onStop = (): void => {
        if (!lost) tellStop(random.latencyMs(100));
      };
      stopped.addEventListener('abort', onStop, { once: true });
      const lose = (delayMs: number): void => {
        lost = true;
        zombies.add(() => tellStop(0));
        world.at(delayMs, () => {
          stopped.removeEventListener('abort', onStop);
          resolve('lost');
        });
        const asleepMs = Math.max(0, actor.frozenUntilMs - world.now());
        if (random.chance(0.8))
          tellStop(Math.max(delayMs, asleepMs) + random.int(0, random.pick([300, 15_000])));
      };
      const abandon = (): void => {
        if (lost) return;
        current.delete(abandon);
        const luckOfIt = random.next();
        if (luckOfIt < 0.3 && !scenario.zombiesOnly) world.kill(actor);
        else if (luckOfIt < 0.7) freeze(actor);
        lose(0);
      };
      current.add(abandon);
      started.abandon = abandon;
      const luck = random.next();
      const doom =
        luck < scenario.killRate ? 'kill' : luck < scenario.killRate + scenario.freezeRate ? 'freeze' : null;
      const doomAt = 1 + Math.floor(random.next() ** 2 * 150);
      actor.onCall = () => {
        if (doom === null || lost || world.isCalm() || actor.calls !== doomAt) return;
        current.delete(abandon);
        if (doom === 'kill') world.kill(actor);
        else freeze(actor);
        lose(random.int(500, 4_000));
      };
      world.trace(() => `${name} started`);
      const finish = (outcome: Outcome<T>, error?: unknown): void => {
        current.delete(abandon);
        stopped.removeEventListener('abort', onStop);
        world.trace(
          () => `${name} returned ${error instanceof Error ? error.message : JSON.stringify(outcome)}`,
        );
        checkReturned(world, actor, error);
        if (!lost) resolve(outcome);
      };
      work(createTools(world, states, actor, control)).then(
        (value) => finish({ value }),
        (error: unknown) => {
          // Planning and the like may say that they were interrupted; slices must not.
          if (stop.signal.aborted && !/^(read|write)/.test(name)) finish('lost');
          else finish({ error }, error);
        },
      );
    });
  };

  /** @returns true when it may be tried again */
  const judge = (name: string, error: unknown): boolean => {
    if (isSluiceError(error) && error.retry === 'auto') return true;
    const check = isSluiceError(error) && error.retry === 'manual' ? 'refused' : 'error';
    world.fail(check, `${name}: ${isSluiceError(error) ? `${error.code} ` : ''}${String(error)}`);
    return false;
  };

  const repeat = async <T>(name: string, work: Work<T>, started: Started): Promise<T | null> => {
    for (let number = 1; !started.stopped.signal.aborted; number += 1) {
      const outcome = await attempt(`${name}#${number}`, work, started);
      if (outcome === 'lost') continue;
      if ('value' in outcome) return outcome.value;
      if (!judge(name, outcome.error)) return never;
      await sleep(random.int(50, 1_000));
    }
    return null;
  };

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => world.at(ms, resolve));

  return {
    sleep,
    start<T>(name: string, work: Work<T>): Activity<T> {
      const started: Started = { stopped: new AbortController(), abandon: () => undefined };
      return {
        result: repeat(name, work, started),
        stop: () => started.stopped.abort(),
        abandon: () => started.abandon(),
      };
    },
    /** The workflow was terminated: nobody waits any more for what runs; half of it goes on for a while. */
    abandonAll(): void {
      for (const abandon of Array.from(current)) abandon();
      current.clear();
    },
    /** Tells every zombie to end. */
    stopZombies(): void {
      for (const stop of zombies) stop();
      zombies.clear();
    },
  };
}
export type Activities = ReturnType<typeof createActivities>;
