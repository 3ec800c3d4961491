import { SluiceError } from '../../../model/sluice-error.ts';
import type { Session } from './session.ts';

/** What a database is, asked once a session. */
export interface ServerFacts {
  readonly version: string;
  /** In capitals, unless it was made otherwise. */
  readonly user: string;
  /** Where names without one are looked for, which is the user's own. */
  readonly schema: string;
  /** AL32UTF8 takes every text; most others lose letters that they have not. */
  readonly charset: string;
  /** 128, or 30 where COMPATIBLE is older than 12.2. */
  readonly identifierBytes: number;
}

/** How long we may be stood in the way of. */
export const WAIT_SECONDS = 30;

/** These decide what TO_CHAR prints and TO_NUMBER reads, and how texts are compared. */
const PINS: readonly (readonly [string, string])[] = [
  ['NLS_LANGUAGE', 'AMERICAN'], // the first two change others
  ['NLS_TERRITORY', 'AMERICA'],
  ['NLS_NUMERIC_CHARACTERS', '.,'],
  ['NLS_CALENDAR', 'GREGORIAN'],
  ['NLS_DATE_LANGUAGE', 'AMERICAN'],
  ['NLS_DATE_FORMAT', 'YYYY-MM-DD HH24:MI:SS'],
  ['NLS_TIMESTAMP_FORMAT', 'YYYY-MM-DD HH24:MI:SS.FF'],
  ['NLS_TIMESTAMP_TZ_FORMAT', 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM'],
  ['NLS_SORT', 'BINARY'],
  ['NLS_COMP', 'BINARY'],
  ['NLS_LENGTH_SEMANTICS', 'BYTE'],
  ['NLS_NCHAR_CONV_EXCP', 'TRUE'], // an error rather than a letter that is lost
];

export const PIN_STATEMENTS: readonly string[] = [
  `ALTER SESSION SET ${PINS.map(([name, value]) => `${name} = '${value}'`).join(' ')}`,
  "ALTER SESSION SET TIME_ZONE = '+00:00'",
  'ALTER SESSION SET ISOLATION_LEVEL = READ COMMITTED',
  `ALTER SESSION SET DDL_LOCK_TIMEOUT = ${WAIT_SECONDS}`,
];

export const ASSERT_STATEMENT =
  "SELECT PARAMETER, VALUE FROM NLS_SESSION_PARAMETERS UNION ALL SELECT 'TIME_ZONE', SESSIONTIMEZONE FROM DUAL";

export const FACTS_STATEMENT =
  "SELECT SYS_CONTEXT('USERENV', 'SESSION_USER'), SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'), (SELECT VALUE FROM NLS_DATABASE_PARAMETERS WHERE PARAMETER = 'NLS_CHARACTERSET') FROM DUAL";

/** What must be so for a value to be read and written as it is; a log-on trigger may have its own mind. */
async function assertPins(session: Session): Promise<void> {
  const { rows } = await session.query(ASSERT_STATEMENT);
  const found = new Map(rows.map(([name, value]) => [name, value]));
  const wanted = [...PINS, ['TIME_ZONE', '+00:00'] as const];
  const other = wanted.find(([name, value]) => found.get(name) !== value);
  if (other)
    throw new SluiceError('database.internal', `the server does not keep ${other[0]} as it was set`, {
      suggestion: 'look for a log-on trigger that sets it',
    });
}

const OLDEST = [12, 2] as const;

export function refuseOld(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new SluiceError('database.version_unsupported', `Oracle ${version} is not supported`, {
    suggestion: 'Oracle 12.2 or later',
  });
}

/** Sets what decides how a value is written as text, then looks whether it is so. */
export async function pinSession(
  session: Session,
  known: Pick<ServerFacts, 'version' | 'identifierBytes'>,
): Promise<ServerFacts> {
  refuseOld(known.version);
  for (const statement of PIN_STATEMENTS) await session.query(statement);
  await assertPins(session);
  const { rows } = await session.query(FACTS_STATEMENT);
  const [user, schema, charset] = rows[0] ?? [];
  return { ...known, user: user ?? '', schema: schema ?? '', charset: charset ?? '' };
}
