import type { Batch, BatchHeader } from '../../model/batch.ts';
import type { KeyRange, LaneRef, Opening } from '../../model/lane.ts';
import type { RowBlock } from '../../model/row-block.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { blockPool } from '../driver/block-pool.ts';
import type { Credit } from './credit.ts';
import { fingerprint } from '../wire/fingerprint.ts';
import { refuseTooLarge } from './largest-row.ts';
import type { Observer } from '../observer.ts';
import type { Publisher } from '../ports/hub.ts';
import type { ReadOptions, SourceReader } from '../ports/source-reader.ts';
import type { ReadBudget } from './read-budget.ts';
import { refuseSameKey, refuseSecondRow } from '../planning/source-query.ts';
import { whileWorking, workingUntilFirst } from '../while-working.ts';
import { encodeBatch } from '../wire/wire-format.ts';

/** What a reader knows of a lane that it publishes or has published. */
export interface OpenLane {
  readonly range: KeyRange;
  readonly attempt: number;
  readonly epoch: string;
  /** Last batch published of this attempt; the batch with the end has this n once `done`. */
  n: number;
  /** Rows and bytes read of the range, all attempts together and without repeats. */
  rows: number;
  bytes: number;
  /** Bytes of this attempt that took credit and are not seen in the ledger yet, by n. */
  readonly unapplied: Map<number, number>;
  /** Messages that the hub has not answered yet: they are on their way, not lost. */
  unanswered: number;
  done: boolean;
}

/** Gives the credit of all that is not applied back: what was published of the lane is nobody's any more. */
export function giveUpLane(lane: OpenLane, credit: Credit): void {
  for (const bytes of lane.unapplied.values()) credit.give(bytes);
  lane.unapplied.clear();
}

export interface LanePublisherDeps {
  readonly reader: SourceReader;
  readonly publisher: Publisher;
  readonly credit: Credit;
  readonly observer: Observer;
  readonly pass: (rows: number, bytes: number, signal: AbortSignal) => Promise<void>;
  /** Called while a query has no answer yet. */
  readonly progress: () => void;
  /** What the readers of the slice may read together. */
  readonly budget: ReadBudget;
  /** Called when all that is to be read of the lane is read; some of it is still on its way to the hub. */
  readonly allRead?: () => void;
  /** True: the lane is left after the batch in hand, however much of it is left. */
  readonly overdue: () => boolean;
}

export interface LaneRequest {
  readonly ref: LaneRef;
  readonly plan: TablePlan;
  readonly range: KeyRange;
  readonly opening: Opening;
  readonly options: ReadOptions;
  readonly maxMessageBytes: number;
  /** Unanswered publishes of this lane at once. */
  readonly window: number;
  /** Told of each batch before it is published, so that its bytes are watched from then on. */
  readonly lane: OpenLane;
}

const EMPTY: Pick<RowBlock, 'rows' | 'data'> = { rows: 0, data: Buffer.alloc(0) };

function toBatch(request: LaneRequest, block: RowBlock | null, isLast: boolean): Batch {
  const { lane, plan, ref, opening } = request;
  const { rows, data } = block ?? EMPTY;
  lane.n += 1;
  lane.rows += rows;
  lane.bytes += data.byteLength;
  const known = {
    ...ref,
    ordinal: plan.ordinal,
    attempt: opening.attempt,
    epoch: opening.epoch,
    n: lane.n,
    plan: opening.plan,
    operation: plan.changes ? 'changes' : 'snapshot',
    encoding: plan.encoding,
    rows,
    bytes: data.byteLength,
    first: block?.first ?? null,
    last: block?.last ?? null,
    end: isLast ? { rows: lane.rows, bytes: lane.bytes } : null,
  } as const;
  const header: BatchHeader = { ...known, fingerprint: fingerprint(known, data) };
  return { header, data };
}

/**
 * Blocks of the rest of the range, as far as the plan's number of rows and the budget allow. Returns why it ended: `ended`, or
 * `cut` where the budget was spent before.
 */
