import { stat } from 'node:fs/promises';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { SqliteConfig } from '../config.ts';
import { classify, vendorCode } from '../error-codes.ts';
import type { OpenRequest } from '../thread/operations.ts';
import { startThread, type Thread } from './start-thread.ts';

/** Statements wait this long in the thread before the lock is tried again from here, where the signal is seen. */
const BUSY_WAIT_MS = 1_000;

/** What still runs in a thread when its borrower leaves may take this long before the thread is given up. */
const LEAVE_WAIT_MS = 2_000;

export interface Pool {
  /** Short questions: catalog and ledger. Never waits for a reader that waits for its consumer. */
  query<T>(work: (thread: Thread) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Reads of tables, several at once. `path`: a copy of the database instead of the database. */
  scan(signal: AbortSignal, path?: string): Promise<Lease>;
  /** The one writing connection, in the order of the calls. */
  write(signal: AbortSignal): Promise<Lease>;
  /** Makes the file where it is missing, unless the settings forbid it. */
  createFile(signal: AbortSignal): Promise<void>;
  /** Closes the connections to a copy. */
  forget(path: string): Promise<void>;
  close(): Promise<void>;
}

/** A thread for one borrower. */
export interface Lease {
  readonly thread: Thread;
  /** Gives it back; what still runs in it is waited for, in the background. */
  release(): void;
  /** Closes it: after an error nothing is assumed about its transaction. */
  discard(): Promise<void>;
}

type Open = (signal: AbortSignal) => Promise<Thread>;

/** At most `size` threads, opened when first needed; who waits is served in order. */
class Slots {
  readonly #size: number;
  readonly #open: Open;
  readonly #idle: Thread[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #leaving = new Set<Promise<void>>();
  readonly #lent = new Set<Thread>();
  #taken = 0;
  #closed = false;

  constructor(size: number, open: Open) {
    this.#size = size;
    this.#open = open;
  }

  async take(signal: AbortSignal): Promise<Lease> {
    await this.#turn(signal);
    try {
      if (this.#closed) throw new SluiceError('database.internal', 'the SQLite database is closed');
      const idle = this.#idle.pop();
      return this.#lease(idle && !idle.broken ? idle : await this.#open(signal));
    } catch (error) {
      this.#next();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const threads = [...this.#idle.splice(0), ...this.#lent];
    await Promise.all([...threads.map((thread) => thread.close()), ...this.#leaving]);
  }

  #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken < this.#size) {
      this.#taken += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason as Error);
      };
      const turn = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      this.#waiting.push(turn);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** The place goes to who waits longest. */
  #next(): void {
    const turn = this.#waiting.shift();
    if (turn) turn();
    else this.#taken -= 1;
  }

  #lease(thread: Thread): Lease {
    let over = false;
    this.#lent.add(thread);
    const end = (leave: () => Promise<void>): Promise<void> => {
      if (over) return Promise.resolve();
      over = true;
      this.#lent.delete(thread);
      const left = leave().finally(() => {
        this.#leaving.delete(left);
        this.#next();
      });
      this.#leaving.add(left);
      return left;
    };
    const give = async (): Promise<void> => {
      if (!thread.broken && (await thread.settled(LEAVE_WAIT_MS)) && !this.#closed) this.#idle.push(thread);
      else await thread.close();
    };
    return {
      thread,
      release: () => void end(give),
      discard: () => end(() => thread.close()),
    };
  }
}

const missing = (path: string): SluiceError =>
  new SluiceError('database.not_found', `there is no file ${path}`, {
    where: path,
    suggestion: 'check the path; a file that a transfer shall create needs its folder only',
  });

/** Says which file an error is about, which the thread does not know. */
function atPath(error: unknown, path: string): unknown {
  if (error instanceof SluiceError && error.code.startsWith('database.')) {
    return new SluiceError(error.code, `${path}: ${error.message}`, { ...error.details, where: path });
  }
  const code = vendorCode(error);
  if (code === null || error instanceof SluiceError) return error;
  return new SluiceError(classify(error), `${path}: ${code}`, { where: path, vendorCode: code });
}

/** @throws SluiceError database.not_found, database.permission_denied */
export async function fileExists(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    if (vendorCode(error) === 'ENOENT') return null;
    throw atPath(error, path);
  });
  if (found?.isFile() === false) {
    throw new SluiceError('database.not_found', `${path} is no file`, { where: path });
  }
  return found !== null;
}

/**
 * The threads of one file: one writes, one answers questions, the others read tables. Readers open the file read-only:
 * a source is not even checkpointed (invariant 10).
 */
export function createPool(config: SqliteConfig, maxConnections: number): Pool {
  const { path } = config;
  const open = async (file: string, mode: OpenRequest['mode'], signal: AbortSignal): Promise<Thread> => {
    if (mode !== 'create' && !(await fileExists(file))) {
      if (file !== path || config.create !== true) throw missing(file);
      await (await open(file, 'create', signal)).close();
    }
    try {
      return await startThread({ path: file, mode, busyTimeoutMs: BUSY_WAIT_MS }, signal);
    } catch (error) {
      throw atPath(error, file);
    }
  };
  const scanners = Math.max(1, maxConnections - 2);
  const readers = (size: number, file = path): Slots =>
    new Slots(size, (signal) => open(file, 'read', signal));
  const questions = readers(1);
  const scans = readers(scanners);
  const writer = new Slots(1, (signal) => open(path, 'write', signal));
  const copies = new Map<string, Slots>();

  const copyOf = (file: string): Slots => {
    const slots = copies.get(file) ?? readers(scanners, file);
    copies.set(file, slots);
    return slots;
  };
  return {
    async query(work, signal) {
      const lease = await questions.take(signal);
      try {
        return await work(lease.thread);
      } finally {
        lease.release();
      }
    },
    scan: (signal, file) => (file === undefined ? scans : copyOf(file)).take(signal),
    write: (signal) => writer.take(signal),
    async createFile(signal) {
      if (config.create === false || (await fileExists(path))) return;
      await (await open(path, 'create', signal)).close();
    },
    async forget(file) {
      const slots = copies.get(file);
      copies.delete(file);
      await slots?.close();
    },
    async close() {
      const all = [questions, scans, writer, ...copies.values()];
      copies.clear();
      await Promise.all(all.map((slots) => slots.close()));
    },
  };
}
