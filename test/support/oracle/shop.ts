import { type CatalogTable, describeTable } from '../../../src/databases/oracle/structure/describe-table.ts';
import { oracle } from '../../../src/databases/oracle/dialect.ts';
import { postgresql } from '../../../src/databases/postgresql/dialect.ts';
import { STYLE } from '../../../src/databases/postgresql/structure/found-table.ts';
import { parseExpression } from '../../../src/engine/structure/parse-expression.ts';
import type { Dialect } from '../../../src/engine/ports/dialect.ts';
import type { TablePlan } from '../../../src/model/table-plan.ts';
import type {
  CheckSchema,
  ColumnSchema,
  ForeignKeySchema,
  IndexSchema,
  TableSchema,
} from '../../../src/model/table-schema.ts';
import { standInColumn } from '../stand-in-dialect.ts';
import { planOf } from './plans.ts';

const columnOf = (
  name: string,
  type: string,
  { default: given = null, ...changes }: Partial<ColumnSchema> = {},
): ColumnSchema => {
  const neutral = given === null ? null : parseExpression(given, STYLE, []);
  return standInColumn(name, type, {
    nullable: true,
    default: given,
    ...(neutral && { neutralDefault: neutral }),
    ...changes,
  });
};

const COLUMNS: readonly ColumnSchema[] = [
  columnOf('id', 'bigint', { nullable: false, identity: 'always', comment: "the person's number" }),
  columnOf('number', 'integer', { identity: 'by-default', nullable: false }),
  columnOf('name', 'character varying(80)', { nullable: false, default: "'nobody'::character varying" }),
  columnOf('nick', 'character varying(20)', { default: "''::character varying" }),
  columnOf('mail', 'text', { default: "'none'::text" }),
  columnOf('active', 'boolean', { nullable: false, default: 'true' }),
  columnOf('age', 'smallint', { default: '18' }),
  columnOf('born', 'date', { default: "'1970-01-01'::date" }),
  columnOf('seen', 'timestamp without time zone', { default: 'now()' }),
  columnOf('made', 'timestamp with time zone', { default: 'CURRENT_TIMESTAMP' }),
  columnOf('day', 'date', { default: 'CURRENT_DATE' }),
  columnOf('code', 'uuid', { default: 'gen_random_uuid()' }),
  columnOf('team', 'text'),
  columnOf('loud', 'text', { generated: 'upper((name)::text)' }),
];

const KNOWN = COLUMNS.map(({ name, type }) => ({ name, isText: /text|char/.test(type) }));
const said = (sql: string) => ({ sql, neutral: parseExpression(sql, STYLE, KNOWN) });

const PLAIN = {
  expression: null,
  descending: false,
  nulls: null,
  collation: null,
  prefix: null,
  operators: null,
};

function indexOf(name: string, columns: readonly string[], changes: Partial<IndexSchema> = {}): IndexSchema {
  const unique = changes.unique === true;
  return {
    name,
    columns,
    unique,
    parts: columns.map((column) => ({ ...PLAIN, column })),
    included: [],
    condition: null,
    method: 'btree',
    nullsDistinct: true,
    constraint: null,
    valid: true,
    definition: `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${name} ON public.people (${columns.join(', ')})`,
    body: `btree (${columns.join(', ')})`,
    ...changes,
  };
}

const checkOf = (name: string, condition: string): CheckSchema => ({
  name,
  definition: `CHECK (${condition})`,
  expression: said(condition),
});

export const keyOf = (changes: Partial<ForeignKeySchema> = {}): ForeignKeySchema => ({
  name: 'people_team',
  columns: ['team'],
  references: { schema: 'SHOP', name: 'teams' },
  referencedColumns: ['name'],
  onUpdate: 'cascade',
  onDelete: 'set null',
  match: 'simple',
  checked: 'deferred',
  valid: true,
  definition: 'FOREIGN KEY (team) REFERENCES teams(name)',
  ...changes,
});

/** A table of PostgreSQL with something of everything. */
export const PEOPLE: TableSchema = {
  table: { schema: 'public', name: 'people' },
  product: 'postgresql',
  kind: 'table',
  parent: null,
  columns: COLUMNS,
  primaryKey: { name: 'people_pkey', columns: ['id'] },
  uniqueKeys: [],
  indexes: [
    indexOf('people_seen', ['seen', 'age'], {
      parts: [
        { ...PLAIN, column: 'seen', descending: true },
        { ...PLAIN, column: 'age' },
      ],
    }),
    indexOf('people_number_key', ['number'], { unique: true, constraint: 'UNIQUE (number)' }),
    indexOf('people_nick_key', ['nick'], { unique: true }),
    indexOf('people_pair_key', ['id', 'name'], { unique: true }),
    indexOf('people_gap_key', ['name', 'nick'], { unique: true }),
    indexOf('people_mail', ['mail']),
    indexOf('people_team', ['team']),
    indexOf('people_loud', [], {
      parts: [{ ...PLAIN, column: null, expression: said('lower((name)::text)') }],
    }),
    indexOf('people_young', ['age'], { condition: said('(age < 30)') }),
  ],
  foreignKeys: [keyOf()],
  checks: [
    checkOf('people_age', '((age >= 0) AND (age < 200))'),
    checkOf('people_name', "((name)::text <> 'x'::text)"),
    checkOf('people_nick', "((nick)::text <> ''::text)"),
    checkOf('people_born', "(born > '1900-01-01'::date)"),
    checkOf('people_long', '(char_length((name)::text) > 1)'),
  ],
  comment: "who's there",
  estimatedRows: null,
  estimatedBytes: null,
};

