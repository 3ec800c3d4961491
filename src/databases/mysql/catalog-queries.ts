import { withPlainExpressions } from './structure/catalog-text.ts';
import type { TableName } from '../../model/table-name.ts';
import type { Session } from './connections/session.ts';
import { literal } from './sql/names.ts';

/** Named cells of one row. */
export type CatalogRow = Readonly<Record<string, string | null>>;

interface CatalogQuery {
  readonly names: readonly string[];
  readonly select: string;
  readonly from: string;
  readonly where?: string;
  /** The columns that name schema and table. */
  readonly schema?: string;
  readonly table?: string;
  readonly order: string;
}

/**
 * What a view of the catalog says of tables. One view a statement and one schema, told as a constant: otherwise MariaDB opens
 * every table of every schema, and 10.11 fell (signal 11) while it opened those of the catalog itself.
 */
export async function catalogRows(
  session: Session,
  query: CatalogQuery,
  tables: readonly TableName[],
): Promise<readonly CatalogRow[]> {
  const { schema: schemaColumn = 'TABLE_SCHEMA', table = 'TABLE_NAME', where = 'TRUE' } = query;
  const bySchema = new Map<string, string[]>();
  for (const { schema, name } of tables)
    bySchema.set(schema, [...(bySchema.get(schema) ?? []), literal(name)]);
  const found: CatalogRow[] = [];
  for (const [schema, names] of bySchema) {
    const { rows } = await session.query(
      `SELECT ${query.select} FROM ${query.from} WHERE ${schemaColumn} = ${literal(schema)} AND ${table} IN (${names.join(', ')}) AND ${where} ORDER BY ${query.order}`,
    );
    for (const row of rows) {
      const named = Object.fromEntries(query.names.map((name, at) => [name, row[at] ?? null]));
      found.push(session.facts.flavour === 'mysql' ? withPlainExpressions(named) : named);
    }
  }
  return found;
}

export const TABLES: CatalogQuery = {
  names: ['schema', 'table', 'comment', 'rows', 'bytes', 'options'],
  select: 'TABLE_SCHEMA, TABLE_NAME, TABLE_COMMENT, TABLE_ROWS, DATA_LENGTH, CREATE_OPTIONS',
  from: "(SELECT * FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')) AS t",
  order: 'BINARY TABLE_SCHEMA, BINARY TABLE_NAME',
};

export const COLUMNS: CatalogQuery = {
  names: [
    'schema',
    'table',
    'name',
    'type',
    'dataType',
    'nullable',
    'default',
    'extra',
    'generated',
    'collation',
    'comment',
    'precision',
    'scale',
    'chars',
    'fraction',
  ],
  select:
    'TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, GENERATION_EXPRESSION, COLLATION_NAME, COLUMN_COMMENT, NUMERIC_PRECISION, NUMERIC_SCALE, CHARACTER_MAXIMUM_LENGTH, DATETIME_PRECISION',
  from: 'information_schema.COLUMNS',
  order: 'TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION',
};

const indexes = (expression: string): CatalogQuery => ({
  names: ['schema', 'table', 'index', 'nonUnique', 'column', 'prefix', 'type', 'order', 'expression'],
  select: `TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, INDEX_TYPE, COLLATION, ${expression}`,
  from: 'information_schema.STATISTICS',
  order: "TABLE_SCHEMA, TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX",
});
// MariaDB has no indexes on expressions.
export const INDEXES = { mysql: indexes('EXPRESSION'), mariadb: indexes('NULL') } as const;

export const FOREIGN_KEYS: CatalogQuery = {
  names: ['schema', 'table', 'name', 'column', 'refSchema', 'refTable', 'refColumn'],
  select:
    'TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME',
  from: 'information_schema.KEY_COLUMN_USAGE',
  where: 'REFERENCED_TABLE_NAME IS NOT NULL',
  order: 'TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION',
};

export const FOREIGN_KEY_RULES: CatalogQuery = {
  names: ['schema', 'table', 'name', 'onUpdate', 'onDelete'],
  select: 'CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE',
  from: 'information_schema.REFERENTIAL_CONSTRAINTS',
  schema: 'CONSTRAINT_SCHEMA',
  order: 'CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME',
};

export const CHECKS = {
  mysql: {
    names: ['schema', 'table', 'name', 'clause'],
    select: 't.TABLE_SCHEMA, t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE',
    from: "information_schema.TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS c ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK'",
    schema: 't.TABLE_SCHEMA',
    table: 't.TABLE_NAME',
    order: 't.TABLE_SCHEMA, t.TABLE_NAME, c.CONSTRAINT_NAME',
  },
  mariadb: {
    names: ['schema', 'table', 'name', 'clause'],
    select: 'CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE',
    from: 'information_schema.CHECK_CONSTRAINTS',
    schema: 'CONSTRAINT_SCHEMA',
    order: 'CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME',
  },
} as const satisfies Record<string, CatalogQuery>;
