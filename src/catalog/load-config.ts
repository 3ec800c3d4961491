import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../model/config.ts';
import { SluiceError } from '../model/sluice-error.ts';
import { readConfig } from './read-config.ts';
import type { Environment } from './variables.ts';

export interface ConfigPlace {
  /** The --config flag. */
  readonly path?: string;
  readonly environment: Environment;
  readonly folder: string;
}

/** Looked for in this order when nothing is named. */
export const CONFIG_FILES = ['sluice.yaml', 'sluice.yml', 'sluice.json'] as const;

/** The file to read: flag, SLUICE_CONFIG, then the default names. @throws SluiceError config.not_found */
export function findConfig(from: ConfigPlace): string {
  const named = from.path ?? from.environment['SLUICE_CONFIG'];
  if (named !== undefined && named !== '') return named;
  const found = CONFIG_FILES.find((name) => existsSync(join(from.folder, name)));
  if (found !== undefined) return found;
  throw new SluiceError('config.not_found', `there is no ${CONFIG_FILES.join(', ')} in ${from.folder}`, {
    suggestion: 'name the file with --config or SLUICE_CONFIG',
  });
}

/** Several problems of one file as one error: the first one, with all of them as its cause. */
function asOne(problems: readonly SluiceError[]): SluiceError {
  const [first] = problems as readonly [SluiceError];
  if (problems.length === 1) return first;
  return new SluiceError(first.code, first.message, {
    ...first.details,
    cause: new AggregateError(problems),
  });
}

/**
 * Finds, reads and checks the configuration.
 * @throws SluiceError config.*; where several things are wrong, its cause is an AggregateError of all of them
 */
export function loadConfig(from: ConfigPlace): Config {
  const path = findConfig(from);
  const absolute = resolve(from.folder, path);
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new SluiceError('config.not_found', `the configuration ${path} cannot be read (${code})`, {
      cause,
    });
  }
  const { config, problems } = readConfig({
    text,
    path,
    folder: dirname(absolute),
    environment: from.environment,
  });
  if (config === null) throw asOne(problems);
  return config;
}
