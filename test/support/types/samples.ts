import fc from 'fast-check';

/** Values of one column type of a product, as the SQL that makes each. */
export interface TypeSamples {
  readonly type: string;
  /** Where the edges lie. */
  readonly edges: readonly string[];
  /** What else the type holds; absent: the edges are all that matters. */
  readonly any?: fc.Arbitrary<string>;
  /** SQL of a value; absent: a literal of the product's own text. */
  readonly literal?: (text: string) => string;
  /** A type that only this product has: other products take its text, where that is asked for. */
  readonly native?: boolean;
  /** Its text is none that the product reads back. */
  readonly oneWay?: boolean;
}

export const words = (text: string): readonly string[] => text.split(/\s+/);

const CONTROLS = Array.from({ length: 31 }, (_, index) => String.fromCodePoint(index + 1));

/** Texts in which something means something somewhere; NUL has an edge of its own. */
export const TEXT_EDGES: readonly string[] = [
  '',
  ' ',
  'a ',
  '\\',
  'a\\',
  '\\\\',
  '\\N',
  '\\.',
  'N',
  'NULL',
  "it's",
  '"',
  '`',
  '$value',
  '$&',
  '%',
  '\t',
  '\n',
  '\r\n',
  '\v\f\b',
  CONTROLS.join(''),
  CONTROLS.toReversed().join(''),
  '\u007f\u0080\u009f',
  ...CONTROLS.map((control) => `x${control}y`),
  '1e5',
  ' 12 ',
  '-0',
  '0x10',
  '1.10',
  'NaN',
  't',
  '\\x00',
  'i1',
  '🙂',
  '𝒳🙂é',
  '\u{10ffff}',
  '\ufffd',
  '\ufeffa',
  '\u2028',
  'é',
  'e\u0301',
  'ß',
  'ǅ',
  '\u00a0',
  '\u3000',
  'ı',
  '\ufffe\uffff',
  '\ue000',
];
export const WITH_NUL: readonly string[] = ['\0', 'a\0b', 'a\0', '\0\0\\0'];

/** Any text without NUL. */
export const texts = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        fc.constantFrom(...CONTROLS, '\\', "'"),
      ),
      {
        maxLength,
      },
    )
    .map((parts) => Array.from(parts.join('').replaceAll('\0', '\\')).slice(0, maxLength).join(''));

export const integers = (bits: number, unsigned = false): Pick<TypeSamples, 'edges' | 'any'> => {
  const [min, max] = unsigned
    ? [0n, 2n ** BigInt(bits) - 1n]
    : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n];
  const inside = (value: bigint): boolean => value >= min && value <= max;
  const powers = [7, 8, 15, 16, 23, 24, 31, 32, 52, 53, 63].flatMap((power) =>
    [-1n, 0n, 1n].flatMap((by) => [2n ** BigInt(power) + by, -(2n ** BigInt(power)) + by]),
  );
  const edges = [min, max, 0n, 1n, -1n, ...powers].filter(inside);
  return { edges: [...new Set(edges.map(String))], any: fc.bigInt({ min, max }).map(String) };
};

/** Decimal digits with so many before and behind the point. */
export const decimals = (whole: number, scale: number): Pick<TypeSamples, 'edges' | 'any'> => {
  const nines = '9'.repeat(whole);
  const fraction = (digits: string): string => (scale === 0 ? '' : `.${digits}`);
  return {
    edges: ['0', `${nines}${fraction('9'.repeat(scale))}`, `-${nines}${fraction('9'.repeat(scale))}`]
      .concat([`0${fraction(`${'0'.repeat(Math.max(0, scale - 1))}1`)}`, `-1${fraction('0'.repeat(scale))}`])
      .concat([`1${fraction('10'.slice(0, scale))}`]),
    any: fc
      .tuple(
        fc.boolean(),
        fc.bigInt({ min: 0n, max: 10n ** BigInt(whole) - 1n }),
        fc.bigInt({ min: 0n, max: 10n ** BigInt(scale) - 1n }),
      )
      .map(([minus, before, after]) => {
        const digits = `${before}${fraction(String(after).padStart(scale, '0'))}`;
        return minus && /[1-9]/.test(digits) ? `-${digits}` : digits;
      }),
  };
};

