import { SluiceError } from '../../model/sluice-error.ts';
import type { Position, RowBlock } from '../../model/row-block.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import { claimLimitsOf } from '../../model/capture-spec.ts';
import type { Clock } from '../clock.ts';
import { type ClaimConfirmer, createConfirmer } from './claim-confirmer.ts';
import type { ChangeCapture, Lease } from '../ports/change-capture.ts';
import type { SourceReader } from '../ports/source-reader.ts';
import { CREDITS } from '../reading/largest-row.ts';
import type { SliceControl } from '../slice.ts';

/** Nothing is pending: asked again soon after the last event, then seldom, so that an idle source has little to do. */
const FIRST_IDLE_MS = 10;
const LONGEST_IDLE_MS = 250;

/**
 * So many claims that the target has not applied yet are sealed as soon as something is pending; then, unless they are full, what is
 * pending waits for the next one: claims grow with what the target takes, instead of their number.
 */
const SMALL_CLAIMS_AHEAD = 6;
const WAIT_FOR_TARGET_MS = 10;

/** What `readAndPublish` reads a lane of changes by. */
export type ClaimReader = Pick<SourceReader, 'readRange'> &
  Required<Pick<SourceReader, 'applied' | 'isDrained'>> & {
    /**
     * The ledger has the lane to its end: so everything that was sealed is confirmed, also where whoever read it died before he told the
     * source. Else a later run of changes alone would begin with what is applied already.
     */
    ended(lane: number): Promise<void>;
  };

export interface ClaimReading {
  readonly changes: ChangeCapture;
  readonly transfer: string;
  readonly spec: Pick<TransferSpec, 'changes' | 'topics' | 'read'>;
  /** Read to where nothing is pending, and end there; else for as long as the slice lasts. */
  readonly drain: boolean;
  /** Events stay so long after they were confirmed. */
  readonly retentionMs: number;
  readonly control: Pick<SliceControl, 'overdue' | 'progress'>;
  readonly clock: Clock;
}

/** One reading of a lane: blocks that were given out, and the claim that is over with each of them. */
interface LaneReading {
  readonly lease: Lease;
  /** Claim that is whole with the block, by the block's number; others hold a part of one. */
  readonly wholeAt: Map<number, number>;
  blocks: number;
  /** Events of the claim that was read last. */
  lastEvents: number;
  /** The last claim that the target has whole. */
  applied: number;
  readonly confirmer: ClaimConfirmer;
  drained: boolean;
}

/** Columns whose values keep the storage class that they have in SQLite. */
function anyColumns({ changes }: TablePlan): ReadonlyMap<number, readonly string[]> {
  const found = (changes?.tables ?? []).map(({ number, plan }): [number, readonly string[]] => [
    number,
    plan.columns.filter(({ logical }) => logical.kind === 'any').map(({ source }) => source),
  ]);
  return new Map(found.filter(([, names]) => names.length > 0));
}

/**
 * A block is a batch, and that is a transaction of the target: a claim, which cuts no transaction of the source, is one of them as far as
 * the credit goes, so that the hub's stream holds it, in several messages, with the next ones. What is larger goes on in another one.
 */
const wholeBlockBytes = (streamBytes: number): number => Math.floor(streamBytes / CREDITS);

/** The claim to read next, and where in it. */
function nextOf(after: Position | null, lease: Lease): { claim: number; afterId: string | null } {
  // Planned by an older version: earlier runs applied what is confirmed.
  if (after === null) return { claim: lease.confirmed + 1, afterId: null };
  const [claim = '', id = ''] = after;
  if (!/^\d+$/.test(claim))
    throw new SluiceError('target.ledger_damaged', 'the position of a lane of changes is none');
  return id === '' ? { claim: Number(claim) + 1, afterId: null } : { claim: Number(claim), afterId: id };
}

/**
 * Reads the changes of a transfer as if they were the rows of a range without an end: claims that are sealed already from where the
 * ledger stands, then what is pending, sealed as it comes.
 *
 * What the ledger has is confirmed at the source, which frees it there (invariant 5); a confirmation that is lost is made by the next
 * reading, which begins with what the ledger says. The lease fences whoever read the lane before.
 */
