import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeldSnapshot } from '../../../engine/ports/source-reader.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { fileExists, type Lease, type Pool } from './pool.ts';

/** @throws SluiceError source.snapshot_lost */
async function demandSnapshot(path: string): Promise<void> {
  if (await fileExists(path)) return;
  throw new SluiceError('source.snapshot_lost', 'the copy of the database that the transfer reads is gone');
}

/** A thread that reads the copy. @throws SluiceError source.snapshot_lost */
export async function scanSnapshot(pool: Pool, path: string, signal: AbortSignal): Promise<Lease> {
  await demandSnapshot(path);
  return pool.scan(signal, path);
}

/**
 * A private copy of the whole database; its path is the reference. It survives crashes and can be read by every process
 * of this machine. Pages are copied as they are, and not by VACUUM INTO, which gives the rows of tables without a key
 * other addresses. Writers of a database in WAL mode are not held up.
 */
export async function holdSnapshot(
  pool: Pool,
  directory: string,
  signal: AbortSignal,
): Promise<HeldSnapshot> {
  const folder = await mkdtemp(join(directory, 'sluice-snapshot-'));
  const path = join(folder, 'copy.db');
  const remove = async (): Promise<void> => {
    await pool.forget(path);
    await rm(folder, { recursive: true, force: true });
  };
  const lease = await pool.scan(signal).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  try {
    await lease.thread.call('copyTo', { path }, { signal });
    lease.release();
  } catch (error) {
    // The copying thread has ended when its file goes.
    await lease.discard();
    await remove();
    throw error;
  }
  return {
    ref: path,
    check: () => demandSnapshot(path),
    close: remove,
  };
}
