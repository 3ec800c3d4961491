import oracledb from 'oracledb';
import type { PooledSession } from '../../../engine/driver/session-pool.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { connectDescriptor, type OracleConfig } from '../config.ts';
import { toSluiceError } from '../error-codes.ts';
import type { Binds, Statement } from '../sql/names.ts';
import { pinSession, type ServerFacts } from './pins.ts';

export type Cells = readonly (string | null)[];

/** What a statement gave: cells as text. */
export interface Answer {
  readonly rows: readonly Cells[];
  /** Rows that DML found or changed. */
  readonly count: number;
}

/** What the driver made of a cell: a text, bytes, a float, a large object. */
export type FetchedCell = string | Buffer | number | oracledb.Lob | null;

const CONNECT_TIMEOUT_SECONDS = 10;
/** A probe on a line that says nothing: whoever is dead is noticed. */
const EXPIRE_MINUTES = 1;
/** Statements with binds are parsed once by the server. */
const CACHED_STATEMENTS = 40;
/** What every server takes as a name. */
const SHORT_NAMES = 30;
/** Whoever was told to stop and does not is cut off. */
const CLOSE_WAIT_MS = 5_000;

const asText = (column: oracledb.Metadata<unknown>): oracledb.FetchTypeResponse | undefined =>
  column.dbType === oracledb.DB_TYPE_NUMBER ||
  column.dbType === oracledb.DB_TYPE_CLOB ||
  column.dbType === oracledb.DB_TYPE_NCLOB
    ? { type: oracledb.STRING }
    : undefined;

/** Handlers see to it that nothing else comes than texts. */
function textOf(cell: unknown): string | null {
  if (cell === null || typeof cell === 'string') return cell;
  throw new SluiceError('internal', 'a cell of the catalog or the ledger is no text');
}

/** The driver's connection below its public side: the one way to end one that does not answer. */
const INNER = '_impl';
interface Inner {
  readonly [INNER]?: { readonly nscon?: { forceDisconnect?: () => void } };
}

/** One connection with the pinned settings. */
export class Session implements PooledSession {
  readonly #connection: oracledb.Connection;
  #facts: ServerFacts | null = null;
  #ended = false;

  constructor(connection: oracledb.Connection) {
    this.#connection = connection;
  }

  get ended(): boolean {
    return this.#ended || !this.#connection.isHealthy();
  }

