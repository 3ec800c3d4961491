import type { ErrorCode } from '../../model/error-codes.ts';
import { type ErrorDetails, isSluiceError, SluiceError } from '../../model/sluice-error.ts';

const codes = (code: ErrorCode, ...numbers: readonly number[]): [string, ErrorCode][] =>
  numbers.map((number) => [`ORA-${String(number).padStart(5, '0')}`, code]);

/**
 * The server's number -> code; the driver's own (NJS-…) below.
 * @see https://docs.oracle.com/en/error-help/db/
 */
const BY_CODE: ReadonlyMap<string, ErrorCode> = new Map([
  // Wrong password, none given, expired, locked account.
  ...codes(
    'database.authentication_failed',
    1004,
    1005,
    1017,
    1045,
    28000,
    28001,
    28002,
    28003,
    28040,
    28759,
  ),
  ...codes('database.permission_denied', 990, 1031, 1720, 1950, 6550, 41900, 16000),
  ...codes('database.not_found', 1435, 12154, 12504, 12505, 12514),
  ...codes('source.table_not_found', 942, 4043),
  ...codes('source.column_not_found', 904),
  ...codes('source.snapshot_lost', 8180, 8181, 8186),
  ...codes('source.changed_structure', 1466),
  ...codes('database.overloaded', 18, 19, 20, 51, 1000, 2391, 4031, 4036, 12516, 12518, 12519, 12520),
  ...codes(
    'database.disk_full',
    1536,
    1628,
    1630,
    1631,
    1650,
    1651,
    1652,
    1653,
    1654,
    1658,
    1683,
    1688,
    1691,
  ),
  ...codes('database.disk_full', 1692, 19815, 257, 30036, 1114),
  // Waited too long, deadlock, cancelled, snapshot too old of a read that holds none, serialization, DDL in the way.
  ...codes(
    'database.transient',
    54,
    60,
    104,
    1013,
    1555,
    4020,
    4021,
    4068,
    8103,
    8177,
    8176,
    22922,
    22924,
    30006,
  ),
  ...codes('database.transient', 40, 12805, 12850, 25408, 4061, 4065, 14403, 14450, 2049, 3297),
  ...codes(
    'database.unreachable',
    28,
    1012,
    1033,
    1034,
    1089,
    1090,
    1092,
    2396,
    3113,
    3114,
    3135,
    12153,
    12170,
  ),
  ...codes(
    'database.unreachable',
    12528,
    12537,
    12541,
    12543,
    12545,
    12547,
    12560,
    12570,
    12571,
    25402,
    27101,
  ),
  ...codes(
    'target.constraint_violated',
    1,
    1400,
    1407,
    1452,
    2091, // of those that are checked by the commit
    2290,
    2291,
    2292,
    2293,
    2296,
    2298,
    2299,
    2449,
    14400,
    14402,
    28115,
    20000,
  ),
  ...codes(
    'target.value_rejected',
    910,
    1401,
    1426,
    1438,
    1455,
    1461,
    1465,
    1481,
    1482,
    1489,
    1722,
    1727,
    1830,
  ),
  ...codes(
    'target.value_rejected',
    1839,
    1840,
    1841,
    1843,
    1846,
    1847,
    1849,
    1850,
    1851,
    1852,
    1856,
    1858,
    1861,
  ),
  ...codes(
    'target.value_rejected',
    1862,
    1866,
    1867,
    1870,
    1871,
    1873,
    1874,
    1875,
    1878,
    1880,
    1882,
    2359,
    6502,
  ),
  ...codes(
    'target.value_rejected',
    12704,
    12713,
    12899,
    22835,
    22859,
    24801,
    24816,
    31011,
    31167,
    40441,
    40587,
  ),
]);

/** The driver's own errors: the connection was not made or is gone, the address is none, a setting is not supported. */
const BY_DRIVER: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ...['NJS-003', 'NJS-500', 'NJS-501', 'NJS-503', 'NJS-504', 'NJS-509', 'NJS-510', 'NJS-511', 'NJS-513'].map(
    (code): [string, ErrorCode] => [code, 'database.unreachable'],
  ),
  ...['NJS-521', 'NJS-530', 'NJS-536', 'NJS-123'].map((code): [string, ErrorCode] => [
    code,
    'database.unreachable',
  ]),
  // Certificates, verifiers, encryption that the driver has not.
  ...['NJS-101', 'NJS-116', 'NJS-505', 'NJS-506', 'NJS-507', 'NJS-508', 'NJS-529'].map(
    (code): [string, ErrorCode] => [code, 'database.authentication_failed'],
  ),
  ...['NJS-531', 'NJS-532', 'NJS-533'].map((code): [string, ErrorCode] => [
    code,
    'database.authentication_failed',
  ]),
  ['NJS-138', 'database.version_unsupported'],
  ['NJS-518', 'database.not_found'],
  ['NJS-519', 'database.not_found'],
  ['NJS-512', 'connection.invalid_url'],
  ['NJS-514', 'connection.invalid_url'],
  ['NJS-515', 'connection.invalid_url'],
]);

interface DriverError {
  readonly code?: unknown;
  readonly errorNum?: unknown;
  readonly message?: string;
}

/** `ORA-00942`, the driver's `NJS-500`, or Node's code; '' where an error has none. */
export function vendorCode(error: unknown): string {
  const { code, errorNum } = (error ?? {}) as DriverError;
  if (typeof code === 'string') return code;
  return typeof errorNum === 'number' && errorNum > 0 ? `ORA-${String(errorNum).padStart(5, '0')}` : '';
}

