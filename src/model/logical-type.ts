/**
 * The type of a column between two databases. Each kind has one canonical text (docs/reference/types.md), made by the
 * source and parsed by the target; JavaScript never interprets a value. Canonical is what PostgreSQL prints with
 * DateStyle ISO, TimeZone UTC, IntervalStyle iso_8601, extra_float_digits 1 and bytea_output hex: its loader and its
 * output need no conversion then.
 *
 * | kind | canonical text |
 * | --- | --- |
 * | int | decimal digits, `-` |
 * | decimal | plain decimal, scale kept, `NaN`, `Infinity`, `-Infinity` |
 * | float64, float32 | shortest text that reads back the same, `NaN`, `Infinity`, `-Infinity` |
 * | boolean | `t`, `f` |
 * | text | itself, UTF-8 |
 * | bytes | `\x` and lower-case hex |
 * | date | `YYYY-MM-DD`, ` BC` behind years before 1, `infinity`, `-infinity` |
 * | time | `HH:MM:SS[.ffffff]`, trailing zeros of the fraction cut |
 * | timestamp | `YYYY-MM-DD HH:MM:SS[.ffffff]` |
 * | timestamptz | `YYYY-MM-DD HH:MM:SS[.ffffff]+00`, in UTC |
 * | interval | ISO 8601 |
 * | json, jsonb, xml | the document's text |
 * | uuid | lower-case with hyphens |
 * | enum | the label |
 * | bits | `0101` |
 * | native | the text form of that very type of that very product; both sides must have it |
 * | any | SQLite's value of any class: `i123`, `r1.5`, `tText`, `b\x00ff` (one letter of storage class, then the text) |
 */
export type LogicalType =
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly unsigned?: boolean }
  | { readonly kind: 'decimal'; readonly precision: number | null; readonly scale: number | null }
  | { readonly kind: 'float64' }
  | { readonly kind: 'float32' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'text'; readonly maxChars: number | null; readonly padded?: boolean }
  | { readonly kind: 'bytes'; readonly maxBytes: number | null }
  | { readonly kind: 'date' }
  | { readonly kind: 'time'; readonly precision: number; readonly zone?: boolean }
  | { readonly kind: 'timestamp'; readonly precision: number }
  | { readonly kind: 'timestamptz'; readonly precision: number }
  | { readonly kind: 'interval' }
  | { readonly kind: 'json' }
  | { readonly kind: 'jsonb' }
  | { readonly kind: 'xml' }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'bits'; readonly length: number | null; readonly varying: boolean }
  | { readonly kind: 'native'; readonly product: string; readonly type: string }
  | { readonly kind: 'any' };

export type LogicalKind = LogicalType['kind'];
