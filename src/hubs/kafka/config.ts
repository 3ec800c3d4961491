import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { type Static, Type } from '@sinclair/typebox';
import type { SASLOptions } from 'kafkajs';
import { SluiceError } from '../../model/sluice-error.ts';
import { type Compression, COMPRESSIONS } from './wire/codecs.ts';

const closed = { additionalProperties: false } as const;
const secret = (description: string) => Type.Optional(Type.String({ description, writeOnly: true }));
const oneOf = <const T extends readonly string[]>(values: T, description: string) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description },
    ),
  );

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** Settings of a Kafka connection besides its URL. Certificates and keys are PEM text or paths of files. */
export const KafkaSettings = Type.Object(
  {
    user: Type.Optional(Type.String({ description: 'User name; stands before the one of the URL.' })),
    password: secret('Password of the user.'),
    mechanism: Type.Optional(oneOf(MECHANISMS, 'How SASL logs in; scram-sha-512 by default.')),
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(Type.String({ description: 'Certificate authority of the brokers.' })),
          cert: Type.Optional(Type.String({ description: 'Certificate of the client.' })),
          key: secret('Key of the client certificate.'),
        },
        closed,
      ),
    ),
    replicas: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 7,
        description: 'Brokers that store each topic; by default 3, or as many as there are.',
      }),
    ),
    partitions: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        description:
          'Partitions of the topic of a run: so many workers can share its messages; 12 by default.',
      }),
    ),
    maxMessageBytes: Type.Optional(
      Type.Integer({
        minimum: 65_536,
        maximum: 67_108_864,
        description:
          'Largest message that topics are made to take; by default 8388608, or what the broker takes where that is more.',
      }),
    ),
    compression: Type.Optional(
      oneOf(
        COMPRESSIONS,
        'How messages are compressed on their way and in the topic; none by default. Any is read, whatever stands here.',
      ),
    ),
    sessionTimeoutMs: Type.Optional(
      Type.Integer({
        minimum: 6000,
        description: 'What a killed worker held is delivered again after so long; 10000 by default.',
      }),
    ),
  },
  closed,
);
export type KafkaSettings = Static<typeof KafkaSettings>;

export interface KafkaConfig {
  /** `host:port` each. */
  readonly servers: readonly string[];
  readonly encrypted: boolean;
  readonly tls: KafkaSettings['tls'];
  readonly user: string | null;
  readonly password: string | null;
  readonly mechanism: (typeof MECHANISMS)[number];
  /** Null: 3, or as many as there are brokers. */
  readonly replicas: number | null;
  readonly partitions: number;
  /** Null: DEFAULT_MESSAGE_BYTES, or the broker's own limit where it is higher. */
  readonly maxMessageBytes: number | null;
  readonly compression: Compression;
  readonly sessionTimeoutMs: number;
}

const SCHEME = /^kafkas?:\/\//;
const DEFAULT_PORT = '9092';

const invalid = (reason: string): SluiceError =>
  new SluiceError('connection.invalid_url', `not a Kafka URL: ${reason}`, {
    suggestion:
      'kafka://user:password@host:9092, or kafkas://host:9093 for TLS; several hosts with commas between them',
  });

/** `kafka://user:secret@one:9092,two` -> one URL a host; the user of the first is the user of all. */
function splitHosts(url: string): readonly URL[] {
  const scheme = SCHEME.exec(url)?.[0];
  if (!scheme) throw invalid('it starts with kafka:// or kafkas://');
  return url
    .slice(scheme.length)
    .split(',')
    .map((host) => {
      try {
        // http: gives the parser's checks of host and port that it leaves out for schemes it does not know.
        return new URL(`http://${host}`);
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
  url.port === '' && !host.endsWith(':80') ? DEFAULT_PORT : url.port || '80';

/** @throws SluiceError connection.invalid_url */
export function parseUrl(url: string, settings: KafkaSettings): KafkaConfig {
  const hosts = splitHosts(url);
  const first = hosts[0];
  if (!first || hosts.some((host) => host.hostname === '')) throw invalid('a host is missing');
  if (hosts.some((host) => host.pathname !== '/' || host.search !== ''))
    throw invalid('nothing may follow the host');
  const texts = url.replace(SCHEME, '').split(',');
  const user = settings.user ?? decode(first.username);
  const password = settings.password ?? decode(first.password);
  if ((user === null) !== (password === null)) throw invalid('user and password belong together');
  return {
    servers: hosts.map((host, index) => `${host.hostname}:${portOf(host, texts[index] ?? '')}`),
    encrypted: !url.startsWith('kafka://') || settings.tls !== undefined,
    tls: settings.tls,
    user,
    password,
    mechanism: settings.mechanism ?? 'scram-sha-512',
    replicas: settings.replicas ?? null,
    partitions: settings.partitions ?? 12,
    maxMessageBytes: settings.maxMessageBytes ?? null,
    compression: settings.compression ?? 'none',
    sessionTimeoutMs: settings.sessionTimeoutMs ?? 10_000,
  };
}

/**
 * Total, also for a text that is no URL: all before the last @ is hidden except the user name, for a secret may itself
 * hold an @, a comma or a slash that should have been escaped.
 */
export function maskUrl(url: string): string {
  const scheme = SCHEME.exec(url)?.[0] ?? '';
  const at = url.lastIndexOf('@');
  if (at < scheme.length) return url;
  const colon = url.indexOf(':', scheme.length);
  const user = colon > scheme.length && colon < at ? `${url.slice(scheme.length, colon)}:` : '';
  return `${scheme}${user}***${url.slice(at)}`;
}

const pem = async (text: string): Promise<Buffer | string> =>
  text.includes('-----BEGIN') ? text : readFile(text);

/** What TLS needs; null without it. Reads the files, so that their absence shows at open. */
export async function tlsOptions({ encrypted, tls }: KafkaConfig): Promise<ConnectionOptions | null> {
  if (!encrypted) return null;
  const options: ConnectionOptions = {};
  if (tls?.ca !== undefined) options.ca = await pem(tls.ca);
  if (tls?.cert !== undefined) options.cert = await pem(tls.cert);
  if (tls?.key !== undefined) options.key = await pem(tls.key);
  return options;
}

export const saslOptions = ({ user, password, mechanism }: KafkaConfig): SASLOptions | null =>
  user === null || password === null ? null : { mechanism, username: user, password };
