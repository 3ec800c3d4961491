import { createHash } from 'node:crypto';
import { literal } from './names.ts';

/** The name of a lock of the server (GET_LOCK), as a literal: 64 letters are the most, whatever it is about. */
export const lockName = (about: string): string =>
  literal(`sluice ${createHash('md5').update(about).digest('hex')}`);
