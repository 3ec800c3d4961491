/**
 * Encodings of rows on the wire.
 *
 * `text-rows`: PostgreSQL's COPY text without the escapes `\v` and `\f` (vertical tab and form feed travel as raw bytes).
 *
 *     cell TAB cell TAB … cell LF      NULL is \N; \\ \t \n \r \b are escaped
 *
 * `binary-rows`: rows of PostgreSQL's COPY binary without file header and trailer; both sides are PostgreSQL with equal types.
 *
 *     int16 fields, then per field int32 length (-1: NULL) and its bytes
 *
 * `event-rows`: captured changes in `text-rows`, see src/model/change-event.ts.
 */
export type RowEncoding = 'text-rows' | 'binary-rows' | 'event-rows';

/**
 * Canonical texts of a row's position columns, in their order: where a reader stands in a key range.
 * Of tables without a key: `[ctid]` on PostgreSQL, `[rowid, schema version]` on SQLite, where a VACUUM renumbers rows.
 */
export type Position = readonly string[];

/** Rows of one key range in wire form, cut at row ends; a few MiB at most except where one row is larger. */
export interface RowBlock {
  readonly rows: number;
  readonly data: Buffer;
  /** Positions of the first and the last row. */
  readonly first: Position;
  readonly last: Position;
  /** There is no end in sight: it is published at once, and the range's end follows in a block of its own. */
  readonly isLive?: true;
}

export const encodePosition = (position: Position): string => JSON.stringify(position);

/** @throws SyntaxError when the text is not one that encodePosition made. */
export function decodePosition(text: string): Position {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value) || !value.every((part) => typeof part === 'string')) {
    throw new SyntaxError('not a position');
  }
  return value;
}
