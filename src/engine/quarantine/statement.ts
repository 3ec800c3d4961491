export type SqlValue = string | number | null;

/** A statement whose values stand between the parts of its text: each database gives them to its server in its own way. */
export interface Statement {
  readonly parts: readonly string[];
  readonly values: readonly SqlValue[];
}

/** Text that is none of a value: a quoted name, a list of columns. */
export interface RawSql {
  readonly raw: string;
}
export const raw = (text: string): RawSql => ({ raw: text });

type Item = SqlValue | RawSql | Statement;

const isObject = (item: Item): item is RawSql | Statement => typeof item === 'object' && item !== null;

/** Joins texts and values; what is raw, or a statement, becomes part of it. */
export function sql(strings: TemplateStringsArray, ...items: readonly Item[]): Statement {
  const parts: string[] = [strings[0] ?? ''];
  const values: SqlValue[] = [];
  const append = (text: string): void => {
    parts[parts.length - 1] += text;
  };
  for (const [at, item] of items.entries()) {
    if (!isObject(item)) {
      values.push(item);
      parts.push('');
    } else if ('raw' in item) append(item.raw);
    else {
      append(item.parts[0] ?? '');
      values.push(...item.values);
      parts.push(...item.parts.slice(1));
    }
    append(strings[at + 1] ?? '');
  }
  return { parts, values };
}

export function joined(statements: readonly Statement[], separator: string): Statement {
  const [first, ...rest] = statements;
  return rest.reduce((all, each) => sql`${all}${raw(separator)}${each}`, first ?? sql``);
}

/** For a server that takes values as literals in the text. */
export const inText = ({ parts, values }: Statement, literal: (text: string) => string): string =>
  parts
    .map((part, at) => {
      const value = values[at];
      if (at === parts.length - 1 || value === undefined) return part;
      return part + (value === null ? 'NULL' : typeof value === 'number' ? String(value) : literal(value));
    })
    .join('');
