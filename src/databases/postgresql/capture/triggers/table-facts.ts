import type { TableName } from '../../../../model/table-name.ts';
import type { Session } from '../../pool.ts';
import { FUNCTION_PATTERN, TRIGGER_PREFIX } from './texts/render-triggers.ts';

/** What the catalog says of a table besides its structure. */
export interface TableFacts {
  readonly oid: string;
  /** relkind and relpersistence. */
  readonly kind: string;
  readonly persistence: string;
  readonly isPartition: boolean;
  readonly isDeferrable: boolean;
  /** Equality of each column of the primary key, by name. */
  readonly equals: Readonly<Record<string, string>>;
  /** Our user may see its rows, which a trigger must where others changed them in between. */
  readonly mayRead: boolean;
  readonly hasChildren: boolean;
  readonly hasRules: boolean;
  readonly hasRowSecurity: boolean;
  /** Triggers of others that have the names of ours. */
  readonly clashes: readonly string[];
}

const EQUALS = `
  SELECT coalesce(jsonb_object_agg(a.attname, format('OPERATOR(%I.%s)', n.nspname, o.oprname)), '{}')
  FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  JOIN pg_opclass op ON op.oid = (i.indclass::oid[])[k.place - 1]
  JOIN pg_amop am ON am.amopfamily = op.opcfamily AND am.amopstrategy = 3 AND am.amoplefttype = op.opcintype AND am.amoprighttype = op.opcintype
  JOIN pg_operator o ON o.oid = am.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts`;

const FACTS = `
  SELECT jsonb_build_object(
    'oid', c.oid::text, 'kind', c.relkind, 'persistence', c.relpersistence, 'isPartition', c.relispartition,
    'isDeferrable', EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p' AND k.condeferrable),
    'equals', (${EQUALS}),
    'mayRead', has_table_privilege(c.oid, 'SELECT'),
    'hasChildren', c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid),
    'hasRules', EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1'),
    'hasRowSecurity', c.relrowsecurity,
    'clashes', (SELECT coalesce(jsonb_agg(t.tgname), '[]') FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
      WHERE t.tgrelid = c.oid AND starts_with(t.tgname::text, $3) AND length(t.tgname::text) = length($3) + 1 AND NOT (f.nspname = $4 AND p.proname ~ $5))
  )::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`;

/** Null: there is nothing of that name. */
export async function readFacts(
  session: Session,
  table: TableName,
  schema: string,
): Promise<TableFacts | null> {
  const text = await session.cell(FACTS, [
    table.schema,
    table.name,
    TRIGGER_PREFIX,
    schema,
    FUNCTION_PATTERN,
  ]);
  return text === null ? null : (JSON.parse(text) as TableFacts);
}
