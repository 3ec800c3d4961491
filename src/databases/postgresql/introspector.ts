import type { Introspector } from '../../engine/ports/introspector.ts';
import type { OpenOptions } from '../../engine/ports/dialect.ts';
import type { TableName } from '../../model/table-name.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import { CAPTURE_TABLES, OWN_TABLES } from './capture/triggers/installation.ts';
import { type FoundTable, schemaOf } from './structure/found-table.ts';
import { describeQuery } from './describe-query.ts';
import type { Pool, Session } from './pool.ts';
import { literal } from './sql.ts';

// to_jsonb(row)->>'name' reads columns that later versions added to the catalog; null on those without.
const COLUMNS = `
  jsonb_agg(jsonb_build_object(
    'name', a.attname,
    'type', format_type(b.oid, b.typmod),
    'baseType', format_type(b.oid, NULL),
    'nullable', NOT (a.attnotnull OR b.typnotnull),
    'default', CASE WHEN coalesce(to_jsonb(a)->>'attgenerated', '') = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by-default' END,
    'sequence', (SELECT jsonb_build_object(
      'name', jsonb_build_object('schema', sn.nspname, 'name', sc.relname),
      'owned', EXISTS (SELECT FROM pg_depend own WHERE own.classid = 'pg_class'::regclass AND own.objid = sc.oid AND own.refclassid = 'pg_class'::regclass AND own.refobjid = a.attrelid AND own.refobjsubid = a.attnum AND own.deptype IN ('a', 'i')),
      'type', format_type(q.seqtypid, NULL), 'start', q.seqstart::text, 'increment', q.seqincrement::text,
      'min', q.seqmin::text, 'max', q.seqmax::text, 'cache', q.seqcache::text, 'cycle', q.seqcycle)
      FROM pg_depend dep JOIN pg_class sc ON sc.relkind = 'S' AND sc.oid = CASE WHEN dep.classid = 'pg_attrdef'::regclass THEN dep.refobjid ELSE dep.objid END
      JOIN pg_namespace sn ON sn.oid = sc.relnamespace JOIN pg_sequence q ON q.seqrelid = sc.oid
      WHERE (dep.classid = 'pg_attrdef'::regclass AND dep.objid = d.oid AND dep.refclassid = 'pg_class'::regclass)
        OR (dep.classid = 'pg_class'::regclass AND dep.refclassid = 'pg_class'::regclass AND dep.refobjid = a.attrelid AND dep.refobjsubid = a.attnum AND dep.deptype = 'i')
      LIMIT 1),
    'generated', CASE WHEN coalesce(to_jsonb(a)->>'attgenerated', '') <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    'collation', CASE WHEN co.collname = 'default' THEN base.collation ELSE co.collname END,
    'ownCollation', CASE WHEN co.collname <> 'default' AND co.oid <> (SELECT t.typcollation FROM pg_type t WHERE t.oid = b.oid)
      THEN CASE WHEN co.collnamespace = 'pg_catalog'::regnamespace THEN quote_ident(co.collname) ELSE co.collnamespace::regnamespace::text || '.' || quote_ident(co.collname) END END,
    'nondeterministic', to_jsonb(co)->>'collisdeterministic' = 'false',
    'domain', CASE WHEN b.domains IS NOT NULL THEN jsonb_build_object(
      'name', format_type(a.atttypid, NULL),
      'checks', coalesce((SELECT jsonb_agg(pg_get_constraintdef(k.oid) ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = ANY (b.domains) AND k.contype = 'c'), '[]'),
      'default', CASE WHEN d.adbin IS NULL THEN (SELECT t.typdefault FROM pg_type t WHERE t.oid = a.atttypid) END) END,
    'enumLabels', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid),
    'comment', col_description(a.attrelid, a.attnum)
  ) ORDER BY a.attnum)`;

/** A domain becomes the type under it, with the length that the domain gives it. */
const BASE_TYPE = `
  WITH RECURSIVE r AS (
    SELECT t.oid, t.typtype, t.typbasetype, a.atttypmod AS typmod, t.typtypmod, t.typnotnull FROM pg_type t WHERE t.oid = a.atttypid
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype, r.typtypmod, t.typtypmod, r.typnotnull OR t.typnotnull
    FROM r JOIN pg_type t ON t.oid = r.typbasetype WHERE r.typtype = 'd')
  SELECT r.oid, r.typmod, r.typnotnull, (SELECT array_agg(d.oid) FROM r AS d WHERE d.typtype = 'd') AS domains
  FROM r WHERE r.typtype <> 'd'`;

const NAMES = (relation: string, numbers: string): string =>
  `(SELECT jsonb_agg(a.attname ORDER BY num.place) FROM unnest(${numbers}) WITH ORDINALITY AS num(attnum, place) JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = num.attnum)`;

