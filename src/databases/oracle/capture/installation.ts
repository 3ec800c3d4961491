import type { CaptureStaging } from '../../../model/capture-spec.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { COMMIT } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { toSluiceError, vendorCode } from '../error-codes.ts';
import { inCapture } from './capture-errors.ts';
import type { CaptureNames } from './capture-names.ts';
import type { Statement } from '../sql/names.ts';
import { openTransactions } from './claims/open-transactions.ts';
import {
  CAPTURE_VERSION,
  GONE,
  grantStatements,
  installStatements,
  laterStatements,
  PARKING_VERSION,
  PARTITIONING,
  removeStatements,
  renderComments,
  renderErrors,
  renderFirstInstallation,
  renderForm,
  renderHeap,
  renderHeapInitrans,
  renderIdIndex,
  renderIndexInitrans,
  renderInstallation,
  renderInstalled,
  renderInterval,
  renderPartInitrans,
  renderPartitioned,
  renderSequence,
  renderSource,
  renderThere,
  renderUpgraded,
} from './sql/install-sql.ts';
import { renderKeeperBody, renderKeeperSpec } from './sql/keeper-sql.ts';
import { renderRecorderBody } from './sql/recorder-body.ts';
import { renderRecorderSpec } from './sql/recorder-spec.ts';
import { renderCompileTrigger } from './sql/trigger-catalog-sql.ts';
import { readStanding } from './triggers/standing-triggers.ts';

export async function isInstalled(session: Session, names: CaptureNames): Promise<boolean> {
  const { rows } = await session.run(renderThere(names));
  return Number(rows[0]?.[0]) === names.bare.length;
}

/** @throws SluiceError capture.not_installed */
export async function demandInstalled(session: Session, names: CaptureNames): Promise<void> {
  if (await isInstalled(session, names)) return;
  throw new SluiceError('capture.not_installed', `the schema ${names.schema} has no capture`);
}

/** Another process made it at the same time, or an installation that died here did. */
const MADE_ALREADY = new Set(['ORA-00955', 'ORA-01408']);

async function make(session: Session, text: string): Promise<void> {
  try {
    await session.query(text);
  } catch (error) {
    if (!MADE_ALREADY.has(vendorCode(error))) throw error;
  }
}

/** The server has no partitions, whatever it says of itself. */
const NO_PARTITIONS = 'ORA-00439';

async function hasPartitions(session: Session): Promise<boolean> {
  try {
    return (await session.cell(PARTITIONING))?.toUpperCase() === 'TRUE';
  } catch (error) {
    if (!['ORA-00942', 'ORA-01031'].includes(vendorCode(error))) throw error;
    return true; // the table itself is the question then
  }
}

async function makeHeap(session: Session, names: CaptureNames, staging: CaptureStaging): Promise<void> {
  await make(session, renderHeap(names, staging));
  await make(session, renderIdIndex(names, staging));
}

/** The staging table in the form that the edition allows, or is asked for. */
async function makeStaging(session: Session, names: CaptureNames, staging: CaptureStaging): Promise<void> {
  await make(session, renderSequence(names));
  if (staging.partitionEvents === 0 || !(await hasPartitions(session)))
    return makeHeap(session, names, staging);
  try {
    await make(session, renderPartitioned(names, staging));
  } catch (error) {
    if (vendorCode(error) !== NO_PARTITIONS) throw error;
    await makeHeap(session, names, staging);
  }
}

/** What a table that stands already has otherwise than is configured; its form stays. */
async function adapt(session: Session, names: CaptureNames, staging: CaptureStaging): Promise<void> {
  const { rows } = await session.run(renderForm(names));
  const [interval, partInitrans, initrans] = rows[0] ?? [];
  const wanted = String(staging.initrans);
  if (interval === null || interval === undefined) {
    if (initrans === wanted) return;
    await session.query(renderIndexInitrans(names, staging));
    await session.query(renderHeapInitrans(names, staging));
    return;
  }
  if (staging.partitionEvents > 0 && Number(interval) !== staging.partitionEvents)
    await session.query(renderInterval(names, staging));
  if (partInitrans !== wanted) await session.query(renderPartInitrans(names, staging));
}

/** The text as the server has it, but for the words that made it. */
async function isMade(session: Session, text: string, source: Statement): Promise<boolean> {
  const { rows } = await session.run(source);
  const standing = rows.map(([line]) => line ?? '').join('');
  return standing.trimEnd() === text.replace('CREATE OR REPLACE ', '').trimEnd();
}

/**
 * Packages are made where they are missing, or of another version: each statement that fires a trigger waits meanwhile, and the
 * triggers must be compiled again, which the server would else do with the next statement of the application.
 */
