import { SluiceError } from '../../model/sluice-error.ts';
import { bad, type Check, good } from './check.ts';

/** What package.json's engines says. */
const NEEDED = [20, 19] as const;

/** @param version  `process.versions.node` */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
  if (enough) return good('node', version);
  return bad(
    'node',
    new SluiceError('internal', `Node ${version} is too old`, {
      suggestion: `install Node ${NEEDED.join('.')} or later`,
    }),
  );
}
