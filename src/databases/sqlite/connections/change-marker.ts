import { open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { vendorCode } from '../error-codes.ts';

/** File systems keep times in steps of up to 10 ms (a tick of the kernel): a younger time may hide a later write. */
const TICK_MS = 20;
const WAL_HEADER_BYTES = 32;

interface FileState {
  readonly text: string;
  readonly changedAtMs: number;
}

async function fileState(path: string): Promise<FileState | null> {
  try {
    const found = await stat(path, { bigint: true });
    return {
      text: `${found.ino}:${found.size}:${found.mtimeNs}`,
      changedAtMs: found.size === 0n ? 0 : Number(found.mtimeMs),
    };
  } catch (error) {
    if (vendorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The salts of the log: new ones whenever it begins again from its start. */
async function walSalts(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(WAL_HEADER_BYTES), 0, WAL_HEADER_BYTES, 0);
    return bytesRead < WAL_HEADER_BYTES ? '' : buffer.toString('hex', 16, 24);
  } finally {
    await file.close();
  }
}

/**
 * A text that changes with every commit of any process: inode, size and time of the write-ahead log while it holds
 * something (a checkpoint changes the database file without a commit), else of the database file.
 *
 * It is about the whole file, not one table, and a checkpoint that empties the log counts as a change. The database file
 * itself is never opened here: closing it would take away the locks that SQLite holds on it in this process.
 * @see https://www.sqlite.org/howtocorrupt.html section 2.2
 */
export async function readChangeMarker(path: string, signal: AbortSignal): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    signal.throwIfAborted();
    const wal = await fileState(`${path}-wal`);
    const used = wal !== null && wal.changedAtMs > 0;
    const state = used ? wal : await fileState(path);
    const age = Date.now() - (state?.changedAtMs ?? 0);
    // A file that is written all the time is never old enough; its marker differs anyhow.
    if (age >= 0 && age < TICK_MS && tries < 10) {
      await wait(TICK_MS, undefined, { signal });
      continue;
    }
    const salts = used ? await walSalts(`${path}-wal`) : '';
    return `${used ? 'wal' : 'file'}:${state?.text ?? 'none'}:${salts}`;
  }
}
