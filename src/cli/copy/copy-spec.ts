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
  /** Of changes, which the capture of the source records. Absent: the rows that are there. */
  readonly mode?: 'changes' | 'both';
  /** Ends when nothing is pending at the source; without it changes are followed until a cut-over. */
  readonly untilCaughtUp?: boolean;
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
  const followed = request.mode === undefined ? [] : [request.mode];
  const decisive = JSON.stringify([...urls, request.tables, request.writeMode ?? null, ...followed]);
  return `copy-${createHash('sha256').update(decisive).digest('hex').slice(0, 8)}`;
}

/** The configuration of a transfer that has no file. Holds the URLs with their secrets. */
export function copyConfig(name: string, request: CopyRequest): ConfigFile {
  const connection = (url: string) => ({ url: literal(absoluteUrl(url, request.folder)) });
  // A target file that is not there yet is an empty database; a source file that is not there is a mistake.
  const create = request.target.startsWith('sqlite:') ? { create: true } : {};
  const tables = Object.fromEntries(
    request.tables.map((pattern) => (pattern.startsWith('!') ? [pattern.slice(1), false] : [pattern, {}])),
  );
  const until = request.untilCaughtUp ? { changes: { until: 'caught-up' as const } } : {};
  return {
    version: 1,
    connections: {
      source: connection(request.source),
      hub: connection(request.hub),
      target: { ...connection(request.target), ...create },
    },
    ...(request.mode === undefined ? {} : { captures: { source: { tables } } }),
    transfers: {
      [name]: {
        source: 'source',
        hub: 'hub',
        target: 'target',
        tables,
        ...(request.mode === undefined ? {} : { mode: request.mode, ...until }),
        ...(request.writeMode === undefined ? {} : { write: { mode: request.writeMode } }),
        completion: { verify: request.verify },
      },
    },
  };
}