/** The plan of a table with what is made of it after the rows, as the engine has it. */
export function structuredPlan(
  from: Dialect,
  source: TableSchema,
  keys: readonly ForeignKeySchema[],
): TablePlan {
  const plan = planOf({ dialect: from, table: source }, { dialect: oracle }, { mode: 'truncate' });
  return {
    ...plan,
    target: { schema: 'SHOP', name: source.table.name },
    structure: source,
    foreignKeys: keys,
  };
}

export const peoplePlan = (): TablePlan => structuredPlan(postgresql, PEOPLE, PEOPLE.foreignKeys);

const cell = (row: Readonly<Record<string, string>>) => row;
const columnRow = (name: string, type: string, more: Readonly<Record<string, string>> = {}) =>
  cell({ name, type, nullable: 'Y', virtual: 'NO', ...more });
const constraintRow = (name: string, type: string, more: Readonly<Record<string, string>>) =>
  cell({
    name,
    type,
    trusted: 'Y',
    status: 'ENABLED',
    deferrable: 'NOT DEFERRABLE',
    deferred: 'IMMEDIATE',
    ...more,
  });
const indexRow = (name: string, column: string, more: Readonly<Record<string, string>> = {}) =>
  cell({ name, owner: 'SHOP', unique: 'NONUNIQUE', type: 'NORMAL', column, descend: 'ASC', ...more });

/** A table of Oracle as its catalog has it. */
const ORDERS: CatalogTable = {
  table: { schema: 'SHOP', name: 'ORDERS' },
  row: cell({ partitioned: 'NO', comment: 'what was bought' }),
  columns: [
    columnRow('ID', 'NUMBER', {
      precision: '18',
      scale: '0',
      nullable: 'N',
      identity: 'ALWAYS',
      default: '"SHOP"."ISEQ$$_1".nextval',
    }),
    columnRow('STATE', 'VARCHAR2', {
      length: '20',
      chars: '20',
      charUsed: 'C',
      default: "'new' ",
      nullable: 'N',
    }),
    columnRow('PLACE', 'VARCHAR2', { length: '80', chars: '20', charUsed: 'C' }),
    columnRow('TOTAL', 'NUMBER', { precision: '12', scale: '2', default: '0' }),
    columnRow('MADE', 'TIMESTAMP(6)', { scale: '6', default: 'SYSTIMESTAMP' }),
    columnRow('NOTE', 'CLOB'),
    columnRow('NUMBER_OF', 'NUMBER', { precision: '9', scale: '0', default: '"SHOP"."NUMBERS"."NEXTVAL" ' }),
    columnRow('TWICE', 'NUMBER', { virtual: 'YES', default: '"TOTAL"*2' }),
  ],
  constraints: [
    constraintRow('SYS_C1', 'C', { condition: '"STATE" IS NOT NULL', column: 'STATE' }),
    constraintRow('ORDERS_PK', 'P', { index: 'ORDERS_PK', column: 'ID' }),
    constraintRow('ORDERS_TOTAL', 'C', { condition: 'total >= 0', column: 'TOTAL' }),
    constraintRow('ORDERS_OLD', 'C', {
      condition: "STATE <> 'old'",
      column: 'STATE',
      trusted: 'N',
      status: 'DISABLED',
    }),
    constraintRow('ORDERS_ODD', 'C', { condition: "STATE <> 'odd'", column: 'STATE', trusted: 'N' }),
    constraintRow('ORDERS_UK', 'U', { index: 'ORDERS_WIDE', column: 'STATE', deferrable: 'DEFERRABLE' }),
    constraintRow('ORDERS_FK', 'R', {
      column: 'PLACE',
      refSchema: 'SHOP',
      refTable: 'PLACES',
      refColumn: 'NAME',
      onDelete: 'SET NULL',
      deferrable: 'DEFERRABLE',
      deferred: 'DEFERRED',
    }),
  ],
  indexes: [
    indexRow('ORDERS_PK', 'ID', { unique: 'UNIQUE' }),
    indexRow('ORDERS_WIDE', 'STATE'),
    indexRow('ORDERS_WIDE', 'PLACE'),
    indexRow('ORDERS_LOUD', 'SYS_NC1', { type: 'FUNCTION-BASED NORMAL', expression: 'UPPER("STATE")' }),
    indexRow('ORDERS_BITS', 'STATE', { type: 'BITMAP' }),
    indexRow('ORDERS_WORDS', 'NOTE', { type: 'DOMAIN' }),
    indexRow('ORDERS_DOWN', 'SYS_NC2', {
      type: 'FUNCTION-BASED NORMAL',
      expression: '"MADE"',
      descend: 'DESC',
    }),
  ],
};

const NUMBERS = {
  start: '1021',
  increment: '5',
  min: '1',
  max: '9999999999999999999999999999',
  cache: '20',
  cycle: 'N',
};

export const ordersTable = (): TableSchema =>
  describeTable({ ...ORDERS, sequence: () => NUMBERS }, 'AL32UTF8');
