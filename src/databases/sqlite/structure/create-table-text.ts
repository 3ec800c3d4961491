/** What of a table only its CREATE TABLE text tells. */
export interface CreateTableText {
  readonly columns: ReadonlyMap<string, ColumnText>;
  /** `CHECK (…)` as written, of columns and of the table. */
  readonly checks: readonly { readonly name: string | null; readonly definition: string }[];
  /** Of each foreign key in the order of the text: whether it is checked at the end of a transaction. */
  readonly deferred: readonly boolean[];
}

interface ColumnText {
  readonly collation: string | null;
  /** Expression of a generated column, in its brackets. */
  readonly generated: string | null;
}

export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Brackets around it. */
  readonly depth: number;
}

const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\p{L}\p{N}_$]+|\S/gu;

export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  let depth = 0;
  for (const match of sql.matchAll(TOKEN)) {
    const text = match[0];
    if (text.startsWith('--') || text.startsWith('/*')) continue;
    if (text === ')') depth -= 1;
    found.push({ text, start: match.index, end: match.index + text.length, depth });
    if (text === '(') depth += 1;
  }
  return found;
}

/** A name without its quotes, of whichever kind SQLite takes. */
export function unquoted(text: string): string {
  const first = text[0] ?? '';
  if (first === '[') return text.slice(1, -1);
  return first === '"' || first === '`' || first === "'"
    ? text.slice(1, -1).replaceAll(first + first, first)
    : text;
}

const TABLE_CONSTRAINT = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN']);
export const isWord = (token: Token | undefined, word: string): boolean => token?.text.toUpperCase() === word;

/** The text of the brackets that open at `at`, brackets included. */
function bracketed(sql: string, list: readonly Token[], at: number): string | null {
  const open = list[at];
  if (open?.text !== '(') return null;
  const close = list.slice(at + 1).find((token) => token.text === ')' && token.depth === open.depth);
  return close === undefined ? null : sql.slice(open.start, close.end);
}

/** The definitions between the outermost brackets, each as its tokens. */
export function definitions(list: readonly Token[]): Token[][] {
  const open = list.findIndex((token) => token.text === '(' && token.depth === 0);
  const found: Token[][] = [[]];
  for (const token of open < 0 ? [] : list.slice(open + 1)) {
    if (token.depth === 0 && token.text === ')') break;
    if (token.depth === 1 && token.text === ',') found.push([]);
    else found.at(-1)?.push(token);
  }
  return found.filter((definition) => definition.length > 0);
}

function columnText(sql: string, definition: readonly Token[]): ColumnText {
  let collation: string | null = null;
  let generated: string | null = null;
  for (const [at, token] of definition.entries()) {
    if (at === 0 || token.depth !== 1) continue;
    if (isWord(token, 'COLLATE')) collation = unquoted(definition[at + 1]?.text ?? '');
    if (isWord(token, 'AS')) generated = bracketed(sql, definition, at + 1);
  }
  return { collation, generated };
}

/** Of the constraint that begins at REFERENCES: `DEFERRABLE INITIALLY DEFERRED`, the only way to put the check off. */
function isDeferred(rest: readonly Token[]): boolean {
  const ownEnd = rest.findIndex((token, at) => at > 0 && isWord(token, 'REFERENCES'));
  const own = ownEnd < 0 ? rest : rest.slice(0, ownEnd);
  const at = own.findIndex((token) => isWord(token, 'DEFERRABLE'));
  return (
    at > 0 &&
    !isWord(own[at - 1], 'NOT') &&
    isWord(own[at + 1], 'INITIALLY') &&
    isWord(own[at + 2], 'DEFERRED')
  );
}

/** Reads a CREATE TABLE statement as far as no pragma tells; of a text that it does not understand it finds nothing. */
export function readCreateTable(sql: string): CreateTableText {
  const columns = new Map<string, ColumnText>();
  const checks: { name: string | null; definition: string }[] = [];
  const deferred: boolean[] = [];
  for (const definition of definitions(tokens(sql))) {
    for (const [at, token] of definition.entries()) {
      if (isWord(token, 'REFERENCES') && token.depth === 1) deferred.push(isDeferred(definition.slice(at)));
      const check = isWord(token, 'CHECK') && token.depth === 1 ? bracketed(sql, definition, at + 1) : null;
      if (check === null) continue;
      const name = isWord(definition[at - 2], 'CONSTRAINT') ? unquoted(definition[at - 1]?.text ?? '') : null;
      checks.push({ name, definition: `CHECK ${check}` });
    }
    const first = definition[0]?.text ?? '';
    if (TABLE_CONSTRAINT.has(first.toUpperCase())) continue;
    columns.set(unquoted(first).toLowerCase(), columnText(sql, definition));
  }
  return { columns, checks, deferred };
}
