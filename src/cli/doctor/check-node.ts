import { SluiceError } from '../../model/sluice-error.ts';
import { bad, type Check, good, warning } from './check.ts';

/** What package.json's engines says. */
const NEEDED = [20, 19] as const;

/** Of Node 24: its headers have a clean-up hook that better-sqlite3 12 does not survive (docs/explanation/testing.md). */
const BREAKS_SQLITE_FROM = 19;

/** @param version  `process.versions.node` */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
  if (major === 24 && minor >= BREAKS_SQLITE_FROM) {
    return warning(
      'node',
      `${version}: a worker with SQLite aborts at times, and its work is done again`,
      'with SQLite use Node 22 or 24.18',
    );
  }
  if (enough) return good('node', version);
  return bad(
    'node',
    new SluiceError('internal', `Node ${version} is too old`, {
      suggestion: `install Node ${NEEDED.join('.')} or later`,
    }),
  );
}
