import { connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { createReadingSocket } from '../../engine/driver/reading-socket.ts';
import { SessionPool } from '../../engine/driver/session-pool.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { PostgresConfig } from './config.ts';
import { type ErrorContext, toSluiceError } from './error-codes.ts';
import { quote } from './sql.ts';

export type Cells = readonly (string | null)[];

/** What a statement gave: cells as the server printed them. */
export interface Answer {
  readonly rows: readonly Cells[];
  readonly count: number;
}

const NOTHING: Answer = { rows: [], count: 0 };

/** A column of an answer: number and modifier of its type, of the type under it where that is a domain. */
export interface Field {
  readonly name: string;
  readonly oid: number;
  readonly modifier: number;
}

/** The part of the driver's connection that COPY needs. */
export interface Wire {
  readonly stream: Duplex;
  query(text: string): void;
}

/** Talks to the server itself while it is the active query of a client; the driver calls these. */
export interface WireQuery {
  submit(wire: Wire): void;
  handleError(error: unknown): void;
  handleReadyForQuery(): void;
  handleCommandComplete(message: { readonly text: string }): void;
  handleCopyInResponse?(wire: Wire): void;
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_CLOSE_MS = 60_000;
const CANCEL_REQUEST = 80_877_102; // fixed by the protocol
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * What every session is set to, whatever the role or the database has as its default: these decide how a value is
 * written as text (src/model/logical-type.ts), and how long we may stand in the way of others.
 */
const PINS: readonly string[] = [
  `client_encoding = 'UTF8'`,
  `standard_conforming_strings = on`,
  `search_path = pg_catalog`,
  `DateStyle = 'ISO, YMD'`,
  `TimeZone = 'UTC'`,
  `IntervalStyle = 'iso_8601'`,
  `extra_float_digits = 3`, // from 12 on any value above 0 is shortest and exact; 11 needs 3 to be exact
  `bytea_output = 'hex'`,
  `lc_monetary = 'C'`,
  `xmloption = 'content'`,
  `xmlbinary = 'base64'`,
  `array_nulls = on`,
  `row_security = off`, // an error rather than rows that are silently missing
  `default_transaction_isolation = 'read committed'`,
  `statement_timeout = 0`,
  `lock_timeout = '30s'`,
  `idle_in_transaction_session_timeout = '30s'`, // a stopped process frees its ledger row: when it is taken for dead
  `synchronize_seqscans = off`,
  `jit = off`,
];

const asText = { getTypeParser: () => (value: string) => value };

/** One connection with the pinned settings. */
export class Session {
  readonly #client: pg.Client;
  readonly #config: PostgresConfig;
  readonly #parameters = new Map<string, string>();
  #ended = false;

  constructor(client: pg.Client, config: PostgresConfig) {
    this.#client = client;
    this.#config = config;
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('parameterStatus', (message: { parameterName: string; parameterValue: string }) => {
      this.#parameters.set(message.parameterName, message.parameterValue);
    });
    client.on('error', () => {
      this.#ended = true; // the running statement is told on its own
    });
    client.on('end', () => {
      this.#ended = true;
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Without values several statements may stand in the text; the last one's answer is given. Throws driver errors. */
  async query(text: string, values?: readonly unknown[]): Promise<Answer> {
    return (await this.#answers(text, values)).at(-1) ?? NOTHING;
  }

  /** One statement without values and the end of its transaction, for which nobody waits a second time. Throws driver errors. */
  async queryAndCommit(text: string): Promise<Answer> {
    return (await this.#answers(`${text}; COMMIT`)).at(0) ?? NOTHING;
  }

  async #answers(text: string, values?: readonly unknown[]): Promise<readonly Answer[]> {
    const config = { text, rowMode: 'array' as const, ...(values ? { values: [...values] } : {}) };
    const result: unknown = await this.#client.query(config);
    const all = (Array.isArray(result) ? result : [result]) as { rows: Cells[]; rowCount: number | null }[];
    return all.map(({ rows, rowCount }) => ({ rows, count: rowCount ?? 0 }));
  }

  /** The one cell of a query of one row and column. */
  async cell(text: string, values?: readonly unknown[]): Promise<string | null> {
    return (await this.query(text, values)).rows[0]?.[0] ?? null;
  }

  /** One statement, by the protocol that refuses a second one in the text; with the columns of its answer. */
  async single(text: string): Promise<Answer & { readonly fields: readonly Field[] }> {
    const config = { text, rowMode: 'array' as const, queryMode: 'extended' };
    const { rows, rowCount, fields } = await this.#client.query<Cells & unknown[]>(config);
    return {
      rows,
      count: rowCount ?? 0,
      fields: fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
        name,
        oid: dataTypeID,
        modifier: dataTypeModifier,
      })),
    };
  }

  submit(query: WireQuery): void {
    this.#client.query(query as unknown as pg.Submittable);
  }

  /** What the server reported of itself when the session began. */
  parameter(name: 'server_encoding' | 'server_version'): string {
    return this.#parameters.get(name) ?? '';
  }

  /** Ends the connection at once; the server rolls back what is open. */
  destroy(): void {
    this.#ended = true;
    (this.#client as unknown as { connection: Wire }).connection.stream.destroy();
  }

  /** As destroy, and tells the server to end the running statement, which it would else notice at its next output. */
  cancel(): void {
    const { processID, secretKey } = this.#client as unknown as { processID: number; secretKey: number };
    this.destroy();
    const { host, port } = this.#config;
    const socket = host.startsWith('/')
      ? connectSocket(`${host}/.s.PGSQL.${port}`)
      : connectSocket(port, host);
    const request = Buffer.alloc(16);
    for (const [index, value] of [16, CANCEL_REQUEST, processID, secretKey].entries())
      request.writeInt32BE(value | 0, index * 4);
    socket.on('error', () => {});
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy());
    socket.end(request);
    socket.unref();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#client.end();
  }
}

function clientOf(config: PostgresConfig, applicationName: string): pg.Client {
  return new pg.Client({
    host: config.host,
    port: config.port,
    user: config.user,
    database: config.database,
    ssl: config.ssl,
    // Under TLS the bytes come from the stream above it.
    ...(config.ssl ? {} : { stream: createReadingSocket }),
    // A function keeps the driver from looking for a password file.
    password: () => {
      if (config.password !== null) return config.password;
      throw new SluiceError(
        'database.authentication_failed',
        'the server asks for a password and none is configured',
      );
    },
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    types: asText,
  });
}

/** Opens a connection and pins its settings. @throws SluiceError database.* */
async function connect(config: PostgresConfig, applicationName: string): Promise<Session> {
  const client = clientOf(config, applicationName);
  const session = new Session(client, config);
  try {
    await client.connect();
    const role = config.role === null ? [] : [`SET ROLE ${quote(config.role)}`];
    const major = Number.parseInt(session.parameter('server_version'), 10);
    if (major < 11) {
      throw new SluiceError('database.version_unsupported', `PostgreSQL ${major} is not supported`, {
        suggestion: 'PostgreSQL 11 or later',
      });
    }
    await session.query([...role, ...PINS.map((pin) => `SET ${pin}`)].join('; '));
    return session;
  } catch (error) {
    session.destroy();
    throw toSluiceError(error);
  }
}

/** Connections of one database. */
export class Pool extends SessionPool<Session, ErrorContext> {
  readonly config: PostgresConfig;

  constructor(
    config: PostgresConfig,
    options: { readonly applicationName: string; readonly maxConnections: number },
  ) {
    super({
      maxConnections: options.maxConnections,
      idleCloseMs: IDLE_CLOSE_MS,
      open: () => connect(config, options.applicationName),
      toError: toSluiceError,
    });
    this.config = config;
  }

  /** As whom its sessions act. */
  get user(): string {
    return this.config.role ?? this.config.user;
  }

  /** Work in one transaction, committed when it resolves. */
  transaction<T>(
    work: (session: Session) => Promise<T>,
    signal: AbortSignal,
    context: ErrorContext = {},
  ): Promise<T> {
    const run = async (session: Session): Promise<T> => {
      await session.query('BEGIN; SET LOCAL synchronous_commit = on');
      const result = await work(session);
      await session.query('COMMIT');
      return result;
    };
    return this.use(run, signal, context);
  }
}
