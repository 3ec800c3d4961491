import { PARKED_NAMES } from '../../../../engine/capture/parking/parked-tables.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import { SluiceError } from '../../../../model/sluice-error.ts';
import type { Session } from '../../pool.ts';
import { literal, quote } from '../../sql.ts';
import { CAPTURE_VERSION, captureNames, renderCaptureTables } from '../capture-tables.ts';
import { FUNCTION_PATTERN, dropFunction } from './texts/render-triggers.ts';

/** Tables of ours that every version has; a schema that has all of them is a schema of a capture. */
export const CAPTURE_TABLES = [
  'event_logs',
  'installation',
  'captured_tables',
  'capture_lanes',
  'capture_claims',
  'capture_ticks',
] as const;
/** With those of later versions. */
export const OWN_TABLES = [...CAPTURE_TABLES, ...Object.values(PARKED_NAMES), 'capture_loads'];

/** On a schema that we made: only that one is taken away again. */
const COMMENT = 'made by sluice capture install';

interface Standing {
  readonly user: string;
  readonly database: string;
  readonly hasSchema: boolean;
  readonly isInstalled: boolean;
  readonly mayCreate: boolean;
  /** The schema is empty but for us, and was made by us. */
  readonly isOurs: boolean;
}

async function look(session: Session, { schema }: CapturePlace): Promise<Standing> {
  const { rows } = await session.query(
    `SELECT current_user, current_database(), n.oid IS NOT NULL,
      (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = ANY($2::text[])),
      CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') END,
      obj_description(n.oid, 'pg_namespace') = ${literal(COMMENT)}
    FROM (SELECT) AS one LEFT JOIN pg_namespace n ON n.nspname = $1`,
    [schema, CAPTURE_TABLES],
  );
  const [user, database, hasSchema, found, may, isOurs] = rows[0] ?? [];
  return {
    user: user ?? '',
    database: database ?? '',
    hasSchema: hasSchema === 't',
    isInstalled: Number(found) === CAPTURE_TABLES.length,
    mayCreate: may === 't',
    isOurs: isOurs === 't',
  };
}

/** Held until the transaction ends: one at a time makes or changes the capture of a schema. */
export const renderLock = ({ schema }: CapturePlace): string =>
  `SELECT pg_advisory_xact_lock(hashtextextended(${literal(`sluice capture ${schema}`)}, 0))`;

export const isInstalled = async (session: Session, place: CapturePlace): Promise<boolean> =>
  (await look(session, place)).isInstalled;

/** @throws SluiceError capture.not_installed */
export async function demandInstalled(session: Session, place: CapturePlace): Promise<void> {
  if (await isInstalled(session, place)) return;
  throw new SluiceError('capture.not_installed', `the schema ${place.schema} has no capture`);
}

/** What brings an installation of a version to the next one. */
const UPGRADES: Readonly<Record<number, (place: CapturePlace) => string>> = {
  // It makes what is missing: version 2 has tables more, and alters none.
  1: renderCaptureTables,
};

async function upgrade(session: Session, place: CapturePlace): Promise<void> {
  const { installation } = captureNames(place);
  const found = Number(await session.cell(`SELECT version FROM ${installation}`));
  if (found > CAPTURE_VERSION) {
    throw new SluiceError(
      'database.version_unsupported',
      `the capture in schema ${place.schema} was made by a later version of Sluice`,
      { suggestion: 'use that version or a later one' },
    );
  }
  for (let version = found; version < CAPTURE_VERSION; version += 1) {
    const sql = UPGRADES[version]?.(place);
    if (sql !== undefined) await session.query(sql);
  }
  if (found < CAPTURE_VERSION) await session.query(`UPDATE ${installation} SET version = ${CAPTURE_VERSION}`);
}

/** In the transaction that is open. @throws SluiceError database.permission_denied with the GRANT */
export async function install(session: Session, place: CapturePlace): Promise<void> {
  await session.query(renderLock(place));
  const standing = await look(session, place);
  if (standing.isInstalled) {
    await upgrade(session, place);
    return;
  }
  const schema = quote(place.schema);
  if (!standing.mayCreate) {
    const on = standing.hasSchema
      ? `USAGE, CREATE ON SCHEMA ${schema}`
      : `CREATE ON DATABASE ${quote(standing.database)}`;
    throw new SluiceError('database.permission_denied', 'the capture cannot be installed', {
      vendorCode: '42501',
      suggestion: `GRANT ${on} TO ${quote(standing.user)};`,
    });
  }
  if (!standing.hasSchema)
    await session.query(`CREATE SCHEMA ${schema}; COMMENT ON SCHEMA ${schema} IS ${literal(COMMENT)}`);
  await session.query(renderCaptureTables(place));
}

/** Takes functions and tables of ours away, in the transaction that is open; the triggers are gone already. */
export async function removeInstallation(session: Session, place: CapturePlace): Promise<void> {
  const names = captureNames(place);
  const functions = await session.query(
    `SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1 AND p.proname ~ $2`,
    [place.schema, FUNCTION_PATTERN],
  );
  for (const [name] of functions.rows) await session.query(dropFunction(place, name ?? ''));
  const { parked, excluded, minutes, lags } = names.parking;
  await session.query(
    `DROP TABLE IF EXISTS ${parked}, ${excluded}, ${minutes}, ${lags}, ${names.claims}, ${names.lanes}, ${names.ticks}, ${names.loads}, ${names.tables}, ${names.events}, ${names.installation};
     DROP SEQUENCE IF EXISTS ${names.ids}, ${names.turn}`,
  );
  const { isOurs } = await look(session, place);
  // Somebody may have put something of his own there.
  const isEmpty = await session.cell(
    `SELECT NOT EXISTS (SELECT FROM pg_depend d JOIN pg_namespace n ON n.oid = d.refobjid WHERE d.refclassid = 'pg_namespace'::regclass AND n.nspname = $1)`,
    [place.schema],
  );
  if (isOurs && isEmpty === 't') await session.query(`DROP SCHEMA ${names.schema}`);
}
