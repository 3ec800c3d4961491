import type { SqlExpression } from '../../model/expression.ts';
import type { CheckSchema, ForeignKeySchema, IndexSchema } from '../../model/table-schema.ts';

const bare = (sql: string): string => sql.replaceAll(/[\s()"`]/g, '').toLowerCase();

/** What an expression means, or its words where nobody else knows. */
const meaning = (of: SqlExpression | null): string =>
  of === null ? '' : of.neutral === null ? bare(of.sql) : JSON.stringify(of.neutral);

/** Two indexes of the same keys in the same order, whatever their names. */
export const indexMeaning = (index: IndexSchema): string =>
  JSON.stringify([
    index.unique,
    index.parts.map((part) => [
      part.column ?? meaning(part.expression),
      part.descending,
      part.prefix,
      part.collation,
      part.operators,
    ]),
    [...index.included].sort(),
    meaning(index.condition),
  ]);

export const checkMeaning = ({ expression, definition }: CheckSchema): string =>
  expression === null ? bare(definition) : meaning(expression);

/** NO ACTION and RESTRICT differ only in when they refuse, and some products have only one of them. */
const action = (of: string): string => (of === 'restrict' ? 'no action' : of);

export const foreignKeyMeaning = (key: ForeignKeySchema): string =>
  JSON.stringify([
    key.columns,
    key.references.schema,
    key.references.name,
    key.referencedColumns,
    action(key.onUpdate),
    action(key.onDelete),
  ]);

export interface Named {
  readonly name: string;
}

/**
 * What of the wanted is not there: neither under its name nor under another one with the same meaning. What has its name and
 * another meaning is told apart: it is left as it is.
 * @param nameOf  its name at the target
 */
export function missing<T extends Named>(
  wanted: readonly T[],
  found: readonly T[],
  by: {
    readonly nameOf: (each: T) => string;
    readonly meaning: (each: T) => string;
    /** The target takes names for the same that differ in the case of letters. */
    readonly foldsNames?: boolean;
  },
): { readonly lacking: readonly T[]; readonly differing: readonly T[] } {
  const meanings = new Set(found.map(by.meaning));
  const absent = wanted.filter((each) => !meanings.has(by.meaning(each)));
  const folded = (name: string): string => (by.foldsNames ? name.toLowerCase() : name);
  const names = new Set(found.map(({ name }) => folded(name)));
  const isNamed = (each: T): boolean => names.has(folded(by.nameOf(each)));
  return {
    lacking: absent.filter((each) => !isNamed(each)),
    differing: absent.filter(isNamed),
  };
}
