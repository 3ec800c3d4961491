import type { ColumnSchema } from '../../../../model/table-schema.ts';
import { literal, quote } from '../../sql.ts';
import { parseType } from '../../types/type-text.ts';

/** What decides how a value is written. */
export type RecordedType = Pick<ColumnSchema, 'type' | 'baseType' | 'enumLabels'>;

/** A value of a payload. */
export interface RecordedValue extends RecordedType {
  readonly name: string;
  /** SQL of it, where it is no column of the row. */
  readonly sql?: string;
}

/** Longer values are never written in the application's statement: a text may grow sixfold in JSON, and none may pass 1 GB. */
const LONGEST_BYTES = 64 * 1024 * 1024;

/** Built-in types that json_build_object() writes as src/model/change-event.ts has them, total on every value. */
const AS_THEY_ARE = new Set(
  [
    'smallint|integer|bigint|numeric|real|double precision|boolean|text|character varying|character',
    'name|uuid|date|time without time zone|time with time zone|timestamp without time zone',
    'timestamp with time zone|interval|bit|bit varying|inet|cidr|macaddr|macaddr8|"char"',
  ].flatMap((names) => names.split('|')),
);
const UNBOUNDED = new Set(['text', 'character varying', 'bytea', 'json', 'jsonb', 'xml']);

/** Settings of a session on which a text depends, and what the payload has them at. */
const PINS = {
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '3',
  lc_monetary: 'C',
} as const;
type Pin = keyof typeof PINS;
export const ALL_PINS = Object.keys(PINS) as readonly Pin[];

/** By type; of those that are not here nobody knows. JSON has dates and times in a form of its own, whatever DateStyle says. */
const PINS_OF: Readonly<Record<string, readonly Pin[]>> = {
  'timestamp with time zone': ['TimeZone'],
  interval: ['IntervalStyle'],
  money: ['lc_monetary'],
  real: ['extra_float_digits'],
  'double precision': ['extra_float_digits'],
};
/** Inside of an array or a range they are written as outside of JSON. */
const PINS_INSIDE: Readonly<Record<string, readonly Pin[]>> = {
  ...PINS_OF,
  date: ['DateStyle'],
  'timestamp without time zone': ['DateStyle'],
  'timestamp with time zone': ['DateStyle', 'TimeZone'],
  bytea: ['bytea_output'],
};
const UNPINNED = new Set([
  ...AS_THEY_ARE,
  ...UNBOUNDED,
  'oid',
  'int4range',
  'int8range',
  'numrange',
  'tsvector',
  'tsquery',
]);
const FLOAT_PAIRS = new Set(['point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle']);

const baseOf = ({ type, enumLabels }: RecordedType): string =>
  enumLabels === null ? parseType(type).base : 'enum';

/** The settings that writing a value of the type needs. */
export function pinsOf(type: RecordedType): readonly Pin[] {
  const base = baseOf(type);
  if (base === 'enum') return [];
  if (base === 'bytea') return [];
  if (FLOAT_PAIRS.has(base)) return ['extra_float_digits'];
  const element = base.endsWith('[]') ? parseType(base.slice(0, -2)).base : null;
  const pins = element === null ? PINS_OF[base] : PINS_INSIDE[element];
  if (pins) return pins;
  return UNPINNED.has(element ?? base) ? [] : ALL_PINS;
}

/** `SET` of a function, as pg_get_functiondef() prints it; the names of what it calls are searched in pg_catalog alone. */
export function renderPins(types: readonly RecordedType[], all: boolean): readonly string[] {
  const needed = new Set(all ? ALL_PINS : types.flatMap(pinsOf));
  const name = (pin: Pin): string => (pin === pin.toLowerCase() ? pin : quote(pin));
  return [
    `SET search_path TO 'pg_catalog', 'pg_temp'`,
    ...ALL_PINS.filter((pin) => needed.has(pin)).map((pin) => `SET ${name(pin)} TO ${literal(PINS[pin])}`),
  ];
}

/**
 * Line ends within names and SQL of others, while the lines around them are indented; no text of PostgreSQL has the letter that stands
 * for them.
 */
export const held = (text: string): string => text.replaceAll('\n', '\0');
export const released = (text: string): string => text.replaceAll('\0', '\n');

/** By the type's own output function and never by a cast, which for a type of the user may be anything. */
const asText = (value: string): string =>
  `CASE WHEN ${value} IS DISTINCT FROM NULL THEN concat(${value}) END`;

function guarded(base: string, value: string, written: string): string {
  if (!UNBOUNDED.has(base)) return written;
  const size = base === 'json' || base === 'jsonb' || base === 'xml' ? 'pg_column_size' : 'octet_length';
  // No value of any column: who reads it refuses it, and asks for the row anew.
  return `CASE WHEN ${size}(${value}) > ${LONGEST_BYTES} THEN '{"sluice": "too large"}'::json ELSE to_json(${written}) END`;
}

function renderValue(value: RecordedValue, alias: string): string {
  const sql = value.sql ?? `${alias}.${quote(value.name)}`;
  const base = baseOf(value);
  const unlimited = parseType(value.type).args.length === 0;
  if (base === 'oid') return `${sql}::bigint`;
  if (base === 'money') return `${sql}::numeric`;
  if (base === 'json' || base === 'jsonb') return guarded(base, sql, `${sql}::text`);
  if (base === 'bytea') return guarded(base, sql, `upper(encode(${sql}, 'hex'))`);
  if (base === 'xml') return guarded(base, sql, asText(sql));
  if (AS_THEY_ARE.has(base)) return unlimited ? guarded(base, sql, sql) : sql;
  return asText(sql);
}

/** An even number below the 100 arguments that a function takes. */
const PAIRS = 40;

/**
 * The payload of a row as JSON text. Total: no value of any column makes it fail.
 * @param alias  of the row in the statement, or NEW or OLD
 */
export function renderJsonOf(values: readonly RecordedValue[], alias: string): string {
  if (values.length === 0) return `'{}'`;
  const parts: string[] = [];
  for (let at = 0; at < values.length; at += PAIRS) {
    const pairs = values
      .slice(at, at + PAIRS)
      .map((value) => `${literal(value.name)}, ${renderValue(value, alias)}`);
    parts.push(`json_build_object(${pairs.join(', ')})::text`);
  }
  const { length } = parts;
  return parts
    .map((part, at) => {
      const headless = at === 0 ? part : `substr(${part}, 2)`;
      return at === length - 1 ? headless : `left(${headless}, -1)`;
    })
    .join(` || ', ' || `);
}

/** A key as JSON text, `{"id": 1, "line": 2}`. */
export function renderKeyOf(key: readonly RecordedValue[], alias: string): string {
  const parts = key.flatMap((column, at) => [
    literal(`${at === 0 ? '{' : ', '}${JSON.stringify(released(column.name))}: `),
    `coalesce(to_json(${renderValue(column, alias)}), 'null'::json)`,
  ]);
  return `concat(${parts.join(', ')}, '}')`;
}
