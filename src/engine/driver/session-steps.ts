import { SluiceError } from '../../model/sluice-error.ts';
import { isRefusal } from '../quarantine/refusals.ts';
import type { PooledSession } from './session-pool.ts';

interface GivingBack<Session> {
  give(session: Session): void;
  discard(session: Session): void;
}

/**
 * The steps of one transaction on a session that a pool gave. The first error ends it and closes the connection: what a server
 * undid of itself alone is not asked, and no later COMMIT keeps the half of a batch. An abort ends the running statement.
 */
export class SessionSteps<Session extends PooledSession> {
  readonly #pool: GivingBack<Session>;
  readonly #session: Session;
  readonly #signal: AbortSignal;
  #over = false;
  #attempting = false;

  constructor(pool: GivingBack<Session>, session: Session, signal: AbortSignal) {
    this.#pool = pool;
    this.#session = session;
    this.#signal = signal;
    signal.addEventListener('abort', this.#cancel, { once: true });
  }

  readonly #cancel = (): void => this.#session.cancel();

  get over(): boolean {
    return this.#over;
  }

  /** @throws the signal's reason, or what is made of the driver's error */
  async step<T>(
    work: (session: Session) => Promise<T>,
    toError: (error: unknown, session: Session) => unknown,
  ): Promise<T> {
    if (this.#over) throw new SluiceError('internal', 'the transaction is over');
    try {
      // An abort while the session was being made was heard by nobody.
      this.#signal.throwIfAborted();
      return await work(this.#session);
    } catch (error) {
      const known = this.#signal.aborted ? this.#signal.reason : toError(error, this.#session);
      // What was refused is taken back by the attempt that it is part of.
      if (this.#attempting && isRefusal(known) && !this.#session.ended) throw known;
      this.#end();
      this.#pool.discard(this.#session);
      throw known;
    }
  }

  /** TargetParking.attempt, by a savepoint: see there. */
  async attempt(
    work: () => Promise<void>,
    savepoint: { readonly [Step in 'save' | 'keep' | 'back']: (session: Session) => Promise<unknown> },
    toError: (error: unknown, session: Session) => unknown,
  ): Promise<void> {
    await this.step(savepoint.save, toError);
    this.#attempting = true;
    try {
      await work();
    } catch (error) {
      this.#attempting = false;
      if (!this.#over && isRefusal(error)) await this.step(savepoint.back, toError);
      throw error;
    }
    this.#attempting = false;
    await this.step(savepoint.keep, toError);
  }

  /** The step behind which nothing of the transaction is left: the session goes back to the pool. */
  async last(
    work: (session: Session) => Promise<unknown>,
    toError: (error: unknown, session: Session) => unknown,
  ): Promise<void> {
    await this.step(work, toError);
    this.#end();
    this.#pool.give(this.#session);
  }

  #end(): void {
    this.#over = true;
    this.#signal.removeEventListener('abort', this.#cancel);
  }
}
