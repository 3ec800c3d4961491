import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import { oracle } from '../../src/databases/oracle/dialect.ts';
import { typeOf } from '../../src/databases/oracle/structure/describe-table.ts';
import { parseType, sameType } from '../../src/databases/oracle/types/type-text.ts';
import { sqlCells } from '../../src/databases/oracle/sql/checksum-sql.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { sqlite } from '../../src/databases/sqlite/dialect.ts';
import type { Dialect } from '../../src/engine/ports/dialect.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import { planOf, tableOf } from '../support/oracle/plans.ts';

const own: Dialect = oracle;
const size = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });

/** A type as the catalog of Oracle may have it. */
const oracleType: fc.Arbitrary<string> = fc.oneof(
  size(38).chain((precision) =>
    fc.integer({ min: -84, max: 127 }).map((scale) => `NUMBER(${precision},${scale})`),
  ),
  size(38).map((precision) => `NUMBER(${precision})`),
  size(126).map((bits) => `FLOAT(${bits})`),
  size(4_000).map((bytes) => `VARCHAR2(${bytes})`),
  size(4_000).map((chars) => `VARCHAR2(${chars} CHAR)`),
  size(2_000).map((chars) => `NVARCHAR2(${chars})`),
  size(500).map((chars) => `CHAR(${chars} CHAR)`),
  size(2_000).map((bytes) => `RAW(${bytes})`),
  fc
    .integer({ min: 0, max: 9 })
    .chain((digits) =>
      fc
        .constantFrom('', ' WITH TIME ZONE', ' WITH LOCAL TIME ZONE')
        .map((zone) => `TIMESTAMP(${digits})${zone}`),
    ),
  fc.constantFrom(
    'NUMBER',
    'BINARY_FLOAT',
    'BINARY_DOUBLE',
    'BOOLEAN',
    'DATE',
    'CLOB',
    'NCLOB',
    'BLOB',
    'XMLTYPE',
    'JSON',
    'INTERVAL YEAR(4) TO MONTH',
    'INTERVAL DAY(3) TO SECOND(6)',
    'LONG',
    'BFILE',
    'SHOP.ADDRESS',
  ),
);

const POSTGRESQL = `smallint|integer|bigint|oid|numeric|numeric(12,2)|numeric(100,50)|money|real|double precision|boolean|text|character varying(40)|character varying(9000)|character(10)|bytea|uuid|date|time without time zone|timestamp(3) without time zone|timestamp with time zone|interval|json|jsonb|xml|bit(8)|bit varying|inet`;
const MYSQL = `tinyint(1)|tinyint|bigint unsigned|decimal(65,30)|float|double|char(10)|varchar(40)|longtext|json|enum('a','')|set('a','b')|binary(16)|varbinary(3000)|longblob|date|time(6)|datetime(6)|timestamp(6)|year|bit(8)`;
const SQLITE = `INTEGER|REAL|FLOAT4|NUMERIC|DECIMAL_TEXT(10,2)|BOOLEAN|TEXT|VARCHAR(40)|BLOB|UUID|DATE|TIME|TIMESTAMP|TIMESTAMPTZ|DURATION_TEXT|JSON|XML|BIT_TEXT(8)|ANY`;
const OTHERS = [
  { dialect: postgresql, types: POSTGRESQL.split('|') },
  { dialect: mysql, types: MYSQL.split('|') },
  { dialect: sqlite, types: SQLITE.split('|') },
];

/** A plan of one column, or the reason why there is none. */
function planColumn(from: Dialect, type: string, to: Dialect, targetType?: string) {
  const target =
    targetType === undefined
      ? { dialect: to }
      : { dialect: to, table: tableOf([{ name: 'v', type: targetType }], null) };
  try {
    return planOf({ dialect: from, table: tableOf([{ name: 'v', type }], null) }, target).columns[0]!;
  } catch (error) {
    if (isSluiceError(error) && error.code === 'type.unsupported') return null;
    throw error;
  }
}

function expectWhole(column: ReturnType<typeof planColumn>): void {
  if (column === null) return;
  expect(column.exact || column.note !== null, `${column.sourceType} into ${column.targetType}`).toBe(true);
  expect(column.load === null || column.load.includes('$value')).toBe(true);
  expect(column.renderSource).not.toBe('');
  expect(column.renderTarget).not.toMatch(/\$value|undefined|null|NaN/);
}

describe.each(OTHERS)('between Oracle and $dialect.name', ({ dialect, types }) => {
  test('every type that can be read finds one, exactly or with a word about it', () => {
    fc.assert(
      fc.property(oracleType, (type) => {
        const column = planColumn(own, type, dialect);
        const readable = own.types.reading(tableOf([{ name: 'v', type }], null).columns[0]!) !== null;
        expect(column !== null).toBe(readable);
        expectWhole(column);
      }),
    );
  });

  test.each(types)('%s finds one, exactly or with a word about it', (type) => {
    const column = planColumn(dialect, type, own);
    // Types that only their product has are copied as text where that is asked for.
    const { logical } = dialect.types.reading(tableOf([{ name: 'v', type }], null).columns[0]!)!;
    expect(column === null).toBe(logical.kind === 'native');
    expectWhole(column);
  });

  test('any type into any column is refused, exact, or said to be neither', () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), oracleType, (type, targetType) => {
        const column = planColumn(dialect, type, own, targetType);
        expectWhole(column);
      }),
    );
  });
});

