import { randomBytes } from 'node:crypto';

/**
 * Names one opening of a lane, for ever: attempts are counted, and a target that is restored from a backup counts some of
 * them a second time (docs/decisions/an-opening-has-an-epoch.md).
 *
 * @param part  of the table, where several slices share its lanes: 16 letters drawn by lot, a point, the part
 */
export const drawEpoch = (part: number | null = null): string =>
  `${randomBytes(8).toString('hex')}${part === null ? '' : `.${part}`}`;

/** The part whose slice opened a lane; null where it was opened by one that had all of the table. */
export function partOfEpoch(epoch: string): number | null {
  const part = Number(epoch.split('.')[1] ?? 0);
  return Number.isInteger(part) && part > 0 ? part : null;
}
