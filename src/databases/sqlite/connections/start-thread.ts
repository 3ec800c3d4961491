import { Worker } from 'node:worker_threads';
import { SluiceError } from '../../../model/sluice-error.ts';
import type {
  OpenRequest,
  Operations,
  OperationName,
  ThreadReply,
  ThreadRequest,
} from '../thread/operations.ts';
import { threadEntry } from './thread-entry.ts';

/** A connection in a thread of its own. Operations run one at a time in the order of the calls. */
export interface Thread {
  /**
   * Rejects with the signal's reason as soon as it aborts; what runs in the thread then runs on, see `settled`.
   * @throws SluiceError of the operation
   */
  call<K extends OperationName>(
    operation: K,
    input: Operations[K]['input'],
    options?: { readonly signal?: AbortSignal; readonly transfer?: readonly ArrayBuffer[] },
  ): Promise<Operations[K]['answer']>;
  /** True when it must not be used any more. */
  readonly broken: boolean;
  /** Resolves with true once nothing runs in it, with false when that takes longer. */
  settled(withinMs: number): Promise<boolean>;
  /** Closes the connection, which ends a transaction that is still open. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** Loads nothing that the process was told to load, as tsx is in the source tree. */
const startWorker = (givenUp: Int32Array<SharedArrayBuffer>): Worker =>
  new Worker(threadEntry(), { workerData: givenUp.buffer, execArgv: [] });

class WorkerThread implements Thread {
  /** Read in loops over many rows. */
  readonly #givenUp = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker = startWorker(this.#givenUp);
  readonly #waiting = new Map<number, Waiting>();
  readonly #idle: (() => void)[] = [];
  #lastId = 0;
  #broken = false;
  #exited = false;
  #closed: Promise<void> | null = null;

  constructor() {
    this.#worker.on('message', (reply: ThreadReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => {
      this.#exited = true;
      this.#fail(undefined);
    });
    this.#worker.unref();
  }

  get broken(): boolean {
    return this.#broken;
  }

  call<K extends OperationName>(
    operation: K,
    input: Operations[K]['input'],
    options: { readonly signal?: AbortSignal; readonly transfer?: readonly ArrayBuffer[] } = {},
  ): Promise<Operations[K]['answer']> {
    const { signal } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.#exited) return Promise.reject(ended(undefined));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Operations[K]['answer']>((resolve, reject) => {
      // The answer is still waited for, by nobody: the thread is only free once it came.
      const abort = (): void => reject(signal?.reason as Error);
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener('abort', abort);
          settle(value);
        };
      signal?.addEventListener('abort', abort, { once: true });
      // A thread at work keeps the process alive; an idle one does not.
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve: done(resolve as (value: unknown) => void), reject: done(reject) });
      const request: ThreadRequest<K> = { id, operation, input };
      this.#worker.postMessage(request, options.transfer ?? []);
    });
  }

  async settled(withinMs: number): Promise<boolean> {
    if (this.#waiting.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const idle = new Promise<boolean>((resolve) => {
      this.#idle.push(() => resolve(true));
      timer = setTimeout(resolve, withinMs, false);
    });
    return idle.finally(() => clearTimeout(timer));
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  /**
   * Never terminated in a statement: where that one fails, the driver makes its error with what V8 no longer gives, and the whole
   * process ends.
   */
  async #end(): Promise<void> {
    this.#broken = true;
    Atomics.store(this.#givenUp, 0, 1);
    if (!this.#exited) await this.call('close', null).catch(() => null);
    await this.#worker.terminate();
  }

  #forget(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) {
      this.#worker.unref();
      for (const told of this.#idle.splice(0)) told();
    }
    return waiting;
  }

  #settle(reply: ThreadReply): void {
    const waiting = this.#forget(reply.id);
    if (waiting === undefined) return;
    if (!('error' in reply)) return waiting.resolve(reply.answer);
    const { code, message, details } = reply.error;
    waiting.reject(new SluiceError(code, message, details));
  }

  #fail(cause: unknown): void {
    this.#broken = true;
    for (const id of this.#waiting.keys()) this.#forget(id)?.reject(ended(cause));
  }
}

const ended = (cause: unknown): SluiceError =>
  new SluiceError('database.internal', 'the SQLite thread ended', cause === undefined ? {} : { cause });

/** @throws SluiceError database.not_found, database.permission_denied and others when the file cannot be opened */
export async function startThread(request: OpenRequest, signal?: AbortSignal): Promise<Thread> {
  const thread = new WorkerThread();
  try {
    await thread.call('open', request, signal === undefined ? {} : { signal });
    return thread;
  } catch (error) {
    await thread.close();
    throw error;
  }
}
