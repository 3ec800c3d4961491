import type { TableName } from '../../model/table-name.ts';
import type { Session } from './connections/session.ts';
import { literal } from './sql/names.ts';

/** Named cells of one row. */
export type CatalogRow = Readonly<Record<string, string | null>>;

const pairs = (tables: readonly TableName[], prefix: string): string => {
  const bySchema = new Map<string, string[]>();
  for (const { schema, name } of tables)
    bySchema.set(schema, [...(bySchema.get(schema) ?? []), literal(name)]);
  // One condition a schema, with constants: so the server opens these tables alone, and not all of them.
  return [...bySchema]
    .map(
      ([schema, names]) =>
        `(${prefix}TABLE_SCHEMA = ${literal(schema)} AND ${prefix}TABLE_NAME IN (${names.join(', ')}))`,
    )
    .join(' OR ');
};

interface CatalogQuery {
  readonly names: readonly string[];
  readonly select: string;
  readonly from: string;
  readonly prefix?: string;
  readonly order: string;
}

export async function catalogRows(
  session: Session,
  query: CatalogQuery,
  tables: readonly TableName[],
): Promise<readonly CatalogRow[]> {
  const { rows } = await session.query(
    `SELECT ${query.select} FROM ${query.from} WHERE (${pairs(tables, query.prefix ?? '')}) ORDER BY ${query.order}`,
  );
  return rows.map((row) => Object.fromEntries(query.names.map((name, at) => [name, row[at] ?? null])));
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
  names: ['schema', 'table', 'name', 'column', 'refSchema', 'refTable', 'refColumn', 'onUpdate', 'onDelete'],
  select:
    'k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.UPDATE_RULE, r.DELETE_RULE',
  from: 'information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME AND k.REFERENCED_TABLE_NAME IS NOT NULL',
  prefix: 'k.',
  order: 'k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION',
};

export const CHECKS = {
  mysql: {
    names: ['schema', 'table', 'name', 'clause'],
    select: 't.TABLE_SCHEMA, t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE',
    from: "information_schema.TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS c ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK'",
    prefix: 't.',
    order: 't.TABLE_SCHEMA, t.TABLE_NAME, c.CONSTRAINT_NAME',
  },
  mariadb: {
    names: ['schema', 'table', 'name', 'clause'],
    select: 'c.TABLE_SCHEMA, c.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE',
    from: '(SELECT CONSTRAINT_SCHEMA AS TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS) AS c',
    prefix: 'c.',
    order: 'c.TABLE_SCHEMA, c.TABLE_NAME, c.CONSTRAINT_NAME',
  },
} as const satisfies Record<string, CatalogQuery>;
