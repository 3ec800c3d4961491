import type { TableName } from '../../../model/table-name.ts';
import type { Session } from '../connections/session.ts';
import { list, type Statement } from './names.ts';

/** Named cells of one row. */
export type CatalogRow = Readonly<Record<string, string | null>>;

export interface CatalogQuery {
  readonly names: readonly string[];
  readonly select: string;
  readonly from: string;
  /** The columns that name the table. */
  readonly owner: string;
  readonly table: string;
  readonly and?: string;
  readonly order: string;
}

/** A list takes 1,000 members; with fewer a statement stays short. */
const NAMES_A_STATEMENT = 500;

/** One query for up to 500 tables of any schemas. */
export function renderCatalog(query: CatalogQuery, tables: readonly TableName[]): Statement {
  const schemas = [...new Set(tables.map(({ schema }) => schema))];
  const binds: Record<string, string> = {};
  const conditions = schemas.map((schema, place) => {
    binds[`s${place}`] = schema;
    const names = tables.flatMap((table, at) => {
      if (table.schema !== schema) return [];
      binds[`t${at}`] = table.name;
      return [`:t${at}`];
    });
    return `(${query.owner} = :s${place} AND ${query.table} IN (${list(names)}))`;
  });
  const and = query.and === undefined ? '' : ` AND ${query.and}`;
  return {
    text: `SELECT ${query.select} FROM ${query.from} WHERE (${conditions.join(' OR ')})${and} ORDER BY ${query.order}`,
    binds,
  };
}

export async function catalogRows(
  session: Session,
  query: CatalogQuery,
  tables: readonly TableName[],
): Promise<readonly CatalogRow[]> {
  const found: CatalogRow[] = [];
  for (let at = 0; at < tables.length; at += NAMES_A_STATEMENT) {
    const { rows } = await session.run(renderCatalog(query, tables.slice(at, at + NAMES_A_STATEMENT)));
    for (const row of rows)
      found.push(Object.fromEntries(query.names.map((name, place) => [name, row[place] ?? null])));
  }
  return found;
}

/** Of no other table: overflow and other parts of one, queues, what is only a session's, what is in the bin. */
const TABLES_ONLY =
  "T.NESTED = 'NO' AND T.SECONDARY = 'N' AND T.TEMPORARY = 'N' AND T.DROPPED = 'NO' AND (T.IOT_TYPE IS NULL OR T.IOT_TYPE = 'IOT')";

export const TABLES: CatalogQuery = {
  names: ['schema', 'table', 'rows', 'bytes', 'partitioned', 'comment'],
  select:
    'T.OWNER, T.TABLE_NAME, T.NUM_ROWS, T.NUM_ROWS * T.AVG_ROW_LEN, T.PARTITIONED, (SELECT C.COMMENTS FROM ALL_TAB_COMMENTS C WHERE C.OWNER = T.OWNER AND C.TABLE_NAME = T.TABLE_NAME)',
  from: 'ALL_TABLES T',
  owner: 'T.OWNER',
  table: 'T.TABLE_NAME',
  and: TABLES_ONLY,
  order: 'T.OWNER, T.TABLE_NAME',
};

/** Invisible columns are columns; hidden ones that the server made for itself are none. */
export const COLUMNS: CatalogQuery = {
  names: [
    'schema',
    'table',
    'name',
    'type',
    'typeOwner',
    'length',
    'precision',
    'scale',
    'chars',
    'charUsed',
    'nullable',
    'virtual',
    'identity',
    'collation',
    'comment',
    'default',
  ],
  select:
    'C.OWNER, C.TABLE_NAME, C.COLUMN_NAME, C.DATA_TYPE, C.DATA_TYPE_OWNER, C.DATA_LENGTH, C.DATA_PRECISION, C.DATA_SCALE, C.CHAR_LENGTH, C.CHAR_USED, C.NULLABLE, C.VIRTUAL_COLUMN, I.GENERATION_TYPE, C.COLLATION, M.COMMENTS, C.DATA_DEFAULT',
  from: 'ALL_TAB_COLS C LEFT JOIN ALL_TAB_IDENTITY_COLS I ON I.OWNER = C.OWNER AND I.TABLE_NAME = C.TABLE_NAME AND I.COLUMN_NAME = C.COLUMN_NAME LEFT JOIN ALL_COL_COMMENTS M ON M.OWNER = C.OWNER AND M.TABLE_NAME = C.TABLE_NAME AND M.COLUMN_NAME = C.COLUMN_NAME',
  owner: 'C.OWNER',
  table: 'C.TABLE_NAME',
  and: "C.USER_GENERATED = 'YES'",
  order: 'C.OWNER, C.TABLE_NAME, C.INTERNAL_COLUMN_ID',
};

