import { describe, expect, test } from 'vitest';
import { computeTablePlan, type PlanInput } from '../../src/engine/planning/compute-table-plan.ts';
import type { TableSchema } from '../../src/model/table-schema.ts';
import type { TableSelection, TransferSpec } from '../../src/model/transfer-spec.ts';
import { standInColumn as column, standInDialect, standInTable } from '../support/stand-in-dialect.ts';

const spec: TransferSpec = { source: 's', hub: 'h', target: 't', tables: { '*': {} } };
const ORDERS = standInTable(
  'orders',
  [column('note', 'text'), column('id', 'bigint'), column('part', 'int')],
  ['part', 'id'],
);

function plan(table: TableSchema, changes: Partial<PlanInput> & { readonly existing?: TableSchema } = {}) {
  const { existing, ...rest } = changes;
  const dialect = standInDialect('one');
  return computeTablePlan({
    spec,
    selection: {},
    ordinal: 1,
    source: { dialect, table },
    target: { dialect, name: table.table, table: existing ?? null },
    ...rest,
  });
}

const other = standInDialect('other');
const sources = (found: { readonly columns: readonly { readonly source: string }[] }) =>
  found.columns.map(({ source }) => source);

describe('the plan of a table', () => {
  test('puts the key columns first, in key order', () => {
    const found = plan(ORDERS);
    expect(sources(found)).toEqual(['part', 'id', 'note']);
    expect(found.position).toMatchObject({
      kind: 'key',
      columns: ['part', 'id'],
      types: ['int', 'bigint'],
      needsSnapshot: false,
    });
  });

  test('orders by a unique key where there is no primary key', () => {
    const table = {
      ...standInTable('t', [column('a', 'text'), column('b', 'text')], null),
      uniqueKeys: [{ name: 'u', columns: ['b'] }],
    };
    expect(plan(table).position).toMatchObject({ kind: 'key', columns: ['b'] });
  });

  test('orders by row address where a key column is left out, and where there is no key', () => {
    const found = plan(ORDERS, { selection: { columns: { exclude: ['part'] } } });
    expect(found.position).toEqual({
      kind: 'row-address',
      columns: [],
      types: ['rowid'],
      sameOrder: false,
      needsSnapshot: false,
    });
    expect(sources(found)).toEqual(['note', 'id']);
    expect(found.targetKey).toEqual([]);
    const dialect = standInDialect('one', {
      capabilities: { rowAddress: { type: 'tid', needsSnapshot: true } },
    });
    const keyless = standInTable('t', [column('a', 'text')], null);
    expect(plan(keyless, { source: { dialect, table: keyless } }).position).toMatchObject({
      types: ['tid'],
      needsSnapshot: true,
    });
  });

  test('takes the columns that are included, without the generated ones', () => {
    const table = standInTable(
      't',
      [column('id', 'int'), column('a', 'text'), column('b', 'text', { generated: 'a || a' })],
      ['id'],
    );
    expect(sources(plan(table))).toEqual(['id', 'a']);
    expect(sources(plan(table, { selection: { columns: { include: ['id'] } } }))).toEqual(['id']);
  });

  test('is refused when a chosen or excluded column is not there', () => {
    for (const columns of [{ include: ['gone'] }, { exclude: ['gone'] }]) {
      expect(() => plan(ORDERS, { selection: { columns } })).toThrow(
        expect.objectContaining({
          code: 'source.column_not_found',
          details: { table: 'main.orders', column: 'gone' },
        }),
      );
    }
  });

  test('travels in binary only where product and every type agree and nothing must be converted', () => {
    expect(plan(ORDERS).encoding).toBe('binary-rows');
    expect(plan(ORDERS, { target: { dialect: other, name: ORDERS.table, table: null } }).encoding).toBe(
      'text-rows',
    );
    const mixed = standInTable('t', [column('id', 'int'), column('a', 'text-only')], ['id']);
    expect(plan(mixed).encoding).toBe('text-rows');
    const existing = standInTable(
      'orders',
      [column('note', 'varchar'), column('id', 'bigint'), column('part', 'int')],
      null,
    );
    expect(plan(ORDERS, { existing }).encoding).toBe('text-rows');
    const loading = standInDialect('one', {
      types: {
        writing: (_, { name }) => ({ load: '$value::json', render: `"${name}"`, exact: true, note: null }),
      },
    });
    expect(plan(ORDERS, { target: { dialect: loading, name: ORDERS.table, table: null } }).encoding).toBe(
      'text-rows',
    );
  });

  test('travels as the spec says: text always, binary or an error', () => {
    expect(plan(ORDERS, { spec: { ...spec, read: { encoding: 'text-rows' } } }).encoding).toBe('text-rows');
    const wished = { spec: { ...spec, read: { encoding: 'binary-rows' } } } as const;
    expect(plan(ORDERS, wished).encoding).toBe('binary-rows');
    expect(() =>
      plan(ORDERS, { ...wished, target: { dialect: other, name: ORDERS.table, table: null } }),
    ).toThrow(expect.objectContaining({ code: 'type.unsupported' }));
  });

  test('reads the bare columns in binary and the rendered ones in text', () => {
    const rendering = standInDialect('one', {
      types: {
        reading: ({ name }) => ({
          logical: { kind: 'text', maxChars: null },
          render: `text("${name}")`,
          note: null,
        }),
      },
    });
    const target = { dialect: rendering, name: ORDERS.table, table: null };
    const source = { dialect: rendering, table: ORDERS };
    expect(plan(ORDERS, { source, target }).columns[0]?.select).toBe('"part"');
    const text = plan(ORDERS, { source, target, spec: { ...spec, read: { encoding: 'text-rows' } } });
    expect(text.columns[0]?.select).toBe('text("part")');
  });

  test('is refused for a column that cannot be read, cannot be written, or is missing at the target', () => {
    const unreadable = standInTable('t', [column('id', 'int'), column('a', 'unreadable')], ['id']);
    expect(() => plan(unreadable)).toThrow(expect.objectContaining({ code: 'type.unsupported' }));
    const narrow = standInTable(
      'orders',
      [column('note', 'unwritable'), column('id', 'bigint'), column('part', 'int')],
      null,
    );
    expect(() => plan(ORDERS, { existing: narrow })).toThrow(
      expect.objectContaining({ code: 'type.unsupported' }),
    );
    const short = standInTable('orders', [column('id', 'bigint'), column('part', 'int')], null);
    expect(() => plan(ORDERS, { existing: short })).toThrow(
      expect.objectContaining({
        code: 'target.structure_differs',
        details: { table: 'main.orders', column: 'note' },
      }),
    );
  });

  test('says that ranges can be compared only where both sides order the key alike', () => {
    expect(plan(ORDERS).position.sameOrder).toBe(true);
    const collated = standInTable('t', [column('id', 'collated')], ['id']);
    expect(plan(collated).position.sameOrder).toBe(false);
    const plain = standInTable('t', [column('id', 'int')], ['id']);
    expect(plan(plain, { existing: collated }).position.sameOrder).toBe(false);
  });

  test('takes columns by pattern, and by a name with a star before the pattern', () => {
    const columns = ['id', 'a_1', 'a_2', 'b', 'c*'].map((name) => column(name, 'text'));
    const table = standInTable('t', columns, ['id']);
    const chosen = (selected: object) => sources(plan(table, { selection: { columns: selected } }));
    expect(chosen({ include: ['id', 'a_?'] })).toEqual(['id', 'a_1', 'a_2']);
    expect(chosen({ exclude: ['a*', 'nothing*'] })).toEqual(['id', 'b', 'c*']);
    expect(chosen({ include: ['*'], exclude: ['c*'] })).toEqual(['id', 'a_1', 'a_2', 'b']);
    expect(() => chosen({ exclude: ['gone'] })).toThrow(
      expect.objectContaining({ code: 'source.column_not_found' }),
    );
    expect(() => chosen({ include: ['z*'] })).toThrow(
      expect.objectContaining({ code: 'source.column_not_found' }),
    );
  });

  test('calls a renamed column by its new name at the target, in the key as well', () => {
    const selection = { columns: { rename: { id: 'order_id', note: 'id' } } };
    const found = plan(ORDERS, { selection });
    expect(found.columns.map((each) => `${each.source}>${each.target} ${each.renderTarget}`)).toEqual([
      'part>part "part"',
      'id>order_id "order_id"',
      'note>id "id"',
    ]);
    expect(found.position.columns).toEqual(['part', 'id']);
    expect(found.targetKey).toEqual(['part', 'order_id']);
    const there = ['part', 'order_id', 'id'].map((name) => column(name, 'text'));
    const existing = standInTable('orders', there, ['order_id']);
    expect(plan(ORDERS, { selection, existing }).targetKey).toEqual(['order_id']);
    expect(() => plan(ORDERS, { selection, existing: ORDERS })).toThrow(
      expect.objectContaining({ code: 'target.structure_differs' }),
    );
  });

  test.each([
    ['onto one that is copied', { id: 'note' }, 'config.invalid'],
    ['that is not there', { gone: 'x' }, 'source.column_not_found'],
  ])('refuses to rename a column %s', (_, rename, code) => {
    expect(() => plan(ORDERS, { selection: { columns: { rename } } })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('matches upsert by the key of the target, where all of it is copied', () => {
    const existing = standInTable('orders', ORDERS.columns, ['id']);
    expect(plan(ORDERS, { existing }).targetKey).toEqual(['id']);
    expect(plan(ORDERS).targetKey).toEqual(['part', 'id']);
    const keyless = standInTable('orders', ORDERS.columns, null);
    expect(plan(ORDERS, { existing: keyless }).targetKey).toEqual([]);
  });
});

describe('types and policies of columns', () => {
  const table = standInTable('t', [column('id', 'int'), column('a', 'int'), column('b', 'odd')], ['id']);
  const dialect = standInDialect('one', {
    types: {
      reading: ({ name, type }) => ({
        logical: type === 'odd' ? { kind: 'native', product: 'one', type } : { kind: 'text', maxChars: null },
        render: `"${name}"`,
        note: null,
      }),
      asText: ({ name }) => ({ render: `whole("${name}")` }),
      portableOrder: () => true,
    },
  });
  const narrow = standInDialect('other', {
    types: {
      writing: (_, { name, type }) =>
        type === 'none'
          ? null
          : { load: null, render: name, exact: type === 'text', note: type === 'text' ? null : 'refused' },
    },
  });
  const planned = (columns: TableSelection['columns'], existing?: TableSchema) =>
    plan(table, {
      selection: { columns: columns ?? {} },
      source: { dialect, table },
      target: { dialect: narrow, name: table.table, table: existing ?? null },
    });
  const rest = { policies: { b: 'text' } } as const;

  test('columns.types says the type at the target, and what it loses is said', () => {
    const { columns, position } = planned({ ...rest, types: { a: 'short(3)', id: 'varchar' } });
    expect(columns[1]).toMatchObject({ targetType: 'short(3)', exact: false, note: 'refused' });
    expect(position.sameOrder).toBe(true);
  });

  test('a type that cannot hold the column, or is no type, is refused', () => {
    for (const type of ['none', 'int); DROP TABLE t; --', "enum('a'", 'int -- x'])
      expect(() => planned({ ...rest, types: { a: type } })).toThrow(
        expect.objectContaining({ code: 'type.unsupported' }),
      );
  });

  test('a column that is there keeps its type: another one in columns.types is refused', () => {
    const lengths = standInDialect('other', {
      types: {
        reading: ({ type }) => ({
          logical: { kind: 'text', maxChars: type === 'long' ? 9 : 1 },
          render: '',
          note: null,
        }),
      },
    });
    const existing = standInTable(
      't',
      [column('id', 'int'), column('a', 'short'), column('b', 'text')],
      ['id'],
    );
    const target = { dialect: lengths, name: table.table, table: existing };
    const asked = (type: string) =>
      plan(table, {
        selection: { columns: { ...rest, types: { a: type } } },
        source: { dialect, table },
        target,
      });
    expect(asked('SHORT').columns[1]).toMatchObject({ targetType: 'short' });
    expect(() => asked('long')).toThrow(expect.objectContaining({ code: 'target.structure_differs' }));
  });

  test('the policy text is for columns that would not arrive exactly, by name or all of them', () => {
    expect(() => planned({})).toThrow(
      expect.objectContaining({
        code: 'type.unsupported',
        details: expect.objectContaining({ column: 'b' }) as unknown,
      }),
    );
    for (const policies of [{ b: 'text' }, { '*': 'text' }] as const)
      expect(planned({ policies }).columns).toMatchObject([
        { source: 'id', policy: 'error', select: '"id"' },
        { source: 'a', policy: 'error', select: '"a"' },
        { source: 'b', policy: 'text', select: 'whole("b")', exact: true },
      ]);
  });

  test('the policy text needs a column of text where the table is there', () => {
    const existing = standInTable(
      't',
      [column('id', 'text'), column('a', 'short'), column('b', 'text')],
      ['id'],
    );
    expect(planned({ policies: { '*': 'text' } }, existing).columns[1]).toMatchObject({ policy: 'error' });
    expect(() => planned({ policies: { '*': 'text', a: 'text' } }, existing)).toThrow(
      expect.objectContaining({ code: 'type.unsupported' }),
    );
  });

  test('no value of a unique key of the target becomes another: an upsert would take two rows for one', () => {
    const fitting = standInDialect('one', {
      types: { ...dialect.types, fit: () => ({ render: 'fitted', altered: 'FALSE' }) },
    });
    const plain = standInTable('t', [column('id', 'int'), column('a', 'int')], ['id']);
    const existing = {
      ...standInTable('t', [column('id', 'text'), column('a', 'short')], []),
      primaryKey: null,
      uniqueKeys: [{ name: 'by_a', columns: ['a'] }],
    };
    const policies = { a: 'clamp' } as const;
    const target = { dialect: narrow, name: plain.table, table: existing };
    expect(() =>
      plan(plain, {
        selection: { columns: { policies } },
        source: { dialect: fitting, table: plain },
        target,
      }),
    ).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  });

  test('all columns whose types are refused are named at once', () => {
    const more = standInTable('t', [...table.columns, column('c', 'odd'), column('d', 'odd')], ['id']);
    const target = { dialect: narrow, name: table.table, table: null };
    expect(() => plan(more, { source: { dialect, table: more }, target })).toThrow(
      /no type for odd; .*; refused too: c \(odd\), d \(odd\)$/,
    );
  });

  test('a name that is no column is refused', () => {
    for (const columns of [{ types: { gone: 'int' } }, { policies: { gone: 'text' } }] as const)
      expect(() => planned(columns)).toThrow(expect.objectContaining({ code: 'source.column_not_found' }));
  });
});
