import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { maskUrl } from '../../catalog/mask.ts';
import { type ConfigFile, NAME_PATTERN } from '../../model/config.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';

/** What `sluice copy` was asked for. */
export interface CopyRequest {
  readonly source: string;
  readonly target: string;
  readonly hub: string;
  readonly tables: readonly string[];
  readonly name?: string;
  readonly verify: 'count' | 'checksum';
  readonly writeMode?: NonNullable<TransferSpec['write']>['mode'];
  /** Relative paths of files are relative to it. */
  readonly folder: string;
}

/** `sqlite:shop.db` seen from the worker, which runs elsewhere; other URLs stay as they are. */
export function absoluteUrl(url: string, folder: string): string {
  const path = /^sqlite:(?!\/)([^?]+)(.*)$/s.exec(url);
  return path ? `sqlite:${resolve(folder, path[1] ?? '')}${path[2]}` : url;
}

/** In a configuration `${` begins a variable, in a URL of the command line it is just a text. */
const literal = (url: string): string => url.replaceAll('${', () => '$${');

/**
 * The name of a copy: the same for the same copy, so that a second call attaches to the first or goes on where it
 * ended. Made from masked URLs, so that it tells nothing about a password.
 */
export function copyName(request: CopyRequest): string {
  if (request.name !== undefined) {
    if (new RegExp(NAME_PATTERN).test(request.name)) return request.name;
    throw new SluiceError(
      'input.invalid',
      `"${request.name}" cannot be a name: letters, digits, _ and - only`,
      { where: '--name' },
    );
  }
  const urls = [request.source, request.target, request.hub].map((url) =>
    maskUrl(absoluteUrl(url, request.folder)),
  );
  const decisive = JSON.stringify([...urls, request.tables, request.writeMode ?? null]);
  return `copy-${createHash('sha256').update(decisive).digest('hex').slice(0, 8)}`;
}

/** The configuration of a transfer that has no file. Holds the URLs with their secrets. */
export function copyConfig(name: string, request: CopyRequest): ConfigFile {
  const connection = (url: string) => ({ url: literal(absoluteUrl(url, request.folder)) });
  // A target file that is not there yet is an empty database; a source file that is not there is a mistake.
  const create = request.target.startsWith('sqlite:') ? { create: true } : {};
  return {
    version: 1,
    connections: {
      source: connection(request.source),
      hub: connection(request.hub),
      target: { ...connection(request.target), ...create },
    },
    transfers: {
      [name]: {
        source: 'source',
        hub: 'hub',
        target: 'target',
        tables: Object.fromEntries(
          request.tables.map((pattern) =>
            pattern.startsWith('!') ? [pattern.slice(1), false] : [pattern, {}],
          ),
        ),
        ...(request.writeMode === undefined ? {} : { write: { mode: request.writeMode } }),
        completion: { verify: request.verify },
      },
    },
  };
}