/** Each key of an index: a column or an expression, and what of its order is not the type's own. */
const PARTS = `
  SELECT jsonb_agg(jsonb_build_object(
    'column', ka.attname,
    'sql', CASE WHEN ka.attname IS NULL THEN pg_get_indexdef(i.indexrelid, key.place::int, false) END,
    'descending', (i.indoption::int2[])[key.place - 1] & 1 = 1,
    'nullsFirst', (i.indoption::int2[])[key.place - 1] & 2 = 2,
    'collation', CASE WHEN kc.oid <> ka.attcollation THEN kc.collname END,
    'operators', CASE WHEN NOT op.opcdefault THEN op.opcname END
  ) ORDER BY key.place)
  FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY AS key(attnum, place)
  LEFT JOIN pg_attribute ka ON ka.attrelid = i.indrelid AND ka.attnum = key.attnum AND key.attnum > 0
  LEFT JOIN pg_collation kc ON kc.oid = (i.indcollation::oid[])[key.place - 1]
  LEFT JOIN pg_opclass op ON op.oid = (i.indclass::oid[])[key.place - 1]`;

const INDEXES = `
  SELECT jsonb_agg(jsonb_build_object(
    'name', ic.relname,
    'columns', coalesce(${NAMES('i.indrelid', 'i.indkey::int2[]')}, '[]'),
    'keyColumns', coalesce(${NAMES('i.indrelid', '(i.indkey::int2[])[0:i.indnkeyatts - 1]')}, '[]'),
    'included', coalesce(${NAMES('i.indrelid', '(i.indkey::int2[])[i.indnkeyatts:]')}, '[]'),
    'primary', i.indisprimary,
    'unique', i.indisunique,
    'usable', i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (
      SELECT FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS k(attnum)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE NOT a.attnotnull),
    'valid', i.indisvalid,
    'keys', (${PARTS}),
    'conditionSql', pg_get_expr(i.indpred, i.indrelid),
    'method', am.amname,
    'nullsDistinct', NOT coalesce((to_jsonb(i)->>'indnullsnotdistinct')::boolean, false),
    'exclusion', i.indisexclusion,
    'constraint', (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype = 'u' AND k.conrelid = i.indrelid),
    'definition', pg_get_indexdef(i.indexrelid),
    'body', (SELECT substr(pg_get_indexdef(i.indexrelid), length(start) + 1)
      FROM unnest(ARRAY['', 'ONLY ']) AS prefix(word),
        format('CREATE %sINDEX %I ON %s%I.%I USING ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, ic.relname, prefix.word, n.nspname, c.relname) AS start
      WHERE starts_with(pg_get_indexdef(i.indexrelid), start))
  ) ORDER BY i.indisprimary DESC, ic.relname)
  FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam
  WHERE i.indrelid = c.oid AND i.indislive`;

const CONSTRAINTS = `
  SELECT jsonb_agg(jsonb_build_object(
    'name', k.conname,
    'type', k.contype,
    'columns', coalesce(${NAMES('k.conrelid', 'k.conkey')}, '[]'),
    'references', CASE WHEN k.contype = 'f' THEN jsonb_build_object('schema', fn.nspname, 'name', fc.relname) END,
    'referencedColumns', ${NAMES('k.confrelid', 'k.confkey')},
    'onUpdate', k.confupdtype,
    'onDelete', k.confdeltype,
    'onDeleteColumns', (SELECT jsonb_agg(sa.attname ORDER BY sa.attnum) FROM jsonb_array_elements_text(CASE jsonb_typeof(to_jsonb(k)->'confdelsetcols') WHEN 'array' THEN to_jsonb(k)->'confdelsetcols' ELSE '[]' END) AS col(num) JOIN pg_attribute sa ON sa.attrelid = k.conrelid AND sa.attnum = col.num::int),
    'match', CASE WHEN k.confmatchtype = 'f' THEN 'full' ELSE 'simple' END,
    'checked', CASE WHEN k.condeferred THEN 'deferred' WHEN k.condeferrable THEN 'deferrable' ELSE 'at-once' END,
    'valid', k.convalidated,
    'expressionSql', CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END,
    'definition', pg_get_constraintdef(k.oid)
  ) ORDER BY k.conname)
  FROM pg_constraint k LEFT JOIN pg_class fc ON fc.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
  WHERE k.conrelid = c.oid AND k.contype IN ('f', 'c', 'x')`;

