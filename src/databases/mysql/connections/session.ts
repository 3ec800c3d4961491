import type { Duplex } from 'node:stream';
import mysql from 'mysql2';
import { within } from '../../../engine/waiting.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { MysqlConfig } from '../config.ts';
import { toSluiceError, vendorCode } from '../error-codes.ts';
import { literal, quote } from '../sql/names.ts';
import { pinSession, type ServerFacts } from './pins.ts';
import { createSocket } from './socket.ts';
import { untangle, useTls } from './start-tls.ts';
import type { WireCommand } from './wire.ts';

export type Cells = readonly (string | null)[];

/** What a statement gave: cells as the server printed them. */
export interface Answer {
  readonly rows: readonly Cells[];
  /** Rows that an UPDATE found or another statement changed. */
  readonly count: number;
  readonly warnings: number;
}

const CONNECT_TIMEOUT_MS = 10_000;

interface DriverConnection {
  readonly stream: Duplex;
  readonly threadId: number | null;
  addCommand(command: WireCommand): void;
  _notifyError(error: Error): void;
}

/** A column of an answer as the protocol tells it. */
export interface Field {
  readonly name: string;
  readonly type: number;
  readonly length: number;
  readonly charset: number;
  readonly flags: number;
  readonly decimals: number;
  /** What MariaDB says besides: `json`, `uuid`, `inet6`, `point`. */
  readonly extended: string | null;
}

interface DriverField {
  readonly name: string;
  readonly columnType: number;
  readonly columnLength: number;
  readonly characterSet: number;
  readonly flags: number;
  readonly decimals: number;
  readonly extendedTypeName?: string | null;
  readonly extendedFormat?: string | null;
}

const toField = (field: DriverField): Field => ({
  name: field.name,
  type: field.columnType,
  length: field.columnLength,
  charset: field.characterSet,
  flags: field.flags,
  decimals: field.decimals,
  extended: field.extendedTypeName ?? field.extendedFormat ?? null,
});

interface TypeCastField {
  string(encoding?: string): string | null;
}

/** What the driver makes of the answer to a statement that gives no rows. */
interface Done {
  readonly affectedRows: number;
  readonly warningStatus: number;
}

const done = ({ affectedRows, warningStatus }: Done): Answer => ({
  rows: [],
  count: affectedRows,
  warnings: warningStatus,
});

const lost = (): Error =>
  Object.assign(new Error('the connection ended'), { code: 'PROTOCOL_CONNECTION_LOST' });

/** One connection with the pinned settings. */
export class Session {
  readonly #connection: mysql.Connection;
  readonly #config: MysqlConfig;
  #facts: ServerFacts | null = null;
  #ended = false;

  constructor(connection: mysql.Connection, config: MysqlConfig) {
    this.#connection = connection;
    this.#config = config;
    connection.on('error', () => {
      this.#ended = true; // the running statement is told on its own
    });
    connection.on('end', () => {
      this.#ended = true;
    });
  }

  get #driver(): DriverConnection {
    return this.#connection as unknown as DriverConnection;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Zero dates are read as NULL. */
  get nullsZeroDates(): boolean {
    return this.#config.zeroDates === 'null';
  }

