import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sqliteTypes } from '../../src/databases/sqlite/type-map.ts';
import { affinityOf } from '../../src/databases/sqlite/values/affinity.ts';
import { bindOf } from '../../src/databases/sqlite/values/bind-value.ts';
import { canonicalText, type ThreadColumn } from '../../src/databases/sqlite/values/canonical-text.ts';
import { escapeCell, unescapeCell } from '../../src/databases/sqlite/values/cell-escapes.ts';
import { float32Text, float64Text, plainDecimal } from '../../src/engine/driver/float-text.ts';
import { orderKey } from '../../src/databases/sqlite/values/order-key.ts';
import { positionText, positionValue } from '../../src/databases/sqlite/values/position-text.ts';
import type { StoredValue } from '../../src/databases/sqlite/values/stored-value.ts';
import type { LogicalType } from '../../src/model/logical-type.ts';
import type { ColumnSchema } from '../../src/model/table-schema.ts';

const column = (logical: LogicalType, type = sqliteTypes.propose(logical)): ThreadColumn => ({
  name: 'v',
  logical,
  affinity: affinityOf(type),
});
const schemaOf = (type: string, collation: string | null = null): ColumnSchema => ({
  name: 'v',
  type,
  baseType: type,
  precision: null,
  scale: null,
  maxChars: null,
  nullable: true,
  default: null,
  identity: null,
  generated: null,
  collation,
  enumLabels: null,
  comment: null,
});
const logicalOf = (type: string): LogicalType => sqliteTypes.reading(schemaOf(type))!.logical;
const rendered = (type: string, value: StoredValue): string | null =>
  canonicalText(column(logicalOf(type), type), { table: 'main.t', side: 'source' })(value);

describe('declared types', () => {
  test.each([
    ['INTEGER', { kind: 'int', bits: 64 }],
    ['unsigned big int', { kind: 'int', bits: 64 }],
    ['BOOLEAN', { kind: 'boolean' }],
    ['REAL', { kind: 'float64' }],
    ['double precision', { kind: 'float64' }],
    ['NUMERIC', { kind: 'decimal', precision: null, scale: null }],
    ['Decimal(12, 2)', { kind: 'decimal', precision: 12, scale: 2 }],
    ['DECIMAL_TEXT(12,2)', { kind: 'decimal', precision: 12, scale: 2 }],
    ['VARCHAR(40)', { kind: 'text', maxChars: 40 }],
    ['clob', { kind: 'text', maxChars: null }],
    ['BLOB', { kind: 'bytes', maxBytes: null }],
    ['datetime', { kind: 'timestamp', precision: 6 }],
    ['TIMESTAMP(3) WITH TIME ZONE', { kind: 'timestamptz', precision: 3 }],
    ['TIMETZ', { kind: 'time', precision: 6, zone: true }],
    ['', { kind: 'any' }],
    ['ANY', { kind: 'any' }],
    ['STRING', { kind: 'any' }],
  ] as const)('%s is read by what SQLite does with it', (type, logical) => {
    expect(logicalOf(type)).toEqual(logical);
  });

  const LOGICALS: readonly LogicalType[] = [
    { kind: 'int', bits: 64 },
    { kind: 'decimal', precision: 12, scale: 2 },
    { kind: 'decimal', precision: null, scale: null },
    { kind: 'float64' },
    { kind: 'float32' },
    { kind: 'boolean' },
    { kind: 'text', maxChars: null },
    { kind: 'text', maxChars: 12 },
    { kind: 'bytes', maxBytes: null },
    { kind: 'date' },
    { kind: 'time', precision: 6 },
    { kind: 'time', precision: 3, zone: true },
    { kind: 'timestamp', precision: 3 },
    { kind: 'timestamptz', precision: 6 },
    { kind: 'interval' },
    { kind: 'json' },
    { kind: 'jsonb' },
    { kind: 'xml' },
    { kind: 'uuid' },
    { kind: 'bits', length: 4, varying: false },
    { kind: 'bits', length: null, varying: true },
    { kind: 'any' },
  ];
  test.each(LOGICALS)('what is created for $kind keeps it exactly and is read as it again', (logical) => {
    const type = sqliteTypes.propose(logical);
    expect(logicalOf(type)).toEqual(logical);
    expect(sqliteTypes.writing(logical, { name: 'v', type })).toMatchObject({ exact: true, note: null });
  });

  test('a type of another product has no place here', () => {
    const logical = { kind: 'native', product: 'postgresql', type: 'tsvector' } as const;
    expect(sqliteTypes.writing(logical, { name: 'v', type: 'TEXT' })).toBeNull();
  });

  test('keys are portable where SQLite orders them as everyone does', () => {
    expect(sqliteTypes.portableOrder(schemaOf('INTEGER'))).toBe(true);
    expect(sqliteTypes.portableOrder(schemaOf('TEXT'))).toBe(true);
    expect(sqliteTypes.portableOrder(schemaOf('TEXT', 'NOCASE'))).toBe(false);
    expect(sqliteTypes.portableOrder(schemaOf('DECIMAL_TEXT'))).toBe(false);
    expect(sqliteTypes.portableOrder(schemaOf(''))).toBe(false);
  });
});