async function makePackages(session: Session, names: CaptureNames): Promise<void> {
  const bare = (what: string): string => `${names.prefix}${what}`;
  let made = 0;
  const parts = [
    ['RECORDER', 'PACKAGE', renderRecorderSpec(names)],
    ['RECORDER', 'PACKAGE BODY', renderRecorderBody(names)],
    ['KEEPER', 'PACKAGE', renderKeeperSpec(names)],
    ['KEEPER', 'PACKAGE BODY', renderKeeperBody(names)],
  ] as const;
  for (const [what, type, text] of parts) {
    if (!(await isMade(session, text, renderSource(names.schema, bare(what), type)))) {
      await session.query(text);
      made += 1;
    }
    const { rows } = await session.run(renderErrors(names.schema, bare(what), type));
    if (rows.length === 0) continue;
    const told = rows.map(([at, message]) => `${at} ${(message ?? '').trim()}`).join('; ');
    throw new SluiceError('database.internal', `the server does not compile ${type} ${bare(what)}: ${told}`);
  }
  if (made === 0) return;
  for (const { name, isValid } of await readStanding(session, names))
    if (!isValid) await session.query(renderCompileTrigger(names, name));
}

/** Null: an installation died before it was written down. */
async function versionOf(session: Session, names: CaptureNames): Promise<number | null> {
  const { rows } = await session.query(renderInstalled(names));
  return rows[0] ? Number(rows[0][1]) : null;
}

/** Whether events can be set apart, and existing rows loaded. */
export const hasParking = async (session: Session, names: CaptureNames): Promise<boolean> =>
  ((await versionOf(session, names)) ?? 0) >= PARKING_VERSION;

/** @throws SluiceError capture.not_installed for an installation of before, which lacks something of what is relied on */
export async function demandCurrent(session: Session, names: CaptureNames): Promise<void> {
  if (((await versionOf(session, names)) ?? 0) >= CAPTURE_VERSION) return;
  throw new SluiceError(
    'capture.not_installed',
    `the capture in schema ${names.schema} is of an earlier version`,
    { suggestion: 'sluice capture install brings it up to date, and keeps what it has' },
  );
}

/** What this version has beside the first one. The version is written behind it: who dies in between leaves one that is upgraded again. */
async function upgrade(session: Session, names: CaptureNames): Promise<void> {
  if ((await versionOf(session, names)) === CAPTURE_VERSION) return;
  for (const statement of laterStatements(names)) await make(session, statement);
  for (const comment of renderComments(names)) await session.query(comment);
  await session.query(renderFirstInstallation(names));
  await session.query(renderUpgraded(names));
  await session.query(COMMIT);
}

async function refuseLater(session: Session, names: CaptureNames): Promise<void> {
  if (((await versionOf(session, names)) ?? 0) <= CAPTURE_VERSION) return;
  throw new SluiceError(
    'database.version_unsupported',
    `the capture in schema ${names.schema} was made by a later version of Sluice`,
    { suggestion: 'use that version or a later one' },
  );
}

function installError(error: unknown, session: Session, names: CaptureNames): SluiceError {
  const known = toSluiceError(error, inCapture(names));
  const code = vendorCode(error);
  const { user } = session.facts;
  // A user without room in the tablespace gets the same error as one without a right to any.
  if (code === 'ORA-01950' || code === 'ORA-01536')
    return new SluiceError('database.permission_denied', 'the capture cannot be installed', {
      ...known.details,
      suggestion: `ALTER USER "${user}" QUOTA UNLIMITED ON USERS;`,
    });
  if (known.code !== 'database.permission_denied' || known.details.suggestion) return known;
  return new SluiceError('database.permission_denied', 'the capture cannot be installed', {
    ...known.details,
    suggestion: grantStatements(`"${user}"`)
      .map((text) => `${text};`)
      .join(' '),
  });
}

/** Idempotent; what an installation that died here has made is taken as it is. @throws SluiceError database.permission_denied with the GRANT */
export async function install(session: Session, names: CaptureNames, staging: CaptureStaging): Promise<void> {
  try {
    if (await isInstalled(session, names)) {
      await refuseLater(session, names);
      await adapt(session, names, staging);
      await makePackages(session, names);
    } else {
      // Without that right no lane could ever go on behind what was rolled back.
      await openTransactions(session);
      await makeStaging(session, names, staging);
      for (const statement of installStatements(names)) await make(session, statement);
      await makePackages(session, names);
      await make(session, renderInstallation(names));
    }
    await upgrade(session, names);
  } catch (error) {
    throw installError(error, session, names);
  }
}

/** The triggers are gone already. */
export async function removeInstallation(session: Session, names: CaptureNames): Promise<void> {
  for (const statement of removeStatements(names)) {
    try {
      await session.query(statement);
    } catch (error) {
      if (!GONE.has(vendorCode(error))) throw error;
    }
  }
}