/**
 * What says that the server does not take a thing at all: syntax and names, types that do not go together, limits, features.
 * No right is none of them, for a GRANT mends it.
 */
const REFUSALS: ReadonlySet<string> = new Set(
  [
    436, 439, 900, 902, 903, 904, 905, 906, 907, 908, 909, 911, 917, 920, 922, 923, 931, 932, 933, 936, 938,
    939, 942, 947, 955, 957, 970, 972, 984, 1401, 1408, 1418, 1438, 1450, 1451, 1722, 1727, 1735, 1743, 1793,
    1830, 1839, 1843, 1847, 1858, 1861, 2000, 2251, 2252, 2253, 2256, 2260, 2261, 2262, 2263, 2264, 2267,
    2268, 2269, 2270, 2273, 2274, 2275, 2283, 2286, 2289, 2327, 2329, 2330, 2334, 2335, 2338, 2429, 2436,
    2437, 2438, 4044, 6553, 12899, 12983, 14039, 22808, 22849, 22851, 22859, 30553, 30556, 30669, 30670,
    30673, 30675, 32793, 32794, 54000, 54002, 54003, 54012, 54013, 54016, 54021, 54022, 54024, 54025,
  ].map((number) => `ORA-${String(number).padStart(5, '0')}`),
);

export const isRefusal = (code: string): boolean => REFUSALS.has(code);

/** Total: by the number of the server or the code of the driver, never by the text of a message. */
export function classify(error: unknown): ErrorCode {
  if (isSluiceError(error)) return error.code;
  const code = vendorCode(error);
  const known = BY_CODE.get(code) ?? BY_DRIVER.get(code);
  if (known) return known;
  if (/^(ORA|NJS|PLS|DPI)-/.test(code)) return 'database.internal';
  return /^ERR_(TLS|SSL)_|CERT|UNABLE_TO_VERIFY|SSL/.test(code)
    ? 'database.authentication_failed'
    : 'database.unreachable';
}

/** Where a statement ran: what the numbers that mean different things at source and target become. */
export type Side = 'source' | 'snapshot' | 'target' | 'ledger' | 'capture';

const SOURCE: readonly [string, ErrorCode][] = [
  ['ORA-00904', 'source.changed_structure'],
  ...[911, 920, 923, 932, 933, 936, 1722, 1476, 1843, 1858, 1861].map((number): [string, ErrorCode] => [
    `ORA-${String(number).padStart(5, '0')}`,
    'config.invalid', // a word of the selection's condition
  ]),
];
const BY_SIDE: Readonly<Record<Side, ReadonlyMap<string, ErrorCode>>> = {
  source: new Map(SOURCE),
  snapshot: new Map<string, ErrorCode>([
    ...SOURCE,
    ...['ORA-01555', 'ORA-22924', 'ORA-30052', 'ORA-08180', 'ORA-08181'].map((code): [string, ErrorCode] => [
      code,
      'source.snapshot_lost',
    ]),
  ]),
  target: new Map<string, ErrorCode>([
    ['ORA-00942', 'target.table_missing'],
    ['ORA-00904', 'target.structure_differs'],
    ['ORA-54013', 'target.structure_differs'], // a virtual column
    ['ORA-32795', 'target.structure_differs'], // an identity GENERATED ALWAYS
    ['ORA-00932', 'target.structure_differs'],
  ]),
  capture: new Map<string, ErrorCode>([['ORA-00942', 'capture.not_installed']]),
  ledger: new Map<string, ErrorCode>([
    ['ORA-00942', 'target.ledger_damaged'],
    ['ORA-00904', 'target.ledger_damaged'],
    ...['ORA-00001', 'ORA-01400', 'ORA-01438', 'ORA-12899'].map((code): [string, ErrorCode] => [
      code,
      'target.ledger_damaged',
    ]),
  ]),
};

function describe(code: string): string {
  if (code.startsWith('ORA-')) return `the server answered with ${code}`;
  if (code.startsWith('NJS-')) return `the driver could not go on: ${code}`;
  return code === '' ? 'the connection to the server ended' : `the connection to the server failed: ${code}`;
}

/** The column that a message names; only a known name is taken, and never what stands beside it. */
function namedColumn(message: string | undefined, columns: readonly string[]): string | undefined {
  return columns.find((name) => message?.includes(`."${name}"`));
}

/** What the caller knows about a statement that failed. */
export interface ErrorContext extends ErrorDetails {
  readonly side?: Side;
  /** Target columns of a load, to name the one that the server complains of. */
  readonly columns?: readonly string[];
}

/**
 * The driver's error as ours. Its message, details and cause hold names and numbers only, never a value of a row
 * (invariant 1): messages of Oracle 23 quote the values of a key, so none is passed on, nor the driver's error as cause.
 */
export function toSluiceError(error: unknown, context: ErrorContext = {}): SluiceError {
  if (isSluiceError(error)) return error;
  const { side, columns = [], ...known } = context;
  const vendor = vendorCode(error);
  const code = (side ? BY_SIDE[side].get(vendor) : undefined) ?? classify(error);
  const column = known.column ?? namedColumn((error as DriverError | null)?.message, columns);
  return new SluiceError(code, describe(vendor), {
    ...known,
    ...(vendor === '' ? {} : { vendorCode: vendor }),
    ...(column === undefined ? {} : { column }),
  });
}