describe('reading a value', () => {
  test.each([
    ['INTEGER', 'abc'],
    ['INTEGER', 1.5],
    ['TEXT', Buffer.from('x')],
    ['BOOLEAN', 2n],
    ['BOOLEAN', 't'],
    ['REAL', 'abc'],
    ['DECIMAL(10,2)', 1.005],
    ['DECIMAL(10,2)', '1.005'],
    ['NUMERIC', 'x'],
    ['BLOB', 'x'],
    ['DATE', '2024-02-30'],
    ['DATE', 20240101n],
    ['DATE', '2023-02-29'],
    ['DATE', '0000-01-01'],
    ['TIMESTAMPTZ', '2023-02-29 00:00:00+02'],
    ['TIMESTAMP', '2024-01-01 00:00:00Z'],
    ['TIMESTAMP(3)', '2024-01-01 00:00:00.0001'],
    ['TIMESTAMP', '2024-01-01 00:00:00.1234567'],
    ['TIMESTAMP', 2_460_000.5],
    ['TIME', '25:00'],
    ['UUID', 'not a uuid'],
    ['VARCHAR(2)', 'ab  '],
    ['DURATION_TEXT', '1 day'],
    ['DURATION_TEXT', 'PT5M0S'],
    ['BIT_TEXT(2)', 'x1'],
    ['BIT_TEXT(2)', '1'],
    ['VARBIT_TEXT', 'x'],
  ] as const)('of %s that is none names column and storage class and not the value', (type, value) => {
    const code = expect.objectContaining({ code: 'source.value_rejected' });
    expect(() => rendered(type, value)).toThrow(code);
    expect(() => rendered(type, value)).toThrow(
      /^column v of main\.t holds a value of storage class [A-Z]+ /,
    );
  });

  test.each([
    ['DECIMAL(10,2)', 5n, '5.00'],
    ['DECIMAL(10,2)', 1.1, '1.10'],
    ['NUMERIC', 1e21, '1000000000000000000000'],
    ['NUMERIC', 1.5e-7, '0.00000015'],
    ['DECIMAL_TEXT', '-0.00', '0.00'],
    ['DECIMAL_TEXT', '007.50', '7.50'],
    ['REAL', -0, '-0'],
    ['REAL', 'NaN', 'NaN'],
    ['BOOLEAN', 0n, 'f'],
    ['DATETIME', '2024-01-01T10:00:00.500', '2024-01-01 10:00:00.5'],
    ['DATETIME', '2024-01-01', '2024-01-01 00:00:00'],
    ['TIMESTAMPTZ', '2024-01-01T01:30:00.25+02:00', '2023-12-31 23:30:00.25+00'],
    ['TIMESTAMPTZ', '2024-01-01 10:00', '2024-01-01 10:00:00+00'],
    ['TIMESTAMPTZ', '2024-01-01T10:00:00Z', '2024-01-01 10:00:00+00'],
    ['TIME', '10:00:00.100', '10:00:00.1'],
    ['UUID', 'C0FFEE00-1234-4ABC-8DEF-0123456789AB', 'c0ffee00-1234-4abc-8def-0123456789ab'],
    ['JSON', 5n, '5'],
    ['', 'x', 'tx'],
    ['', 1n, 'i1'],
    ['', 1, 'r1'],
    ['', Buffer.from([0, 255]), 'b\\x00ff'],
    ['TEXT', null, null],
  ] as const)('of %s has one canonical text', (type, value, text) => {
    expect(rendered(type, value)).toBe(text);
  });
});