/** Sums over a table and its partitions. reltuples is -1 (before 14: 0 with no pages) where nothing was ever counted. */
const SIZES = `
  WITH RECURSIVE tree AS (
    SELECT c.oid, c.relkind
    UNION ALL
    SELECT p.oid, p.relkind FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid AND tree.relkind = 'p' JOIN pg_class p ON p.oid = i.inhrelid)
  SELECT CASE WHEN bool_and(p.reltuples >= 0 AND (p.relpages > 0 OR pg_relation_size(p.oid) = 0)) THEN sum(p.reltuples)::bigint END AS rows,
    sum(pg_table_size(p.oid))::bigint AS bytes
  FROM tree JOIN pg_class p ON p.oid = tree.oid WHERE p.relkind = 'r'`;

const DESCRIBE = `
  SELECT jsonb_build_object(
    'table', jsonb_build_object('schema', n.nspname, 'name', c.relname),
    'product', 'postgresql',
    'kind', CASE WHEN c.relkind = 'p' THEN 'partitioned' WHEN c.relispartition THEN 'partition' WHEN parent.name IS NOT NULL THEN 'inheritance-child' ELSE 'table' END,
    'parent', CASE WHEN parent.name IS NOT NULL THEN jsonb_build_object('schema', parent.schema, 'name', parent.name) END,
    'columns', (SELECT ${COLUMNS}
      FROM pg_attribute a
      JOIN LATERAL (${BASE_TYPE}) AS b ON true
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN pg_collation co ON co.oid = a.attcollation
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'indexes', (${INDEXES}),
    'constraints', (${CONSTRAINTS}),
    'comment', obj_description(c.oid, 'pg_class'),
    'estimatedRows', sizes.rows,
    'estimatedBytes', sizes.bytes
  )::text
  FROM unnest($1::text[], $2::text[]) AS wanted(schema, name)
  JOIN pg_namespace n ON n.nspname = wanted.schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind IN ('r', 'p')
  CROSS JOIN (SELECT CASE WHEN to_jsonb(db)->>'datlocprovider' = 'i' THEN 'icu' ELSE db.datcollate END AS collation FROM pg_database db WHERE db.datname = current_database()) AS base
  LEFT JOIN LATERAL (SELECT pn.nspname AS schema, pc.relname AS name FROM pg_inherits i JOIN pg_class pc ON pc.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE i.inhrelid = c.oid ORDER BY i.inhseqno LIMIT 1) AS parent ON true
  JOIN LATERAL (${SIZES}) AS sizes ON true
  ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`;

/** The catalog's view of the named tables, in name order; one statement. */
export async function describeTables(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly TableSchema[]> {
  const { rows } = await session.query(DESCRIBE, [
    tables.map(({ schema }) => schema),
    tables.map(({ name }) => name),
  ]);
  return rows.map(([text]) => schemaOf(JSON.parse(text ?? 'null') as FoundTable));
}

const OF_CAPTURE = CAPTURE_TABLES.map(literal).join(', ');
/** A schema that has all of them has our capture, whatever it is called. */
const CAPTURE_SCHEMAS = `SELECT o.relnamespace FROM pg_class o WHERE o.relname IN (${OF_CAPTURE}) GROUP BY o.relnamespace HAVING count(*) = ${CAPTURE_TABLES.length}`;

/** Not listed: temporary tables, partitions (their root is), tables that an extension owns, our ledger, our capture. */
function renderList(ledger: OpenOptions['ledger']): string {
  const own = ['runs', 'tables', 'lanes', 'parked', 'drift']
    .map((name) => literal(ledger.prefix + name))
    .join(', ');
  return `
    SELECT n.nspname, c.relname, sizes.rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN LATERAL (
      SELECT CASE WHEN c.reltuples > 0 OR (c.reltuples = 0 AND c.relpages > 0) THEN c.reltuples::bigint END AS rows
    ) AS sizes ON true
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT (n.nspname = ${literal(ledger.schema)} AND c.relname IN (${own}))
      AND NOT (c.relname IN (${OWN_TABLES.map(literal).join(', ')}) AND c.relnamespace IN (${CAPTURE_SCHEMAS}))
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`;
}

export function createIntrospector(pool: Pool, options: Pick<OpenOptions, 'ledger'>): Introspector {
  return {
    listTables: (signal) =>
      pool.use(async (session) => {
        const { rows } = await session.query(renderList(options.ledger));
        return rows.map(([schema, name, estimate]) => ({
          table: { schema: schema ?? '', name: name ?? '' },
          estimatedRows: estimate === null || estimate === undefined ? null : Number(estimate),
        }));
      }, signal),
    describeTables: (tables, signal) =>
      tables.length === 0
        ? Promise.resolve([])
        : pool.use((session) => describeTables(session, tables), signal),
    describeQuery: (query, signal) => describeQuery(pool, query, signal),
  };
}
