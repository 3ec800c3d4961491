import { userInfo } from 'node:os';

/** Who says something to a transfer, as its status shows it. */
export const byWhom = (): string => {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
};
