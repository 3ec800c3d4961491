import { announceWhile } from '../../scripts/servers/announce.mjs';
import { aptInstall, underAptLock } from '../../scripts/servers/install/apt-install.mjs';
import { onPath } from '../../scripts/servers/install/find-program.mjs';

/** A program from PATH, or as root on Debian from the package of its name. @returns its path; null where it cannot be had */
export async function providePackage(name: 'pgcopydb' | 'pgloader'): Promise<string | null> {
  const found = onPath(name);
  if (found) return found;
  try {
    await underAptLock(`installing ${name}`, () =>
      announceWhile(`installing ${name} with apt-get`, 'about 20 s', () =>
        aptInstall(name, `${name} is not there`),
      ),
    );
  } catch {
    return null;
  }
  return onPath(name);
}
