import type { ChangesPlan } from '../../../model/changes-plan.ts';
import { DRIFT_KINDS, type DriftKind, type TableDrift } from '../../../model/drift.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { ChangeTarget } from '../target-facts.ts';
import type { DriftRecord, CopiedUpTo, TargetDrift } from '../../ports/target-drift.ts';

/** What of a target's rows is not as captured changes take for granted, and what becomes of it. */
export interface Judging {
  /** Such a change is refused, in place of counted. */
  readonly isStrict: boolean;
  readonly transfer: string;
  readonly run: number;
  /** The run copied the rows first: changes that a copy may have seen are not judged. */
  readonly copies: boolean;
  /** What of the copies this process knows; replaced where it was wrong. */
  readonly memory: { copied: CopiedUpTo };
  /** Told of what is counted. */
  readonly onDrift: (table: string, kind: DriftKind, times: number) => void;
}

/** Events up to which are not judged, by tables; a table that is not among them is not judged. Null: all events are. */
export type JudgedSince = CopiedUpTo | null;

/** Judges what one attempt at a batch finds. */
export interface Judge extends Judging {
  readonly since: JudgedSince;
}

/** Ids are digits, which may be more than a number holds. */
const isAbove = (id: string, upto: string): boolean =>
  id.length === upto.length ? id > upto : id.length > upto.length;

export function isJudged(since: JudgedSince, table: string, event: string): boolean {
  if (since === null) return true;
  const upto = since.get(table);
  return upto !== undefined && isAbove(event, upto);
}

/**
 * A judge of a lane's tables as far as their copies are known. Asked anew only while a table's copy was not noted: what is noted later of
 * a table that is copied again shows when something is found (see verify).
 */
async function judgeOf(
  judging: Judging,
  { tables }: ChangesPlan,
  record: Pick<DriftRecord, 'copied'>,
  signal: AbortSignal,
): Promise<Judge> {
  const { copies, transfer, run, memory } = judging;
  if (!copies) return { ...judging, since: null };
  if (tables.some(({ plan: { id } }) => !memory.copied.has(id)))
    memory.copied = await record.copied({ transfer, run }, signal);
  return { ...judging, since: memory.copied };
}

/** The target with who judges it, as far as this one can be judged. */
export async function judged(
  target: ChangeTarget,
  { judging, plan }: { readonly judging?: Judging | undefined; readonly plan: ChangesPlan },
  signal: AbortSignal,
): Promise<ChangeTarget> {
  if (!judging || !target.drift) return target;
  return { ...target, judge: await judgeOf(judging, plan, target.drift, signal) };
}

/** Thrown where what was found was judged by a copy that is not the newest: it is to be done again. */
const JUDGED_WRONG = new SluiceError('database.transient', 'rows of a table were copied anew meanwhile');

/** How often it is done again at most: each time means another copy. */
const TRIES = 5;

/** Does it again, with what is known then, where it was judged by a copy that is not the newest. */
export async function untilJudgedRight<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (error !== JUDGED_WRONG || tried >= TRIES) throw error;
    }
  }
}

/** What was found in a transaction, by tables. */
export type Found = Map<string, Record<DriftKind, number>>;

export function addFound(found: Found, table: string, kind: DriftKind, times: number): void {
  if (times === 0) return;
  const counts = found.get(table) ?? { update: 0, insert: 0, delete: 0 };
  counts[kind] += times;
  found.set(table, counts);
}

export function mergeFound(found: Found, more: Found): void {
  for (const [table, counts] of more)
    for (const kind of DRIFT_KINDS) addFound(found, table, kind, counts[kind]);
}

/**
 * What was found is only drift where the tables are still the copies that they were judged by. Asked behind the statements that found it:
 * whoever empties a table for another copy has written that down by then.
 * @throws SluiceError database.transient for untilJudgedRight
 */
async function verify(
  { since, memory, transfer, run }: Judge,
  drift: TargetDrift,
  found: Found,
): Promise<void> {
  if (since === null || found.size === 0) return;
  const now = await drift.copied({ transfer, run });
  memory.copied = now;
  if (![...found.keys()].every((table) => now.get(table) === since.get(table))) throw JUDGED_WRONG;
}

const WORDS = {
  update: 'a row that is changed is not there',
  insert: 'a row that is inserted is there already',
  delete: 'a row that is deleted is not there',
} as const;

/**
 * Of a part of a batch that was just applied.
 * @throws SluiceError target.row_missing, target.row_exists where changes are strict, of the first that was found
 */
export async function refuseFound(judge: Judge, drift: TargetDrift, found: Found): Promise<void> {
  if (!judge.isStrict) return;
  await verify(judge, drift, found);
  for (const [table, counts] of found)
    for (const kind of DRIFT_KINDS)
      if (counts[kind] > 0)
        throw new SluiceError(kind === 'insert' ? 'target.row_exists' : 'target.row_missing', WORDS[kind], {
          table,
        });
}

/** Counts what was found, in the transaction that applies the batch. @returns what was counted */
export async function countFound(
  judge: Judge,
  drift: TargetDrift,
  found: Found,
): Promise<readonly TableDrift[]> {
  await verify(judge, drift, found);
  const counted = [...found].map(([table, counts]) => ({ table, ...counts }));
  for (const each of counted) await drift.add(judge.transfer, each);
  return counted;
}

/** Behind the commit. */
export function tellCounted({ onDrift }: Judging, counted: readonly TableDrift[]): void {
  for (const each of counted)
    for (const kind of DRIFT_KINDS) if (each[kind] > 0) onDrift(each.table, kind, each[kind]);
}
