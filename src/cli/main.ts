import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from '../model/error-codes.ts';
import { createProgram } from './program.ts';
import { createRun, type Surroundings } from './run-command.ts';

const processSurroundings = (): Surroundings => ({
  environment: process.env,
  folder: process.cwd(),
  out: process.stdout,
  err: process.stderr,
});

/**
 * Runs one command line.
 * @param argv  without node and script
 * @returns the exit code; never throws
 */
export async function main(
  argv: readonly string[],
  surroundings: Surroundings = processSurroundings(),
): Promise<ExitCode> {
  let exit: ExitCode = EXIT.done;
  const run = createRun(surroundings, (code) => {
    exit = code;
  });
  const program = createProgram(run, surroundings);
  // Node ends without a word when only promises are left that nothing will settle; so it waits, and can be seen to.
  const awake = setInterval(() => undefined, 60_000);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // commander has printed what is wrong already; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  } finally {
    clearInterval(awake);
  }
  return exit;
}

/** True where node was started with this file, or with bin/sluice, which only imports it. */
function isEntry(): boolean {
  const script = process.argv[1];
  if (script === undefined) return false;
  const entries = [import.meta.url, new URL('../../bin/sluice', import.meta.url).href];
  return entries.includes(pathToFileURL(realpathSync(script)).href);
}

/** A pipe takes 64 KiB at once: what waits behind them would be lost. Nobody need read it: then there is nothing to wait for. */
const written = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });

if (isEntry()) {
  const exit = await main(process.argv.slice(2));
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(exit);
}
