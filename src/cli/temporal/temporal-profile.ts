import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../catalog/variables.ts';
import { SluiceError } from '../../model/sluice-error.ts';

/** A profile of the temporal CLI: dotted keys below `[profile.NAME]`, such as `address` and `tls.server_name`. */
export type TemporalProfile = Readonly<Record<string, string | boolean>>;

/** `temporal config` writes the file here; TEMPORAL_CONFIG_FILE names another. */
export function profilePath(environment: Environment, platform: NodeJS.Platform = process.platform): string {
  const named = environment['TEMPORAL_CONFIG_FILE'];
  if (named) return named;
  const home = environment['HOME'] ?? homedir();
  const folder =
    platform === 'darwin'
      ? join(home, 'Library', 'Application Support')
      : platform === 'win32'
        ? (environment['APPDATA'] ?? join(home, 'AppData', 'Roaming'))
        : environment['XDG_CONFIG_HOME'] || join(home, '.config');
  return join(folder, 'temporalio', 'temporal.toml');
}

const HEADER = /^\[\s*([^\]]*?)\s*\]\s*(?:#.*)?$/;
const PAIR = /^([A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*")\s*=\s*(.+?)\s*$/;
const BASIC = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/;
const LITERAL = /^'([^']*)'\s*(?:#.*)?$/;
const BARE = /^(true|false|[0-9]+)\s*(?:#.*)?$/;

const unescape = (text: string): string => JSON.parse(`"${text}"`) as string;

function keyPath(text: string): readonly string[] {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[^.\s]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') ? unescape(part.slice(1, -1)) : part));
}

function valueOf(text: string): string | boolean | undefined {
  const basic = BASIC.exec(text);
  if (basic) return unescape(basic[1] ?? '');
  const literal = LITERAL.exec(text);
  if (literal) return literal[1] ?? '';
  const bare = BARE.exec(text)?.[1];
  return bare === 'true' ? true : bare === 'false' ? false : bare;
}

/**
 * One profile of the file's text: the part of TOML that `temporal config set` writes (tables, strings, booleans).
 * Values of other kinds are left out. Null where the profile is not there.
 */
export function parseProfile(text: string, name: string): TemporalProfile | null {
  const profile: Record<string, string | boolean> = {};
  let prefix: readonly string[] | null = null;
  let found = false;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const header = HEADER.exec(line);
    if (header) {
      const path = keyPath(header[1] ?? '');
      prefix = path[0] === 'profile' && path[1] === name ? path.slice(2) : null;
      found ||= prefix !== null;
      continue;
    }
    const pair = prefix === null ? null : PAIR.exec(line);
    const value = valueOf(pair?.[2] ?? '');
    if (pair && value !== undefined)
      profile[[...(prefix ?? []), ...keyPath(pair[1] ?? '')].join('.')] = value;
  }
  return found ? profile : null;
}

/**
 * The named profile of the temporal CLI's file; empty where there is no file and none was asked for.
 * @throws SluiceError input.invalid where a profile was asked for and is not there
 */
export function readProfile(environment: Environment, wanted: string | undefined): TemporalProfile {
  const name = wanted || environment['TEMPORAL_PROFILE'] || 'default';
  const path = profilePath(environment);
  let profile: TemporalProfile | null = null;
  try {
    profile = parseProfile(readFileSync(path, 'utf8'), name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (profile === null && (wanted || environment['TEMPORAL_PROFILE'])) {
    throw new SluiceError('input.invalid', `there is no profile "${name}"`, { where: path });
  }
  return profile ?? {};
}
