import type { Session } from './pool.ts';

// A timeline changes when a standby is promoted or a backup restored. Where rights are missing: what everybody may see.
const INCARNATIONS = [
  `SELECT s.system_identifier::text || '/' || CASE WHEN pg_is_in_recovery() THEN c.timeline_id::text ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int::text END || '/' || d.oid::text
   FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()`,
  `SELECT 'oid/' || d.oid::text || '/' || d.datname FROM pg_database d WHERE d.datname = current_database()`,
] as const;

/** Another one when the database behind the address is another one, or was restored. */
export async function incarnation(session: Session): Promise<string> {
  const may = await session.cell(
    `SELECT bool_and(has_function_privilege(f, 'EXECUTE')) FROM unnest(ARRAY['pg_control_system()', 'pg_control_checkpoint()']) AS f`,
  );
  return (await session.cell(may === 't' ? INCARNATIONS[0] : INCARNATIONS[1])) ?? '';
}
