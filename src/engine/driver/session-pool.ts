import { SluiceError } from '../../model/sluice-error.ts';

/** One connection of a driver, as a pool sees it. */
export interface PooledSession {
  /** The connection is gone, whoever ended it. */
  readonly ended: boolean;
  /** Ends the connection at once; the server rolls back what is open. */
  destroy(): void;
  /** As destroy, and tells the server to end the running statement. */
  cancel(): void;
  /** Says goodbye first. */
  end(): Promise<void>;
}

interface PoolOptions<Session, Context> {
  readonly maxConnections: number;
  /** A session that nobody wanted for so long is ended. */
  readonly idleCloseMs: number;
  /** @throws SluiceError database.* */
  open(): Promise<Session>;
  /** A driver's error as ours. */
  toError(error: unknown, context: Context | undefined): Error;
}

interface Waiting<Session> {
  readonly resolve: (session: Session | null) => void;
}

/** Connections of one database: at most `maxConnections` at once, made when first wanted, handed out in the order of asking. */
export class SessionPool<Session extends PooledSession, Context> {
  readonly #options: PoolOptions<Session, Context>;
  readonly #maxConnections: number;
  readonly #idle: { readonly session: Session; readonly timer: NodeJS.Timeout }[] = [];
  readonly #waiting: Waiting<Session>[] = [];
  readonly #open = new Set<Session>();
  #places = 0;
  #closed = false;

  constructor(options: PoolOptions<Session, Context>) {
    this.#options = options;
    this.#maxConnections = Math.max(1, options.maxConnections);
  }

  /** A session until `give` or `discard`. @throws the signal's reason, SluiceError database.* */
  async take(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    if (this.#closed) throw new SluiceError('internal', 'the database is closed');
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      if (!idle.session.ended) return idle.session;
      this.#forget(idle.session);
    }
    if (this.#places < this.#maxConnections) {
      this.#places += 1;
      return this.#connect();
    }
    const given = await this.#wait(signal);
    return given ?? this.#connect();
  }

  async #connect(): Promise<Session> {
    try {
      const session = await this.dedicated();
      this.#open.add(session);
      if (!this.#closed) return session;
      session.destroy();
      throw new SluiceError('internal', 'the database is closed');
    } catch (error) {
      this.#pass(null);
      throw error;
    }
  }

  /** A place was freed: the next in line gets it, with a session or to make one. */
  #pass(session: Session | null): boolean {
    const next = this.#waiting.shift();
    if (next) next.resolve(session);
    else if (session === null) this.#places -= 1;
    return next !== undefined;
  }

  #wait(signal: AbortSignal): Promise<Session | null> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting<Session> = {
        resolve: (session) => {
          signal.removeEventListener('abort', leave);
          resolve(session);
        },
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
    });
  }

  give(session: Session): void {
    if (session.ended || this.#closed) return this.discard(session);
    if (this.#pass(session)) return;
    const timer = setTimeout(() => {
      this.#idle.splice(
        this.#idle.findIndex((idle) => idle.session === session),
        1,
      );
      this.#forget(session);
      session.end().catch(() => {});
    }, this.#options.idleCloseMs).unref();
    this.#idle.push({ session, timer });
  }

  /** After an error, or when something may be left on the connection. */
  discard(session: Session): void {
    session.destroy();
    this.#forget(session);
  }

  #forget(session: Session): void {
    if (this.#open.delete(session)) this.#pass(null);
  }

  /** A connection of its own, not counted: for what is held long. The caller ends it. */
  dedicated(): Promise<Session> {
    return this.#options.open();
  }

  /** Work with a session: any error closes it, an abort cancels its statement. Driver errors become ours. */
  async use<T>(work: (session: Session) => Promise<T>, signal: AbortSignal, context?: Context): Promise<T> {
    const session = await this.take(signal);
    // An abort while the session was being made would be heard by nobody.
    if (signal.aborted) {
      this.give(session);
      throw signal.reason;
    }
    const cancel = (): void => session.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const result = await work(session);
      signal.removeEventListener('abort', cancel);
      this.give(session);
      return result;
    } catch (error) {
      signal.removeEventListener('abort', cancel);
      this.discard(session);
      if (signal.aborted) throw signal.reason;
      throw this.#options.toError(error, context);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const ending = this.#idle.splice(0).map(({ session, timer }) => {
      clearTimeout(timer);
      this.#open.delete(session);
      return session.end().catch(() => {});
    });
    for (const session of this.#open) session.destroy();
    this.#open.clear();
    await Promise.all(ending);
  }
}
