import { readFileSync } from 'node:fs';
import { type Static, Type } from '@sinclair/typebox';
import { SluiceError } from '../../model/sluice-error.ts';

/** Settings of an Oracle connection besides its URL; they win over what the URL says. */
export const OracleSettings = Type.Object(
  {
    password: Type.Optional(Type.String({ description: 'Password, instead of one in the URL.' })),
    tls: Type.Optional(
      Type.Union([Type.Literal('disable'), Type.Literal('verify-full')], {
        description:
          'verify-full (default, except for this machine): TLS, the server checked by name; disable. The port is often 2484 then.',
      }),
    ),
    walletFile: Type.Optional(
      Type.String({
        description: 'PEM file of a wallet (ewallet.pem): certificate authorities, and our own certificate.',
      }),
    ),
    walletPassword: Type.Optional(Type.String({ description: 'Password of the wallet.' })),
    emptyText: Type.Optional(
      Type.Union([Type.Literal('null'), Type.Literal('refuse')], {
        description:
          'What the empty text becomes in a column that takes NULL, for VARCHAR2 has none: null (default; the plan says so), or refuse.',
      }),
    ),
  },
  { additionalProperties: false },
);
type OracleSettings = Static<typeof OracleSettings>;

/** Where a database is and as whom we come; holds the passwords. */
export interface OracleConfig {
  readonly host: string;
  readonly port: number;
  readonly service: string;
  readonly user: string;
  readonly password: string;
  readonly tls: boolean;
  readonly wallet: null | { readonly content: string; readonly password: string | null };
  readonly emptyText: 'null' | 'refuse';
}

const EXAMPLE = 'oracle://user@host:1521/service';

const invalid = (message: string, suggestion: string): SluiceError =>
  new SluiceError('connection.invalid_url', message, { suggestion });

function parts(url: string): URL {
  try {
    const parsed = new URL(url);
    if (parsed.protocol === 'oracle:') return parsed;
  } catch {
    // The URL may hold a password: the error that Node made of it is not passed on.
  }
  throw invalid('this is no Oracle URL', EXAMPLE);
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

function tlsOf(inUrl: string | null, setting: OracleSettings['tls'], local: boolean): boolean {
  const wanted = setting ?? inUrl;
  if (wanted === null) return !local;
  if (wanted === 'disable' || wanted === 'verify-full') return wanted === 'verify-full';
  throw invalid(`tls "${wanted}" is not offered`, 'tls=verify-full or disable');
}

function walletOf({ walletFile, walletPassword }: OracleSettings): OracleConfig['wallet'] {
  if (walletFile === undefined) return null;
  try {
    return { content: readFileSync(walletFile, 'utf8'), password: walletPassword ?? null };
  } catch {
    throw invalid(`the wallet ${walletFile} cannot be read`, 'name a readable PEM file as walletFile');
  }
}

// What a connect descriptor is made of: a name with one of these would be another descriptor.
const NO_NAME = /[()=,"'\\\s]/;

function serviceOf(parsed: URL): string {
  const service = decodeURIComponent(parsed.pathname.slice(1));
  if (service === '') throw invalid('the URL names no service', EXAMPLE);
  if (NO_NAME.test(service)) throw invalid('the name of the service has letters that none has', EXAMPLE);
  return service;
}

function hostOf(parsed: URL): string {
  const host = parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  if (NO_NAME.test(host)) throw invalid('the host is none', EXAMPLE);
  return host;
}

/** @throws SluiceError connection.invalid_url; the text never holds a password */
export function parseUrl(url: string, settings: Readonly<Record<string, unknown>>): OracleConfig {
  const known = settings as OracleSettings;
  const parsed = parts(url);
  for (const key of parsed.searchParams.keys()) {
    if (key !== 'tls') throw invalid(`"${key}" is no parameter of an Oracle URL here`, 'known: tls');
  }
  const host = hostOf(parsed);
  const user = decodeURIComponent(parsed.username);
  if (user === '') throw invalid('the URL names no user', EXAMPLE);
  return {
    host,
    port: parsed.port === '' ? 1521 : Number(parsed.port),
    service: serviceOf(parsed),
    user,
    password: known.password ?? decodeURIComponent(parsed.password),
    tls: tlsOf(parsed.searchParams.get('tls'), known.tls, isLoopback(host)),
    wallet: walletOf(known),
    emptyText: known.emptyText ?? 'null',
  };
}

/** The URL with `***` for its password. */
export function maskUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password !== '') parsed.password = '***';
    for (const key of parsed.searchParams.keys()) if (key !== 'tls') parsed.searchParams.set(key, '***');
    return parsed.toString();
  } catch {
    return 'oracle://***';
  }
}

/** The address as the driver takes it: nothing is looked up in files of the machine. */
export function connectDescriptor({ host, port, service, tls }: OracleConfig): string {
  const security = tls ? '(SECURITY=(SSL_SERVER_DN_MATCH=ON))' : '';
  const address = `(ADDRESS=(PROTOCOL=${tls ? 'tcps' : 'tcp'})(HOST=${host})(PORT=${port}))`;
  return `(DESCRIPTION=${address}(CONNECT_DATA=(SERVICE_NAME=${service}))${security})`;
}
