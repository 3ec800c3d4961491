import type { QueryToDescribe } from '../../engine/ports/introspector.ts';
import { toQuerySchema } from '../../engine/planning/source-query.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { ColumnSchema, TableSchema } from '../../model/table-schema.ts';
import type { Pool } from './connections/pool.ts';
import type { Field } from './connections/session.ts';
import { toSluiceError, vendorCode } from './error-codes.ts';
import { renderQueryFrom } from './sql/source-sql.ts';
import { CAPACITY, parseType } from './types/type-text.ts';

/** What the text of a query can be wrong in. */
const WRONG = new Set(
  [1052, 1054, 1055, 1056, 1060, 1064, 1111, 1140, 1149, 1222, 1235, 1241, 1248, 1295, 1305, 1792].map(
    String,
  ),
);

const UNSIGNED = 32;
const ZEROFILL = 64;
const ENUM_OR_SET = 256 | 2048;
const BINARY = 63;
/** Of utf8mb4, which the connection speaks. */
const BYTES_PER_CHAR = 4;
const MOST_CHARS = 255;
const MOST_VARCHARS = 16_383;

const INTEGERS: Readonly<Record<number, string>> = {
  1: 'tinyint',
  2: 'smallint',
  9: 'mediumint',
  3: 'int',
  8: 'bigint',
};
const PLAIN: Readonly<Record<number, string>> = {
  4: 'float',
  5: 'double',
  10: 'date',
  14: 'date',
  13: 'year',
  245: 'json',
  255: 'geometry',
};
const TIMES: Readonly<Record<number, string>> = { 7: 'timestamp', 11: 'time', 12: 'datetime' };
const STRINGS = new Set([15, 247, 248, 249, 250, 251, 252, 253, 254]);

/** The smallest of the types without a length that holds so much. */
const unlimited = (kind: 'text' | 'blob', bytes: number): string =>
  ['tiny', '', 'medium', 'long']
    .map((size) => `${size}${kind}`)
    .find((type) => bytes <= (CAPACITY[type] ?? 0)) ?? `long${kind}`;

function stringType({ type, length, charset, flags }: Field): string {
  const isLarge = type >= 249 && type <= 252;
  if (charset === BINARY) {
    if (isLarge || length > CAPACITY['blob']!) return unlimited('blob', length);
    return `${type === 254 ? 'binary' : 'varbinary'}(${length})`;
  }
  // The length that is told is of the text in the connection's charset.
  const chars = Math.floor(length / BYTES_PER_CHAR);
  if (isLarge || chars > MOST_VARCHARS)
    return unlimited('text', length === CAPACITY['longtext'] ? length : chars);
  const isPadded = type === 254 && (flags & ENUM_OR_SET) === 0 && chars <= MOST_CHARS;
  // The labels of an ENUM or SET are not told: it is read as the text that it is.
  return `${isPadded ? 'char' : 'varchar'}(${Math.max(1, chars)})`;
}

/** The type of a column of an answer, as the catalog would print it. `null` for the bare NULL, which has none. */
export function typeTextOf(field: Field): string {
  const { type, length, flags, decimals, extended } = field;
  if (extended !== null && extended !== 'json') return extended;
  const sign = `${flags & UNSIGNED ? ' unsigned' : ''}${flags & ZEROFILL ? ' zerofill' : ''}`;
  if (INTEGERS[type] !== undefined) return `${INTEGERS[type]}(${length})${sign}`;
  if (type === 0 || type === 246) {
    const digits = length - (flags & UNSIGNED ? 0 : 1) - (decimals > 0 ? 1 : 0);
    return `decimal(${digits},${decimals})${sign}`;
  }
  if (TIMES[type] !== undefined)
    return decimals > 0 && decimals <= 6 ? `${TIMES[type]}(${decimals})` : TIMES[type];
  if (type === 16) return `bit(${length})`;
  if (type === 242) return `vector(${length / 4})`;
  return STRINGS.has(type) ? stringType(field) : (PLAIN[type] ?? 'null');
}

function columnOf(field: Field): ColumnSchema {
  const type = typeTextOf(field);
  const { base, args } = parseType(type);
  const isText = base.endsWith('char');
  return {
    name: field.name,
    type,
    baseType: field.extended === 'json' ? 'json' : base,
    precision: isText ? null : (args[0] ?? null),
    scale: base === 'decimal' ? (args[1] ?? 0) : null,
    maxChars: isText ? (args[0] ?? null) : null,
    nullable: true,
    default: null,
    identity: null,
    generated: null,
    collation: null,
    enumLabels: null,
    comment: null,
  };
}

/** @see Introspector.describeQuery */
export function describeQuery(
  pool: Pool,
  request: QueryToDescribe,
  signal: AbortSignal,
): Promise<TableSchema> {
  const table = tableId(request.table);
  return pool.use(
    async (session) => {
      try {
        // The text alone is prepared, which takes one statement: with that it is one, and all that it opens it closes again,
        // so that it can stand in brackets, where nothing is written: no INTO stands there.
        await session.describe(request.query);
        const fields = await session.describe(`SELECT * FROM ${renderQueryFrom(request.query)}`);
        return toQuerySchema(request, { product: 'mysql', columns: fields.map(columnOf) });
      } catch (error) {
        const vendor = vendorCode(error);
        if (!WRONG.has(vendor)) throw error;
        const reason = vendor === '1064' ? 'it has a syntax error' : toSluiceError(error).message;
        throw new SluiceError('config.invalid', `the query ${table} cannot be read: ${reason}`, {
          table,
          vendorCode: vendor,
        });
      }
    },
    signal,
    { side: 'source', table },
  );
}
