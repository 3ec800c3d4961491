import { announceWhile } from '../announce.mjs';
import { aptInstall, underAptLock } from './apt-install.mjs';
import { onPath } from './find-program.mjs';

const BY_HAND =
  'Chromium is not installed: install it (Debian: apt-get install chromium), or put its folder on PATH';

/** What the program is called by the systems that package it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** @returns {string | null} */
const findChromium = () => NAMES.map(onPath).find((path) => path !== null) ?? null;

/** @returns {Promise<string>} the browser's path */
export async function provideChromium() {
  const before = findChromium();
  if (before) return before;
  return underAptLock('installing Chromium', async () => {
    if (!findChromium()) {
      await announceWhile('installing Chromium with apt-get', 'about a minute', () =>
        aptInstall('chromium', BY_HAND),
      );
    }
    const found = findChromium();
    if (!found) throw new Error(BY_HAND);
    return found;
  });
}
