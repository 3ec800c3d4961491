import type { Session } from './connections/session.ts';
import { MAKE_MD5, vendorCode } from './error-codes.ts';

const NAMES = [
  'innodb_flush_log_at_trx_commit',
  'innodb_flush_method',
  'innodb_doublewrite',
  'log_bin',
  'sync_binlog',
] as const;

type Settings = Readonly<Record<(typeof NAMES)[number], string>>;

async function settingsOf(session: Session): Promise<Settings> {
  const { rows } = await session.query(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${NAMES.map((name) => `'${name}'`).join(', ')})`,
  );
  const found = new Map(rows.map(([name, value]) => [name ?? '', (value ?? '').toUpperCase()]));
  return Object.fromEntries(NAMES.map((name) => [name, found.get(name) ?? ''])) as Settings;
}

/** Rows are compared by it, and found again where they have no key. */
async function hasMd5(session: Session): Promise<boolean> {
  try {
    await session.query("DO MD5('')");
    return true;
  } catch (error) {
    if (vendorCode(error) === '1305') return false;
    throw error;
  }
}

const isOn = (value: string): boolean => value === 'ON' || value === '1';

/**
 * What of the server's settings lets a committed batch be lost with the power, and its rows with it: the transfer is finished
 * then and lacks them. No session can set any of these for itself.
 */
export async function collectWarnings(session: Session): Promise<readonly string[]> {
  const settings = await settingsOf(session);
  const flush = settings.innodb_flush_log_at_trx_commit;
  const method = settings.innodb_flush_method;
  const doublewrite = settings.innodb_doublewrite;
  return [
    ...((await hasMd5(session))
      ? []
      : [`rows cannot be compared by checksum, nor read without a key: the server has no MD5; ${MAKE_MD5}`]),
    ...(flush === '1' || flush === '3'
      ? []
      : [`commits are not durable: innodb_flush_log_at_trx_commit is ${flush}, and 1 syncs each of them`]),
    // A commit that the binary log does not have is undone when the server starts again.
    ...(isOn(settings.log_bin) && settings.sync_binlog !== '1'
      ? [`commits are not durable: sync_binlog is ${settings.sync_binlog}, and 1 syncs each of them`]
      : []),
    ...(method === 'NOSYNC' || method === 'LITTLESYNC'
      ? [`nothing is durable: innodb_flush_method is ${method.toLowerCase()}`]
      : []),
    ...(isOn(doublewrite) || doublewrite === 'DETECT_AND_RECOVER' || doublewrite === ''
      ? []
      : ['a page that is half written when the power goes is lost: innodb_doublewrite is off']),
  ];
}
