import { describe, expect, test } from 'vitest';
import { STYLE as MYSQL } from '../../src/databases/mysql/structure/expression-style.ts';
import { STYLE as POSTGRESQL } from '../../src/databases/postgresql/structure/found-table.ts';
import { STYLE as SQLITE } from '../../src/databases/sqlite/structure/expression-style.ts';
import { type ExpressionStyle, parseExpression } from '../../src/engine/structure/parse-expression.ts';
import { renameInSql } from '../../src/engine/structure/rename.ts';
import {
  type TargetWords,
  translateCondition,
  translateExpression,
} from '../../src/engine/structure/translate-expression.ts';
import type { LogicalKind } from '../../src/model/logical-type.ts';

const KINDS: Readonly<Record<string, LogicalKind>> = {
  total: 'decimal',
  quantity: 'int',
  status: 'text',
  'Odd "name"': 'text',
  active: 'boolean',
  born: 'date',
  data: 'json',
};
const known = Object.entries(KINDS).map(([name, kind]) => ({ name, isText: kind === 'text' }));
const columns = new Map(
  Object.entries(KINDS).map(([name, kind]) => [name, { target: name, kind, binary: name !== 'folded' }]),
);
const WORDS: TargetWords = {
  quote: (name) => `<${name}>`,
  literal: (text) => `'${text}'`,
  boolean: { true: 'TRUE', false: 'FALSE' },
  calls: { lower: 'lower', 'char-length': 'chars', coalesce: 'coalesce' },
  numbers: new Set<LogicalKind>(['int', 'decimal', 'float64']),
  texts: new Set<LogicalKind>(['text', 'date']),
};
const said = (sql: string, style: ExpressionStyle): string | null =>
  translateCondition(parseExpression(sql, style, known), WORDS, columns);

describe('conditions that mean the same elsewhere', () => {
  test.each([
    [POSTGRESQL, '((total > (0)::numeric) AND (quantity <> 3))', '((<total> > 0) AND (<quantity> <> 3))'],
    [
      POSTGRESQL,
      "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
      "(<status> IN ('a', 'b'))",
    ],
    [POSTGRESQL, "(status <> ALL (ARRAY['a'::text]))", "(<status> NOT IN ('a'))"],
    [POSTGRESQL, "(total > '-1.5'::numeric)", '(<total> > -1.5)'],
    [POSTGRESQL, '((NOT active) OR (active = true))', '((NOT <active>) OR (<active> = TRUE))'],
    [POSTGRESQL, "(born >= '2000-01-01'::date)", "(<born> >= '2000-01-01')"],
    [POSTGRESQL, '(char_length("Odd ""name""") <= 10)', '(chars(<Odd "name">) <= 10)'],
    [POSTGRESQL, '(data IS NOT NULL)', '(<data> IS NOT NULL)'],
    [MYSQL, "`status` in ('a','it''s','b\\\\c')", "(<status> IN ('a', 'it's', 'b\\c'))"],
    [
      MYSQL,
      '`active` = 1 or `TOTAL` between 1 and 2 + `quantity`',
      '((<active> = TRUE) OR (<total> BETWEEN 1 AND (2 + <quantity>)))',
    ],
    [MYSQL, "(`status` <> _utf8mb4'x')", "(<status> <> 'x')"],
    [
      SQLITE,
      '[quantity] > 0 and "status" != \'\' and length(status) > 1',
      "(((<quantity> > 0) AND (<status> <> '')) AND (chars(<status>) > 1))",
    ],
  ])('%#: %s', (style, sql, expected) => {
    expect(said(sql, style)).toBe(expected);
  });
});

describe('what is not said in other words, for it would mean something else', () => {
  test.each([
    ['a function that nobody else has', POSTGRESQL, '(md5(status) = status)'],
    ['a text compared by a collation', POSTGRESQL, "(status > 'a')"],
    ['a cast that cuts', POSTGRESQL, '((total)::integer > 0)'],
    ['a division', POSTGRESQL, '((quantity / 2) > 1)'],
    ['a pattern', POSTGRESQL, "(status ~~ 'a%'::text)"],
    ['the moment of now', POSTGRESQL, '(born < CURRENT_DATE)'],
    ['a day that is another one elsewhere', MYSQL, "`born` >= '01-02-03'"],
    ['a day of fewer digits, which a text is', MYSQL, "`born` < '2020-1-1'"],
    ['a day compared with an hour of it', MYSQL, "`born` >= '2020-01-01 10:00:00'"],
    ['a zero byte', MYSQL, "`status` <> 'a\\0b'"],
    ['bytes counted', MYSQL, 'length(`status`) > 1'],
    ['a number taken for true', MYSQL, '`quantity`'],
    ['a number compared with a text', MYSQL, "`quantity` > '1'"],
    ['a comment', SQLITE, 'quantity > 0 -- and more'],
    ['two statements', SQLITE, 'quantity > 0); DROP TABLE x; --'],
    ['an unknown column', SQLITE, 'other > 0'],
    ['an operator without its right side', POSTGRESQL, '(quantity >'],
  ])('%s', (_, style, sql) => {
    expect(said(sql, style)).toBeNull();
  });

  test('texts that the source compared regardless of case', () => {
    const folded = new Map(columns).set('status', { target: 'status', kind: 'text', binary: false });
    const expression = parseExpression("status = 'a'", MYSQL, known);
    expect(translateCondition(expression, WORDS, folded)).toBeNull();
  });
});

test('a renamed column is said by its new name, and one that is not copied by none', () => {
  const expression = parseExpression('lower(status)', POSTGRESQL, known);
  const renamed = new Map(columns).set('status', { target: 'state', kind: 'text', binary: true });
  expect(translateExpression(expression, WORDS, renamed)).toBe('lower(<state>)');
  renamed.delete('status');
  expect(translateExpression(expression, WORDS, renamed)).toBeNull();
});

describe('the words of a product with two columns whose names are exchanged', () => {
  const exchanged = new Map(
    [
      ['price', 'Cost'],
      ['Cost', 'price'],
    ].map(([name = '', target = '']) => [name, { target, kind: 'int' as const, binary: false }]),
  );
  const renamed = (sql: string, style: ExpressionStyle): string | null =>
    renameInSql(sql, exchanged, { style, quote: (name) => `<${name}>`, all: ['price', 'Cost', 'Left'] });

  test.each([
    // As its catalog writes them: what is not quoted is of small letters.
    [
      POSTGRESQL,
      '(price > "Cost") AND ("Price" = \'price\')',
      '(<Cost> > <price>) AND ("Price" = \'price\')',
    ],
    [MYSQL, "`PRICE` > cost and `Price` <> 'price'", "<Cost> > <price> and <Cost> <> 'price'"],
    [SQLITE, 'PRICE > cost AND [Price] < "COST"', '<Cost> > <price> AND <Cost> < <price>'],
    [MYSQL, '`left` > 0', null],
    [SQLITE, 'LEFT > 0', null],
    [POSTGRESQL, '"left" > 0', '"left" > 0'],
  ])('%#: %s', (style, sql, expected) => {
    expect(renamed(sql, style)).toBe(expected);
  });
});