  /** What the server said of itself when the session began. */
  get facts(): ServerFacts {
    if (!this.#facts) throw new SluiceError('internal', 'the session is not open yet');
    return this.#facts;
  }

  /** One statement; values stand in its text. Throws driver errors. */
  query(text: string): Promise<Answer> {
    const typeCast = (field: unknown): string | null => (field as TypeCastField).string('utf8');
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(lost());
        return;
      }
      this.#connection.query({ sql: text, rowsAsArray: true, typeCast }, (error, result) => {
        if (error) reject(error);
        else if (Array.isArray(result))
          resolve({ rows: result as unknown as Cells[], count: result.length, warnings: 0 });
        else resolve(done(result as unknown as Done));
      });
    });
  }

  /** The one cell of a query of one row and column. */
  async cell(text: string): Promise<string | null> {
    return (await this.query(text)).rows[0]?.[0] ?? null;
  }

  /** The columns that a statement would give, which is not run. One statement: a second one in its text is refused. */
  describe(text: string): Promise<readonly Field[]> {
    return new Promise((resolve, reject) => {
      this.#connection.prepare(text, (error, statement) => {
        if (error) {
          reject(error);
          return;
        }
        const { columns } = statement as unknown as { readonly columns: readonly DriverField[] };
        this.#connection.unprepare(text);
        resolve(columns.map(toField));
      });
    });
  }

  submit(command: WireCommand): void {
    if (this.#ended) command.onResult(lost());
    else this.#driver.addCommand(command);
  }

  /** Ends the connection at once; the server rolls back what is open. */
  destroy(): void {
    if (this.#ended && this.#driver.stream.destroyed) return;
    this.#ended = true;
    // Not by the driver's own destroy, which leaves whoever waits for a statement without an answer.
    this.#driver.stream.destroy();
    // The driver tells nobody who waits for an answer when it is we who end the connection.
    // oxlint-disable-next-line no-underscore-dangle -- the driver's own name
    this.#driver._notifyError(lost());
  }

  /** As destroy, and tells the server to end the running statement, which it would else notice at its next output. */
  cancel(): void {
    const { threadId } = this.#driver;
    this.destroy();
    if (threadId === null) return;
    const killer = driverOf(this.#config, 'sluice');
    killer.on('error', () => {});
    killer.query(`KILL ${threadId}`, () => killer.destroy());
  }

  /**
   * Ends the running statement and leaves the session, and what transaction it has, as they are.
   * @returns false: the connection that said so was lost or is without an answer, and the server may still do it, whatever runs then
   */
  async interrupt(): Promise<boolean> {
    const { threadId } = this.#driver;
    if (this.#ended || threadId === null) return true;
    const killer = driverOf(this.#config, 'sluice');
    killer.on('error', () => {});
    const told = new Promise<boolean>((resolve) => {
      killer.query(`KILL QUERY ${threadId}`, (error) => {
        resolve(!error || /^\d+$/.test(vendorCode(error)));
      });
    });
    // A connection that is dead without saying so would hold up whoever reads next until TCP gives up.
    const known = await within(told, CONNECT_TIMEOUT_MS, false);
    killer.destroy();
    return known;
  }

  end(): Promise<void> {
    this.#ended = true;
    return new Promise((resolve) => this.#connection.end(() => resolve()));
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#connection.connect((error) => (error ? reject(error) : resolve()));
    });
    this.#facts = await pinSession(this, this.#config);
    return this;
  }
}

function driverOf(config: MysqlConfig, applicationName: string): mysql.Connection {
  const options = {
    host: config.host,
    port: config.port,
    user: config.user,
    password: config.password,
    database: config.database,
    charset: 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MS,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    multipleStatements: false,
    disableEval: true,
    // Answers to a request for a file are given by LoadData alone, which has its own command.
    // Our own commands (wire.ts) are statements and nothing else: with attributes a server would read some in front of the text.
    flags: ['+LOCAL_FILES', '+FOUND_ROWS', '-CLIENT_QUERY_ATTRIBUTES'],
    connectAttributes: { program_name: applicationName },
    // What is checked of the server is said in start-tls.ts. Under TLS the driver connects by itself, and the bytes come from
    // the stream above its socket.
    ...(config.ssl
      ? { ssl: {}, ...(config.socketPath === null ? {} : { socketPath: config.socketPath }) }
      : { stream: () => createSocket(config) }),
  };
  const connection = mysql.createConnection(options as unknown as mysql.ConnectionOptions);
  if (config.ssl) useTls(connection, config, config.ssl);
  return connection;
}

const NO_TLS = 'HANDSHAKE_NO_SSL_SUPPORT';

/** Opens a connection and pins its settings. @throws SluiceError database.* */
export async function openSession(config: MysqlConfig, applicationName: string): Promise<Session> {
  const session = new Session(driverOf(config, applicationName), config);
  try {
    return await session.open();
  } catch (error) {
    session.destroy();
    if (config.ssl?.optional && (error as { readonly code?: unknown }).code === NO_TLS)
      return openSession({ ...config, ssl: null }, applicationName);
    throw toSluiceError(untangle(error), grantOf(error, config));
  }
}

/** A user who may log in and not use the database gets the GRANT with the error. */
function grantOf(error: unknown, { database, user }: MysqlConfig): { readonly suggestion?: string } {
  if ((error as { errno?: unknown }).errno !== 1044) return {};
  return { suggestion: `GRANT SELECT ON ${quote(database)}.* TO ${literal(user)}@'%';` };
}
