import type { Backlog } from '../ports/change-capture.ts';

/** How old the oldest event is that waits; 0 where none does. @param nowMs  since 1970 */
export const lagMsOf = ({ oldestAt }: Backlog, nowMs: number): number =>
  oldestAt === null ? 0 : Math.max(0, nowMs - Date.parse(oldestAt.replace(' ', 'T').replace(/\+00$/, 'Z')));
