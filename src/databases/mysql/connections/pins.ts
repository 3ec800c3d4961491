import { SluiceError } from '../../../model/sluice-error.ts';
import type { MysqlConfig } from '../config.ts';
import type { Session } from './session.ts';

/** What a server is, asked once a session. */
export interface ServerFacts {
  readonly flavour: 'mysql' | 'mariadb';
  readonly version: string;
  readonly localInfile: boolean;
  readonly maxAllowedPacket: number;
  /** As the server knows us: `'user'@'host'`. */
  readonly account: string;
  /** Names of tables are compared without regard to case. */
  readonly foldsNames: boolean;
  /** Compares utf8mb4 by its bytes and does not pad with blanks. */
  readonly binaryCollation: string;
}

/**
 * No date is refused for being zero, for a source may have some and the same product must take them; no text is read
 * otherwise than MySQL itself reads it. Everything else that would be changed to fit is an error.
 */
const SQL_MODE = [
  'STRICT_ALL_TABLES',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_AUTO_VALUE_ON_ZERO',
  'NO_ENGINE_SUBSTITUTION',
].join(',');

/** How long we may stand in the way of others, and be stood in the way of. */
const WAIT_SECONDS = 30;
/** A target that is slow stops the reading of a source for as long. */
const LONG_SECONDS = 86_400;

const PINS: readonly string[] = [
  `sql_mode = '${SQL_MODE}'`,
  `time_zone = '+00:00'`,
  `autocommit = 1`,
  `sql_notes = 1`, // a text that loses its blanks is told as a note only
  `sql_auto_is_null = 0`,
  `sql_safe_updates = 0`,
  `sql_select_limit = 18446744073709551615`, // DEFAULT is what the server has for all: rows would be left out
  `max_sort_length = 32768`, // longer than every key of InnoDB
  `completion_type = 0`, // else COMMIT may begin a transaction, or end the session
  `foreign_key_checks = 1`,
  `unique_checks = 1`,
  `lock_wait_timeout = ${WAIT_SECONDS}`,
  `innodb_lock_wait_timeout = ${WAIT_SECONDS}`,
  // A stopped process frees its ledger row: when it is taken for dead.
  `wait_timeout = ${WAIT_SECONDS}`,
  `net_read_timeout = ${WAIT_SECONDS}`,
  `net_write_timeout = ${LONG_SECONDS}`,
];
const BY_FLAVOUR: Readonly<Record<ServerFacts['flavour'], readonly string[]>> = {
  mysql: ['max_execution_time = 0', 'information_schema_stats_expiry = 0'],
  // Of the old modes one keeps rows that are passed over from being told.
  mariadb: ['max_statement_time = 0', `idle_transaction_timeout = ${WAIT_SECONDS}`, `old_mode = ''`],
};

/** With 0 what was changed to fit is counted, and nobody learns which column. MySQL 9 lets few users set it: only where it is needed. */
const FEWEST_WARNINGS = 64;

const OLDEST = { mysql: [8, 0], mariadb: [10, 6] } as const;

function refuseOld(flavour: ServerFacts['flavour'], version: string): void {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST[flavour];
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SluiceError('database.version_unsupported', `${version} is not supported`, {
    suggestion: 'MySQL 8.0 or MariaDB 10.6, or later',
  });
}

const accountOf = (current: string): string => {
  const at = current.lastIndexOf('@');
  const part = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return `${part(current.slice(0, at))}@${part(current.slice(at + 1))}`;
};

/** What must be so for a value to be read and written as it is; a proxy may have swallowed the setting. */
async function assertPins(session: Session, isolation: string): Promise<void> {
  const { rows } = await session.query(
    `SELECT @@session.sql_mode, @@session.time_zone, @@session.character_set_client, @@session.character_set_results, @@session.character_set_connection, @@session.${isolation}, @@session.autocommit`,
  );
  const [mode = '', ...rest] = rows[0] ?? [];
  const modes = new Set((mode ?? '').split(','));
  const asWanted =
    SQL_MODE.split(',').every((each) => modes.has(each)) &&
    !['NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES', 'PAD_CHAR_TO_FULL_LENGTH', 'PIPES_AS_CONCAT'].some((each) =>
      modes.has(each),
    ) &&
    rest.join() === ['+00:00', 'utf8mb4', 'utf8mb4', 'utf8mb4', 'READ-COMMITTED', '1'].join();
  if (!asWanted)
    throw new SluiceError('database.internal', 'the server does not keep the settings of a session');
}

/** Sets what decides how a value is written as text, and how long we wait; then looks whether it is so. */
export async function pinSession(session: Session, config: MysqlConfig): Promise<ServerFacts> {
  const [[version, warnings] = []] = (await session.query('SELECT VERSION(), @@session.max_error_count'))
    .rows;
  if (!version) throw new SluiceError('database.internal', 'the server does not tell its version');
  const flavour = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  refuseOld(flavour, version);
  await session.query('SET NAMES utf8mb4');
  await session.query(`SET SESSION ${[...PINS, ...BY_FLAVOUR[flavour]].join(', ')}`);
  if (Number(warnings) < FEWEST_WARNINGS)
    await session.query(`SET SESSION max_error_count = ${FEWEST_WARNINGS}`);
  await session.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE');
  await session.query(`SET @sluice_zero_dates = ${config.zeroDates === 'null' ? 1 : 0}`);
  await assertPins(session, flavour === 'mysql' ? 'transaction_isolation' : 'tx_isolation');
  const { rows } = await session.query(
    'SELECT @@global.local_infile, @@session.max_allowed_packet, CURRENT_USER(), @@global.lower_case_table_names',
  );
  const [localInfile, packet, account, lowerCase] = rows[0] ?? [];
  return {
    flavour,
    version,
    localInfile: localInfile === '1',
    maxAllowedPacket: Number(packet),
    account: accountOf(account ?? ''),
    foldsNames: lowerCase !== '0',
    binaryCollation: flavour === 'mysql' ? 'utf8mb4_0900_bin' : 'utf8mb4_nopad_bin',
  };
}
