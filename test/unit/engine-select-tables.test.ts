import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectTables } from '../../src/engine/planning/select-tables.ts';
import { readQuery } from '../../src/engine/planning/source-query.ts';
import { tableId, type TableName } from '../../src/model/table-name.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';

const AVAILABLE = [
  'public.orders',
  'public.order_lines',
  'public.audit_log',
  'sales.orders',
  'main.notes',
].map((text): TableName => {
  const [schema = '', name = ''] = text.split('.');
  return { schema, name };
});

const spec = (tables: TransferSpec['tables']): TransferSpec => ({
  source: 's',
  hub: 'h',
  target: 't',
  tables,
});
const chosen = (tables: TransferSpec['tables'], available: readonly TableName[] = AVAILABLE): string[] =>
  selectTables(spec(tables), available).map(({ table }) => tableId(table));

describe('table patterns', () => {
  test.each([
    ['all of a schema', { 'public.*': {} }, ['public.audit_log', 'public.order_lines', 'public.orders']],
    ['one character', { 'public.order?': {} }, ['public.orders']],
    ['every schema', { '*.orders': {} }, ['public.orders', 'sales.orders']],
    ['a bare name, in the default schemas only', { orders: {} }, ['public.orders']],
    ['a bare pattern, in the default schemas only', { 'o*': {} }, ['public.order_lines', 'public.orders']],
    [
      'a bare star',
      { '*': {} },
      ['main.notes', 'public.audit_log', 'public.order_lines', 'public.orders', 'sales.orders'],
    ],
    [
      'everything but what a later line excludes',
      { 'public.*': {}, 'public.audit_*': false },
      ['public.order_lines', 'public.orders'],
    ],
    [
      'what a later line takes in again',
      { 'public.*': {}, 'public.o*': false, 'public.orders': {} },
      ['public.audit_log', 'public.orders'],
    ],
  ] as const)('choose %s', (_, tables, expected) => {
    expect(chosen(tables)).toEqual(expected);
  });

  test('give each table what its last matching line says', () => {
    const [first] = selectTables(
      spec({ 'public.*': { where: 'a' }, 'public.orders': { where: 'b' } }),
      AVAILABLE,
    ).filter(({ table }) => table.name === 'orders');
    expect(first?.selection).toEqual({ where: 'b' });
  });

  test('name a table with any characters when it is quoted as in its id, dots and quotes included', () => {
    const odd = [
      { schema: 'public', name: 'Mixed Case' },
      { schema: 'public', name: 'a.b' },
      { schema: 'public', name: 'say "hi"' },
      { schema: 'public', name: '(x|y)+[z]$^\\' },
    ];
    for (const table of odd) expect(chosen({ [tableId(table)]: {} }, odd)).toEqual([tableId(table)]);
    expect(chosen({ 'public.Mixed Case': {} }, odd)).toEqual(['public."Mixed Case"']);
  });

  test('choose a table of any name by its id, unless it is a pattern itself', () => {
    const part = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => !/[*?]/.test(text));
    fc.assert(
      fc.property(part, part, (schema, name) => {
        const table = { schema, name };
        expect(chosen({ [tableId(table)]: {} }, [table, { schema: 'other', name: 'table' }])).toContain(
          tableId(table),
        );
      }),
    );
  });

  test('come out in the order of names, whatever order the source lists them in', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...AVAILABLE], { minLength: AVAILABLE.length }), (available) => {
        const ids = chosen({ '*': {} }, available);
        expect(ids).toEqual([...ids].sort());
      }),
    );
  });

  test('without wildcards that match nothing are an error that names them, also beside others', () => {
    expect(() => chosen({ 'public.*': {}, 'public.gone': {} })).toThrow(
      expect.objectContaining({
        code: 'source.table_not_found',
        message: expect.stringContaining('public.gone'),
      }),
    );
    expect(chosen({ 'public.*': {}, 'public.gone': false })).toHaveLength(3);
  });

  test('that choose nothing at all are an error', () => {
    expect(() => chosen({ 'nowhere.*': {} })).toThrow(
      expect.objectContaining({ code: 'source.table_not_found' }),
    );
    expect(() => chosen({ '*': {}, '*.*': false })).toThrow(
      expect.objectContaining({ code: 'source.table_not_found' }),
    );
  });
});

describe('queries among the lines', () => {
  const query = 'SELECT 1 AS a';
  const select = (tables: TransferSpec['tables'], schemas = true, defaultSchema?: string) =>
    selectTables(spec(tables), AVAILABLE, {
      dialect: { capabilities: { schemas } },
      ...(defaultSchema !== undefined && { defaultSchema }),
    }).map(({ table, selection }) => `${tableId(table)}${selection.query === undefined ? '' : ' by query'}`);

  test('are tables of their own, in the default schema or in one that they name', () => {
    expect(select({ report: { query }, '"x.y".r': { query } })).toEqual([
      '"x.y".r by query',
      'public.report by query',
    ]);
    expect(select({ report: { query } }, false)).toEqual(['main.report by query']);
    expect(select({ report: { query } }, true, 'shop')).toEqual(['shop.report by query']);
  });

  test('stand in the place of a table of the same name, whatever pattern takes it', () => {
    expect(select({ orders: { query }, 'public.*': {} })).toEqual([
      'public.audit_log',
      'public.order_lines',
      'public.orders by query',
    ]);
  });

  test('are left out by a later line that excludes them, and by no other', () => {
    expect(select({ report: { query }, 'sales.*': {}, 're*': false })).toEqual(['sales.orders']);
    expect(select({ 're*': false, report: { query } })).toEqual(['public.report by query']);
  });

  test.each([
    ['a condition beside a query', { report: { query, where: 'a = 1' } }],
    ['a query under a pattern', { 'r*': { query } }],
    ['a query under a name of three parts', { 'a.b.c': { query } }],
    ['a key of a table', { 'public.orders': { key: ['id'] } }],
    ['two queries of one name', { report: { query }, 'public.report': { query } }],
  ])('refuse %s', (_, tables) => {
    expect(() => select(tables)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  });

  test.each([
    'SELECT 1',
    ' \n-- first\n/* and /* second */ WITH x AS (SELECT 1) SELECT * FROM x ; ;\n',
    '((select 1))',
  ])('%j begins as a query does', (text) => {
    expect(readQuery({ schema: 'a', name: 'b' }, text)).toBe(text.replace(/[\s;]+$/, ''));
  });

  test.each(['DELETE FROM t', 'SELECTED 1', '', ';', '-- SELECT 1', 'EXPLAIN SELECT 1', '/* x SELECT 1'])(
    '%j is none',
    (text) => {
      expect(() => readQuery({ schema: 'a', name: 'b' }, text)).toThrow('is no SELECT');
    },
  );
});
