import type { Batch } from '../../model/batch.ts';
import { laneKey, type LaneRef } from '../../model/lane.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { Clock } from '../clock.ts';
import { fingerprint } from '../wire/fingerprint.ts';
import type { Delivery, Handled } from '../ports/hub.ts';
import { decodePart, joinParts, type ReceivedPart } from '../wire/wire-format.ts';

interface Assembling {
  readonly lane: string;
  readonly attempt: number;
  readonly parts: (ReceivedPart | undefined)[];
  readonly settle: ((outcome: Handled | Promise<Handled>) => void)[];
  bytes: number;
  /** When the last part arrived. */
  movedAt: number;
}

export interface AssemblerOptions {
  readonly maxBytes: number;
  /** False: the batch is dropped without a look, fragments included. */
  readonly wanted: (header: ReceivedPart['header']) => boolean;
  readonly clock: Clock;
  /** A batch that no further part reached for so long is dropped: its lane is read again. */
  readonly patienceMs: number;
}

/**
 * Joins fragments of one batch and hands whole batches on; their deliveries are settled together after it.
 *
 * Memory: fragments of unfinished batches hold at most `maxBytes` besides the oldest unfinished batch, which always
 * goes on; parts of others are sent back (`later`). Parts of different openings are never joined; a newer attempt of a
 * lane drops what the older one left unfinished. What never becomes whole, because its reader died between two parts,
 * is dropped after a while: otherwise the hub would keep it, and all that came after it, for ever.
 */
export function createAssembler(handle: (batch: Batch) => Promise<Handled>, options: AssemblerOptions) {
  const unfinished = new Map<string, Assembling>();
  /** The highest attempt of each lane of which anything arrived. */
  const newest = new Map<string, number>();
  let heldBytes = 0;

  const whole = (parts: readonly ReceivedPart[]): Promise<Handled> => {
    const batch = joinParts(parts);
    if (fingerprint(batch.header, batch.data) !== batch.header.fingerprint) {
      throw new SluiceError('batch.damaged', 'a batch is not what was sent: its fingerprint differs', {
        table: batch.header.table,
      });
    }
    return handle(batch);
  };

  const finish = (key: string, entry: Assembling): void => {
    unfinished.delete(key);
    heldBytes -= entry.bytes;
    let outcome: Promise<Handled>;
    try {
      outcome = whole(entry.parts as ReceivedPart[]);
    } catch (error) {
      outcome = Promise.reject(error);
    }
    for (const settle of entry.settle) settle(outcome);
  };

  const drop = (key: string, entry: Assembling): void => {
    if (unfinished.get(key) !== entry) return;
    unfinished.delete(key);
    heldBytes -= entry.bytes;
    for (const settle of entry.settle) settle('dropped');
  };

  /** @returns false when a newer attempt of the lane was seen already */
  const isNewest = (lane: string, attempt: number): boolean => {
    const known = newest.get(lane) ?? 0;
    if (attempt <= known) return attempt === known;
    newest.set(lane, attempt);
    for (const [key, entry] of unfinished) if (entry.lane === lane) drop(key, entry);
    return true;
  };

  const addFragment = (part: ReceivedPart, delivery: Delivery): Promise<Handled> => {
    const lane = laneKey(part.header);
    const { attempt, epoch, n } = part.header;
    const key = `${lane} ${attempt} ${epoch} ${n}`;
    const [oldest] = unfinished.keys();
    if (oldest !== undefined && oldest !== key && heldBytes + part.data.byteLength > options.maxBytes) {
      return Promise.resolve('later');
    }
    const entry = unfinished.get(key) ?? {
      lane,
      attempt,
      parts: Array.from<undefined>({ length: part.parts }),
      settle: [],
      bytes: 0,
      movedAt: 0,
    };
    unfinished.set(key, entry);
    if (!entry.parts[part.part - 1]) {
      entry.parts[part.part - 1] = part;
      entry.movedAt = options.clock.now();
      entry.bytes += part.data.byteLength;
      heldBytes += part.data.byteLength;
    }
    delivery.hold();
    return new Promise((resolve) => {
      entry.settle.push(resolve);
      if (entry.parts.every((each) => each !== undefined)) finish(key, entry);
    });
  };

  return {
    /** @throws SluiceError batch.damaged */
    async receive(delivery: Delivery): Promise<Handled> {
      const part = decodePart(delivery);
      if (!options.wanted(part.header)) return 'dropped';
      // Invariant 3: dropped, for the newer attempt was opened in the ledger before it was published.
      if (!isNewest(laneKey(part.header), part.header.attempt)) return 'dropped';
      return part.parts === 1 ? whole([part]) : addFragment(part, delivery);
    },
    /** Looks after what waits; call it every few seconds. */
    tick(): void {
      const latest = options.clock.now() - options.patienceMs;
      // Invariant 3: dropped, for the record supplies it again: its lane has not ended in the ledger, or needs it not.
      for (const [key, entry] of unfinished) {
        if (entry.movedAt > latest) continue;
        drop(key, entry);
        newest.delete(entry.lane); // nobody asked the ledger whether it knows this attempt
      }
    },
    /** The ledger does not have the attempts that arrived of this lane: it was restored, and older ones count again. */
    forget(header: Omit<LaneRef, 'transfer'>): void {
      newest.delete(laneKey(header));
    },
    /** Sends back every fragment that waits for others. */
    release(): void {
      for (const entry of unfinished.values()) for (const settle of entry.settle) settle('later');
      unfinished.clear();
      heldBytes = 0;
    },
  };
}
export type Assembler = ReturnType<typeof createAssembler>;
