import { setTimeout as wait } from 'node:timers/promises';
import { isSluiceError } from '../../../model/sluice-error.ts';
import type { StoredValue } from '../values/stored-value.ts';
import type { Pool } from './pool.ts';
import type { Thread } from './start-thread.ts';

/** A lock that another process holds for longer than this is given back to the caller as a transient error. */
const GIVE_UP_MS = 30_000;

/** Does it again while another connection holds the lock of the file. Only for work that changed nothing when it fails so. */
export async function whileBusy<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const startedMs = performance.now(); ; ) {
    try {
      return await work();
    } catch (error) {
      const busy = isSluiceError(error) && error.details.vendorCode?.startsWith('SQLITE_BUSY') === true;
      if (!busy || performance.now() - startedMs > GIVE_UP_MS) throw error;
      // Another writer begins its next transaction at once; whoever waits must not try in its rhythm.
      await wait(5 + Math.random() * 20, undefined, { signal });
    }
  }
}

/** Statements within one transaction. */
export interface Session {
  rows(sql: string, values?: readonly StoredValue[]): Promise<readonly (readonly StoredValue[])[]>;
  /** @returns changed rows */
  run(sql: string, values?: readonly StoredValue[]): Promise<number>;
}

export const sessionOn = (thread: Thread, signal?: AbortSignal): Session => {
  const options = signal === undefined ? {} : { signal };
  return {
    rows: (sql, values = []) => thread.call('query', { sql, values }, options),
    run: (sql, values = []) => thread.call('run', { sql, values }, options),
  };
};

/**
 * Work in one IMMEDIATE transaction of the writing connection: the lock of the file is taken before anything is read, so
 * that no other process can come between. Rolled back on any error.
 */
export async function writing<T>(
  pool: Pool,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const lease = await pool.write(signal);
  const session = sessionOn(lease.thread, signal);
  try {
    await whileBusy(() => session.run('BEGIN IMMEDIATE'), signal);
    const result = await work(session);
    await session.run('COMMIT');
    lease.release();
    return result;
  } catch (error) {
    // Closing rolls back; nothing is assumed about a connection after an error.
    await lease.discard();
    throw error;
  }
}

/** Work that sees one state of the database. */
export const reading = <T>(
  pool: Pool,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> =>
  pool.query(async (thread) => {
    const session = sessionOn(thread);
    await session.run('BEGIN');
    try {
      return await work(session);
    } finally {
      await session.run('ROLLBACK');
    }
  }, signal);
