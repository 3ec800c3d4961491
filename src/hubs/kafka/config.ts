import type { ConnectionOptions } from 'node:tls';
import { type Static, Type } from '@sinclair/typebox';
import type { SASLOptions } from 'kafkajs';
import { type HostListForm, invalidUrl, maskHostList, parseHostList } from '../../engine/hub/host-list.ts';
import { readTls, TlsSettings } from '../../engine/hub/tls.ts';
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

/** Settings of a Kafka connection besides its URL. */
export const KafkaSettings = Type.Object(
  {
    user: Type.Optional(Type.String({ description: 'User name; stands before the one of the URL.' })),
    password: secret('Password of the user.'),
    mechanism: Type.Optional(oneOf(MECHANISMS, 'How SASL logs in; scram-sha-512 by default.')),
    tls: Type.Optional(TlsSettings),
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

const FORM: HostListForm = {
  product: 'Kafka',
  schemes: ['kafka', 'kafkas'],
  defaultPort: '9092',
  example:
    'kafka://user:password@host:9092, or kafkas://host:9093 for TLS; several hosts with commas between them',
};

/** @throws SluiceError connection.invalid_url */
export function parseUrl(url: string, settings: KafkaSettings): KafkaConfig {
  const { scheme, servers, ...found } = parseHostList(url, FORM);
  const user = settings.user ?? found.user;
  const password = settings.password ?? found.password;
  if ((user === null) !== (password === null)) throw invalidUrl(FORM, 'user and password belong together');
  return {
    servers,
    encrypted: scheme === 'kafkas' || settings.tls !== undefined,
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

export const maskUrl = (url: string): string => maskHostList(url, FORM);

/** What TLS needs; null without it. */
export async function tlsOptions({ encrypted, tls }: KafkaConfig): Promise<ConnectionOptions | null> {
  return encrypted ? readTls(tls) : null;
}

export const saslOptions = ({ user, password, mechanism }: KafkaConfig): SASLOptions | null =>
  user === null || password === null ? null : { mechanism, username: user, password };
