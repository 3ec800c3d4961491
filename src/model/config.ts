import { type Static, Type } from '@sinclair/typebox';
import { CaptureSpec } from './capture-spec.ts';
import { TransferSpec } from './transfer-spec.ts';

const closed = { additionalProperties: false } as const;

/**
 * Names of connections and transfers: they become part of workflow ids, streams and ledger rows, so they are plain.
 */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$';
const Name = Type.String({ pattern: NAME_PATTERN });

/** A text that stands elsewhere: in a file (a final line end is cut), or in an environment variable. */
export const SecretSource = Type.Union([
  Type.Object({ file: Type.String({ description: 'Path of the file that holds the text.' }) }, closed),
  Type.Object(
    { env: Type.String({ description: 'Name of the environment variable that holds the text.' }) },
    closed,
  ),
]);
export type SecretSource = Static<typeof SecretSource>;

export const Secret = Type.Union([Type.String(), SecretSource], {
  description: 'A text, which may contain ${VARIABLE}, or { file: path }, or { env: NAME }.',
});
export type Secret = Static<typeof Secret>;

/**
 * A connection as it stands in the file. Keys besides these are settings of its kind of database or hub, which
 * checks them when the connection is resolved.
 */
export const ConnectionSpec = Type.Object(
  {
    url: Secret,
    password: Type.Optional(Secret),
    site: Type.Optional(
      Type.String({
        pattern: NAME_PATTERN,
        description:
          'Where the database is: read and written by workers of that site only (sluice worker --site).',
      }),
    ),
  },
  { description: 'A database or a hub; what may stand here besides depends on the scheme of the URL.' },
);
export type ConnectionSpec = Static<typeof ConnectionSpec> & Readonly<Record<string, unknown>>;

export const LedgerPlace = Type.Object(
  {
    schema: Type.Optional(
      Type.String({ minLength: 1, description: 'Schema of the ledger at the target, where it has schemas.' }),
    ),
    prefix: Type.Optional(Type.String({ description: 'Before the names of the tables of the ledger.' })),
  },
  closed,
);

/** Defaults are here and nowhere else. */
export const LEDGER_DEFAULTS = { schema: 'sluice', prefix: 'sluice_' } as const;

/** The configuration file. */
export const ConfigFile = Type.Object(
  {
    version: Type.Literal(1, { description: 'Version of this format.' }),
    connections: Type.Record(Name, ConnectionSpec, { ...closed, description: 'Databases and hubs by name.' }),
    transfers: Type.Optional(
      Type.Record(Name, TransferSpec, { ...closed, description: 'Transfers by name.' }),
    ),
    captures: Type.Optional(
      Type.Record(Name, CaptureSpec, {
        ...closed,
        description: 'What is captured of the changes of sources, by the names of their connections.',
      }),
    ),
    ledger: Type.Optional(LedgerPlace),
  },
  closed,
);
export type ConfigFile = Static<typeof ConfigFile>;

/** A connection ready to be opened: secrets are inside, so it is never logged, shown or sent. */
export interface ResolvedConnection {
  readonly name: string;
  /** `postgres`, `sqlite`, `nats`: without the colon. */
  readonly scheme: string;
  /** With the password in its place. */
  readonly url: string;
  /** All other keys of the connection. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where relative paths in URL and settings begin: the folder of the configuration file. */
  readonly folder: string;
  /** Texts that must never be shown: what masking replaces. */
  readonly secrets: readonly string[];
  /** `connections.shop (sluice.yaml:4:3)`, for errors about this connection. */
  readonly where: string;
  /** The same for one of its keys. */
  readonly whereKey: (key: string) => string;
}

/** A configuration that was read and checked. Frozen; holds no resolved secret. */
export interface Config {
  /** Of the file it came from, as it was named. */
  readonly path: string;
  readonly ledger: { readonly schema: string; readonly prefix: string };
  readonly connectionNames: readonly string[];
  /** Where a connection is; null: nowhere in particular, or it is not known. */
  siteOf(name: string): string | null;
  readonly captures: Readonly<Record<string, CaptureSpec>>;
  readonly transfers: Readonly<Record<string, TransferSpec>>;
  /** @throws SluiceError config.unknown_name, naming the nearest known one */
  transfer(name: string): TransferSpec;
  /**
   * Reads variables and secret files now: each call anew, so that a rotated secret is taken up.
   * @throws SluiceError config.unknown_name, config.undefined_variable, config.invalid, connection.invalid_url
   */
  connection(name: string): ResolvedConnection;
}