describe('between two Oracles', () => {
  test('every column keeps its type, exactly', () => {
    fc.assert(
      fc.property(oracleType, (type) => {
        const column = planColumn(own, type, own);
        const [unread, rewritten] = [/^(LONG|BFILE|SHOP)/, /^(JSON|XMLTYPE)/].map((each) => each.test(type));
        const told = column && { type: column.targetType, exact: column.exact };
        expect(told).toEqual(unread ? null : { type, exact: !rewritten });
      }),
    );
  });

  test('the zone of a moment is kept, which other products lose', () => {
    const type = 'TIMESTAMP(6) WITH TIME ZONE';
    expect(planColumn(own, type, own)).toMatchObject({ exact: true });
    expect(planColumn(own, type, postgresql)).toMatchObject({
      exact: false,
      note: 'the moment is kept, but not the zone that it was written in',
    });
  });
});

describe('what Oracle has not', () => {
  test('an empty text: said of every column that may have one', () => {
    for (const type of ['character varying(40)', 'bit varying(8)'])
      expect(planColumn(postgresql, type, own)).toMatchObject({
        exact: false,
        note: expect.stringContaining('the empty text becomes NULL'),
      });
    expect(planColumn(postgresql, 'text', own)).toMatchObject({ targetType: 'CLOB', exact: true });
    expect(planColumn(postgresql, 'uuid', own)).toMatchObject({ exact: true });
    expect(planColumn(postgresql, 'character(10)', own)).toMatchObject({ exact: true });
  });

  test('NaN, minus zero, years beyond 9999 and days of 1582', () => {
    for (const type of ['numeric(12,2)', 'double precision', 'date', 'timestamp without time zone'])
      expect(planColumn(postgresql, type, own)).toMatchObject({
        exact: false,
        note: expect.any(String),
      });
  });
});

test('types are read however they are spelled', () => {
  expect(parseType('timestamp(3) with local time zone')).toEqual({
    base: 'TIMESTAMP WITH LOCAL TIME ZONE',
    args: [3],
    inChars: false,
  });
  expect(parseType('INTEGER')).toMatchObject({ base: 'NUMBER', args: [38, 0] });
  expect(parseType('NUMBER(*,0)')).toMatchObject({ base: 'NUMBER', args: [38, 0] });
  expect(sameType('VARCHAR2(10 CHAR)', 'VARCHAR2(10)')).toBe(false);
  expect(sameType('TIMESTAMP', 'TIMESTAMP(6)')).toBe(true);
  expect(sameType('NUMBER(5)', 'NUMBER(5,0)')).toBe(true);
});

test('the catalog has the numbers of a type apart', () => {
  const of = (type: string, more: Readonly<Record<string, string | null>>) =>
    typeOf({
      type,
      typeOwner: null,
      length: null,
      precision: null,
      scale: null,
      chars: null,
      charUsed: null,
      ...more,
    });
  expect(of('NUMBER', {})).toBe('NUMBER');
  expect(of('NUMBER', { scale: '0' })).toBe('NUMBER(*,0)');
  expect(of('NUMBER', { precision: '12', scale: '2' })).toBe('NUMBER(12,2)');
  expect(of('VARCHAR2', { length: '160', chars: '40', charUsed: 'C' })).toBe('VARCHAR2(40 CHAR)');
  expect(of('VARCHAR2', { length: '40', chars: '40', charUsed: 'B' })).toBe('VARCHAR2(40)');
  expect(of('TIMESTAMP(6) WITH TIME ZONE', { scale: '6' })).toBe('TIMESTAMP(6) WITH TIME ZONE');
  expect(of('XMLTYPE', { typeOwner: 'PUBLIC' })).toBe('XMLTYPE');
  expect(of('ADDRESS', { typeOwner: 'SHOP' })).toBe('SHOP.ADDRESS');
});

test('a row is hashed in SQL only where the server surely makes its text', () => {
  const cells = (...types: readonly string[]) => {
    const columns = types.map((type, place) => ({ name: `c${place}`, type }));
    return sqlCells(
      planOf({ dialect: own, table: tableOf(columns, null) }, { dialect: postgresql }).columns,
      'source',
    );
  };
  expect(cells('NUMBER(9)', 'VARCHAR2(100 CHAR)', 'DATE', 'RAW(16)')).toHaveLength(4);
  for (const types of [
    ['CLOB'],
    ['BINARY_DOUBLE'],
    ['VARCHAR2(4000)'],
    ['VARCHAR2(1000 CHAR)', 'NUMBER(1)'],
    ['RAW(2000)'],
  ])
    expect(cells(...types)).toBeNull();
});
