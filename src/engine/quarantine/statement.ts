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

class Growing implements Statement {
  readonly parts: string[] = [''];
  readonly values: SqlValue[] = [];

  text(text: string): void {
    this.parts[this.parts.length - 1] += text;
  }

  item(item: Item): void {
    if (!isObject(item)) {
      this.values.push(item);
      this.parts.push('');
    } else if ('raw' in item) this.text(item.raw);
    else {
      this.text(item.parts[0] ?? '');
      this.values.push(...item.values);
      this.parts.push(...item.parts.slice(1));
    }
  }
}

/** Joins texts and values; what is raw, or a statement, becomes part of it. */
export function sql(strings: TemplateStringsArray, ...items: readonly Item[]): Statement {
  const all = new Growing();
  all.text(strings[0] ?? '');
  for (const [at, item] of items.entries()) {
    all.item(item);
    all.text(strings[at + 1] ?? '');
  }
  return all;
}

/** Of thousands of values: each is moved once. */
export function joined(statements: readonly Statement[], separator: string): Statement {
  const all = new Growing();
  for (const [at, each] of statements.entries()) {
    if (at > 0) all.text(separator);
    all.item(each);
  }
  return all;
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
