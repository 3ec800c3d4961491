import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onExit } from './on-exit.mjs';

/** What a failed program said last, enough to see why. */
const TAIL_CHARACTERS = 8_000;

/**
 * Runs a program to its end, quietly, and ends it with this process.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, uid?: number, gid?: number, cwd?: string }} [options]
 * @returns {Promise<string>} its standard output
 * @throws Error with the end of its output when it fails
 */
export async function runProgram(program, args, options = {}) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const undo = onExit(async () => {
    // A group of its own, because `go install` and `apt-get` leave their children running when they are ended alone.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGTERM');
      await once(child, 'close');
    }
  });
  let output = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    said = (said + text).slice(-TAIL_CHARACTERS);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-TAIL_CHARACTERS);
  });
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => resolve(signal ?? exitCode));
    });
    if (code !== 0) throw new Error(`${program} ${args[0] ?? ''} ended with ${code}: ${said.trim()}`);
    return output;
  } finally {
    await undo();
  }
}