export const CONSTRAINTS: CatalogQuery = {
  names: [
    'schema',
    'table',
    'name',
    'type',
    'trusted',
    'status',
    'index',
    'condition',
    'onDelete',
    'deferrable',
    'deferred',
    'column',
    'refSchema',
    'refTable',
    'refColumn',
  ],
  select:
    "K.OWNER, K.TABLE_NAME, K.CONSTRAINT_NAME, K.CONSTRAINT_TYPE, CASE WHEN K.STATUS = 'ENABLED' AND K.VALIDATED = 'VALIDATED' THEN 'Y' ELSE 'N' END, K.STATUS, K.INDEX_NAME, K.SEARCH_CONDITION_VC, K.DELETE_RULE, K.DEFERRABLE, K.DEFERRED, C.COLUMN_NAME, R.OWNER, R.TABLE_NAME, R.COLUMN_NAME",
  from: 'ALL_CONSTRAINTS K LEFT JOIN ALL_CONS_COLUMNS C ON C.OWNER = K.OWNER AND C.CONSTRAINT_NAME = K.CONSTRAINT_NAME AND C.TABLE_NAME = K.TABLE_NAME LEFT JOIN ALL_CONS_COLUMNS R ON R.OWNER = K.R_OWNER AND R.CONSTRAINT_NAME = K.R_CONSTRAINT_NAME AND R.POSITION = C.POSITION',
  owner: 'K.OWNER',
  table: 'K.TABLE_NAME',
  and: "K.CONSTRAINT_TYPE IN ('P', 'U', 'R', 'C')",
  order: 'K.OWNER, K.TABLE_NAME, K.CONSTRAINT_NAME, C.POSITION',
};

export const INDEXES: CatalogQuery = {
  names: ['schema', 'table', 'owner', 'name', 'unique', 'type', 'column', 'descend', 'expression'],
  select:
    'I.TABLE_OWNER, I.TABLE_NAME, I.OWNER, I.INDEX_NAME, I.UNIQUENESS, I.INDEX_TYPE, C.COLUMN_NAME, C.DESCEND, E.COLUMN_EXPRESSION',
  from: 'ALL_INDEXES I JOIN ALL_IND_COLUMNS C ON C.INDEX_OWNER = I.OWNER AND C.INDEX_NAME = I.INDEX_NAME LEFT JOIN ALL_IND_EXPRESSIONS E ON E.INDEX_OWNER = C.INDEX_OWNER AND E.INDEX_NAME = C.INDEX_NAME AND E.COLUMN_POSITION = C.COLUMN_POSITION',
  owner: 'I.TABLE_OWNER',
  table: 'I.TABLE_NAME',
  and: "I.STATUS <> 'UNUSABLE'",
  order: 'I.TABLE_OWNER, I.TABLE_NAME, I.INDEX_NAME, C.COLUMN_POSITION',
};

/** Tables of everybody but the server itself, with estimates; without those of a ledger, and of captures (their comment says so). */
export const LIST_STATEMENT = `SELECT T.OWNER, T.TABLE_NAME, T.NUM_ROWS FROM ALL_TABLES T JOIN ALL_USERS U ON U.USERNAME = T.OWNER AND U.ORACLE_MAINTAINED = 'N' WHERE ${TABLES_ONLY} AND NOT (T.OWNER = :schema AND T.TABLE_NAME IN (:runs, :tables, :lanes, :parked, :drift)) AND NOT EXISTS (SELECT 1 FROM ALL_TAB_COMMENTS M WHERE M.OWNER = T.OWNER AND M.TABLE_NAME = T.TABLE_NAME AND M.COMMENTS = 'Sluice capture') ORDER BY T.OWNER, T.TABLE_NAME`;
