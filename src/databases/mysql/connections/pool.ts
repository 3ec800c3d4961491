import { SluiceError } from '../../../model/sluice-error.ts';
import type { MysqlConfig } from '../config.ts';
import { type ErrorContext, toSluiceError } from '../error-codes.ts';
import { literal } from '../sql/names.ts';
import { openSession, type Session } from './session.ts';

/** Sooner than the server ends a session that says nothing. */
const IDLE_CLOSE_MS = 15_000;
const LOCK_SECONDS = 30;

interface Waiting {
  readonly resolve: (session: Session | null) => void;
}

/** Connections of one database: at most `maxConnections` at once, handed out in the order of asking. */
export class Pool {
  readonly config: MysqlConfig;
  readonly #applicationName: string;
  readonly #maxConnections: number;
  readonly #idle: { readonly session: Session; readonly timer: NodeJS.Timeout }[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #open = new Set<Session>();
  #places = 0;
  #closed = false;

  constructor(
    config: MysqlConfig,
    options: { readonly applicationName: string; readonly maxConnections: number },
  ) {
    this.config = config;
    this.#applicationName = options.applicationName;
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
      const waiting: Waiting = {
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
    }, IDLE_CLOSE_MS).unref();
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
  async dedicated(): Promise<Session> {
    return openSession(this.config, this.#applicationName);
  }

  /** Work with a session: any error closes it, an abort cancels its statement. Driver errors become ours. */
  async use<T>(
    work: (session: Session) => Promise<T>,
    signal: AbortSignal,
    context: ErrorContext = {},
  ): Promise<T> {
    const session = await this.take(signal);
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
      throw toSluiceError(error, context);
    }
  }

  /** Work in one transaction, committed when it resolves. */
  transaction<T>(
    work: (session: Session) => Promise<T>,
    signal: AbortSignal,
    context: ErrorContext = {},
  ): Promise<T> {
    const run = async (session: Session): Promise<T> => {
      await session.query('START TRANSACTION');
      const result = await work(session);
      await session.query('COMMIT');
      return result;
    };
    return this.use(run, signal, context);
  }

  /**
   * Work under a lock of the server that is bound to the session, for what commits by itself. It is free again when the
   * work is done, or when its session is gone.
   */
  locked<T>(
    name: string,
    work: (session: Session) => Promise<T>,
    signal: AbortSignal,
    context: ErrorContext = {},
  ): Promise<T> {
    const run = async (session: Session): Promise<T> => {
      // At most 64 letters.
      const lock = `CONCAT('sluice ', MD5(${literal(name)}))`;
      if ((await session.cell(`SELECT GET_LOCK(${lock}, ${LOCK_SECONDS})`)) !== '1')
        throw new SluiceError('database.transient', 'another process plans the same');
      const result = await work(session);
      await session.query(`DO RELEASE_LOCK(${lock})`);
      return result;
    };
    return this.use(run, signal, context);
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

/** Work in one transaction of a session, committed when it resolves; an error leaves it to the session's end. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query('START TRANSACTION');
  const result = await work();
  await session.query('COMMIT');
  return result;
}
