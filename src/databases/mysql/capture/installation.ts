import { SluiceError } from '../../../model/sluice-error.ts';
import type { Session } from '../connections/session.ts';
import { toSluiceError } from '../error-codes.ts';
import { literal, quote } from '../sql/names.ts';
import { CAPTURE_VERSION, type CaptureNames, installStatements } from './capture-tables.ts';
import { dropTable } from './triggers/deploy-table.ts';

export async function isInstalled(session: Session, { schema, bare }: CaptureNames): Promise<boolean> {
  const found = await session.cell(
    `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(schema)} AND TABLE_NAME IN (${bare.map(literal).join(', ')})`,
  );
  return Number(found) === bare.length;
}

/** @throws SluiceError capture.not_installed */
export async function demandInstalled(session: Session, names: CaptureNames): Promise<void> {
  if (await isInstalled(session, names)) return;
  throw new SluiceError('capture.not_installed', `the database ${names.schema} has no capture`);
}

/**
 * Servers that take writes of others: ids do not ascend there in the order in which a row is changed, and transactions of other servers
 * are seen by nobody here.
 */
async function refuseCluster(session: Session): Promise<void> {
  const { rows } = await session.query("SHOW GLOBAL VARIABLES LIKE 'wsrep_on'");
  if ((rows[0]?.[1] ?? 'OFF') === 'OFF') return;
  throw new SluiceError(
    'capture.table_unsupported',
    'a Galera cluster is not captured by triggers: its servers draw ids apart',
  );
}

async function refuseLater(session: Session, names: CaptureNames): Promise<void> {
  const version = Number(await session.cell(`SELECT version FROM ${names.installation}`));
  if (version <= CAPTURE_VERSION) return;
  throw new SluiceError(
    'database.version_unsupported',
    `the capture in database ${names.schema} was made by a later version of Sluice`,
    { suggestion: 'use that version or a later one' },
  );
}

/** Idempotent. @throws SluiceError database.permission_denied with the GRANT */
export async function install(session: Session, names: CaptureNames): Promise<void> {
  await refuseCluster(session);
  try {
    for (const statement of installStatements(names)) await session.query(statement);
    await refuseLater(session, names);
    // Each version so far has only made tables.
    await session.query(
      `UPDATE ${names.installation} SET version = ${CAPTURE_VERSION} WHERE version < ${CAPTURE_VERSION}`,
    );
  } catch (error) {
    const known = toSluiceError(error);
    if (known.code !== 'database.permission_denied') throw known;
    throw new SluiceError('database.permission_denied', 'the capture cannot be installed', {
      ...known.details,
      suggestion: `GRANT CREATE, ALTER, DROP, REFERENCES, SELECT, INSERT, UPDATE, DELETE, TRIGGER ON ${quote(names.schema)}.* TO ${session.facts.account};`,
    });
  }
}

/** The triggers are gone already. */
export async function removeInstallation(
  session: Session,
  names: CaptureNames,
  signal: AbortSignal,
): Promise<void> {
  const { claims, lanes, loads, tables, events, installation } = names;
  const { parked, excluded, minutes, lags } = names.parking;
  // Claims refer to lanes; the installation goes last, so that who dies in between finds the rest again.
  for (const name of [excluded, parked, minutes, lags, loads, claims, lanes, tables, events, installation])
    await dropTable(session, name, signal);
}
