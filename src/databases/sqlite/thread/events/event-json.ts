import { float64Text } from '../../../../engine/driver/float-text.ts';
import type { LogicalKind, LogicalType } from '../../../../model/logical-type.ts';
import type { CapturedShape } from '../../capture/captured-shape.ts';
import { logicalOf } from '../../type-map.ts';
import { renderOf } from '../../values/canonical-text.ts';
import { type StoredValue, storageClass } from '../../values/stored-value.ts';

/** A TEXT whose bytes are no text of the file's encoding. */
export interface InvalidText {
  readonly invalid: Buffer;
}
export type RowValue = StoredValue | InvalidText;

/** JSON of the values of a row, in the order of its columns. */
export type RowJson = (values: readonly RowValue[]) => string;

const ANY: LogicalType = { kind: 'any' };
const hex = (bytes: Buffer): string => bytes.toString('hex').toUpperCase();
const text = (value: string): string => JSON.stringify(value);
const orText = (value: string): string =>
  /^-?\d+(?:\.\d+)?(?:e[+-]\d+)?$/.test(value) ? value : text(value);
const withT = (value: string): string => value.replace(/^(\d+-\d\d-\d\d) (?!BC)/, '$1T');

/** The JSON of a canonical text: src/model/change-event.ts. */
const OF_KIND: Partial<Record<LogicalKind, (canonical: string) => string>> = {
  int: orText,
  decimal: orText,
  float64: orText,
  float32: orText,
  boolean: (value) => (value === 't' ? 'true' : 'false'),
  bytes: (value) => text(value.slice(2).toUpperCase()),
  timestamp: (value) => text(withT(value)),
  timestamptz: (value) => text(withT(value).replace(/\+00(?=$| BC$)/, '+00:00')),
};

/** A value that is none of its column's type: nothing is made of it, its storage class is told. */
function misfit(value: Exclude<StoredValue, null>): string {
  const name = storageClass(value).toLowerCase();
  const shown =
    typeof value === 'bigint'
      ? String(value)
      : typeof value === 'number'
        ? float64Text(value)
        : typeof value === 'string'
          ? value
          : hex(value);
  return `{${text(name)}: ${text(shown)}}`;
}

/** @param logical  null: of an expression, which has no type: its value is what it is */
function valueJson(logical: LogicalType | null): (value: RowValue) => string {
  const render = logical === null ? null : renderOf(logical);
  const json = (logical === null ? undefined : OF_KIND[logical.kind]) ?? text;
  return (value) => {
    if (value === null) return 'null';
    if (isInvalid(value)) return `{"bytes": ${text(hex(value.invalid))}}`;
    if (render === null) return untyped(value);
    const canonical = render(value);
    return canonical === null ? misfit(value) : json(canonical);
  };
}

const isInvalid = (value: Exclude<RowValue, null>): value is InvalidText =>
  typeof value === 'object' && 'invalid' in value;

function untyped(value: Exclude<StoredValue, null>): string {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'object') return text(hex(value));
  return typeof value === 'bigint' ? String(value) : orText(float64Text(value));
}

const members = (entries: readonly string[]): string => `{${entries.join(', ')}}`;

export interface ShapeJson {
  /** All that is recorded. */
  readonly row: RowJson;
  /** The primary key alone, as the key of a message. */
  readonly key: RowJson;
}

/**
 * The same texts as the reader gives of the same values, by the same functions.
 * @param any  columns that come as the kind `any`: see ChangeCapture.read
 */
export function shapeJson({ columns, expressions, key }: CapturedShape, any: ReadonlySet<string>): ShapeJson {
  const names = [...columns.map(({ name }) => name), ...expressions].map(text);
  const types = columns.map(({ type }) => logicalOf(type));
  const typed = types.map(valueJson);
  const free = expressions.map(() => valueJson(null));
  const recorded = columns.map(({ name }, at) => (any.has(name) ? valueJson(ANY) : typed[at]));
  const values = [...recorded, ...free];
  const places = key.map((name) => columns.findIndex((column) => column.name === name));
  return {
    row: (cells) => members(names.map((name, at) => `${name}: ${values[at]?.(cells[at] ?? null)}`)),
    key: (cells) => members(places.map((at) => `${names[at]}: ${typed[at]?.(cells[at] ?? null)}`)),
  };
}

/** The key of a message that an expression gave. */
export function keyText(value: RowValue): string | null {
  if (value === null) return null;
  if (isInvalid(value)) return hex(value.invalid);
  if (typeof value === 'number') return float64Text(value);
  return typeof value === 'object' ? hex(value) : String(value);
}
