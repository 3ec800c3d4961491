import { tmpdir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { SluiceError } from '../../model/sluice-error.ts';

export const SqliteSettings = Type.Object(
  {
    create: Type.Optional(
      Type.Boolean({
        description:
          'true: a missing file counts as an empty database; false: it is never created. Otherwise a transfer that writes to it creates it and everything else refuses.',
      }),
    ),
    snapshotDirectory: Type.Optional(
      Type.String({
        description:
          'Where copies for consistency: snapshot are kept. Default: the temporary folder of the system.',
      }),
    ),
  },
  { additionalProperties: false },
);

export interface SqliteConfig {
  /** Absolute. */
  readonly path: string;
  /** Null: created by the first transfer that writes, missing for everything else. */
  readonly create: boolean | null;
  readonly snapshotDirectory: string;
}

const refuse = (reason: string): SluiceError =>
  new SluiceError('connection.invalid_url', `the SQLite URL ${reason}`, {
    suggestion: 'sqlite:data/shop.db or sqlite:///srv/data/shop.db',
  });

/**
 * `sqlite:PATH` and `sqlite:///absolute/path`. The path is taken as it stands: no percent signs are decoded and no
 * parameters are known, so that nobody opens a file through a `file:` URI.
 * @param folder  where relative paths begin
 * @throws SluiceError connection.invalid_url
 */
export function parseSqliteUrl(
  url: string,
  settings: Readonly<Record<string, unknown>>,
  folder = process.cwd(),
): SqliteConfig {
  const match = /^sqlite:(.*)$/is.exec(url);
  if (!match) throw refuse('does not begin with sqlite:');
  let path = match[1] as string;
  if (path.startsWith('//')) {
    path = path.slice(2);
    if (!isAbsolute(path))
      throw refuse('has a host; a path after // is absolute and begins with a third slash');
  }
  if (path.trim() === '') throw refuse('has no path');
  if (path.includes('\0')) throw refuse('has a NUL in its path');
  if (path.includes('?')) throw refuse('has parameters; settings stand beside the url');
  if (/^file:/i.test(path)) throw refuse('holds a file: URI; write the path alone');
  if (/^:memory:/i.test(path)) throw refuse('names a database in memory, which no other process can see');
  const given = settings as Static<typeof SqliteSettings>;
  return {
    path: resolve(folder, path),
    create: given.create ?? null,
    snapshotDirectory: resolve(folder, given.snapshotDirectory ?? tmpdir()),
  };
}
