import type { IndexPart, IndexSchema, TableSchema } from '../../model/table-schema.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { isClosedSql } from './is-closed-sql.ts';
import { columnsByName, type NameStyle, renameIndex, renameInSql } from './rename.ts';
import {
  type ColumnsByName,
  type TargetWords,
  translateCondition,
  translateExpression,
} from './translate-expression.ts';

/** What indexes a target has, and how it writes them. */
export interface IndexRules {
  /** Name of its dialect: the definitions of another table of the same product are taken as they are. */
  readonly product: string;
  readonly style: NameStyle;
  readonly words: TargetWords;
  /** Whether an index may be of some rows only, of expressions, with further columns. */
  readonly conditions: boolean;
  readonly expressions: boolean;
  /** How many characters of a column stand in an index, where the whole does not fit; null: all. */
  prefix?(column: string, index: IndexSchema): number | null;
}

/** An index as it is to be at the target. */
export interface WantedIndex {
  /** In names of the target, as its introspection will describe it. */
  readonly index: IndexSchema;
  /** What stands behind the name of the table: method (where the product has such), keys, condition. */
  readonly body: string;
}

export interface WantedIndexes {
  readonly indexes: readonly WantedIndex[];
  /** SQL of the source with the reason. */
  readonly leftOut: readonly string[];
}

const TREES = new Set(['btree', 'hash']);
export const withReason = (sql: string, reason: string): string => `${sql} -- ${reason}`;

/** Why an index of another product cannot be made; null: it can. */
function hindrance(index: IndexSchema, rules: IndexRules): string | null {
  if (!TREES.has(index.method)) return `an index of method ${index.method} has no counterpart`;
  if (index.parts.some(({ operators }) => operators !== null)) return 'it compares in a way of its own';
  if (index.parts.some(({ collation }) => collation !== null)) return 'it compares by a collation of its own';
  if (index.parts.some(({ prefix }) => prefix !== null)) return 'it holds only the beginning of a column';
  if (index.unique && !index.nullsDistinct) return 'it takes two NULLs for the same';
  if (!rules.conditions && index.condition !== null) return 'it holds only some of the rows';
  if (!rules.expressions && index.parts.some(({ expression }) => expression !== null))
    return 'it holds an expression';
  return null;
}

/** What is lost although the index is made. */
function losses(index: IndexSchema, columns: ColumnsByName): readonly string[] {
  const folds =
    index.unique &&
    index.parts.some(({ column }) => column !== null && columns.get(column)?.binary === false);
  return [
    ...(index.included.length > 0 ? [`the columns that ${index.name} includes`] : []),
    ...(folds
      ? [`${index.name} takes texts for the same that differ in case or accent; here it does not`]
      : []),
  ].map((what) => withReason(index.definition, `made without: ${what}`));
}

function translatePart(part: IndexPart, rules: IndexRules, columns: ColumnsByName): string | null {
  const order = part.descending ? ' DESC' : '';
  if (part.column !== null)
    return `${rules.words.quote(columns.get(part.column)?.target ?? part.column)}${order}`;
  const said = translateExpression(part.expression?.neutral ?? null, rules.words, columns);
  return said === null ? null : `(${said})${order}`;
}

function translated(
  index: IndexSchema,
  renamed: IndexSchema,
  of: { readonly rules: IndexRules; readonly columns: ColumnsByName },
): WantedIndex | null {
  const { rules, columns } = of;
  const prefixes = renamed.parts.map(({ column }) =>
    column === null || index.unique ? null : (rules.prefix?.(column, renamed) ?? null),
  );
  const keys = index.parts.map((part, at) => {
    const key = translatePart(part, rules, columns);
    const prefix = prefixes[at] ?? null;
    return prefix === null
      ? key
      : `${rules.words.quote(renamed.parts[at]?.column ?? '')}(${prefix})${part.descending ? ' DESC' : ''}`;
  });
  const condition = translateCondition(index.condition?.neutral ?? null, rules.words, columns);
  if (keys.includes(null) || (index.condition !== null && condition === null)) return null;
  return {
    index: {
      ...renamed,
      included: [],
      method: 'btree',
      parts: renamed.parts.map((part, at) => ({ ...part, nulls: null, prefix: prefixes[at] ?? null })),
    },
    body: `(${keys.join(', ')})${condition === null ? '' : ` WHERE ${condition}`}`,
  };
}

/** How a vendor's own text is said in names of the target. */
export function renamer(
  source: TableSchema,
  columns: ColumnsByName,
  rules: { readonly style: NameStyle; readonly words: Pick<TargetWords, 'quote'> },
): (sql: string) => string | null {
  const all = source.columns.map(({ name }) => name);
  return (sql) => renameInSql(sql, columns, { style: rules.style, quote: rules.words.quote, all });
}

/**
 * The indexes of the source as they are to be at the target: the definition itself between tables of one product, else what
 * means the same. Unique ones first, for foreign keys need them.
 */
export function wantedIndexes(plan: TablePlan, rules: IndexRules): WantedIndexes {
  const { structure: source } = plan;
  if (!source) return { indexes: [], leftOut: [] };
  const columns = columnsByName(plan);
  const rename = renamer(source, columns, rules);
  const isSame = source.product === rules.product;
  const wanted: WantedIndex[] = [];
  const leftOut: string[] = [];
  const inOrder = [...source.indexes].sort((a, b) => Number(b.unique) - Number(a.unique));
  for (const index of inOrder) {
    const renamed = renameIndex(index, columns, rename);
    if (renamed === null) {
      leftOut.push(withReason(index.definition, 'not all of its columns are copied'));
      continue;
    }
    if (isSame) {
      const body = rename(index.body ?? `(${index.columns.map(rules.words.quote).join(', ')})`);
      if (![index.body, index.constraint].every((words) => words === null || isClosedSql(words, rules.style)))
        leftOut.push(withReason(index.definition, 'its words could end elsewhere than they seem'));
      else if (body === null) leftOut.push(withReason(index.definition, 'not all of its columns are copied'));
      else
        wanted.push({
          index: { ...renamed, constraint: renamed.constraint && rename(renamed.constraint) },
          body,
        });
      continue;
    }
    const why = hindrance(index, rules);
    const found = why === null ? translated(index, renamed, { rules, columns }) : null;
    if (found === null)
      leftOut.push(withReason(index.definition, why ?? 'its expression means nothing here'));
    else {
      wanted.push(found);
      leftOut.push(...losses(index, columns));
    }
  }
  return { indexes: wanted, leftOut };
}
