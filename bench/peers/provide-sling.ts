import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { announceWhile } from '../../scripts/servers/announce.mjs';
import { cacheFolder, onPath } from '../../scripts/servers/install/find-program.mjs';
import { withLock } from '../../scripts/servers/process/lock.mjs';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';

const VERSION = '1.4.11';
const BINARY = 'sling_linux_amd64/bin/sling-linux-amd64';

/**
 * Sling's own binary from PyPI (its wrapper package downloads it from elsewhere), into our cache.
 * @returns its path; null where it cannot be had
 */
export async function provideSling(): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !onPath('python3')) return null;
  const folder = join(cacheFolder(), `sling-${VERSION}`);
  const binary = join(folder, BINARY);
  if (existsSync(binary)) return binary;
  return withLock(`${folder}.lock`, 'installing sling', async () => {
    if (existsSync(binary)) return binary;
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--target',
      part,
    ];
    try {
      await announceWhile(`installing sling ${VERSION}`, 'about 30 s', () =>
        runProgram('python3', [...pip, `sling-linux-amd64==${VERSION}`]),
      );
    } catch {
      return null;
    }
    await rename(part, folder);
    return binary;
  });
}
