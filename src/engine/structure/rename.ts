import type { Expression, SqlExpression } from '../../model/expression.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { IndexSchema } from '../../model/table-schema.ts';
import { expressionTokens, type TokenStyle } from './expression-tokens.ts';
import type { ExpressionStyle } from './parse-expression.ts';
import type { ColumnsByName, TranslatedColumn } from './translate-expression.ts';

/** Source columns by name as they are at the target. Generated ones keep their name and are of no kind that is compared. */
export function columnsByName(plan: TablePlan): ColumnsByName {
  const found = new Map<string, TranslatedColumn>();
  for (const { name, generated } of plan.structure?.columns ?? [])
    if (generated !== null) found.set(name, { target: name, kind: 'native', binary: false });
  const collationOf = new Map(plan.structure?.columns.map(({ name, collation }) => [name, collation]));
  for (const { source, target, logical } of plan.columns) {
    const collation = collationOf.get(source) ?? null;
    // Blanks that fill a text up are part of it in some products, and nothing in others.
    const kind = logical.kind === 'text' && logical.padded === true ? 'native' : logical.kind;
    found.set(source, { target, kind, binary: isBinary(collation) });
  }
  return found;
}

/** Whether a collation tells all texts apart that differ: PostgreSQL's do, most of MySQL's and some of SQLite's do not. */
const isBinary = (collation: string | null): boolean =>
  collation === null || !/_ci$|_ai$|_ai_cs$|^nocase$|^rtrim$/i.test(collation);

/** The expression in names of the target; null where a column of it is not copied. */
export function renameExpression(of: Expression, columns: ColumnsByName): Expression | null {
  let complete = true;
  // oxlint-disable-next-line consistent-return -- the switch is exhaustive
  const rename = (each: Expression): Expression => {
    switch (each.kind) {
      case 'column': {
        const found = columns.get(each.name);
        if (!found) complete = false;
        return { kind: 'column', name: found?.target ?? each.name };
      }
      case 'not':
      case 'negative':
        return { ...each, operand: rename(each.operand) };
      case 'is-null':
        return { ...each, operand: rename(each.operand) };
      case 'binary':
        return { ...each, left: rename(each.left), right: rename(each.right) };
      case 'in':
        return { ...each, operand: rename(each.operand), items: each.items.map(rename) };
      case 'between':
        return { ...each, operand: rename(each.operand), low: rename(each.low), high: rename(each.high) };
      case 'call':
        return { ...each, args: each.args.map(rename) };
      case 'null':
      case 'boolean':
      case 'number':
      case 'text':
      case 'now':
        return each;
    }
  };
  const renamed = rename(of);
  return complete ? renamed : null;
}

const NOT_A_COLUMN_BEFORE = new Set(['::', '.']);
const NOT_A_COLUMN_AFTER = new Set(['(', '.']);

/** How a database writes names, and whether it compares them without regard to case, quoted or not. */
export type NameStyle = TokenStyle & Pick<ExpressionStyle, 'foldsNames'>;

/** The column of that name, as the source calls it. */
function namedColumn(text: string, names: readonly string[], { foldsNames }: NameStyle): string {
  if (!foldsNames || names.includes(text)) return text;
  const folded = text.toLowerCase();
  return names.find((name) => name.toLowerCase() === folded) ?? text;
}

/**
 * The vendor's own text with the columns' names exchanged. Null: it could not be read, or names a column that is not copied.
 * A word is a column where it stands alone: not behind `::`, not before `(`.
 */
export function renameInSql(
  sql: string,
  columns: ColumnsByName,
  options: {
    readonly style: NameStyle;
    readonly quote: (name: string) => string;
    readonly all: readonly string[];
  },
): string | null {
  const lost = options.all.filter((name) => !columns.has(name));
  const changed = [...columns].filter(([name, { target }]) => name !== target);
  if (changed.length === 0 && lost.length === 0) return sql;
  const tokens = expressionTokens(sql, options.style);
  if (tokens === null) return null;
  const names = [...columns.keys(), ...lost];
  let text = '';
  let from = 0;
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'name' && token.kind !== 'word') continue;
    if (NOT_A_COLUMN_BEFORE.has(tokens[at - 1]?.text ?? '')) continue;
    if (NOT_A_COLUMN_AFTER.has(tokens[at + 1]?.text ?? '')) continue;
    const name = namedColumn(token.text, names, options.style);
    if (lost.includes(name)) return null;
    const target = columns.get(name)?.target;
    if (target === undefined || target === name) continue;
    text += sql.slice(from, token.start) + options.quote(target);
    from = token.end;
  }
  return text + sql.slice(from);
}

/** Says the vendor's text in other names; see renameInSql. */
export type RenameSql = (sql: string) => string | null;

const renameSql = (of: SqlExpression, columns: ColumnsByName, inSql: RenameSql): SqlExpression => ({
  sql: inSql(of.sql) ?? of.sql,
  neutral: of.neutral === null ? null : renameExpression(of.neutral, columns),
});

/** The index with its columns as the target has them; null where one of them is not copied. */
export function renameIndex(
  index: IndexSchema,
  columns: ColumnsByName,
  inSql: RenameSql,
): IndexSchema | null {
  const named = [...index.parts.flatMap(({ column }) => column ?? []), ...index.included];
  if (!named.every((name) => columns.has(name))) return null;
  const target = (name: string): string => columns.get(name)?.target ?? name;
  return {
    ...index,
    columns: index.columns.map(target),
    included: index.included.map(target),
    condition: index.condition && renameSql(index.condition, columns, inSql),
    parts: index.parts.map((part) => ({
      ...part,
      column: part.column === null ? null : target(part.column),
      expression: part.expression && renameSql(part.expression, columns, inSql),
    })),
  };
}
