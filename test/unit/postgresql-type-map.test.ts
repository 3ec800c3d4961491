import { describe, expect, test } from 'vitest';
import { types } from '../../src/databases/postgresql/type-map.ts';
import { parseType } from '../../src/databases/postgresql/types/type-text.ts';
import type { LogicalType } from '../../src/model/logical-type.ts';
import type { ColumnSchema } from '../../src/model/table-schema.ts';

const column = (type: string, changes: Partial<ColumnSchema> = {}): ColumnSchema => ({
  name: 'c',
  type,
  baseType: parseType(type).base,
  precision: null,
  scale: null,
  maxChars: null,
  nullable: true,
  default: null,
  identity: null,
  generated: null,
  collation: null,
  enumLabels: null,
  comment: null,
  ...changes,
});

const EXACT: readonly string[] = [
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'numeric(12,2)',
  'real',
  'double precision',
  'boolean',
  'text',
  'character varying(20)',
  'character(5)',
  'bytea',
  'date',
  'time without time zone',
  'time(3) with time zone',
  'timestamp without time zone',
  'timestamp(0) without time zone',
  'timestamp(3) with time zone',
  'interval',
  'json',
  'jsonb',
  'xml',
  'uuid',
  'bit(3)',
  'bit varying',
  'bit varying(9)',
  'integer[]',
  'int4range',
  'inet',
  'public.geometry(Point,4326)',
];

describe('types of PostgreSQL', () => {
  test.each(EXACT)('%s is proposed again for what it reads as, exactly and without an expression', (type) => {
    const { logical, render, note } = types.reading(column(type))!;
    expect([render, note]).toEqual(['"c"', null]);
    expect(types.propose(logical)).toBe(type);
    expect(types.writing(logical, { name: 'c', type })).toMatchObject({
      load: null,
      render: '"c"',
      exact: true,
      note: null,
    });
  });

  test.each<[LogicalType, string]>([
    [{ kind: 'int', bits: 8 }, 'smallint'],
    [{ kind: 'int', bits: 16, unsigned: true }, 'integer'],
    [{ kind: 'int', bits: 32, unsigned: true }, 'bigint'],
    [{ kind: 'int', bits: 64, unsigned: true }, 'numeric(20,0)'],
    [{ kind: 'text', maxChars: 20_000_000 }, 'text'],
    [{ kind: 'any' }, 'text'],
    [{ kind: 'enum', labels: ['a'] }, 'text'],
    [{ kind: 'native', product: 'other', type: 'thing' }, 'text'],
  ])('%o is proposed as %s and goes in exactly', (logical, type) => {
    expect(types.propose(logical)).toBe(type);
    expect(types.writing(logical, { name: 'c', type })).toMatchObject({ load: null, exact: true });
  });

  test.each<[LogicalType, string]>([
    [{ kind: 'int', bits: 64 }, 'integer'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, 'numeric(12,1)'],
    [{ kind: 'decimal', precision: null, scale: null }, 'numeric(12,2)'],
    [{ kind: 'float64' }, 'real'],
    [{ kind: 'text', maxChars: 30 }, 'character varying(20)'],
    [{ kind: 'text', maxChars: 3 }, 'character(5)'],
    [{ kind: 'text', maxChars: null }, 'jsonb'],
    [{ kind: 'timestamp', precision: 6 }, 'timestamp(3) without time zone'],
    [{ kind: 'json' }, 'jsonb'],
    [{ kind: 'bits', length: 3, varying: false }, 'bit(4)'],
  ])('%o into %s is announced as inexact', (logical, type) => {
    expect(types.writing(logical, { name: 'c', type })).toMatchObject({
      exact: false,
      note: expect.any(String),
    });
  });

  test.each<[LogicalType, string]>([
    [{ kind: 'text', maxChars: null }, 'bytea'],
    [{ kind: 'bytes', maxBytes: null }, 'integer'],
    [{ kind: 'timestamp', precision: 6 }, 'date'],
    [{ kind: 'native', product: 'postgresql', type: 'point' }, 'box'],
    [{ kind: 'any' }, 'integer'],
  ])('%o into %s is refused', (logical, type) => {
    expect(types.writing(logical, { name: 'c', type })).toBeNull();
  });

  test('what is kept in another scale or as a number is rendered back as it was', () => {
    const render = (logical: LogicalType, type: string) => types.writing(logical, { name: 'a"b', type });
    expect(render({ kind: 'decimal', precision: 5, scale: 2 }, 'numeric(9,4)')).toMatchObject({
      render: 'round("a""b", 2)',
      exact: true,
    });
    expect(render({ kind: 'boolean' }, 'integer')).toMatchObject({
      load: '($value)::boolean::integer',
      exact: true,
    });
    expect(render({ kind: 'timestamptz', precision: 6 }, 'timestamp')).toMatchObject({
      render: `("a""b" AT TIME ZONE 'UTC')`,
      exact: true,
    });
  });

  test.each([
    ['bigint', 'bigint', true],
    ['integer', 'bigint', false],
    ['numeric(12,2)', 'numeric(12,2)', true],
    ['numeric(12,2)', 'numeric(10,2)', false],
    ['character varying(20)', 'text', true],
    ['character varying(20)', 'character varying(10)', false],
    ['text', 'character varying(10)', false],
    ['json', 'jsonb', false],
    ['money', 'money', false],
    ['text[]', 'text[]', true],
    ['public.pair', 'public.pair', false],
    ['xml', 'xml', false],
  ])('binary rows of %s into %s: %s', (from, to, expected) => {
    expect(types.binaryCompatible(column(from), to)).toBe(expected);
  });

  test('keys are ordered alike elsewhere only where bytes or whole numbers decide', () => {
    expect(['bigint', 'uuid', 'bytea'].map((type) => types.portableOrder(column(type)))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['numeric', 'date', 'boolean', 'real'].map((type) => types.portableOrder(column(type)))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(types.portableOrder(column('text', { collation: 'C' }))).toBe(true);
    expect(types.portableOrder(column('text', { collation: 'de_DE.UTF-8' }))).toBe(false);
    expect(types.portableOrder(column('character(3)', { collation: 'C' }))).toBe(false);
  });
});
