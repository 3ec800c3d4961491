import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { type Static, Type } from '@sinclair/typebox';
import { SluiceError } from '../../model/sluice-error.ts';

const SSL_MODES = ['disable', 'require', 'verify-full'] as const;
type SslMode = (typeof SSL_MODES)[number];

/** Settings of a PostgreSQL connection besides its URL; they win over what the URL says. */
export const PostgresSettings = Type.Object(
  {
    password: Type.Optional(Type.String({ description: 'Password, instead of one in the URL.' })),
    sslMode: Type.Optional(
      Type.Union(
        SSL_MODES.map((mode) => Type.Literal(mode)),
        {
          description:
            'verify-full (default, except for this machine), require (encrypted, server not checked), disable.',
        },
      ),
    ),
    sslRootCert: Type.Optional(
      Type.String({ description: 'File with the certificate authority of the server.' }),
    ),
    role: Type.Optional(Type.String({ description: 'Role to take on after connecting (SET ROLE).' })),
  },
  { additionalProperties: false },
);
type PostgresSettings = Static<typeof PostgresSettings>;

/** Where a PostgreSQL database is and as whom; holds the password. */
export interface PostgresConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | null;
  readonly ssl: false | ConnectionOptions;
  readonly role: string | null;
}

const invalid = (message: string, suggestion: string): SluiceError =>
  new SluiceError('connection.invalid_url', message, { suggestion });

function parts(url: string): URL {
  try {
    const parsed = new URL(url);
    if (parsed.protocol === 'postgres:' || parsed.protocol === 'postgresql:') return parsed;
  } catch {
    // The URL may hold a password: the error that Node made of it is not passed on.
  }
  throw invalid('this is no PostgreSQL URL', 'postgres://user@host:5432/database');
}

const isLoopback = (host: string): boolean =>
  host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

// What libpq's own names mean here. `prefer` and `allow` would fall back to plain text in silence.
const URL_MODES: Readonly<Record<string, SslMode>> = {
  disable: 'disable',
  require: 'require',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
};

function sslModeOf(host: string, inUrl: string | null, setting: string | undefined): SslMode {
  const wanted = setting ?? inUrl;
  if (wanted === null || wanted === undefined) return isLoopback(host) ? 'disable' : 'verify-full';
  const mode = Object.hasOwn(URL_MODES, wanted) ? URL_MODES[wanted] : undefined;
  if (!mode) throw invalid(`sslmode "${wanted}" is not offered`, 'sslmode=verify-full, require or disable');
  return mode;
}

function sslOf(mode: SslMode, rootCertFile: string | undefined): false | ConnectionOptions {
  if (mode === 'disable') return false;
  if (mode === 'require') return { rejectUnauthorized: false };
  if (rootCertFile === undefined) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: readFileSync(rootCertFile, 'utf8') };
  } catch {
    throw invalid(
      `the certificate file ${rootCertFile} cannot be read`,
      'name a readable PEM file as sslRootCert',
    );
  }
}

const KNOWN_PARAMETERS = new Set(['sslmode', 'sslrootcert', 'host']);

function refuseUnknown(search: URLSearchParams): void {
  for (const key of search.keys()) {
    if (!KNOWN_PARAMETERS.has(key)) {
      throw invalid(
        `"${key}" is no parameter of a PostgreSQL URL here`,
        `known: ${[...KNOWN_PARAMETERS].join(', ')}`,
      );
    }
  }
}

/** @throws SluiceError connection.invalid_url; the text never holds the password */
export function parseUrl(url: string, settings: Readonly<Record<string, unknown>>): PostgresConfig {
  const known = settings as PostgresSettings;
  const parsed = parts(url);
  refuseUnknown(parsed.searchParams);
  // `?host=/run/postgresql` names a socket's folder, as in libpq.
  const host = parsed.searchParams.get('host') ?? (parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost');
  const user = decodeURIComponent(parsed.username);
  if (user === '') throw invalid('the URL names no user', 'postgres://user@host:5432/database');
  const mode = sslModeOf(host, parsed.searchParams.get('sslmode'), known.sslMode);
  const password = known.password ?? decodeURIComponent(parsed.password);
  return {
    host,
    port: parsed.port === '' ? 5432 : Number(parsed.port),
    user,
    database: decodeURIComponent(parsed.pathname.slice(1)) || user,
    password: password === '' ? null : password,
    ssl: sslOf(mode, known.sslRootCert ?? parsed.searchParams.get('sslrootcert') ?? undefined),
    role: known.role ?? null,
  };
}

/** The URL with `***` for its password. */
export function maskUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password !== '') parsed.password = '***';
    for (const key of parsed.searchParams.keys()) {
      if (!KNOWN_PARAMETERS.has(key)) parsed.searchParams.set(key, '***');
    }
    return parsed.toString();
  } catch {
    return 'postgres://***';
  }
}
