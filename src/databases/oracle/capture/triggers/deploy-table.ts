import { retryWhileBusy } from '../../../../engine/capture/triggers/retry-while-busy.ts';
import type { DeployOutcome } from '../../../../engine/ports/trigger-manager.ts';
import { isSluiceError, SluiceError } from '../../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import { COMMIT } from '../../connections/pool.ts';
import { WAIT_SECONDS } from '../../connections/pins.ts';
import type { Session } from '../../connections/session.ts';
import { toSluiceError, vendorCode } from '../../error-codes.ts';
import { qualified } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';
import { GONE, renderErrors } from '../sql/install-sql.ts';
import { renderLockTimeout } from '../sql/keeper-sql.ts';
import { renderDropTrigger, renderWaitForWriters } from '../sql/trigger-catalog-sql.ts';
import { besideName } from '../trigger-names.ts';
import { renderCreate } from './render-trigger.ts';
import type { Designed } from './make-plan.ts';
import type { StandingTrigger } from './standing-triggers.ts';

/** Whoever waits for a table's lock holds up all that come after: only so long, and then anew. */
const LOCK_SECONDS = 1;
/** Waited too long: for a lock of rows or tables, for an object that is in use. */
const BUSY = new Set(['ORA-00054', 'ORA-30006', 'ORA-04021', 'ORA-00060']);

const isBusy = (error: unknown): boolean => BUSY.has(vendorCode(error));

/** Waits briefly, again and again. */
const patiently = (session: Session, text: string, signal: AbortSignal): Promise<void> =>
  retryWhileBusy(() => session.query(text), isBusy, signal);

/** Settings of a session for the work, and the pinned ones again behind it. A failure leaves the session to its end. */
export async function asDeployer<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query(renderLockTimeout(LOCK_SECONDS));
  const result = await work();
  await session.query(renderLockTimeout(WAIT_SECONDS));
  return result;
}

async function dropOne(
  session: Session,
  names: CaptureNames,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await patiently(session, renderDropTrigger(names, name), signal);
  } catch (error) {
    if (!GONE.has(vendorCode(error))) throw error;
  }
}

/** What the server says of a text that it did not compile; null: it did. The messages name lines and identifiers, and no row. */
async function errorsOf(session: Session, names: CaptureNames, name: string): Promise<string | null> {
  const { rows } = await session.run(renderErrors(names.schema, name, 'TRIGGER'));
  return rows.length === 0 ? null : rows.map(([at, text]) => `${at} ${(text ?? '').trim()}`).join('; ');
}

function notCompiled({ subject: { table }, wanted }: Designed, errors: string): SluiceError {
  const { where, expressions, key } = wanted.spec;
  const isUsers = where !== undefined || expressions !== undefined || typeof key === 'object';
  return new SluiceError(
    isUsers ? 'capture.condition_invalid' : 'capture.table_unsupported',
    `the server does not compile the trigger of ${tableId(table)}: ${errors}`,
    { table: tableId(table) },
  );
}

/**
 * The trigger is compiled beside the one that stands, where it fires for nobody; only what compiles takes its place, in one statement. Then
 * all transactions end that wrote to the table before it. Should the table have been changed in between, so that it does not compile
 * there, no trigger is left that would fail the application's statements.
 * @throws SluiceError capture.condition_invalid where the user's SQL does not compile, capture.table_unsupported
 */
export async function makeTrigger(
  session: Session,
  names: CaptureNames,
  designed: Designed,
  signal: AbortSignal,
): Promise<void> {
  const { subject, trigger, text } = designed;
  const beside = besideName(trigger.name);
  await patiently(session, renderCreate(names, subject, { ...trigger, name: beside }, 'DISABLE'), signal);
  const before = await errorsOf(session, names, beside);
  await dropOne(session, names, beside, signal);
  if (before !== null) throw notCompiled(designed, before);
  await patiently(session, text, signal);
  const errors = await errorsOf(session, names, trigger.name);
  if (errors !== null) {
    await dropOne(session, names, trigger.name, signal);
    throw notCompiled(designed, errors);
  }
  await patiently(session, renderWaitForWriters(subject.table, LOCK_SECONDS), signal);
  await session.query(COMMIT);
}

export async function dropTriggers(
  session: Session,
  names: CaptureNames,
  standing: readonly StandingTrigger[],
  signal: AbortSignal,
): Promise<void> {
  for (const { name } of standing) await dropOne(session, names, name, signal);
}

const grantOf = ({ facts }: Session, names: CaptureNames, table: TableName): string =>
  table.schema === names.schema
    ? `GRANT CREATE TRIGGER TO "${facts.user}";`
    : `GRANT CREATE ANY TRIGGER TO "${facts.user}"; GRANT SELECT ON ${qualified(table)} TO "${facts.user}";`;

export function failureOf(
  session: Session,
  names: CaptureNames,
  table: TableName,
  error: unknown,
): DeployOutcome {
  const told = ({ code, message }: SluiceError, suggestion: string | null): DeployOutcome => ({
    table,
    done: 'failed',
    error: { code, message, suggestion },
  });
  if (isSluiceError(error)) return told(error, error.details.suggestion ?? null);
  if (isBusy(error))
    return told(new SluiceError('database.transient', 'others hold the table for too long'), null);
  const known = toSluiceError(error);
  return told(known, known.code === 'database.permission_denied' ? grantOf(session, names, table) : null);
}