describe('floats', () => {
  test.each([
    [1e15, '1e+15'],
    [1e14, '100000000000000'],
    [123_456_789_012_345, '123456789012345'],
    [1_234_567_890_123_456, '1.234567890123456e+15'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [5e-324, '5e-324'],
    // Read back as the same, these lie halfway to the next double: PostgreSQL does not print them.
    [1e23, '9.999999999999999e+22'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [-0, '-0'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [Number.NaN, 'NaN'],
  ])('of 8 bytes are written as PostgreSQL does: %d', (value, text) => {
    expect(float64Text(value)).toBe(text);
  });

  test.each([
    [1e6, '1e+06'],
    [123_456, '123456'],
    [1_234_567, '1.234567e+06'],
    [16_777_216, '1.6777216e+07'],
    [Math.fround(0.1), '0.1'],
    [Math.fround(3.402_823_5e38), '3.4028235e+38'],
    [Math.fround(1e-45), '1e-45'],
    // As near to ...12 as to ...13: the even one.
    [469_247.125, '469247.12'],
    [-2_860_702.25, '-2.8607022e+06'],
    [2 ** -96, '1.2621775e-29'],
    [2 ** 90, '1.2379401e+27'],
  ])('of 4 bytes are written as PostgreSQL does: %d', (value, text) => {
    expect(float32Text(value)).toBe(text);
  });

  test('come back the same from their text', () => {
    fc.assert(
      fc.property(fc.double(), fc.float({ noNaN: true }), (double, float) => {
        expect(Number(float64Text(double))).toBe(double);
        expect(Math.fround(Number(float32Text(float)))).toBe(float);
      }),
    );
  });

  test('in plain digits are the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = plainDecimal(value);
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(text)).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});

/** Canonical texts of each kind. */
const texts = (kind: LogicalType): fc.Arbitrary<string> => {
  const any = fc
    .string({ unit: 'binary' })
    .filter((text) => !/[\ud800-\udfff]/.test(text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')));
  const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String);
  const hex = fc.uint8Array().map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`);
  if (kind.kind === 'int') return int64;
  if (kind.kind === 'float64') return fc.double().map(float64Text);
  if (kind.kind === 'boolean') return fc.constantFrom('t', 'f');
  if (kind.kind === 'bytes') return hex;
  if (kind.kind === 'decimal') {
    return fc
      .tuple(fc.bigInt(-(10n ** 40n), 10n ** 40n), fc.stringMatching(/^[0-9]{0,30}$/))
      .map(([whole, fraction]) => (fraction === '' ? String(whole) : `${whole}.${fraction}`));
  }
  if (kind.kind !== 'any') return any;
  return fc.oneof(
    int64.map((text) => `i${text}`),
    fc.double({ noNaN: true }).map((value) => `r${float64Text(value)}`),
    any.map((text) => `t${text}`),
    hex.map((text) => `b${text}`),
  );
};

describe('a canonical text', () => {
  test.each([
    { kind: 'int', bits: 64 },
    { kind: 'float64' },
    { kind: 'boolean' },
    { kind: 'bytes', maxBytes: null },
    { kind: 'decimal', precision: null, scale: null },
    { kind: 'text', maxChars: null },
    { kind: 'any' },
  ] as const)('of $kind survives being bound and read again', (logical) => {
    const at = column(logical);
    const render = canonicalText(at, { table: 't', side: 'target' });
    fc.assert(
      fc.property(texts(logical), (text) => {
        const bound = bindOf(at)(text);
        expect(bound).not.toBeUndefined();
        // A small integer is bound as a double, of which the column's affinity makes the integer again.
        const small = logical.kind === 'int' && typeof bound === 'number';
        expect(render(small ? BigInt(bound) : (bound ?? null))).toBe(text);
      }),
    );
  });

  test('survives the wire, and no cell has an escape that loaders disagree about', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const cell = escapeCell(text);
        expect(unescapeCell(cell)).toBe(text);
        expect(cell).not.toMatch(/[\t\n\r\b]/);
        expect(cell).not.toBe('\\N');
        expect(cell.replaceAll('\\\\', '')).not.toMatch(/\\[vf]/);
      }),
    );
    expect(unescapeCell('\\N')).toBeNull();
    expect(unescapeCell('\\\\N')).toBe('\\N');
  });

  test.each([
    ['REAL', { kind: 'float64' }, '-0'],
    ['REAL', { kind: 'int', bits: 64 }, '9007199254740993'],
    ['INTEGER', { kind: 'int', bits: 64, unsigned: true }, '9223372036854775808'],
    ['NUMERIC', { kind: 'decimal', precision: null, scale: null }, '1234567890.1234567'],
    ['NUMERIC', { kind: 'text', maxChars: null }, ' 1e5'],
    ['JSON', { kind: 'json' }, '1.50'],
    ['INTEGER', { kind: 'int', bits: 64 }, ''],
    ['BOOLEAN', { kind: 'boolean' }, 'true'],
    ['BLOB', { kind: 'bytes', maxBytes: null }, '\\x0'],
    ['', { kind: 'any' }, 'x'],
  ] as const)('that %s would alter is refused', (type, logical, text) => {
    expect(bindOf(column(logical, type))(text)).toBeUndefined();
  });
});

test('a position finds its value again', () => {
  fc.assert(
    fc.property(fc.oneof(texts({ kind: 'any' })), (text) => {
      const logical = { kind: 'any' } as const;
      const value = positionValue(text, { logical, affinity: 'exact' });
      expect(positionText(value, logical)).toBe(text);
    }),
  );
});

describe('the order of keys that are kept as text', () => {
  const sign = (difference: number | bigint): number => (difference < 0 ? -1 : difference > 0 ? 1 : 0);
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

  test('is the order of the numbers', () => {
    const number = fc.tuple(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.integer({ min: 0, max: 6 }));
    const text = (digits: bigint, scale: number): string => {
      const all = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
      const cut = all.length - scale;
      return `${digits < 0n ? '-' : ''}${all.slice(0, cut)}${scale > 0 ? `.${all.slice(cut)}` : ''}`;
    };
    fc.assert(
      fc.property(number, number, ([a, m], [b, n]) => {
        const difference = a * 10n ** BigInt(6 - m) - b * 10n ** BigInt(6 - n);
        expect(compare(orderKey('decimal', text(a, m)), orderKey('decimal', text(b, n)))).toBe(
          sign(difference),
        );
      }),
    );
  });

  test('is the order of time', () => {
    const inOrder = [
      '-infinity',
      '4713-01-01 BC',
      '0044-03-14 BC',
      '0044-03-15 BC',
      '0001-01-01',
      '2024-02-29',
      '9999-12-31',
      '10000-01-01',
      'infinity',
    ].map((text) => orderKey('temporal', text));
    expect([...inOrder].sort()).toEqual(inOrder);
  });
});