  /** What the server said of itself when the session began. */
  get facts(): ServerFacts {
    if (!this.#facts) throw new SluiceError('internal', 'the session is not open yet');
    return this.#facts;
  }

  /** One statement; values only by name. Throws driver errors. */
  async query(text: string, binds: Binds = {}): Promise<Answer> {
    const result = await this.#connection.execute(text, binds as oracledb.BindParameters, {
      outFormat: oracledb.OUT_FORMAT_ARRAY,
      fetchTypeHandler: asText,
      autoCommit: false,
    });
    const rows = (result.rows ?? []) as unknown[][];
    const cells = rows.map((row) => row.map(textOf));
    return { rows: cells, count: result.rowsAffected ?? cells.length };
  }

  run({ text, binds }: Statement): Promise<Answer> {
    return this.query(text, binds);
  }

  /** The one cell of a query of one row and column. */
  async cell(text: string, binds: Binds = {}): Promise<string | null> {
    return (await this.query(text, binds)).rows[0]?.[0] ?? null;
  }

  /** A number that a PL/SQL block gives in `:result`. */
  async call(text: string, binds: Binds): Promise<number> {
    const result = await this.#connection.execute<unknown>(text, {
      ...binds,
      result: { dir: oracledb.BIND_OUT, type: oracledb.NUMBER },
    } as oracledb.BindParameters);
    return (result.outBinds as { readonly result: number }).result;
  }

  /** Rows as the driver makes them, `fetchRows` at a time; the caller closes it. */
  async open({ text, binds }: Statement, fetchRows: number): Promise<oracledb.ResultSet<FetchedCell[]>> {
    const result = await this.#connection.execute<FetchedCell[]>(text, binds as oracledb.BindParameters, {
      outFormat: oracledb.OUT_FORMAT_ARRAY,
      resultSet: true,
      fetchArraySize: fetchRows,
      prefetchRows: Math.min(fetchRows, 2),
    });
    if (!result.resultSet) throw new SluiceError('internal', 'the statement gives no rows');
    return result.resultSet;
  }

  /** One statement for many rows of texts. @returns rows that each of them changed */
  async texts(text: string, rows: readonly Binds[]): Promise<readonly number[]> {
    const names = Object.keys(rows[0] ?? {});
    const defs = names.map((name) => {
      const maxSize = rows.reduce((most, row) => Math.max(most, Buffer.byteLength(row[name] ?? '')), 1);
      return [name, { type: oracledb.DB_TYPE_VARCHAR, maxSize }] as const;
    });
    return this.many(text, rows as readonly oracledb.BindParameters[], Object.fromEntries(defs));
  }

  /** One statement for many rows. @returns rows that each of them changed */
  async many(
    text: string,
    rows: readonly oracledb.BindParameters[],
    bindDefs: Record<string, oracledb.BindDefinition>,
  ): Promise<readonly number[]> {
    const result = await this.#connection.executeMany(text, rows as oracledb.BindParameters[], {
      autoCommit: false,
      bindDefs,
      dmlRowCounts: true,
    });
    return (result.dmlRowCounts ?? []).map(Number);
  }

  /** Ends the connection at once; the server rolls back what is open. */
  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { nscon } = (this.#connection as unknown as Inner)[INNER] ?? {};
    try {
      nscon?.forceDisconnect?.();
    } finally {
      this.#connection.close().catch(() => {});
    }
  }

  /** As destroy, and tells the server to end the running statement, which it would else notice at its next output. */
  cancel(): void {
    if (this.#ended) return;
    this.interrupt().catch(() => {});
    // What does not answer to the break within its time is cut off.
    setTimeout(() => this.destroy(), CLOSE_WAIT_MS).unref();
  }

  /** Ends the running statement with ORA-01013 and leaves the session as it is. */
  async interrupt(): Promise<void> {
    if (!this.#ended) await this.#connection.break();
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#connection.close();
  }

  async pin(): Promise<this> {
    const { oracleServerVersionString: version, maxIdentifierLength } = this.#connection;
    this.#facts = await pinSession(this, { version, identifierBytes: maxIdentifierLength ?? SHORT_NAMES });
    return this;
  }
}

async function connect(config: OracleConfig, applicationName: string): Promise<oracledb.Connection> {
  const { wallet } = config;
  const options = {
    user: config.user,
    password: config.password,
    connectString: connectDescriptor(config),
    stmtCacheSize: CACHED_STATEMENTS,
    connectTimeout: CONNECT_TIMEOUT_SECONDS,
    transportConnectTimeout: CONNECT_TIMEOUT_SECONDS,
    expireTime: EXPIRE_MINUTES,
    program: applicationName,
    ...(wallet ? { walletContent: wallet.content } : {}),
    ...(wallet?.password ? { walletPassword: wallet.password } : {}),
  };
  return oracledb.getConnection(options as oracledb.ConnectionAttributes);
}

/** Opens a connection and pins its settings. @throws SluiceError database.* */
export async function openSession(config: OracleConfig, applicationName: string): Promise<Session> {
  let session: Session | null = null;
  try {
    session = new Session(await connect(config, applicationName));
    return await session.pin();
  } catch (error) {
    session?.destroy();
    throw toSluiceError(error, grantOf(error, config));
  }
}

/** A user who exists and may not log in gets the GRANT with the error. */
function grantOf(error: unknown, { user }: OracleConfig): { readonly suggestion?: string } {
  if ((error as { errorNum?: unknown }).errorNum !== 1045) return {};
  return { suggestion: `GRANT CREATE SESSION TO ${user};` };
}
