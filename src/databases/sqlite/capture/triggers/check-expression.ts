import { expressionTokens, type ExpressionToken } from '../../../../engine/structure/expression-tokens.ts';
import { isClosedSql } from '../../../../engine/structure/is-closed-sql.ts';
import { SluiceError } from '../../../../model/sluice-error.ts';
import { tableId } from '../../../../model/table-name.ts';
import type { TableSchema } from '../../../../model/table-schema.ts';
import { quote } from '../../sql.ts';
import { STYLE } from '../../structure/expression-style.ts';
import type { Thread } from '../../connections/start-thread.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const KEYWORDS = words(
  'AND OR NOT IS NULL ISNULL NOTNULL IN BETWEEN LIKE GLOB CASE WHEN THEN ELSE END CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP',
);
/**
 * What every SQLite has and what never fails, whatever it is given: an error in a trigger would be one of the application's
 * statement. So not abs(), which fails for the smallest integer, nor the functions of JSON, which fail for a text that is none.
 */
const FUNCTIONS = words(
  'COALESCE IFNULL NULLIF LOWER UPPER LENGTH SUBSTR TRIM LTRIM RTRIM REPLACE INSTR HEX QUOTE TYPEOF ROUND UNICODE DATE TIME DATETIME JULIANDAY STRFTIME',
);
const TYPES = words('INTEGER INT REAL TEXT BLOB NUMERIC');
const COLLATIONS = words('BINARY NOCASE RTRIM');
const SIGNS = new Set('( ) , + - * / % & | ~ < > = <> != <= >= == ||'.split(' '));

interface Place {
  readonly table: TableSchema;
  /** `the condition`, `the expression "total"`: what the text is in the configuration. */
  readonly what: string;
}

const invalid = ({ table, what }: Place, reason: string): SluiceError =>
  new SluiceError('capture.condition_invalid', `${what} of ${tableId(table.table)} ${reason}`, {
    table: tableId(table.table),
  });

const columnOf = (table: TableSchema, name: string): string | undefined =>
  table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.name;

/** What keeps a word from standing where it stands; null: nothing does. */
function troubleWith(tokens: readonly ExpressionToken[], at: number, table: TableSchema): string | null {
  const token = tokens[at] as ExpressionToken;
  const word = token.text.toUpperCase();
  const next = tokens[at + 1];
  const before = tokens[at - 1]?.text.toUpperCase();
  if (before === 'AS' || before === 'COLLATE')
    return (before === 'AS' ? TYPES : COLLATIONS).has(word) ? null : `names ${token.text}`;
  if (token.kind === 'word') {
    if (word === 'AS' || word === 'COLLATE' || KEYWORDS.has(word))
      return word === 'IN' && next?.text !== '(' ? 'looks into another table' : null;
    if (word === 'X' && next?.kind === 'text' && next.start === token.end) return null;
    if (next?.text === '(')
      return word === 'CAST' || FUNCTIONS.has(word)
        ? null
        : `calls ${token.text}(), which may fail or be missing in the application`;
  }
  return columnOf(table, token.text) === undefined ? `names ${token.text}, which is no column` : null;
}

/** Columns that the text names, as the table spells them; null where it is not understood. */
export function columnsNamed(sql: string, table: TableSchema): readonly string[] | null {
  const tokens = expressionTokens(sql, STYLE);
  if (tokens === null) return null;
  const found = tokens.flatMap((token) =>
    token.kind === 'name' || token.kind === 'word' ? (columnOf(table, token.text) ?? []) : [],
  );
  return [...new Set(found)];
}

/**
 * That a text is exactly one expression of columns of the table, without a query of its own, and one that cannot fail.
 * @throws SluiceError capture.condition_invalid
 */
export async function checkExpression(
  sql: string,
  place: Place,
  { thread, signal }: { readonly thread: Thread; readonly signal: AbortSignal },
): Promise<void> {
  const tokens = expressionTokens(sql, STYLE);
  if (tokens === null || !isClosedSql(sql, STYLE))
    throw invalid(place, 'is not one expression without comments');
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'word' || token.kind === 'name') {
      const trouble = troubleWith(tokens, at, place.table);
      if (trouble !== null) throw invalid(place, trouble);
    }
    // `->` reads JSON, and fails for what is none.
    const isArrow = token.text === '>' && tokens[at - 1]?.text === '-' && tokens[at - 1]?.end === token.start;
    if (token.kind === 'sign' && (!SIGNS.has(token.text) || isArrow))
      throw invalid(place, `has the sign ${isArrow ? '->' : token.text}`);
  }
  const described = await thread
    .call('describeQuery', { sql: `SELECT (\n${sql}\n) FROM ${quote(place.table.table.name)}` }, { signal })
    .catch((error: unknown) => {
      if (error instanceof SluiceError && error.details.vendorCode === 'SQLITE_ERROR') return null;
      throw error;
    });
  if (described?.length !== 1) throw invalid(place, 'is no expression that SQLite takes');
}
