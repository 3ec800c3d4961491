import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { type Static, Type } from '@sinclair/typebox';
import { SluiceError } from '../../model/sluice-error.ts';

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type SslMode = (typeof SSL_MODES)[number];

/** Settings of a MySQL or MariaDB connection besides its URL; they win over what the URL says. */
export const MysqlSettings = Type.Object(
  {
    password: Type.Optional(Type.String({ description: 'Password, instead of one in the URL.' })),
    sslMode: Type.Optional(
      Type.Union(
        SSL_MODES.map((mode) => Type.Literal(mode)),
        {
          description:
            'verify-full (default, except for this machine), verify-ca (its authority, not its name), require (encrypted, server not checked), prefer (plain where the server has no TLS), disable.',
        },
      ),
    ),
    sslRootCert: Type.Optional(
      Type.String({ description: 'File with the certificate authority of the server.' }),
    ),
    sslCert: Type.Optional(
      Type.String({ description: 'File with the certificate that the server asks of us; needs sslKey.' }),
    ),
    sslKey: Type.Optional(Type.String({ description: 'File with the private key of sslCert.' })),
    loadData: Type.Optional(
      Type.Boolean({
        description: 'false: rows are written by INSERT although the server would take LOAD DATA LOCAL.',
      }),
    ),
    zeroDates: Type.Optional(
      Type.Union([Type.Literal('refuse'), Type.Literal('null')], {
        description:
          'What the zero date of a source becomes for another product: refuse (default; the target refuses it), or null.',
      }),
    ),
  },
  { additionalProperties: false },
);
type MysqlSettings = Static<typeof MysqlSettings>;

/** How the server is encrypted to, and what of its certificate is checked. */
export interface MysqlTls {
  /** A server without TLS is spoken to in plain text. */
  readonly optional: boolean;
  readonly checkName: boolean;
  readonly options: Pick<ConnectionOptions, 'rejectUnauthorized' | 'ca' | 'cert' | 'key'>;
}

/** Where a server is, which of its databases is ours, and as whom; holds the password. */
export interface MysqlConfig {
  readonly host: string;
  readonly port: number;
  /** Path of a socket of the machine; it wins over host and port. */
  readonly socketPath: string | null;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ssl: null | MysqlTls;
  readonly loadData: boolean;
  readonly zeroDates: 'refuse' | 'null';
}

const EXAMPLE = 'mysql://user@host:3306/database';

const invalid = (message: string, suggestion: string): SluiceError =>
  new SluiceError('connection.invalid_url', message, { suggestion });

function parts(url: string): URL {
  try {
    const parsed = new URL(url);
    if (parsed.protocol === 'mysql:' || parsed.protocol === 'mariadb:') return parsed;
  } catch {
    // The URL may hold a password: the error that Node made of it is not passed on.
  }
  throw invalid('this is no MySQL or MariaDB URL', EXAMPLE);
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** What the clients' own names mean here. */
const URL_MODES: Readonly<Record<string, SslMode>> = {
  disable: 'disable',
  disabled: 'disable',
  prefer: 'prefer',
  preferred: 'prefer',
  require: 'require',
  required: 'require',
  verify_ca: 'verify-ca',
  'verify-ca': 'verify-ca',
  verify_identity: 'verify-full',
  'verify-full': 'verify-full',
};

function sslModeOf(local: boolean, inUrl: string | null, setting: string | undefined): SslMode {
  const wanted = setting ?? inUrl;
  if (wanted === null || wanted === undefined) return local ? 'disable' : 'verify-full';
  const known = wanted.toLowerCase();
  const mode = Object.hasOwn(URL_MODES, known) ? URL_MODES[known] : undefined;
  if (!mode) throw invalid(`ssl-mode "${wanted}" is not offered`, `ssl-mode=${SSL_MODES.join(', ')}`);
  return mode;
}

function readPem(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw invalid(`the file ${file} cannot be read`, `name a readable PEM file as ${setting}`);
  }
}

interface Files {
  readonly rootCert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

function sslOf(mode: SslMode, { rootCert, cert, key }: Files): MysqlTls | null {
  if (mode === 'disable') return null;
  if ((cert === undefined) !== (key === undefined))
    throw invalid('a certificate of ours needs its key, and a key its certificate', 'sslCert and sslKey');
  const isChecked = mode === 'verify-ca' || mode === 'verify-full';
  return {
    optional: mode === 'prefer',
    checkName: mode === 'verify-full',
    options: {
      rejectUnauthorized: isChecked,
      ...(isChecked && rootCert !== undefined && { ca: readPem(rootCert, 'sslRootCert') }),
      ...(cert !== undefined && { cert: readPem(cert, 'sslCert') }),
      ...(key !== undefined && { key: readPem(key, 'sslKey') }),
    },
  };
}

const PARAMETERS = 'ssl-mode sslmode ssl-ca sslrootcert ssl-cert ssl-key socket';
const KNOWN_PARAMETERS = new Set(PARAMETERS.split(' '));

function refuseUnknown(search: URLSearchParams): void {
  for (const key of search.keys()) {
    if (!KNOWN_PARAMETERS.has(key)) {
      throw invalid(
        `"${key}" is no parameter of a MySQL URL here`,
        `known: ${[...KNOWN_PARAMETERS].join(', ')}`,
      );
    }
  }
}

/** @throws SluiceError connection.invalid_url; the text never holds the password */
export function parseUrl(url: string, settings: Readonly<Record<string, unknown>>): MysqlConfig {
  const known = settings as MysqlSettings;
  const parsed = parts(url);
  const search = parsed.searchParams;
  refuseUnknown(search);
  const host = parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const socketPath = search.get('socket');
  const user = decodeURIComponent(parsed.username);
  if (user === '') throw invalid('the URL names no user', EXAMPLE);
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (database === '') throw invalid('the URL names no database', EXAMPLE);
  const local = socketPath !== null || isLoopback(host);
  const mode = sslModeOf(local, search.get('ssl-mode') ?? search.get('sslmode'), known.sslMode);
  const files = {
    rootCert: known.sslRootCert ?? search.get('ssl-ca') ?? search.get('sslrootcert') ?? undefined,
    cert: known.sslCert ?? search.get('ssl-cert') ?? undefined,
    key: known.sslKey ?? search.get('ssl-key') ?? undefined,
  };
  return {
    host,
    port: parsed.port === '' ? 3306 : Number(parsed.port),
    socketPath,
    user,
    password: known.password ?? decodeURIComponent(parsed.password),
    database,
    ssl: sslOf(mode, files),
    loadData: known.loadData ?? true,
    zeroDates: known.zeroDates ?? 'refuse',
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
    return 'mysql://***';
  }
}
