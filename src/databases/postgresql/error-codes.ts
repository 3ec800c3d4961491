import type { ErrorCode } from '../../model/error-codes.ts';
import { isSluiceError, SluiceError, type ErrorDetails } from '../../model/sluice-error.ts';

/** SQLSTATE -> code. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_STATE: Readonly<Record<string, ErrorCode>> = {
  '08P01': 'internal', // protocol violation
  '21000': 'target.constraint_violated', // one upsert meets the same key twice
  '25006': 'database.permission_denied', // read-only transaction: a standby or a read-only role
  '3D000': 'database.not_found',
  '42501': 'database.permission_denied',
  '42P01': 'source.table_not_found',
  '42703': 'source.column_not_found',
  '3F000': 'source.table_not_found',
  '53100': 'database.disk_full',
  '55P03': 'database.transient', // lock_timeout
  '55006': 'database.transient', // object in use
  '57014': 'database.transient', // statement_timeout, or cancelled by an administrator
  '57P04': 'database.not_found', // the database was dropped
  '72000': 'source.snapshot_lost',
};

const BY_CLASS: Readonly<Record<string, ErrorCode>> = {
  '08': 'database.unreachable',
  '22': 'target.value_rejected',
  '23': 'target.constraint_violated',
  '25': 'database.transient', // a transaction in the wrong state: the next one has a new connection
  '28': 'database.authentication_failed',
  '40': 'database.transient',
  '53': 'database.overloaded',
  '57': 'database.unreachable', // shut-down, crash, not yet up
};

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOENT',
]);
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** The code property of an error of the driver or of Node; '' where it has none. */
export function vendorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** Total: by SQLSTATE or Node's error code, never by the text of a message. */
export function classify(error: unknown): ErrorCode {
  if (isSluiceError(error)) return error.code;
  const code = vendorCode(error);
  if (UNREACHABLE.has(code)) return 'database.unreachable';
  if (SQLSTATE.test(code)) return BY_STATE[code] ?? BY_CLASS[code.slice(0, 2)] ?? 'database.internal';
  // Certificates: ERR_TLS_CERT_ALTNAME_INVALID, DEPTH_ZERO_SELF_SIGNED_CERT, CERT_HAS_EXPIRED, …
  if (/^ERR_(TLS|SSL)_|CERT|UNABLE_TO_VERIFY/.test(code)) return 'database.authentication_failed';
  // The driver reports a connection that ended with an error without a code.
  return 'database.unreachable';
}

/** Where a statement ran: what the SQLSTATEs that mean different things at source and target become. */
export type Side = 'source' | 'target' | 'ledger';

const BY_SIDE: Readonly<Record<Side, Readonly<Record<string, ErrorCode>>>> = {
  source: {
    '42703': 'source.changed_structure',
    '42804': 'source.changed_structure',
    '42883': 'config.invalid', // an operator or function of the selection's condition
    '42601': 'config.invalid',
    '22': 'config.invalid', // the only expressions that can fail on a value are the selection's
    '21': 'config.invalid',
    '54000': 'source.row_too_large', // COPY makes no row of more than 1 GB
  },
  target: {
    '42P01': 'target.table_missing',
    '3F000': 'target.table_missing',
    '42703': 'target.structure_differs',
    '42804': 'target.structure_differs',
    '42704': 'target.structure_differs',
    '42P10': 'target.structure_differs', // no unique key for ON CONFLICT
    '428C9': 'target.structure_differs', // a generated column
    '0A': 'target.structure_differs',
    '54': 'target.value_rejected', // a row, or the key in an index, is larger than the server takes
  },
  ledger: {
    '42P01': 'target.ledger_damaged',
    '42703': 'target.ledger_damaged',
    '22': 'target.ledger_damaged',
    '23': 'target.ledger_damaged',
  },
};

/** The fields of a server error that hold names and never values. `detail`, `where` and `message` can hold values. */
interface ServerError {
  readonly message?: string;
  readonly where?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

// Classes whose message names objects and settings only; 22 and 23 quote values, 42601 quotes the statement.
const SAFE_CLASSES = new Set(['08', '0A', '25', '28', '3D', '3F', '40', '42', '53', '55', '57']);

function describe(error: ServerError, code: string): string {
  if (SQLSTATE.test(code)) {
    const constraint = error.constraint ? `, constraint ${error.constraint}` : '';
    if (SAFE_CLASSES.has(code.slice(0, 2)) && code !== '42601' && error.message) return error.message;
    return `PostgreSQL answered with SQLSTATE ${code}${constraint}`;
  }
  return code === '' ? 'the connection to PostgreSQL ended' : `the connection to PostgreSQL failed: ${code}`;
}

/** The column that COPY was reading: its context ends in `, column name: "value"`; only a known name is taken. */
function copyColumn(where: string | undefined, columns: readonly string[]): string | undefined {
  return columns.find((name) => where?.includes(`, column ${name}: `) || where?.endsWith(`, column ${name}`));
}

/** What the caller knows about a statement that failed. */
export interface ErrorContext extends ErrorDetails {
  readonly side?: Side;
  /** Target columns of a load, to name the one that COPY was reading. */
  readonly columns?: readonly string[];
}

/**
 * The driver's error as ours. Its message, details and cause hold names and codes only, never a value of a row
 * (invariant 1): the driver's own error is not kept as cause.
 */
export function toSluiceError(error: unknown, context: ErrorContext = {}): SluiceError {
  if (isSluiceError(error)) return error;
  const { side, columns = [], ...known } = context;
  const vendor = vendorCode(error);
  const bySide = side ? BY_SIDE[side] : {};
  const server = (error ?? {}) as ServerError;
  const code =
    bySide[vendor] ?? (SQLSTATE.test(vendor) ? bySide[vendor.slice(0, 2)] : undefined) ?? classify(error);
  const column = known.column ?? server.column ?? copyColumn(server.where, columns);
  return new SluiceError(code, describe(server, vendor), {
    ...known,
    ...(vendor === '' ? {} : { vendorCode: vendor }),
    ...(column === undefined ? {} : { column }),
    ...(known.table === undefined && server.table ? { table: server.table } : {}),
  });
}
