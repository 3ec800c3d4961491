import { readFile } from 'node:fs/promises';
import { type Static, Type } from '@sinclair/typebox';
import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from 'nats';
import { type HostListForm, maskHostList, parseHostList } from '../../engine/hub/host-list.ts';
import { readTls, TlsSettings } from '../../engine/hub/tls.ts';

const closed = { additionalProperties: false } as const;
const secret = (description: string) => Type.Optional(Type.String({ description, writeOnly: true }));

/** Settings of a NATS connection besides its URL. */
export const NatsSettings = Type.Object(
  {
    user: Type.Optional(Type.String({ description: 'User name; stands before the one of the URL.' })),
    password: secret('Password of the user.'),
    token: secret('Token, instead of user and password.'),
    credsFile: Type.Optional(Type.String({ description: 'Path of a .creds file (JWT and seed).' })),
    nkey: secret('Seed of an nkey, SU….'),
    tls: Type.Optional(TlsSettings),
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

const FORM: HostListForm = {
  product: 'NATS',
  schemes: ['nats', 'tls'],
  defaultPort: '4222',
  example: 'nats://user:password@host:4222, or tls://host:4222; several hosts with commas between them',
};

/** @throws SluiceError connection.invalid_url */
export function parseUrl(url: string, settings: NatsSettings): NatsConfig {
  const { scheme, servers, user, password } = parseHostList(url, FORM);
  // A user without a password in a NATS URL is a token.
  const lone = user !== null && password === null && settings.password === undefined;
  return {
    ...settings,
    servers,
    encrypted: scheme === 'tls' || settings.tls !== undefined,
    user: settings.user ?? (lone ? null : user),
    password: settings.password ?? password,
    token: settings.token ?? (lone && settings.user === undefined ? user : null),
    replicas: settings.replicas ?? 1,
    ackWaitMs: settings.ackWaitMs ?? 10_000,
  };
}

export const maskUrl = (url: string): string => maskHostList(url, FORM);

/** What the driver needs to log in; reads the files, so that their absence shows at open. */
export async function credentialOptions(config: NatsConfig): Promise<Partial<ConnectionOptions>> {
  const options: Partial<ConnectionOptions> = {};
  if (config.encrypted) options.tls = await readTls(config.tls);
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
