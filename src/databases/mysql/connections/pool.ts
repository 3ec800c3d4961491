import { SessionPool } from '../../../engine/driver/session-pool.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { MysqlConfig } from '../config.ts';
import { type ErrorContext, toSluiceError } from '../error-codes.ts';
import { lockName } from '../sql/lock-name.ts';
import { openSession, type Session } from './session.ts';

/** Sooner than the server ends a session that says nothing. */
const IDLE_CLOSE_MS = 15_000;
const LOCK_SECONDS = 30;

/** Connections of one server. */
export class Pool extends SessionPool<Session, ErrorContext> {
  readonly config: MysqlConfig;

  constructor(
    config: MysqlConfig,
    options: { readonly applicationName: string; readonly maxConnections: number },
  ) {
    super({
      maxConnections: options.maxConnections,
      idleCloseMs: IDLE_CLOSE_MS,
      open: () => openSession(config, options.applicationName),
      toError: toSluiceError,
    });
    this.config = config;
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
      const lock = lockName(name);
      if ((await session.cell(`SELECT GET_LOCK(${lock}, ${LOCK_SECONDS})`)) !== '1')
        throw new SluiceError('database.transient', 'another process plans the same');
      const result = await work(session);
      await session.query(`DO RELEASE_LOCK(${lock})`);
      return result;
    };
    return this.use(run, signal, context);
  }
}

/** Work in one transaction of a session, committed when it resolves; an error leaves it to the session's end. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query('START TRANSACTION');
  const result = await work();
  await session.query('COMMIT');
  return result;
}
