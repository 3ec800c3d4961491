import { readFileSync } from 'node:fs';

/** The 22nd field of /proc/PID/stat, counted after the command's name, which may hold spaces and brackets. */
const START_TIME_FIELD = 19;

const startTimeOf = (/** @type {number} */ pid) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[START_TIME_FIELD] ?? null);
  } catch {
    return null;
  }
};

/** @typedef {{ pid: number, startTime: string | null }} ProcessIdentity */

/**
 * A pid with the time at which its process started: pids are used again, both together are not.
 * Where there is no /proc the pid has to do.
 *
 * @param {number} pid
 * @returns {ProcessIdentity}
 */
export const identify = (pid) => ({ pid, startTime: startTimeOf(pid) });

/** @param {ProcessIdentity} identity */
export function isAlive({ pid, startTime }) {
  if (startTime !== null) return startTimeOf(pid) === startTime;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
