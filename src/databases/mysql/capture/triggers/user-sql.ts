import { type AskedSql, invalidSql, refuseOpenSql } from '../../../../engine/capture/triggers/asked-sql.ts';
import { type ExpressionToken, expressionTokens } from '../../../../engine/structure/expression-tokens.ts';
import type { TableName } from '../../../../model/table-name.ts';
import type { TableSchema } from '../../../../model/table-schema.ts';
import type { Session } from '../../connections/session.ts';
import { typeTextOf } from '../../describe-query.ts';
import { toSluiceError, vendorCode } from '../../error-codes.ts';
import { list, literal, qualified, quote } from '../../sql/names.ts';
import { parseType } from '../../types/type-text.ts';
import type { RecordedType } from './recorded-value.ts';

/** SQL of a column of a row: `NEW.`total``. */
export type RowOf = (column: string) => string;

export const rowNamed =
  (alias: string): RowOf =>
  (column) =>
    `${alias}.${quote(column)}`;

/** Texts stand in single or double quotes. */
const STYLE = { quotes: ['`', '"'], backslashes: true } as const;

/** What reads other rows, or gives another answer each time. */
const FORBIDDEN = new Set(
  'select|into|values|value|default|over|sleep|benchmark|get_lock|release_lock|release_all_locks|load_file|rand|uuid|uuid_short|sys_guid|nextval|lastval|setval|last_insert_id|row_count|found_rows|master_pos_wait|wait_for_executed_gtid_set'.split(
    '|',
  ),
);
const FORBIDDEN_SIGNS = new Set(['@', ':', '?', '{', '}', '.']);
/** Brackets behind these are no call. */
const NO_CALLS = new Set(
  'and|or|not|in|xor|between|like|is|when|then|else|case|regexp|rlike|div|mod|binary'.split('|'),
);

const tokensOf = (sql: string): readonly ExpressionToken[] => expressionTokens(sql, STYLE) ?? [];
const isBracket = (token: ExpressionToken | undefined): boolean =>
  token?.text === '(' && token.kind === 'sign';
const isTextQuote = (sql: string, { kind, start }: ExpressionToken): boolean =>
  kind === 'name' && sql[start] === '"';

/** Words with a bracket behind them that are functions, in lower case. */
const callsOf = (tokens: readonly ExpressionToken[]): readonly string[] =>
  tokens.flatMap(({ kind, text }, at) =>
    kind === 'word' && isBracket(tokens[at + 1]) && !NO_CALLS.has(text.toLowerCase())
      ? [text.toLowerCase()]
      : [],
  );

/** The SQL on another row: each name of a column is what that row has for it. */
export function onRow(sql: string, columns: readonly string[], row: RowOf): string {
  const names = new Map(columns.map((name) => [name.toLowerCase(), name]));
  const tokens = tokensOf(sql);
  let text = '';
  let at = 0;
  for (const [index, token] of tokens.entries()) {
    const isName = token.kind === 'name' && !isTextQuote(sql, token);
    const isWord = token.kind === 'word' && !isBracket(tokens[index + 1]);
    const column = isName || isWord ? names.get(token.text.toLowerCase()) : undefined;
    if (column === undefined) continue;
    text += sql.slice(at, token.start) + row(column);
    at = token.end;
  }
  return `(\n${text}${sql.slice(at)}\n)`;
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

/** Nothing in it can fail: names, texts and numbers, compared. */
export function isComparison(sql: string): boolean {
  const tokens = tokensOf(sql);
  return (
    callsOf(tokens).length === 0 &&
    tokens.every(({ kind, text }) => kind !== 'sign' || /^(?:[()=,]|<|>|<=|>=|<>|!=)$/.test(text)) &&
    tokens.every(({ kind, text }) => kind !== 'word' || !/^(?:div|mod)$/i.test(text))
  );
}

function refuseForm(table: TableName, asked: AskedSql): void {
  const { sql } = asked;
  const tokens = tokensOf(sql);
  refuseOpenSql(table, asked, STYLE);
  // A backslash in double quotes may hide where they end.
  if (tokens.some((token) => isTextQuote(sql, token) && sql.slice(token.start, token.end).includes('\\')))
    throw invalidSql(table, asked, 'a text with a backslash must stand in single quotes');
  const odd = tokens.find(
    ({ kind, text }) =>
      (kind === 'sign' && FORBIDDEN_SIGNS.has(text)) ||
      (kind === 'word' && FORBIDDEN.has(text.toLowerCase())),
  );
  if (odd)
    throw invalidSql(
      table,
      asked,
      `it must be on columns of the row alone, by their bare names: ${odd.text} is not`,
    );
}

/** They may fail, change something, and be changed. */
async function refuseStoredFunctions(session: Session, table: TableName, asked: AskedSql): Promise<void> {
  const calls = callsOf(tokensOf(asked.sql));
  if (calls.length === 0) return;
  const found = await session.cell(
    `SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN (DATABASE(), ${literal(table.schema)}) AND LOWER(ROUTINE_NAME) IN (${list(calls.map(literal))}) LIMIT 1`,
  );
  if (found !== null) throw invalidSql(table, asked, `${found} is a stored function`);
}

/** Numbers of errors that a wrong text has, not the server. */
const WRONG =
  /^(?:1052|1054|1055|1056|1064|1111|1140|1210|1235|1241|1248|1253|1267|1270|1271|1305|1318|1370|1582|1583|1584|3593|4015|4016|4078|4079)$/;
const REASONS: Readonly<Record<string, string>> = {
  '1064': 'it is no single SQL expression',
  '1111': 'it must have no aggregate',
  '4015': 'it must have no window function',
  '3593': 'it must have no window function',
};

async function checkOne(
  session: Session,
  { table, columns }: TableSchema,
  asked: AskedSql,
): Promise<RecordedType> {
  refuseForm(table, asked);
  const names = columns.map(({ name }) => name);
  try {
    await refuseStoredFunctions(session, table, asked);
    // Where no aggregate may stand; then without a table, so that nothing is left that is no column of the row.
    await session.describe(`SELECT 1 FROM ${qualified(table)} WHERE (\n${asked.sql}\n) IS NULL`);
    await session.describe(`SELECT ${onRow(asked.sql, names, () => 'NULL')}`);
    const [field] = await session.describe(`SELECT (\n${asked.sql}\n) FROM ${qualified(table)}`);
    const type = field ? typeTextOf(field) : 'longtext';
    const known = type === 'null' ? 'longtext' : type;
    return {
      type: known,
      baseType: field?.extended === 'json' ? 'json' : parseType(known).base,
      nullable: true,
    };
  } catch (error) {
    const code = vendorCode(error);
    if (!WRONG.test(code)) throw error;
    throw invalidSql(table, asked, REASONS[code] ?? toSluiceError(error).message);
  }
}

/**
 * What the expressions give, in their order. Each is parsed and resolved by the server, and none is run.
 * @throws SluiceError capture.condition_invalid, naming table and expression
 */
export async function checkUserSql(
  session: Session,
  table: TableSchema,
  asked: readonly AskedSql[],
): Promise<readonly RecordedType[]> {
  const types: RecordedType[] = [];
  for (const each of asked) types.push(await checkOne(session, table, each));
  return types;
}
