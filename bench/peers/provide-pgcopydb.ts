import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announceWhile } from '../../scripts/servers/announce.mjs';
import { onPath } from '../../scripts/servers/install/find-program.mjs';
import { withLock } from '../../scripts/servers/process/lock.mjs';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';

/** pgcopydb from PATH, or as root on Debian from its package. @returns its path; null where it cannot be had */
export async function providePgcopydb(): Promise<string | null> {
  const found = onPath('pgcopydb');
  const apt = onPath('apt-get');
  if (found || !apt || process.getuid?.() !== 0) return found;
  return withLock(join(tmpdir(), 'sluice-apt.lock'), 'installing pgcopydb', async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const patient = ['-o', 'DPkg::Lock::Timeout=600'];
    try {
      await announceWhile('installing pgcopydb with apt-get', 'about 20 s', async () => {
        await runProgram(apt, [...patient, 'update'], { env });
        await runProgram(apt, [...patient, 'install', '-y', '--no-install-recommends', 'pgcopydb'], { env });
      });
    } catch {
      return null;
    }
    return onPath('pgcopydb');
  });
}
