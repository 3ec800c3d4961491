import type { CapturePlace } from '../../../../model/capture-spec.ts';
import type { TableName } from '../../../../model/table-name.ts';
import type { Session } from '../../pool.ts';
import { FUNCTION_PATTERN, type TriggerText } from './texts/render-triggers.ts';

/** A trigger of ours as the server prints it. */
export interface StandingTrigger {
  readonly oid: string;
  readonly table: TableName;
  readonly name: string;
  readonly functionName: string;
  /** Here and on every partition. */
  readonly isEnabled: boolean;
  readonly functionSql: string;
  readonly triggerSql: string;
}

// Partitions have copies of the trigger, which may be disabled by themselves.
const STANDING = `
  SELECT c.oid::text, n.nspname, c.relname, t.tgname, p.proname,
    (WITH RECURSIVE tree AS (SELECT c.oid UNION ALL SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid JOIN pg_class k ON k.oid = i.inhrelid AND k.relispartition)
     SELECT bool_and(coalesce(own.tgenabled IN ('O', 'A'), t.tgtype & 1 = 0)) FROM tree LEFT JOIN pg_trigger own ON own.tgrelid = tree.oid AND own.tgname = t.tgname AND own.tgfoid = t.tgfoid),
    pg_get_functiondef(p.oid), pg_get_triggerdef(t.oid)
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
  JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE f.nspname = $1 AND p.proname ~ $2 AND NOT c.relispartition AND ($3::oid IS NULL OR c.oid = $3)
  ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C", t.tgname::text COLLATE "C"`;

/** @param only  number (oid) of the one table that is asked about */
export async function readStanding(
  session: Session,
  place: CapturePlace,
  only: string | null = null,
): Promise<readonly StandingTrigger[]> {
  const { rows } = await session.query(STANDING, [place.schema, FUNCTION_PATTERN, only]);
  return rows.map(([oid, schema, table, name, proname, enabled, functionSql, triggerSql]) => ({
    oid: oid ?? '',
    table: { schema: schema ?? '', name: table ?? '' },
    name: name ?? '',
    functionName: proname ?? '',
    isEnabled: enabled === 't',
    functionSql: functionSql ?? '',
    triggerSql: triggerSql ?? '',
  }));
}

/** Both statements of a trigger. */
export const statements = (functionSql: string, triggerSql: string): string =>
  `${functionSql.trimEnd()};\n${triggerSql};`;

/** What the installation has of the triggers of a table: as we said them, and as the server printed them then. */
export interface Definitions {
  readonly wanted: Readonly<Record<string, string>>;
  readonly printed: Readonly<Record<string, string>>;
}

export const wantedOf = (texts: readonly TriggerText[]): Definitions['wanted'] =>
  Object.fromEntries(
    texts.map(({ name, functionSql, triggerSql }) => [name, statements(functionSql, triggerSql)]),
  );
export const printedOf = (standing: readonly StandingTrigger[]): Definitions['printed'] =>
  Object.fromEntries(
    standing.map(({ name, functionSql, triggerSql }) => [name, statements(functionSql, triggerSql)]),
  );

export const ofTable = (standing: readonly StandingTrigger[], oid: string): readonly StandingTrigger[] =>
  standing.filter((each) => each.oid === oid);

/** They are all there as they were deployed, and fire. */
export function isIntact(definitions: Definitions, standing: readonly StandingTrigger[]): boolean {
  const printed = printedOf(standing);
  const names = Object.keys(definitions.printed);
  return (
    names.length === standing.length &&
    names.every((name) => printed[name] === definitions.printed[name]) &&
    standing.every(({ isEnabled }) => isEnabled)
  );
}
