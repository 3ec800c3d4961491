import { type AskedSql, invalidSql, refuseOpenSql } from '../../../../engine/capture/triggers/asked-sql.ts';
import { type ExpressionToken, expressionTokens } from '../../../../engine/structure/expression-tokens.ts';
import type { TableSchema } from '../../../../model/table-schema.ts';
import type { Session } from '../../connections/session.ts';
import { classify, toSluiceError } from '../../error-codes.ts';
import { quote } from '../../sql/names.ts';
import { STYLE } from '../../structure/expression-style.ts';
import { renderCheckCondition, renderCheckExpression } from '../sql/trigger-catalog-sql.ts';

/** SQL of a column of a row: `:NEW."TOTAL"`. */
export type RowOf = (column: string) => string;

export const rowNamed =
  (alias: 'NEW' | 'OLD'): RowOf =>
  (column) =>
    `:${alias}.${quote(column)}`;

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const KEYWORDS = words(
  'AND OR NOT IS NULL IN BETWEEN LIKE ESCAPE CASE WHEN THEN ELSE END DATE TIMESTAMP INTERVAL YEAR MONTH DAY HOUR MINUTE SECOND TO FROM LEADING TRAILING BOTH N',
);
/** What PL/SQL has as SQL does, and what depends on nothing but what it is given. */
const FUNCTIONS = words(
  'UPPER LOWER INITCAP SUBSTR SUBSTRB INSTR INSTRB LENGTH LENGTHB TRIM LTRIM RTRIM LPAD RPAD REPLACE TRANSLATE CONCAT NVL COALESCE NULLIF GREATEST LEAST ABS SIGN MOD ROUND TRUNC CEIL FLOOR POWER SQRT TO_CHAR TO_NUMBER TO_DATE TO_TIMESTAMP TO_TIMESTAMP_TZ TO_CLOB EXTRACT ADD_MONTHS MONTHS_BETWEEN LAST_DAY REGEXP_LIKE REGEXP_SUBSTR REGEXP_REPLACE REGEXP_INSTR REGEXP_COUNT HEXTORAW RAWTOHEX ASCII CHR ASCIISTR UNISTR SYS_EXTRACT_UTC NUMTODSINTERVAL NUMTOYMINTERVAL',
);
const SIGNS = new Set('( ) , + - * / < > = <> != <= >= ||'.split(' '));

const tokensOf = (sql: string): readonly ExpressionToken[] => expressionTokens(sql, STYLE) ?? [];
const isCall = (tokens: readonly ExpressionToken[], at: number): boolean =>
  tokens[at]?.kind === 'word' && tokens[at + 1]?.text === '(' && tokens[at + 1]?.kind === 'sign';

/** Without quotation marks a name is one in capitals. */
function columnAt(
  tokens: readonly ExpressionToken[],
  at: number,
  columns: ReadonlySet<string>,
): string | undefined {
  const token = tokens[at];
  if (token?.kind !== 'name' && (token?.kind !== 'word' || isCall(tokens, at))) return undefined;
  const name = token.kind === 'name' ? token.text : token.text.toUpperCase();
  return columns.has(name) ? name : undefined;
}

/** The SQL on another row: each name of a column is what that row has for it. */
export function onRow(sql: string, columns: readonly string[], row: RowOf): string {
  const names = new Set(columns);
  const tokens = tokensOf(sql);
  let text = '';
  let done = 0;
  for (const [at, token] of tokens.entries()) {
    const column = columnAt(tokens, at, names);
    if (column === undefined) continue;
    text += sql.slice(done, token.start) + row(column);
    done = token.end;
  }
  return `(\n${text}${sql.slice(done)}\n)`;
}

/** Columns that the SQL names. */
export function columnsIn(sql: string, columns: readonly string[]): readonly string[] {
  const found = new Set<string>();
  onRow(sql, columns, (column) => {
    found.add(column);
    return column;
  });
  return [...found];
}

/** What keeps a token from standing where it stands; null: nothing does. */
function troubleWith(
  tokens: readonly ExpressionToken[],
  at: number,
  columns: ReadonlySet<string>,
): string | null {
  const token = tokens[at] as ExpressionToken;
  const next = tokens[at + 1];
  if (token.kind === 'sign') return SIGNS.has(token.text) ? null : `it has the sign ${token.text}`;
  if (token.kind === 'word') {
    const word = token.text.toUpperCase();
    // A text in letters of its own choice ends elsewhere than it seems.
    if (next?.kind === 'text' && next.start === token.end && word !== 'N') return `it has ${token.text}'`;
    if (word === 'IN' && next?.text !== '(') return 'it looks into another table';
    if (KEYWORDS.has(word)) return null;
    if (isCall(tokens, at))
      return FUNCTIONS.has(word) ? null : `${token.text}() is none of the functions that triggers may call`;
  }
  if (token.kind !== 'word' && token.kind !== 'name') return null;
  return columnAt(tokens, at, columns) === undefined ? `${token.text} is no column of the row` : null;
}

/** @throws SluiceError capture.condition_invalid */
export function refuseForm({ table, columns }: TableSchema, asked: AskedSql): void {
  refuseOpenSql(table, asked, STYLE);
  const names = new Set(columns.map(({ name }) => name));
  const tokens = tokensOf(asked.sql);
  for (const at of tokens.keys()) {
    const trouble = troubleWith(tokens, at, names);
    if (trouble !== null) throw invalidSql(table, asked, trouble);
  }
}

/** Errors that a wrong text has, not the server. */
const IS_OURS = new Set([
  'database.unreachable',
  'database.overloaded',
  'database.transient',
  'database.authentication_failed',
  'database.permission_denied',
]);

/**
 * Each is parsed and resolved by the server, and none is run on a row.
 * @throws SluiceError capture.condition_invalid, naming table and expression
 */
export async function checkUserSql(
  session: Session,
  schema: TableSchema,
  asked: readonly AskedSql[],
): Promise<void> {
  const { table } = schema;
  for (const each of asked) {
    refuseForm(schema, each);
    const render = each.isCondition ? renderCheckCondition : renderCheckExpression;
    try {
      await session.query(render(table, each.sql));
    } catch (error) {
      if (session.ended || IS_OURS.has(classify(error))) throw error;
      throw invalidSql(table, each, toSluiceError(error).message);
    }
  }
}
