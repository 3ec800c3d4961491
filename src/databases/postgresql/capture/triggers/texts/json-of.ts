import type { ColumnSchema } from '../../../../../model/table-schema.ts';
import { literal, quote } from '../../../sql.ts';
import { parseType } from '../../../types/type-text.ts';

/** What decides how a value is written. */
export interface RecordedType extends Pick<ColumnSchema, 'type' | 'baseType' | 'enumLabels'> {
  /** A setting that could be done without is pinned where it is written: it costs a statement something, and each row less. */
  readonly isPinned?: true;
}

/** A value of a payload. */
export interface RecordedValue extends RecordedType {
  readonly name: string;
  /** SQL of it, where it is no column of the row. */
  readonly sql?: string;
}

/** A text may grow sixfold in JSON, and none may pass 1 GB. */
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

const ZONED = 'timestamp with time zone';

/** By type; of those that are not here nobody knows. JSON has dates and times in a form of its own, whatever DateStyle says. */
const PINS_OF: Readonly<Record<string, readonly Pin[]>> = {
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
  if (base === ZONED) return type.isPinned ? ['TimeZone'] : [];
  if (FLOAT_PAIRS.has(base)) return ['extra_float_digits'];
  const element = base.endsWith('[]') ? parseType(base.slice(0, -2)).base : null;
  const pins = element === null ? PINS_OF[base] : PINS_INSIDE[element];
  if (pins) return pins;
  return UNPINNED.has(element ?? base) ? [] : ALL_PINS;
}

export const pinned = <T extends RecordedType>(values: readonly T[]): readonly T[] =>
  values.map((value) => ({ ...value, isPinned: true }));

/**
 * `SET` of a function, as pg_get_functiondef() prints it: each costs the application. What is rendered here names everything with its
 * schema, so that only SQL of a user needs a path.
 */
export function renderPins(
  types: readonly RecordedType[],
  options: { readonly all: boolean; readonly path: boolean },
): readonly string[] {
  const needed = new Set(options.all ? ALL_PINS : types.flatMap(pinsOf));
  const name = (pin: Pin): string => (pin === pin.toLowerCase() ? pin : quote(pin));
  return [
    ...(options.path ? [`SET search_path TO 'pg_catalog', 'pg_temp'`] : []),
    ...ALL_PINS.filter((pin) => needed.has(pin)).map((pin) => `SET ${name(pin)} TO ${literal(PINS[pin])}`),
  ];
}

/**
 * Line ends within names and SQL of others, while the lines around them are indented; no text of PostgreSQL has the letter that stands
 * for them.
 */
export const held = (text: string): string => text.replaceAll('\n', '\0');
export const released = (text: string): string => text.replaceAll('\0', '\n');

const FIRST_YEAR = `'0001-01-01 00:00:00+00'::pg_catalog.timestamptz`;

/** By the type's own output function and never by a cast, which for a type of the user may be anything. */
export const asText = (value: string): string =>
  `CASE WHEN ${value} IS DISTINCT FROM NULL THEN pg_catalog.concat(${value}) END`;

/** What stands in the place of a row, or a value, that a trigger cannot write: who reads it refuses it, and the row is read anew. */
export const NOT_RECORDED = `'{"sluice": "not recorded"}'`;

/** How long a value is at least, where that is not bounded by its type; null: it is. */
function sizeOf(value: RecordedValue, sql: string): string | null {
  const base = baseOf(value);
  if (!UNBOUNDED.has(base) || parseType(value.type).args.length > 0) return null;
  const size =
    base === 'text' || base === 'character varying' || base === 'bytea' ? 'octet_length' : 'pg_column_size';
  return `pg_catalog.${size}(${sql})`;
}

const isTooLong = (size: string): string => `${size} OPERATOR(pg_catalog.>) ${LONGEST_BYTES}`;

const columnOf = (value: RecordedValue, alias: string): string =>
  value.sql ?? `${alias}.${quote(value.name)}`;

/** Whether some column of the rows is too long to be written; null: none can be. */
export function renderTooLong(values: readonly RecordedValue[], aliases: readonly string[]): string | null {
  const sizes = aliases.flatMap((alias) =>
    values.flatMap((value) => sizeOf(value, columnOf(value, alias)) ?? []),
  );
  if (sizes.length === 0) return null;
  // One comparison for all: each would be prepared anew in every transaction of the application.
  return isTooLong(sizes.length === 1 ? (sizes[0] ?? '') : `greatest(${sizes.join(', ')})`);
}

function renderPlain(value: RecordedValue, sql: string): string {
  const base = baseOf(value);
  if (base === 'oid') return `${sql}::bigint`;
  if (base === 'money') return `${sql}::numeric`;
  if (base === 'json' || base === 'jsonb') return `${sql}::pg_catalog.text`;
  if (base === 'bytea') return `pg_catalog.upper(pg_catalog.encode(${sql}, 'hex'))`;
  return AS_THEY_ARE.has(base) ? sql : asText(sql);
}

/**
 * A time as to_json() writes it where TimeZone is UTC. Pinning that setting would cost each transaction of the application more than all else
 * that is done here. Behind the years before Christ PostgreSQL writes BC, and infinity has no offset.
 */
function renderTime(sql: string): string {
  const there = `pg_catalog.to_json(pg_catalog.timezone('0'::pg_catalog.interval, ${sql}))::pg_catalog.text`;
  const isOfOurs = `${sql} OPERATOR(pg_catalog.>=) ${FIRST_YEAR} AND ${sql} OPERATOR(pg_catalog.<) 'infinity'::pg_catalog.timestamptz`;
  return `CASE WHEN ${isOfOurs} THEN pg_catalog.left(${there}, -1) OPERATOR(pg_catalog.||) '+00:00"' ELSE pg_catalog.replace(${there}, ' BC"', '+00:00 BC"') END`;
}

