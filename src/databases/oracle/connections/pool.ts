import { createHash } from 'node:crypto';
import { SessionPool } from '../../../engine/driver/session-pool.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { OracleConfig } from '../config.ts';
import { type ErrorContext, toSluiceError, vendorCode } from '../error-codes.ts';
import { WAIT_SECONDS } from './pins.ts';
import { openSession, type Session } from './session.ts';

const IDLE_CLOSE_MS = 60_000;

/** Durable when it returns, whatever the database has as its default. */
export const COMMIT = 'COMMIT WRITE IMMEDIATE WAIT';

/** A number for a name, in the range that is ours to choose from. */
export const lockNumber = (name: string): number =>
  createHash('md5').update(`sluice ${name}`).digest().readUInt32BE(0) & 0x3f_ff_ff_ff;

/** Asks for a lock that is bound to the session and outlives a commit: 6 is exclusive. */
export const LOCK_STATEMENT = `BEGIN :result := SYS.DBMS_LOCK.REQUEST(TO_NUMBER(:id), 6, ${WAIT_SECONDS}, FALSE); END;`;
export const UNLOCK_STATEMENT = 'BEGIN :result := SYS.DBMS_LOCK.RELEASE(TO_NUMBER(:id)); END;';
/** There is no such package for who may not use it. */
const NOT_DECLARED = new Set(['ORA-06550', 'ORA-01031', 'ORA-00942', 'PLS-00201']);
const TIMED_OUT = 1;
const HELD_ALREADY = 4;

/** Connections of one database. */
export class Pool extends SessionPool<Session, ErrorContext> {
  readonly config: OracleConfig;

  constructor(
    config: OracleConfig,
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
    return this.use((session) => inTransaction(session, () => work(session)), signal, context);
  }

  /**
   * Work under a lock of the server that is bound to the session, for what commits by itself; it is free again when the work is
   * done, or when its session is gone. `granted` false: the user may not take locks, and nothing is locked.
   */
  locked<T>(
    name: string,
    work: (session: Session, granted: boolean) => Promise<T>,
    signal: AbortSignal,
    context: ErrorContext = {},
  ): Promise<T> {
    return this.#under(name, work, { signal, context, patient: false });
  }

  /** The same, and waits for as long as another one has it. */
  lockedAtLast<T>(
    name: string,
    work: (session: Session, granted: boolean) => Promise<T>,
    signal: AbortSignal,
    context: ErrorContext = {},
  ): Promise<T> {
    return this.#under(name, work, { signal, context, patient: true });
  }

  #under<T>(
    name: string,
    work: (session: Session, granted: boolean) => Promise<T>,
    {
      signal,
      context,
      patient,
    }: { readonly signal: AbortSignal; readonly context: ErrorContext; readonly patient: boolean },
  ): Promise<T> {
    const id = String(lockNumber(name));
    const run = async (session: Session): Promise<T> => {
      const granted = await takeLock(session, id, patient);
      const result = await work(session, granted);
      if (granted) await session.call(UNLOCK_STATEMENT, { id });
      return result;
    };
    return this.use(run, signal, context);
  }
}

async function takeLock(session: Session, id: string, patient: boolean): Promise<boolean> {
  try {
    let answer = await session.call(LOCK_STATEMENT, { id });
    // An abort ends the session, and with it the waiting.
    while (patient && answer === TIMED_OUT) answer = await session.call(LOCK_STATEMENT, { id });
    if (answer === 0 || answer === HELD_ALREADY) return true;
    if (answer === TIMED_OUT) throw new SluiceError('database.transient', 'another process plans the same');
    throw new SluiceError('database.transient', `the server gave no lock: ${answer}`);
  } catch (error) {
    if (!NOT_DECLARED.has(vendorCode(error))) throw error;
    return false;
  }
}

/** Work in one transaction of a session, which begins by itself; an error leaves it to the session's end. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const result = await work();
  await session.query(COMMIT);
  return result;
}