export function createClaimReader(reading: ClaimReading): ClaimReader {
  const { changes, transfer, spec, drain, control, clock } = reading;
  const lanes = new Map<number, LaneReading>();
  const limits = claimLimitsOf(spec);

  const isAhead = ({ wholeAt, lastEvents }: LaneReading): boolean =>
    wholeAt.size >= SMALL_CLAIMS_AHEAD && lastEvents < limits.events / 2;

  /** The number of a claim that is sealed; null: nothing is pending and the reading ends, drained or told to. */
  const sealed = async (lane: LaneReading, claim: number, signal: AbortSignal): Promise<number | null> => {
    if (claim <= lane.lease.sealed) return claim;
    for (let idleMs = FIRST_IDLE_MS; ; idleMs = Math.min(2 * idleMs, LONGEST_IDLE_MS)) {
      while (isAhead(lane) && !control.overdue() && !signal.aborted) {
        lane.confirmer.note(lane.applied);
        await clock.sleep(WAIT_FOR_TARGET_MS, signal);
      }
      if (control.overdue() || signal.aborted) return null;
      const made = await changes.seal(lane.lease, limits, signal);
      if (made !== null) return made;
      control.progress(); // that nothing changes is no stall
      if (drain) {
        lane.drained = true;
        return null;
      }
      lane.confirmer.note(lane.applied);
      await clock.sleep(idleMs, signal);
    }
  };

  const open = async (
    laneNumber: number,
    after: Position | null,
    signal: AbortSignal,
  ): Promise<LaneReading> => {
    const lease = await changes.lease({ transfer, lane: laneNumber }, signal);
    const { claim, afterId } = nextOf(after, lease);
    // Of a claim that the target has in part the rest is only there where that very claim is.
    if ((afterId === null ? claim - 1 : claim) > lease.sealed)
      throw new SluiceError(
        'capture.resync_required',
        'the target has changes that the source does not know',
        {
          suggestion:
            'the source was restored or the capture installed anew: sluice table resnapshot "(changes)"',
        },
      );
    const lane: LaneReading = {
      lease,
      wholeAt: new Map(),
      blocks: 0,
      lastEvents: 0,
      applied: claim - 1,
      confirmer: createConfirmer(changes, lease, { clock, retentionMs: reading.retentionMs }),
      drained: false,
    };
    lanes.set(laneNumber, lane);
    return lane;
  };

  async function* read(
    laneNumber: number,
    after: Position | null,
    options: Omit<Parameters<ChangeCapture['read']>[1], 'claim' | 'afterId'> & {
      readonly signal: AbortSignal;
    },
  ): AsyncGenerator<RowBlock, void, undefined> {
    const { signal, ...how } = options;
    const lane = await open(laneNumber, after, signal);
    let { claim, afterId } = nextOf(after, lane.lease);
    for (;;) {
      lane.confirmer.note(lane.applied);
      const next = await sealed(lane, claim, signal);
      if (next === null) return;
      if (next !== claim)
        throw new SluiceError('capture.resync_required', 'claims of the source are not contiguous');
      lane.lastEvents = 0;
      for await (const block of changes.read(lane.lease, { ...how, claim, afterId }, signal)) {
        lane.blocks += 1;
        lane.lastEvents += block.rows;
        if (block.last[1] === '') lane.wholeAt.set(lane.blocks, claim);
        yield block;
      }
      claim += 1;
      afterId = null;
    }
  }

  return {
    readRange: ({ plan, range, after }, { blockBytes, mostRowBytes }, signal) =>
      read(range.lane, after ?? range.after, {
        blockBytes: Math.max(blockBytes, wholeBlockBytes(mostRowBytes)),
        mostRowBytes,
        any: anyColumns(plan),
        signal,
      }),
    applied(laneNumber, blocks) {
      const lane = lanes.get(laneNumber);
      if (!lane) return;
      for (const [block, claim] of lane.wholeAt) {
        if (block > blocks) break;
        lane.wholeAt.delete(block);
        lane.applied = Math.max(lane.applied, claim);
      }
    },
    isDrained: (lane) => lanes.get(lane)?.drained ?? false,
    async ended(laneNumber) {
      const lane = lanes.get(laneNumber);
      if (lane) {
        lane.confirmer.note(Math.max(lane.applied, ...lane.wholeAt.values()));
        return lane.confirmer.finish();
      }
      const never = new AbortController().signal;
      const lease = await changes.lease({ transfer, lane: laneNumber }, never);
      // A lane ends where nothing is pending behind its last claim, and nobody seals one for a lane that has ended.
      if (lease.confirmed < lease.sealed) await changes.confirm(lease, lease.sealed, never);
    },
  };
}
