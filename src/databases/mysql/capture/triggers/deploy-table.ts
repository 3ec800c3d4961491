import { retryWhileBusy } from '../../../../engine/capture/triggers/retry-while-busy.ts';
import type { DeployOutcome } from '../../../../engine/ports/trigger-manager.ts';
import { isSluiceError, SluiceError } from '../../../../model/sluice-error.ts';
import type { TableName } from '../../../../model/table-name.ts';
import type { Session } from '../../connections/session.ts';
import { toSluiceError, vendorCode } from '../../error-codes.ts';
import { literal, quote } from '../../sql/names.ts';
import { renderCreate, renderDrop, type TriggerText } from './render-triggers.ts';
import { dropBeside, replaceBeside } from './replace-beside.ts';
import type { StandingTrigger } from './standing-triggers.ts';

/**
 * Under what a trigger is parsed and runs, whatever the session that fires it has. Not strict, so that nothing that an expression makes
 * of a value is an error; what it makes of it is the same as in the reader's sessions.
 */
export const TRIGGER_MODE = 'NO_ENGINE_SUBSTITUTION,NO_UNSIGNED_SUBTRACTION';

/** Whoever waits for a table's lock holds up all that come after: only so long, and then anew. */
const WAIT_SECONDS = 1;
const LOCK_WAIT = '1205';

const isBusy = (error: unknown): boolean => vendorCode(error) === LOCK_WAIT;

/** Waits briefly, again and again. */
const patiently = (session: Session, text: string, signal: AbortSignal): Promise<void> =>
  retryWhileBusy(() => session.query(text), isBusy, signal);

/** Settings of a session for the work, and the pinned ones again behind it. A failure leaves the session to its end. */
export async function asDeployer<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const { rows } = await session.query('SELECT @@session.sql_mode, @@session.lock_wait_timeout');
  const [mode = '', wait = ''] = rows[0] ?? [];
  await session.query(`SET SESSION sql_mode = ${literal(TRIGGER_MODE)}, lock_wait_timeout = ${WAIT_SECONDS}`);
  const result = await work();
  await session.query(`SET SESSION sql_mode = ${literal(mode ?? '')}, lock_wait_timeout = ${wait}`);
  return result;
}

interface Steps {
  readonly table: TableName;
  readonly make: readonly TriggerText[];
  readonly gone: readonly StandingTrigger[];
  readonly standing: readonly StandingTrigger[];
}

/** MariaDB replaces a trigger in one statement, and waits for all that used the table before. */
async function replaceEach(
  session: Session,
  { table, make, gone }: Steps,
  signal: AbortSignal,
): Promise<void> {
  for (const text of make)
    await patiently(session, renderCreate(table, text, { verb: 'CREATE OR REPLACE' }), signal);
  for (const { name } of gone) await patiently(session, renderDrop(table, name), signal);
}

/** See replaceBeside. */
async function replaceEachBeside(
  session: Session,
  { table, make, gone }: Steps,
  signal: AbortSignal,
): Promise<void> {
  const run = (statement: string): Promise<void> => patiently(session, statement, signal);
  for (const text of make) await replaceBeside(session, { table, text, run });
  for (const { name } of gone) await run(renderDrop(table, name));
}

/** As a trigger was before; what failed leaves nothing beside it. */
async function restoreOne(
  session: Session,
  {
    table,
    before,
    signal,
  }: { readonly table: TableName; readonly before: StandingTrigger; readonly signal: AbortSignal },
): Promise<void> {
  const run = (statement: string): Promise<void> => patiently(session, statement, signal);
  if (session.facts.flavour === 'mariadb') {
    await run(renderCreate(table, before, { verb: 'CREATE OR REPLACE' }));
    return;
  }
  const now = await session.cell(
    `SELECT ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${literal(table.schema)} AND TRIGGER_NAME = ${literal(before.name)}`,
  );
  const replacement = { table, text: before, run };
  await (now === before.body ? dropBeside(session, replacement) : replaceBeside(session, replacement));
}

/** As they were before: what failed leaves none of its triggers. */
async function restore(
  session: Session,
  { table, make, standing }: Steps,
  signal: AbortSignal,
): Promise<void> {
  for (const { name } of make) {
    const before = standing.find((each) => each.name === name);
    if (!before) {
      await patiently(session, renderDrop(table, name), signal);
      continue;
    }
    await session.query(`SET SESSION sql_mode = ${literal(before.sqlMode)}`);
    await restoreOne(session, { table, before, signal });
    await session.query(`SET SESSION sql_mode = ${literal(TRIGGER_MODE)}`);
  }
}

/** All of the triggers of one table, or none. */
export async function makeTriggers(session: Session, steps: Steps, signal: AbortSignal): Promise<void> {
  try {
    if (session.facts.flavour === 'mysql') await replaceEachBeside(session, steps, signal);
    else await replaceEach(session, steps, signal);
  } catch (error) {
    if (!session.ended) await restore(session, steps, signal).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
}

export async function dropTriggers(
  session: Session,
  table: TableName,
  standing: readonly StandingTrigger[],
  signal: AbortSignal,
): Promise<void> {
  for (const { name } of standing) await patiently(session, renderDrop(table, name), signal);
}

export const dropTable = (session: Session, name: string, signal: AbortSignal): Promise<void> =>
  patiently(session, `DROP TABLE IF EXISTS ${name}`, signal);

/** The binary log takes a trigger only of whom it trusts. */
const NOT_TRUSTED = '1419';

const grantOf = (session: Session, table: TableName): string =>
  `GRANT TRIGGER, SELECT ON ${quote(table.schema)}.* TO ${session.facts.account};`;

/** @param name  of the table */
export function failureOf(session: Session, table: TableName, error: unknown): DeployOutcome {
  const vendor = vendorCode(error);
  const told = (known: SluiceError, suggestion: string | null): DeployOutcome => ({
    table,
    done: 'failed',
    error: { code: known.code, message: known.message, suggestion },
  });
  if (isSluiceError(error)) return told(error, error.details.suggestion ?? null);
  if (vendor === NOT_TRUSTED)
    return told(
      new SluiceError(
        'database.permission_denied',
        'the binary log is on, and its server trusts no triggers of this user',
      ),
      'SET GLOBAL log_bin_trust_function_creators = 1;',
    );
  if (isBusy(error))
    return told(new SluiceError('database.transient', 'others hold the table for too long'), null);
  const known = toSluiceError(error);
  return told(known, known.code === 'database.permission_denied' ? grantOf(session, table) : null);
}
