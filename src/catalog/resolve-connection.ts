import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import type { ConnectionSpec, ResolvedConnection, Secret, SecretSource } from '../model/config.ts';
import { SluiceError } from '../model/sluice-error.ts';
import { pointerOf } from './parse-document.ts';
import { resolveVariables } from './resolve-variables.ts';
import type { Environment } from './variables.ts';

export interface ConnectionPlace {
  readonly name: string;
  readonly spec: ConnectionSpec;
  readonly environment: Environment;
  /** Folder of the configuration: paths are relative to it. */
  readonly folder: string;
  readonly place: (pointer: string, part?: 'key' | 'value') => string;
}

const isSecretSource = (value: unknown): value is SecretSource => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  const text = (value as Record<string, unknown>)[keys[0] ?? ''];
  return keys.length === 1 && (keys[0] === 'file' || keys[0] === 'env') && typeof text === 'string';
};

function readSecret(source: SecretSource, from: ConnectionPlace, where: string): string {
  if ('env' in source) {
    const value = Object.hasOwn(from.environment, source.env) ? from.environment[source.env] : undefined;
    if (value === undefined) {
      throw new SluiceError(
        'config.undefined_variable',
        `the environment variable ${source.env} is not set`,
        {
          where,
          suggestion: `export ${source.env}=…`,
        },
      );
    }
    return value;
  }
  const path = resolvePath(from.folder, source.file);
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new SluiceError('config.invalid', `the secret file ${path} cannot be read (${code})`, {
      where,
      cause,
    });
  }
}

/** Puts a password into the authority of a URL, text for text: URLs with several hosts are no WHATWG URLs. */
function withPassword(url: string, password: string, where: string): string {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/is.exec(url);
  const authority = match?.[2] ?? '';
  const at = authority.lastIndexOf('@');
  if (!match || at < 1) {
    throw new SluiceError('connection.invalid_url', 'a password needs a user in the URL', {
      where,
      suggestion: 'write the URL as scheme://user@host/…',
    });
  }
  const user = authority.slice(0, at).split(':')[0] ?? '';
  return `${match[1]}${user}:${encodeURIComponent(password)}${authority.slice(at)}${match[3]}`;
}

/** The passwords and tokens in a URL, as they stand and decoded. */
function secretsOfUrl(url: string): readonly string[] {
  const user = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/is.exec(url)?.[1];
  const password = user?.includes(':') ? user.slice(user.indexOf(':') + 1) : undefined;
  if (!password) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/**
 * Resolves variables, files and environment of one connection, now.
 * @throws SluiceError config.undefined_variable, config.invalid, connection.invalid_url, each with its place
 */
export function resolveConnection(from: ConnectionPlace): ResolvedConnection {
  const pointer = pointerOf('/connections', from.name);
  const where = `connections.${from.name} (${from.place(pointer, 'key')})`;
  const whereKey = (key: string): string =>
    `connections.${from.name}.${key} (${from.place(pointerOf(pointer, key), 'key')})`;
  const tree = resolveVariables(from.spec, pointer, {
    environment: from.environment,
    place: (at) => `connections.${from.name} (${from.place(at)})`,
  });
  if (tree.problems[0]) throw tree.problems[0];

  const secrets: string[] = [];
  const textOf = (value: unknown, key: string): unknown => {
    if (!isSecretSource(value)) return value;
    const text = readSecret(value, from, whereKey(key));
    secrets.push(text);
    return text;
  };
  const {
    url: rawUrl,
    password: rawPassword,
    site: _site,
    ...rest
  } = tree.value as Record<string, unknown> & { readonly url: Secret };
  const bareUrl = String(textOf(rawUrl, 'url'));
  const password = rawPassword === undefined ? undefined : String(textOf(rawPassword, 'password'));
  if (password !== undefined) secrets.push(password);
  const url = password === undefined ? bareUrl : withPassword(bareUrl, password, whereKey('password'));
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    throw new SluiceError('connection.invalid_url', 'the URL does not begin with a scheme', {
      where: whereKey('url'),
      suggestion: 'write it as postgres://…, sqlite:… or nats://…',
    });
  }
  const settings = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, textOf(value, key)]));
  const known = [...new Set([...secrets, ...secretsOfUrl(url)])].filter((secret) => secret !== '');
  return Object.freeze({
    name: from.name,
    scheme,
    url,
    settings: Object.freeze(settings),
    folder: from.folder,
    secrets: known,
    where,
    whereKey,
  });
}