async function* readPortions(
  deps: LanePublisherDeps,
  { plan, range, opening, options }: LaneRequest,
  signal: AbortSignal,
): AsyncGenerator<RowBlock, 'ended' | 'cut', undefined> {
  let after = opening.position;
  for (let read = opening.rows; read < (plan.mostRows ?? Infinity); ) {
    const granted = deps.budget.takeRows((plan.mostRows ?? Infinity) - read);
    if (granted <= 0) return 'cut';
    const limits = granted === Infinity ? options : { ...options, mostRows: granted };
    const at = { after, snapshot: options.snapshot };
    await whileWorking(deps.progress, refuseSecondRow(deps.reader, plan, at, signal));
    let left = granted;
    const blocks = deps.reader.readRange({ plan, range, after }, limits, signal);
    for await (const block of workingUntilFirst(deps.progress, blocks)) {
      left -= block.rows;
      if (left < 0)
        throw new SluiceError('internal', 'the source gave more rows than it was asked for', {
          table: plan.id,
        });
      read += block.rows;
      refuseSameKey(plan, after, block);
      after = block.last;
      yield block;
    }
    if (left > 0) {
      if (left !== Infinity) deps.budget.giveRows(left);
      return deps.reader.isDrained?.(range.lane) === false ? 'cut' : 'ended';
    }
  }
  return 'ended';
}

/**
 * One block behind the reader, so that the last block of the range carries the end; an empty range is one empty block. Blocks of a
 * range without an end in sight are not held: its end is an empty block of its own.
 */
async function* withEnd(
  blocks: AsyncGenerator<RowBlock, 'ended' | 'cut', undefined>,
): AsyncGenerator<{ block: RowBlock | null; isLast: boolean }> {
  let held: RowBlock | null = null;
  try {
    for (;;) {
      const { value, done } = await blocks.next();
      if (done) {
        if (value === 'ended') yield { block: held, isLast: true };
        else if (held) yield { block: held, isLast: false };
        return;
      }
      if (held) yield { block: held, isLast: false };
      held = value.isLive ? null : value;
      if (value.isLive) yield { block: value, isLast: false };
    }
  } finally {
    await blocks.return('cut');
  }
}

/**
 * Reads the rest of one key range and publishes it as batches 1, 2, … of the opening's attempt.
 *
 * Resolves with true when the hub has stored all of it, with false when the signal aborted, time was up or the budget spent before. At most `window`
 * publishes are unanswered and never more than the credit is unapplied.
 * @throws SluiceError source.*, database.*, hub.*
 */
export async function publishLane(
  deps: LanePublisherDeps,
  request: LaneRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const { lane, plan } = request;
  const unanswered = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const isBroken = (): boolean => failures.length > 0 || signal.aborted;
  const send = async (batch: Batch): Promise<void> => {
    const messages = encodeBatch(batch, request.maxMessageBytes);
    const storedBytes = messages.reduce((sum, message) => sum + deps.publisher.storedBytes(message), 0);
    refuseTooLarge({ table: plan.id, parts: messages.length, storedBytes }, request.options.mostRowBytes);
    let unstored = messages.length;
    for (const message of messages) {
      while (unanswered.size >= request.window && !isBroken()) await Promise.race(unanswered);
      if (isBroken()) return;
      const store = async (): Promise<void> => {
        try {
          await deps.publisher.publish(message, signal);
          unstored -= 1;
          if (unstored === 0) blockPool.give(batch.data);
        } catch (error) {
          failures.push(error);
        }
      };
      const sent = store().finally(() => {
        unanswered.delete(sent);
        lane.unanswered -= 1;
      });
      unanswered.add(sent);
      lane.unanswered += 1;
    }
    deps.observer.published(plan.id, batch.header.rows, batch.header.bytes);
  };
  let isWhole = false;
  try {
    for await (const { block, isLast } of withEnd(readPortions(deps, request, signal))) {
      if (isLast) deps.allRead?.();
      const bytes = block?.data.byteLength ?? 0;
      if (bytes > 0 && deps.budget.bytesLeft() <= 0) break;
      deps.budget.spendBytes(bytes);
      await deps.pass(block?.rows ?? 0, bytes, signal);
      if (!(await deps.credit.take(bytes, signal))) return false;
      const batch = toBatch(request, block, isLast);
      lane.unapplied.set(batch.header.n, bytes);
      await send(batch);
      isWhole = isLast;
      if (isBroken() || (!isLast && deps.overdue())) break;
    }
    await Promise.all(unanswered);
  } catch (error) {
    await Promise.allSettled(unanswered);
    if (signal.aborted) return false;
    throw error;
  }
  if (signal.aborted) return false;
  if (failures.length > 0) throw failures[0];
  lane.done = isWhole;
  return isWhole;
}
