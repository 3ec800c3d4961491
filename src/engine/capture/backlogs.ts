import type { Backlog } from '../ports/change-capture.ts';

/** How old the oldest event is that waits; 0 where none does. @param nowMs  since 1970 */
export const lagMsOf = ({ oldestAt }: Pick<Backlog, 'oldestAt'>, nowMs: number): number =>
  oldestAt === null ? 0 : Math.max(0, nowMs - Date.parse(oldestAt.replace(' ', 'T').replace(/\+00$/, 'Z')));

/** Events are counted up to here; beyond, the distance of their ids tells about how many they are. */
export const MOST_COUNTED = 100_000;

export const NO_BACKLOG: Backlog = { events: 0, oldestAt: null };

/** What waits in all of them. Times are canonical, and so in the order of their texts. */
export const addBacklogs = (backlogs: Iterable<Backlog>): Backlog => {
  let { events, oldestAt } = NO_BACKLOG;
  for (const each of backlogs) {
    events += each.events;
    if (each.oldestAt !== null && (oldestAt === null || each.oldestAt < oldestAt)) oldestAt = each.oldestAt;
  }
  return { events, oldestAt };
};
