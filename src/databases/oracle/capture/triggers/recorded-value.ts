import { renderFixed } from '../../types/render-text.ts';
import { isNational, MOST_BYTES, parseType, type TypeText } from '../../types/type-text.ts';
import type { RecordedColumn } from './subject.ts';

/**
 * How a value of a type is written as JSON (src/model/change-event.ts), in PL/SQL: by a function that gives a text of so many bytes at
 * most; by a procedure that adds what may be long; or, of a document, by that procedure on the text that SQL makes of it.
 */
export type Recorded =
  | {
      readonly kind: 'text';
      /** @param own  the package of these functions */
      readonly render: (value: string, own: string) => string;
      readonly mostBytes: number;
    }
  | { readonly kind: 'long'; readonly procedure: string; readonly render: (value: string) => string }
  | { readonly kind: 'document'; readonly render: (value: string) => string };

/** Each letter of a text may take six bytes: \u0001. */
const ESCAPED_BYTES = 6;
/** Of numbers, moments, intervals. */
const LONGEST_OTHER = 200;
/** What a text may have where nothing was said. */
const EXTENDED_BYTES = 32_767;

const text = (name: string, mostBytes = LONGEST_OTHER): Recorded => ({
  kind: 'text',
  render: (value, own) => `${own}.${name}(${value})`,
  mostBytes,
});

function numberOf({ args: [precision, scale = 0] }: TypeText): Recorded {
  const fixed = precision === undefined || scale <= 0 ? null : renderFixed('x', precision, scale);
  const model = /'FM[0-9.]+'/.exec(fixed ?? '')?.[0];
  if (model === undefined) return text('NUM');
  return { kind: 'text', render: (value, own) => `${own}.FIX(${value}, ${model})`, mostBytes: LONGEST_OTHER };
}

function textOf({ base, args: [length = EXTENDED_BYTES], inChars }: TypeText): Recorded {
  const national = isNational(base);
  // A database that is set to extended strings has longer ones than MOST_BYTES. National letters are written in ASCII.
  const bytes = inChars && !national ? Math.min(4 * length, EXTENDED_BYTES) : length;
  if (ESCAPED_BYTES * bytes + LONGEST_OTHER <= EXTENDED_BYTES)
    return text(national ? 'NTX' : 'TXT', 2 + ESCAPED_BYTES * bytes);
  return national
    ? { kind: 'long', procedure: 'PUT_NTEXT', render: (value) => `TO_NCLOB(${value})` }
    : { kind: 'long', procedure: 'PUT_TEXT', render: (value) => `TO_CLOB(${value})` };
}

const long = (procedure: string): Recorded => ({ kind: 'long', procedure, render: (value) => value });
const address: Recorded = {
  kind: 'text',
  render: (value, own) => `${own}.TXT(ROWIDTOCHAR(${value}))`,
  mostBytes: LONGEST_OTHER,
};

const RECORDED: Readonly<Record<string, (type: TypeText) => Recorded>> = {
  NUMBER: numberOf,
  FLOAT: () => text('NUM'),
  BINARY_DOUBLE: () => text('NUM8'),
  BINARY_FLOAT: () => text('NUM4'),
  BOOLEAN: () => text('BOO'),
  VARCHAR2: textOf,
  NVARCHAR2: textOf,
  CHAR: textOf,
  NCHAR: textOf,
  CLOB: () => long('PUT_TEXT'),
  NCLOB: () => long('PUT_NTEXT'),
  BLOB: () => long('PUT_BYTES'),
  RAW: ({ args: [length = EXTENDED_BYTES] }) =>
    length > (MOST_BYTES['RAW'] ?? 0)
      ? { kind: 'long', procedure: 'PUT_BYTES', render: (value) => `TO_BLOB(${value})` }
      : text('HEX', 2 + 2 * length),
  DATE: () => text('DAT'),
  TIMESTAMP: () => text('TST'),
  'TIMESTAMP WITH TIME ZONE': () => text('TTZ'),
  'TIMESTAMP WITH LOCAL TIME ZONE': () => text('TLZ'),
  'INTERVAL YEAR TO MONTH': () => text('IYM'),
  'INTERVAL DAY TO SECOND': () => text('IDS'),
  ROWID: () => address,
  UROWID: () => address,
  JSON: () => ({ kind: 'document', render: (value) => `JSON_SERIALIZE(${value} RETURNING CLOB)` }),
  XMLTYPE: () => ({ kind: 'document', render: (value) => `XMLSERIALIZE(CONTENT ${value} AS CLOB)` }),
};

/** @returns null for a type that no trigger writes: LONG, BFILE, objects */
export function recordedAs({ type }: Pick<RecordedColumn, 'type'>): Recorded | null {
  const parsed = parseType(type);
  return RECORDED[parsed.base]?.(parsed) ?? null;
}

/** Whether two values of a column are the same to the last bit: no setting of a session makes one of two. */
export function renderSame(
  { type }: Pick<RecordedColumn, 'type'>,
  [left, right]: readonly [string, string],
  own: string,
): string {
  const { base } = parseType(type);
  if (base === 'ROWID' || base === 'UROWID')
    return `${own}.SAME(ROWIDTOCHAR(${left}), ROWIDTOCHAR(${right}))`;
  if (base === 'NCLOB') return `${own}.SAME_NL(${left}, ${right})`;
  return `${own}.${isNational(base) ? 'SAME_N' : 'SAME'}(${left}, ${right})`;
}

/** Which an update cannot name as the ones that it is to fire for. */
export const isLongColumn = (column: Pick<RecordedColumn, 'type'>): boolean => {
  const { base } = parseType(column.type);
  return ['CLOB', 'NCLOB', 'BLOB', 'JSON', 'XMLTYPE'].includes(base);
};
