import type { LiveComparison } from '../activities/contract.ts';
import { type ControlState, isCopied, isSettled } from './control-state.ts';
import { haltAll } from './halt-all.ts';
import type { LiveCheck, StandingReason } from './messages.ts';
import { isChanges } from './relay-moves.ts';
import type { Move, Scene } from './schedule.ts';

/** The check keeps so many tables that are not equal by their names. */
const MOST_NAMED = 100;

/** Both sides are compared while changes flow, as a person wanted. Plain data. */
export interface LiveCheckState {
  readonly asked: StandingReason;
  endedAt: string | null;
  tables: number;
  equal: number;
  differing: number;
  untold: number;
  named: readonly LiveComparison[];
  error: LiveCheck['error'] | null;
  /** Tables up to this id are done; null: none is. */
  after: string | null;
  fruitless: number;
  notBeforeMs: number;
}

/** Why nothing can be compared while it flows; null: it can be. */
export function whyNoCheck({ prepared, cutOver }: ControlState): string | null {
  if (prepared === null) return 'the transfer is not prepared yet; try again in a moment';
  const { changes } = prepared;
  if (!changes || changes.toTopics) return 'only what moves changes to a target is compared while they flow';
  return cutOver || changes.untilCaughtUp ? 'the transfer is about to end, and is compared then' : null;
}

/**
 * A check that goes on already is the one that is wanted; one that has ended begins anew. What is wanted before the transfer is prepared
 * is known to mean something or not when it is: see dropVainWishes.
 */
export function wantCheck(state: ControlState, asked: StandingReason): void {
  const isVain = state.prepared !== null && whyNoCheck(state) !== null;
  if (isVain || state.check?.endedAt === null) return;
  const counts = { tables: 0, equal: 0, differing: 0, untold: 0 };
  const fresh = { endedAt: null, named: [], error: null, after: null, fruitless: 0, notBeforeMs: 0 };
  state.check = { asked, ...counts, ...fresh };
}

/** Of what was wanted before it was known what the transfer moves; each as a person reads it. */
export function dropVainWishes(state: ControlState): readonly string[] {
  const dropped: string[] = [];
  if (state.cutOver && !state.prepared?.changes) {
    delete state.cutOver;
    dropped.push('a cut-over was wanted before the start, and nothing is cut over: no changes are moved');
  }
  const why = state.check ? whyNoCheck(state) : null;
  if (why !== null) {
    delete state.check;
    dropped.push(`a comparison was wanted before the start, and is none: ${why}`);
  }
  return dropped;
}

/** One slice at a time: once all rows are copied, and until a person ends the transfer, for what follows then compares by itself. */
export function check(scene: Scene): readonly Move[] {
  if (!scene.check) return [];
  const isThere = scene.tables.every(
    (table) => isChanges(table) || isCopied(table) || isSettled(table.status),
  );
  if (scene.changes?.draining === true || !isThere) return haltAll(scene, ({ kind }) => kind === 'check');
  const isRunning = [...scene.running].some(({ kind }) => kind === 'check');
  return isRunning || scene.check.notBeforeMs > scene.nowMs ? [] : [{ move: 'check' }];
}

/** Takes in what was found of one table. */
export function countCompared(found: LiveCheckState, compared: LiveComparison): void {
  const { equal, live, untold, error, table } = compared;
  found.tables += 1;
  found.after = table;
  if (equal) found.equal += 1;
  else if (error !== undefined || untold || live?.different === 0) found.untold += 1;
  else found.differing += 1;
  if (!equal && found.named.length < MOST_NAMED) found.named = [...found.named, compared];
}

/** What a person sees of it. */
export function checkOf({ error, ...state }: LiveCheckState): LiveCheck {
  const { after: _, fruitless: __, notBeforeMs: ___, ...shown } = state;
  return { ...shown, ...(error && { error }) };
}
