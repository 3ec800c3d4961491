import { randomUUID } from 'node:crypto';
import type { HeldSnapshot } from '../../../engine/ports/source-reader.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { INTERRUPTED, toSluiceError, vendorCode } from '../error-codes.ts';
import type { Pool } from './pool.ts';
import type { Session } from './session.ts';

/** So long the server does not take a held connection for left. */
const KEEP_SECONDS = 86_400;

interface Held {
  readonly session: Session;
  /** Whoever reads waits for those before. */
  queue: Promise<void>;
}

export interface TakenSession {
  readonly session: Session;
  /** Ends the statement that runs; the session and its snapshot stay. */
  readonly stop: () => Promise<void>;
  /** The turn of whoever reads next. Resolves when nothing is under way any more that would end a statement of theirs. */
  readonly free: () => Promise<void>;
}

/** The snapshot of a connection that is gone, or of another process. */
export const snapshotLost = (cause: unknown): SluiceError =>
  new SluiceError('source.snapshot_lost', 'the connection that held the snapshot is gone', {
    vendorCode: vendorCode(cause),
  });

/** Resolves with the promise, or when nobody wants it any more. */
function unlessAborted(wanted: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    void wanted.then(end);
  });
}

/**
 * Snapshots of this product belong to one connection: no other process can read them, and of this process one reader at a
 * time.
 */
export class Snapshots {
  readonly #pool: Pool;
  readonly #held = new Map<string, Held>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async hold(signal: AbortSignal): Promise<HeldSnapshot> {
    signal.throwIfAborted();
    const session = await this.#pool.dedicated();
    const ref = randomUUID();
    try {
      const idle = session.facts.flavour === 'mariadb' ? ', idle_transaction_timeout = 0' : '';
      await session.query(`SET SESSION wait_timeout = ${KEEP_SECONDS}${idle}`);
      await session.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
      this.#held.set(ref, { session, queue: Promise.resolve() });
    } catch (error) {
      session.destroy();
      throw toSluiceError(error, { side: 'source' });
    }
    const close = async (): Promise<void> => {
      this.#held.delete(ref);
      session.destroy();
    };
    return { ref, boundToProcess: true, check: () => this.#check(ref), close };
  }

  async #check(ref: string): Promise<void> {
    const held = this.#held.get(ref);
    if (!held || held.session.ended) throw snapshotLost(null);
  }

  /**
   * What ends a statement ends whatever runs when it arrives: so it is waited for, and a statement of nobody takes what is left of
   * it. Where nobody knows whether it will arrive, the session ends.
   */
  async #settle(session: Session, stops: readonly Promise<boolean>[]): Promise<void> {
    if (stops.length === 0) return;
    const known = (await Promise.all(stops)).every(Boolean);
    try {
      if (known) await session.query('DO 0');
      else session.destroy();
    } catch (error) {
      if (vendorCode(error) !== INTERRUPTED) session.destroy();
    }
  }

  /** The snapshot's own session, when those before are done with it. @throws SluiceError source.snapshot_lost */
  async take(ref: string, signal: AbortSignal): Promise<TakenSession> {
    const held = this.#held.get(ref);
    if (!held) throw snapshotLost(null);
    const before = held.queue;
    let pass: () => void = () => {};
    const mine = new Promise<void>((resolve) => {
      pass = resolve;
    });
    held.queue = before.then(() => mine);
    await unlessAborted(before, signal);
    const { session } = held;
    if (signal.aborted || session.ended) {
      pass();
      signal.throwIfAborted();
      throw snapshotLost(null);
    }
    const stops: Promise<boolean>[] = [];
    return {
      session,
      stop: async () => {
        const stopped = session.interrupt();
        stops.push(stopped);
        await stopped;
      },
      free: async () => {
        await this.#settle(session, stops);
        pass();
      },
    };
  }

  async use<T>(ref: string, signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    const { session, stop: end, free } = await this.take(ref, signal);
    const stop = (): void => void end();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await work(session);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', stop);
      await free();
    }
  }

  closeAll(): void {
    for (const { session } of this.#held.values()) session.destroy();
    this.#held.clear();
  }
}
