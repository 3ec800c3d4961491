import { readFile } from 'node:fs/promises';
import { type Static, Type } from '@sinclair/typebox';
import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator, type TlsOptions } from 'nats';
import { SluiceError } from '../../model/sluice-error.ts';

const closed = { additionalProperties: false } as const;
const secret = (description: string) => Type.Optional(Type.String({ description, writeOnly: true }));

/** Settings of a NATS connection besides its URL. Certificates and keys are PEM text or paths of files. */
export const NatsSettings = Type.Object(
  {
    user: Type.Optional(Type.String({ description: 'User name; stands before the one of the URL.' })),
    password: secret('Password of the user.'),
    token: secret('Token, instead of user and password.'),
    credsFile: Type.Optional(Type.String({ description: 'Path of a .creds file (JWT and seed).' })),
    nkey: secret('Seed of an nkey, SU….'),
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(Type.String({ description: 'Certificate authority of the server.' })),
          cert: Type.Optional(Type.String({ description: 'Certificate of the client.' })),
          key: secret('Key of the client certificate.'),
        },
        closed,
      ),
    ),
    replicas: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 5,
        description: 'Servers of the cluster that store each stream; 1 by default.',
      }),
    ),
    ackWaitMs: Type.Optional(
      Type.Integer({
        minimum: 1000,
        description:
          'A message that a killed worker held is delivered again after so long; 10000 by default.',
      }),
    ),
    monitor: Type.Optional(
      Type.String({
        pattern: '^https?://',
        description: 'Monitoring address of the server, for what only it tells: http://host:8222.',
      }),
    ),
  },
  closed,
);
export type NatsSettings = Static<typeof NatsSettings>;

export interface NatsConfig extends Omit<NatsSettings, 'user' | 'password' | 'token'> {
  /** `host:port` each. */
  readonly servers: readonly string[];
  /** True: refuse a server that does not encrypt. */
  readonly encrypted: boolean;
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
  readonly replicas: number;
  readonly ackWaitMs: number;
}

const SCHEME = /^(nats|tls):\/\//;

const invalid = (reason: string): SluiceError =>
  new SluiceError('connection.invalid_url', `not a NATS URL: ${reason}`, {
    suggestion: 'nats://user:password@host:4222, or tls://host:4222; several hosts with commas between them',
  });

/** `nats://user:secret@one:4222,two:4222` -> one URL a host; the user of the first is the user of all. */
function splitHosts(url: string): readonly URL[] {
  const scheme = SCHEME.exec(url)?.[0];
  if (!scheme) throw invalid('it starts with nats:// or tls://');
  return url
    .slice(scheme.length)
    .split(',')
    .map((host) => {
      try {
        // http: gives the parser's checks of host and port that it leaves out for schemes it does not know.
        return new URL(`http://${host.replace(SCHEME, '')}`);
      } catch {
        throw invalid('host or port cannot be read');
      }
    });
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part) || null;
  } catch {
    throw invalid('user or password hold a % that is not escaped');
  }
}

const portOf = (url: URL, host: string): string =>
  url.port === '' && !host.endsWith(':80') ? '4222' : url.port || '80';

/** @throws SluiceError connection.invalid_url */
export function parseUrl(url: string, settings: NatsSettings): NatsConfig {
  const hosts = splitHosts(url);
  const first = hosts[0];
  if (!first || hosts.some((host) => host.hostname === '')) throw invalid('a host is missing');
  if (hosts.some((host) => host.pathname !== '/' || host.search !== ''))
    throw invalid('nothing may follow the host');
  const texts = url.replace(SCHEME, '').split(',');
  const name = decode(first.username);
  const password = decode(first.password);
  // A user without a password in a NATS URL is a token.
  const lone = name !== null && password === null && settings.password === undefined;
  return {
    ...settings,
    servers: hosts.map((host, index) => `${host.hostname}:${portOf(host, texts[index] ?? '')}`),
    encrypted: url.startsWith('tls:') || settings.tls !== undefined,
    user: settings.user ?? (lone ? null : name),
    password: settings.password ?? password,
    token: settings.token ?? (lone && settings.user === undefined ? name : null),
    replicas: settings.replicas ?? 1,
    ackWaitMs: settings.ackWaitMs ?? 10_000,
  };
}

/**
 * Total, also for a text that is no URL: all before the last @ is hidden except the user name, for a secret may itself
 * hold an @, a comma or a slash that should have been escaped. A lone name is a token and is hidden, too.
 */
export function maskUrl(url: string): string {
  const scheme = SCHEME.exec(url)?.[0] ?? '';
  const at = url.lastIndexOf('@');
  if (at < scheme.length) return url;
  const colon = url.indexOf(':', scheme.length);
  const user = colon > scheme.length && colon < at ? `${url.slice(scheme.length, colon)}:` : '';
  return `${scheme}${user}***${url.slice(at)}`;
}

const isPem = (text: string): boolean => text.includes('-----BEGIN');

function tlsOptions(tls: NatsSettings['tls']): TlsOptions {
  const options: TlsOptions = {};
  if (tls?.ca !== undefined) options[isPem(tls.ca) ? 'ca' : 'caFile'] = tls.ca;
  if (tls?.cert !== undefined) options[isPem(tls.cert) ? 'cert' : 'certFile'] = tls.cert;
  if (tls?.key !== undefined) options[isPem(tls.key) ? 'key' : 'keyFile'] = tls.key;
  return options;
}

/** What the driver needs to log in; reads the credentials file, so that its absence shows at open. */
export async function credentialOptions(config: NatsConfig): Promise<Partial<ConnectionOptions>> {
  const options: Partial<ConnectionOptions> = {};
  if (config.encrypted) options.tls = tlsOptions(config.tls);
  if (config.credsFile !== undefined)
    options.authenticator = credsAuthenticator(await readFile(config.credsFile));
  else if (config.nkey !== undefined)
    options.authenticator = nkeyAuthenticator(new TextEncoder().encode(config.nkey));
  else if (config.token !== null) options.token = config.token;
  else if (config.user !== null) {
    options.user = config.user;
    if (config.password !== null) options.pass = config.password;
  }
  return options;
}
