import { describe, expect, test } from 'vitest';
import { createNaming, refuseClashes, targetName } from '../../src/engine/planning/target-names.ts';
import type { TableSelection } from '../../src/model/transfer-spec.ts';
import { standInDialect } from '../support/stand-in-dialect.ts';

const withSchemas = standInDialect('with', { capabilities: { schemas: true } });
const without = standInDialect('without');

const selected = (text: string, selection: TableSelection = {}) => {
  const [schema = '', name = ''] = text.split('.');
  return { table: { schema, name }, selection };
};

function names(text: string, to?: string, schemas: Readonly<Record<string, string>> = {}) {
  const from = selected(text, to === undefined ? {} : { to });
  return [withSchemas, without].map((dialect) => {
    const found = targetName(from, { dialect, schemas });
    return `${found.schema}|${found.name}`;
  });
}

describe('where a table goes', () => {
  test.each([
    ['sales.orders', undefined, 'sales|orders', 'main|sales_orders'],
    ['public.orders', undefined, 'public|orders', 'main|orders'],
    ['main.orders', undefined, 'public|orders', 'main|orders'],
    ['sales.orders', 'bills', 'sales|bills', 'main|bills'],
    ['sales.orders', 'x.bills', 'x|bills', 'main|bills'],
    ['sales.orders', 'archive.*', 'archive|orders', 'main|orders'],
    ['sales.orders', 'old_*', 'sales|old_orders', 'main|old_orders'],
    ['sales.orders', '*_x.*_old', 'sales_x|orders_old', 'main|orders_old'],
    ['sales.orders', '"a.b"."*"', 'a.b|*', 'main|*'],
    ['public.orders', '"say ""x"""', 'public|say "x"', 'main|say "x"'],
  ])('%s to %s', (from, to, there, flat) => {
    expect(names(from, to)).toEqual([there, flat]);
  });

  test('a renamed schema takes all its tables along, and stands for itself in a star', () => {
    const schemas = { public: 'sales', old: 'main' };
    expect(names('public.orders', undefined, schemas)).toEqual(['sales|orders', 'main|sales_orders']);
    expect(names('public.orders', '*_2.*', schemas)).toEqual(['sales_2|orders', 'main|orders']);
    expect(names('public.orders', 'bills', schemas)).toEqual(['sales|bills', 'main|bills']);
    expect(names('old.orders', undefined, schemas)).toEqual(['main|orders', 'main|orders']);
    expect(names('toString.orders', undefined, schemas)).toEqual(['toString|orders', 'main|toString_orders']);
  });

  test.each(['a.b.c', '.b', 'a.', '"open', 'a."b"c'])('%s is no name', (to) => {
    expect(() => names('public.orders', to)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  });

  test('two tables that would go into one are refused', () => {
    const rules = { dialect: withSchemas, schemas: { b: 'a' } };
    const both = [selected('a.t'), selected('b.t')];
    expect(() => refuseClashes(both, rules)).toThrow(
      expect.objectContaining({ message: '"a.t" and "b.t" would both go into "a.t"' }),
    );
    expect(() => refuseClashes(both, { ...rules, schemas: {} })).not.toThrow();
    const cased = [selected('main.T'), selected('main.t')];
    expect(() => refuseClashes(cased, { dialect: without, schemas: {} })).toThrow('would both go into');
    expect(() => refuseClashes(cased, { dialect: withSchemas, schemas: {} })).not.toThrow();
  });

  test('a foreign key finds the new names of the table and columns it refers to', () => {
    const naming = createNaming([selected('public.t', { to: 'x.*', columns: { rename: { a: 'b' } } })], {
      dialect: withSchemas,
      schemas: {},
    });
    expect(naming.table({ schema: 'public', name: 't' })).toEqual({ schema: 'x', name: 't' });
    expect(naming.table({ schema: 'public', name: 'other' })).toBeNull();
    const column = (name: string) => naming.column({ schema: 'public', name: 't' }, name);
    expect([column('a'), column('b'), column('toString')]).toEqual(['b', 'b', 'toString']);
  });
});
