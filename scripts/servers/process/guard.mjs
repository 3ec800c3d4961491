import { spawn } from 'node:child_process';

/**
 * Reads the server's pid, an empty line once it is stopped, and the end of the input when we are gone, however we went:
 * then it ends the server and removes its data. A shell of 1 MB, because a process that is killed tidies nothing up.
 */
const SCRIPT = `
trap '' INT HUP TERM
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -s "$1" "$pid" 2>/dev/null
  tries=0
  while [ $tries -lt 100 ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
  kill -s KILL "$pid" 2>/dev/null
fi
[ -z "$2" ] || rm -rf "$2"
`;

/**
 * Sees to it that a server does not outlive this process, even when this process is killed.
 *
 * @param {string} stopSignal without SIG, as a shell names it
 * @param {string} removing the folder to remove, or "" for none
 */
export function startGuard(stopSignal, removing) {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'sluice-guard', stopSignal, removing], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    detached: true,
  });
  shell.unref();
  shell.stdin.on('error', () => undefined);
  // Node types the pipe as a Writable; it is a socket, which must not keep this process from ending.
  /** @type {import('node:net').Socket} */ (/** @type {unknown} */ (shell.stdin)).unref();
  return {
    watch: (/** @type {number} */ pid) => void shell.stdin.write(`${pid}\n`),
    unwatch: () => void shell.stdin.write('\n'),
    end: () => void shell.stdin.end('\n'),
  };
}
