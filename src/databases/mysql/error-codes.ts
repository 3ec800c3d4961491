import type { ErrorCode } from '../../model/error-codes.ts';
import { type ErrorDetails, isSluiceError, SluiceError } from '../../model/sluice-error.ts';

const codes = (code: ErrorCode, ...errnos: readonly number[]): [number, ErrorCode][] =>
  errnos.map((errno) => [errno, code]);

/**
 * Number of a server's error -> code.
 * @see https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
 */
const BY_ERRNO: ReadonlyMap<number, ErrorCode> = new Map([
  ...codes('database.authentication_failed', 1045, 1251, 1524, 1698, 1820, 1862, 3118, 4151),
  ...codes('database.permission_denied', 1044, 1142, 1143, 1227, 1290, 1370, 1792, 1836, 3948, 4166),
  ...codes('database.not_found', 1049),
  ...codes('source.table_not_found', 1051, 1109, 1146),
  ...codes('source.column_not_found', 1054),
  ...codes('database.overloaded', 1040, 1041, 1037, 1038, 1135, 1203, 1226),
  ...codes('database.disk_full', 1021, 1114, 3, 28),
  // Deadlock, lock wait, metadata lock, read view of another state, killed statement.
  ...codes('database.transient', 1205, 1213, 1020, 1317, 1412, 1614, 1637, 1969, 3024, 3572),
  ...codes('database.unreachable', 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031),
  ...codes('target.constraint_violated', 1022, 1048, 1062, 1169, 1216, 1217, 1263, 1451, 1452, 1557, 1586),
  ...codes('target.constraint_violated', 1644, 1701, 1761, 1762, 3730, 3819, 4025),
  ...codes('target.value_rejected', 1153, 1261, 1262, 1264, 1265, 1292, 1300, 1301, 1366, 1367, 1406, 1411),
  ...codes('target.value_rejected', 1416, 1440, 1441, 1525, 1526, 1690, 3140, 3141, 3156, 3557, 3616, 3617),
  ...codes('target.value_rejected', 4078, 4079, 1977, 4035, 4036, 4037, 4038, 4039, 4040),
]);

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
  'PROTOCOL_CONNECTION_LOST',
]);

interface DriverError {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly message?: string;
}

// Node's errors have a number too, which is negative.
const isServerError = ({ errno, code }: DriverError): boolean =>
  typeof errno === 'number' && errno > 0 && !UNREACHABLE.has(String(code));

/** The server's number of an error, or Node's or the driver's code; '' where it has none. */
export function vendorCode(error: unknown): string {
  const known = (error ?? {}) as DriverError;
  if (isServerError(known)) return String(known.errno);
  return typeof known.code === 'string' ? known.code : '';
}

/** A statement that was ended by KILL QUERY. */
export const INTERRUPTED = '1317';

const NO_FUNCTION = '1305';
/** MySQL 9.6 and later have the function by a component only, which a superuser installs. */
export const MAKE_MD5 = "INSTALL COMPONENT 'file://component_classic_hashing';";

/** Total: by the number of the server or the code of Node, never by the text of a message. */
export function classify(error: unknown): ErrorCode {
  if (isSluiceError(error)) return error.code;
  const code = vendorCode(error);
  if (UNREACHABLE.has(code)) return 'database.unreachable';
  if (/^\d+$/.test(code)) return BY_ERRNO.get(Number(code)) ?? 'database.internal';
  // Certificates and refused ways to log in: ERR_TLS_CERT_ALTNAME_INVALID, HANDSHAKE_SSL_ERROR, AUTH_SWITCH_PLUGIN_ERROR.
  if (/^ERR_(TLS|SSL)_|CERT|UNABLE_TO_VERIFY|SSL|AUTH_SWITCH|CLEAR_PASSWORD/.test(code))
    return 'database.authentication_failed';
  return 'database.unreachable';
}

/** Where a statement ran: what the numbers that mean different things at source and target become. */
export type Side = 'source' | 'target' | 'ledger' | 'capture';

const BY_SIDE: Readonly<Record<Side, ReadonlyMap<string, ErrorCode>>> = {
  source: new Map<string, ErrorCode>([
    ['1054', 'source.changed_structure'],
    ['1064', 'config.invalid'], // a word of the selection's condition
    ['1305', 'config.invalid'],
    ['1690', 'config.invalid'],
  ]),
  target: new Map<string, ErrorCode>([
    ['1051', 'target.table_missing'],
    ['1146', 'target.table_missing'],
    ['1049', 'target.table_missing'],
    ['1054', 'target.structure_differs'],
    ['1906', 'target.structure_differs'], // a generated column
    ['3105', 'target.structure_differs'],
    ['1118', 'target.structure_differs'], // a row is too long
    ['1071', 'target.structure_differs'], // a key is too long
    ['1117', 'target.structure_differs'],
  ]),
  ledger: new Map<string, ErrorCode>([
    ['1146', 'target.ledger_damaged'],
    ['1054', 'target.ledger_damaged'],
    ...[1062, 1264, 1265, 1366, 1406, 1048].map((errno): [string, ErrorCode] => [
      String(errno),
      'target.ledger_damaged',
    ]),
  ]),
  capture: new Map<string, ErrorCode>([['1146', 'capture.not_installed']]),
};

// Whose message names objects and settings only; others quote values or the statement.
const SAFE = new Set(
  [1040, 1044, 1045, 1049, 1051, 1054, 1142, 1143, 1146, 1205, 1213, 1227, 1263, 1290, 1317, 1698].map(
    String,
  ),
);

function describe(error: DriverError, code: string): string {
  if (/^\d+$/.test(code)) {
    if (SAFE.has(code) && error.message) return error.message;
    return `the server answered with error ${code}`;
  }
  return code === '' ? 'the connection to the server ended' : `the connection to the server failed: ${code}`;
}

/** The column that a message names; only a known name is taken, and never what stands beside it. */
function namedColumn(message: string | undefined, columns: readonly string[]): string | undefined {
  return columns.find(
    (name) => message?.includes(`for column '${name}'`) || message?.includes(`.\`${name}\` at row`),
  );
}

/** What the caller knows about a statement that failed. */
export interface ErrorContext extends ErrorDetails {
  readonly side?: Side;
  /** Target columns of a load, to name the one that the server complains of. */
  readonly columns?: readonly string[];
}

/**
 * The driver's error as ours. Its message, details and cause hold names and numbers only, never a value of a row
 * (invariant 1): the driver's own error, which has the statement in it, is not kept as cause.
 */
export function toSluiceError(error: unknown, context: ErrorContext = {}): SluiceError {
  if (isSluiceError(error)) return error;
  const { side, columns = [], ...known } = context;
  const vendor = vendorCode(error);
  const server = (error ?? {}) as DriverError;
  if (vendor === NO_FUNCTION && /\bMD5\b/.test(server.message ?? ''))
    return new SluiceError('database.version_unsupported', 'the server has no function MD5', {
      ...known,
      vendorCode: vendor,
      suggestion: MAKE_MD5,
    });
  const code = (side ? BY_SIDE[side].get(vendor) : undefined) ?? classify(error);
  const column = known.column ?? namedColumn(server.message, columns);
  return new SluiceError(code, describe(server, vendor), {
    ...known,
    ...(vendor === '' ? {} : { vendorCode: vendor }),
    ...(column === undefined ? {} : { column }),
  });
}
