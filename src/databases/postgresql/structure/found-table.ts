import type { ExpressionStyle, KnownColumn } from '../../../engine/structure/parse-expression.ts';
import { parseExpression } from '../../../engine/structure/parse-expression.ts';
import type { SqlExpression } from '../../../model/expression.ts';
import type {
  CheckSchema,
  ColumnSchema,
  ForeignKeyAction,
  ForeignKeySchema,
  IndexSchema,
  KeySchema,
  TableSchema,
} from '../../../model/table-schema.ts';

interface FoundKey {
  readonly column: string | null;
  readonly sql: string | null;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly collation: string | null;
  readonly operators: string | null;
}

interface FoundIndex extends Omit<IndexSchema, 'parts' | 'condition'> {
  readonly keyColumns: readonly string[];
  readonly keys: readonly FoundKey[] | null;
  readonly conditionSql: string | null;
  readonly primary: boolean;
  readonly usable: boolean;
  readonly exclusion: boolean;
}

interface FoundConstraint extends Omit<ForeignKeySchema, 'onUpdate' | 'onDelete'> {
  readonly type: 'f' | 'c' | 'x';
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly expressionSql: string | null;
}

type Derived = 'precision' | 'scale' | 'maxChars' | 'neutralDefault' | 'neutralGenerated';

/** One table as the catalog's query gives it. */
export interface FoundTable
  extends Omit<TableSchema, 'columns' | 'indexes' | 'primaryKey' | 'uniqueKeys' | 'foreignKeys' | 'checks'> {
  readonly columns: readonly Omit<ColumnSchema, Derived>[] | null;
  readonly indexes: readonly FoundIndex[] | null;
  readonly constraints: readonly FoundConstraint[] | null;
}

/** How PostgreSQL writes expressions. */
export const STYLE: ExpressionStyle = {
  quotes: ['"'],
  backslashes: false,
  foldsNames: false,
  calls: {
    lower: 'lower',
    upper: 'upper',
    length: 'char-length',
    char_length: 'char-length',
    character_length: 'char-length',
    abs: 'abs',
    coalesce: 'coalesce',
  },
};

const ACTIONS: Readonly<Record<string, ForeignKeyAction>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
};

/** The numbers in brackets of `numeric(12,2)`, `character varying(20)`, `timestamp(3) with time zone`. */
export function parametersOf(type: string): Pick<ColumnSchema, 'precision' | 'scale' | 'maxChars'> {
  const [first = null, second = null] = (/\((-?\d+(?:,-?\d+)?)\)/.exec(type)?.[1] ?? '')
    .split(',')
    .map((text) => (text === '' ? null : Number(text)));
  if (type.startsWith('character')) return { precision: null, scale: null, maxChars: first };
  return { precision: first, scale: type.startsWith('numeric(') ? second : null, maxChars: null };
}

type Parse = (sql: string | null) => SqlExpression | null;

const keyOf = (index: FoundIndex): KeySchema => ({ name: index.name, columns: index.keyColumns });

function indexOf(found: FoundIndex, parse: Parse): IndexSchema {
  const { name, columns, unique, included, method, nullsDistinct, constraint, valid, definition, body } =
    found;
  const parts = (found.keys ?? []).map(({ column, sql, descending, nullsFirst, collation, operators }) => ({
    column,
    expression: parse(sql),
    descending,
    // Descending ones have NULL first by themselves.
    nulls: nullsFirst === descending ? null : nullsFirst ? ('first' as const) : ('last' as const),
    collation,
    prefix: null,
    operators,
  }));
  const condition = parse(found.conditionSql);
  return {
    name,
    columns,
    unique,
    parts,
    included,
    condition,
    method,
    nullsDistinct,
    constraint,
    valid,
    definition,
    body,
  };
}

const foreignKeyOf = (found: FoundConstraint): ForeignKeySchema => {
  const { name, columns, references, referencedColumns, match, checked, valid, definition } = found;
  const { onDeleteColumns } = found;
  const onUpdate = ACTIONS[found.onUpdate] ?? 'no action';
  const onDelete = ACTIONS[found.onDelete] ?? 'no action';
  return {
    name,
    columns,
    references,
    referencedColumns,
    onUpdate,
    onDelete,
    // jsonb has null where there are none.
    ...(onDeleteColumns && { onDeleteColumns }),
    match,
    checked,
    valid,
    definition,
  };
};

const isText = (baseType: string): boolean => /^(?:text|character varying|character|bpchar)$/.test(baseType);

function columnOf(column: Omit<ColumnSchema, Derived>, known: readonly KnownColumn[]): ColumnSchema {
  const neutralDefault = column.default === null ? null : parseExpression(column.default, STYLE, []);
  const neutralGenerated = column.generated === null ? null : parseExpression(column.generated, STYLE, known);
  const { sequence, ownCollation, nondeterministic, ...rest } = column;
  return {
    ...rest,
    ...parametersOf(column.type),
    // jsonb has null where there is none.
    ...(sequence && { sequence }),
    ...(ownCollation && { ownCollation }),
    ...(nondeterministic === true && { nondeterministic }),
    ...(neutralDefault && { neutralDefault }),
    ...(neutralGenerated && { neutralGenerated }),
  };
}

/** The model's schema of one table from the catalog's answer. Pure. */
export function schemaOf(found: FoundTable): TableSchema {
  const indexes = found.indexes ?? [];
  const primary = indexes.find((index) => index.primary);
  const others = indexes.filter((index) => !index.primary);
  const { constraints, ...rest } = found;
  const columns = found.columns ?? [];
  const known = columns.map(({ name, baseType }) => ({ name, isText: isText(baseType) }));
  const parse: Parse = (sql) => (sql === null ? null : { sql, neutral: parseExpression(sql, STYLE, known) });
  return {
    ...rest,
    columns: columns.map((column) => columnOf(column, known)),
    primaryKey: primary ? keyOf(primary) : null,
    uniqueKeys: others.filter((index) => index.usable).map(keyOf),
    // An exclusion makes its own index.
    indexes: others.filter(({ exclusion }) => !exclusion).map((index) => indexOf(index, parse)),
    foreignKeys: (constraints ?? []).filter(({ type }) => type === 'f').map(foreignKeyOf),
    checks: (constraints ?? [])
      .filter(({ type }) => type !== 'f')
      .map(
        ({ name, definition, expressionSql }): CheckSchema => ({
          name,
          definition,
          expression: parse(expressionSql),
        }),
      ),
  };
}