/** Doubles, as JavaScript prints them: the shortest that read back the same. */
export const DOUBLE_EDGES: readonly string[] = [
  0,
  1,
  -1.5,
  0.1,
  0.1 + 0.2,
  1 / 3,
  1e15,
  1e15 - 1,
  123456789012345.7,
  1e16,
  1e21,
  1e22,
  1e23,
  -1e23,
  9e15,

  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  2 ** 64,
  5e-324,
  2.2250738585072014e-308,
  2.225073858507201e-308,
  1e-4,
  1e-5,

  9.999999999999999e-5,
  1e-7,
  1.7976931348623157e308,
  -1.7976931348623157e308,
  8.41e21,
  9.5367431640625e-7,
  5e-5,

  4.35,
  1.234567890123456e-10,
  2 ** -1074 * 3,
  6.02214076e23,
  1e100,
  1.5e300,
  0.000123456,
].map(String);
export const SPECIAL_FLOATS: readonly string[] = ['-0', 'NaN', 'Infinity', '-Infinity'];
export const doubles: fc.Arbitrary<string> = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
export const FLOAT_EDGES: readonly string[] = [
  0,
  1.1,
  -0.5,
  16777216,
  16777217,
  1e6,
  999999,
  1234567,
  1e-4,
  9.9e-5,
  3.4028234663852886e38,
  1e-45,
  1.17549435e-38,
  8388609,
  0.3,
  1e10,
  33554432,
  2 ** 24 - 1,
].map((value) => String(Math.fround(value)));
export const floats: fc.Arbitrary<string> = fc.float({ noNaN: true, noDefaultInfinity: true }).map(String);

const two = (value: number): string => String(value).padStart(2, '0');

/** Days from one year to another, each a real one. */
export const days = (from: number, upto: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.integer({ min: from, max: upto }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 28 }),
    )
    .map(([year, month, day]) => `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`);

export const clocks: fc.Arbitrary<string> = fc
  .tuple(fc.integer({ min: 0, max: 86_399 }), fc.integer({ min: 0, max: 999_999 }))
  .map(([seconds, micros]) => {
    const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
    return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction}`;
  });
export const moments = (from: number, upto: number): fc.Arbitrary<string> =>
  fc.tuple(days(from, upto), clocks).map((parts) => parts.join(' '));

/** Bytes as hexadecimal digits. */
export const BYTE_EDGES: readonly string[] = [
  '',
  '00',
  '0000',
  '5c',
  '5c4e',
  '0a090d',
  'ff',
  'c328',
  '6100',
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('hex'),
];
export const LARGE_BYTES = Buffer.alloc(
  300_000,
  Buffer.from(Array.from({ length: 256 }, (_, at) => 255 - at)),
).toString('hex');
export const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((value) => Buffer.from(value).toString('hex'));

export const JSON_EDGES: readonly string[] = [
  '{"a":1,"a":2}',
  '{"b": 1, "a": [1.10, null]}',
  '1e999',
  '-0',
  '-0.0',
  '1.10',
  '12345678901234567890.123456789',

  '"\\u0001\\\\ \\n"',
  '"\\ud83d\\ude42🙂"',
  ' [1 ,2] ',
  'null',
  'true',
  '""',
  '{}',
  '[]',
  '[[[[]]]]',
  '"é\\u00e9"',
  '{"":""}',
  '1E5',
  '0.1e-7',
  '"\\/"',
  '"12"',
  '12',
  ' 1.50 ',
  '9007199254740993',
];
export const documents: fc.Arbitrary<string> = fc
  .json({ stringUnit: 'grapheme' })
  .filter((text) => !text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text));

export const UUIDS: Pick<TypeSamples, 'edges' | 'any'> = {
  edges: [
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    'C0FFEE00-1234-4ABC-8DEF-0123456789AB',
  ],
  any: fc.uuid({ version: [1, 4] }),
};
export const bits = (maxLength: number, minLength = maxLength): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom('0', '1'), { minLength, maxLength }).map((digits) => digits.join(''));