/** A time that the session may have at another zone. */
const isShifted = (value: RecordedType): boolean => baseOf(value) === ZONED && !value.isPinned;

function renderToJson(value: RecordedValue, sql: string, isMeasured: boolean): string {
  if (isShifted(value)) return renderTime(sql);
  const json = `pg_catalog.to_json(${renderPlain(value, sql)})`;
  const size = isMeasured ? sizeOf(value, sql) : null;
  return size === null
    ? json
    : `CASE WHEN ${isTooLong(size)} THEN ${NOT_RECORDED}::pg_catalog.json ELSE ${json} END`;
}

const AS_NUMBERS = new Set(['smallint', 'integer', 'bigint']);

/**
 * A value as JSON, never NULL. What needs no escapes is put together by hand: json_build_object() looks up the type of every value, and
 * of every name, for each row, and would take the application half as long again.
 */
function renderValue(value: RecordedValue, alias: string, isMeasured: boolean): string {
  const sql = columnOf(value, alias);
  const base = value.sql === undefined ? baseOf(value) : 'of a user';
  if (AS_NUMBERS.has(base)) return `coalesce(${sql}::pg_catalog.text, 'null')`;
  if (base === 'boolean') return `CASE WHEN ${sql} THEN 'true' WHEN NOT ${sql} THEN 'false' ELSE 'null' END`;
  if (base === 'uuid')
    return `coalesce('"' OPERATOR(pg_catalog.||) ${sql}::pg_catalog.text OPERATOR(pg_catalog.||) '"', 'null')`;
  return `coalesce(${renderToJson(value, sql, isMeasured)}, 'null')`;
}

/** Names and values of so many columns stay below the 100 arguments that a function takes. */
const COLUMNS = 40;
/** And here they reach them. */
const MEMBERS = 50;

const nameInJson = (name: string, at: number): string =>
  literal(`${at === 0 ? '{' : ', '}${JSON.stringify(released(name))}: `);

/**
 * The payload of a row as JSON text. No value of any column makes it fail; only that a text of more than 1 GB would come out, and with
 * `isMeasured` not even that: values that are too long are told as not recorded.
 * @param alias  of the row in the statement, or NEW or OLD
 */
export function renderJsonOf(values: readonly RecordedValue[], alias: string, isMeasured = false): string {
  if (values.length === 0) return `'{}'`;
  const parts = values.map(
    (value, at) => `${nameInJson(value.name, at)}, ${renderValue(value, alias, isMeasured)}`,
  );
  const texts = Array.from({ length: Math.ceil(parts.length / COLUMNS) }, (_, at) =>
    parts.slice(at * COLUMNS, (at + 1) * COLUMNS).join(', '),
  );
  const all = texts.length === 1 ? texts : texts.map((text) => `pg_catalog.concat(${text})`);
  return `pg_catalog.concat(${all.join(', ')}, '}')`;
}

/** Names of zones that are UTC. */
const AT_UTC = `pg_catalog.current_setting('TimeZone') OPERATOR(pg_catalog.=) ANY ('{UTC,Etc/UTC,GMT}'::pg_catalog.text[])`;

/** Whether the session has times at UTC already, as most sessions have; null: no value depends on it. */
export const renderAtUtc = (values: readonly RecordedValue[]): string | null =>
  values.some(isShifted) ? AT_UTC : null;

/**
 * The same payload as renderJsonOf() has, but for spaces between its members, by the one call for all columns that a trigger on single rows
 * wants: PostgreSQL prepares each call of an expression anew in every transaction, which costs a row more than what the call does.
 * No value may be too long.
 * @param isAtUtc  the session has times at UTC
 */
export function renderObjectOf(values: readonly RecordedValue[], alias: string, isAtUtc: boolean): string {
  const members = values.map((value) => {
    const sql = columnOf(value, alias);
    const given =
      isShifted(value) && !isAtUtc ? `(${renderTime(sql)})::pg_catalog.json` : renderPlain(value, sql);
    return `${literal(value.name)}::pg_catalog.text, ${given}`;
  });
  const objects = Array.from(
    { length: Math.max(1, Math.ceil(members.length / MEMBERS)) },
    (_, at) =>
      `pg_catalog.json_build_object(${members.slice(at * MEMBERS, (at + 1) * MEMBERS).join(', ')})::pg_catalog.text`,
  );
  if (objects.length === 1) return objects[0] ?? '';
  const parts = objects.flatMap((object, at) => [
    literal(at === 0 ? '{' : ', '),
    `pg_catalog.btrim(${object}, '{}')`,
  ]);
  return `pg_catalog.concat(${parts.join(', ')}, '}')`;
}

/** A key as JSON text, `{"id": 1, "line": 2}`. */
export function renderKeyOf(key: readonly RecordedValue[], alias: string): string {
  const parts = key.flatMap((column, at) => {
    const sql = columnOf(column, alias);
    const json = AS_NUMBERS.has(baseOf(column)) ? sql : renderToJson(column, sql, false);
    return [nameInJson(column.name, at), `coalesce(${json}::pg_catalog.text, 'null')`];
  });
  return `${parts.join(' OPERATOR(pg_catalog.||) ')} OPERATOR(pg_catalog.||) '}'`;
}
