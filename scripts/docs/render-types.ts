import { types as postgresql } from '../../src/databases/postgresql/type-map.ts';
import { parseType } from '../../src/databases/postgresql/types/type-text.ts';
import { types as mysql } from '../../src/databases/mysql/type-map.ts';
import { types as oracle } from '../../src/databases/oracle/type-map.ts';
import { sqliteTypes } from '../../src/databases/sqlite/type-map.ts';
import type { TypeMap } from '../../src/engine/ports/type-map.ts';
import type { LogicalType } from '../../src/model/logical-type.ts';
import type { ColumnSchema } from '../../src/model/table-schema.ts';
import { MATRIX_PRODUCTS, type MatrixCell, TYPE_MATRIX } from '../../src/model/type-matrix.ts';
import { generatedFrom, table } from './table.ts';

const POSTGRESQL: readonly string[] = [
  'smallint',
  'integer',
  'bigint',
  'oid',
  'numeric',
  'numeric(12,2)',
  'money',
  'real',
  'double precision',
  'boolean',
  'text',
  'character varying(40)',
  'character(10)',
  'bytea',
  'uuid',
  'date',
  'time without time zone',
  'time with time zone',
  'timestamp without time zone',
  'timestamp(3) without time zone',
  'timestamp with time zone',
  'interval',
  'json',
  'jsonb',
  'xml',
  'bit(8)',
  'bit varying(8)',
  'inet',
  'integer[]',
  'point',
  'int4range',
  'tsvector',
];

const SQLITE: readonly string[] = [
  'INTEGER',
  'BIGINT',
  'REAL',
  'DOUBLE',
  'FLOAT4',
  'NUMERIC',
  'DECIMAL(10,2)',
  'DECIMAL_TEXT(10,2)',
  'BOOLEAN',
  'TEXT',
  'VARCHAR(40)',
  'CHAR(2)',
  'BLOB',
  'BINARY',
  'UUID',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'DATETIME',
  'TIMESTAMPTZ',
  'DURATION_TEXT',
  'JSON',
  'JSONB_TEXT',
  'XML',
  'BIT_TEXT(8)',
  'VARBIT_TEXT(8)',
  '',
  'ANY',
  'MONEY',
];

const MYSQL: readonly string[] = [
  'tinyint(1)',
  'tinyint',
  'smallint',
  'mediumint',
  'int',
  'bigint',
  'bigint unsigned',
  'decimal(12,2)',
  'float',
  'double',
  'char(10)',
  'varchar(40)',
  'text',
  'longtext',
  'json',
  "enum('a','b')",
  "set('a','b')",
  'binary(16)',
  'varbinary(40)',
  'blob',
  'date',
  'time(6)',
  'datetime',
  'datetime(6)',
  'timestamp(6)',
  'year',
  'bit(8)',
  'uuid',
  'inet6',
  'geometry',
];

const ORACLE: readonly string[] = [
  'NUMBER(1)',
  'NUMBER(9)',
  'NUMBER(18)',
  'NUMBER(19)',
  'NUMBER(12,2)',
  'NUMBER',
  'FLOAT(126)',
  'BINARY_FLOAT',
  'BINARY_DOUBLE',
  'BOOLEAN',
  'VARCHAR2(40 CHAR)',
  'NVARCHAR2(40)',
  'CHAR(10 CHAR)',
  'CLOB',
  'RAW(16)',
  'BLOB',
  'DATE',
  'TIMESTAMP(6)',
  'TIMESTAMP(9)',
  'TIMESTAMP(6) WITH TIME ZONE',
  'TIMESTAMP(6) WITH LOCAL TIME ZONE',
  'INTERVAL YEAR(2) TO MONTH',
  'INTERVAL DAY(2) TO SECOND(6)',
  'XMLTYPE',
  'JSON',
  'ROWID',
  'LONG',
  'BFILE',
];

/** What stands for many in the tables of existing columns. */
const POSTGRESQL_EXISTING: readonly string[] = [
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'numeric(12,2)',
  'real',
  'double precision',
  'boolean',
  'text',
  'character varying(40)',
  'bytea',
  'uuid',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
  'json',
  'jsonb',
];
const SQLITE_EXISTING: readonly string[] = [
  'INTEGER',
  'REAL',
  'NUMERIC',
  'DECIMAL_TEXT(10,2)',
  'BOOLEAN',
  'TEXT',
  'VARCHAR(40)',
  'BLOB',
  'UUID',
  'DATE',
  'TIMESTAMP',
  'TIMESTAMPTZ',
  'JSON',
  '',
];

interface Existing {
  readonly sources: readonly string[];
  readonly targets: readonly string[];
}

const column = (type: string): ColumnSchema => ({
  name: 'c',
  type,
  baseType: type.replace(/\(.*\)/, ''),
  precision: null,
  scale: null,
  maxChars: null,
  nullable: true,
  default: null,
  identity: null,
  generated: null,
  collation: null,
  enumLabels: null,
  comment: null,
});

const HIDDEN = new Set(['kind', 'labels']);

/** `decimal(12,2)`: the kind with what it knows of its size. */
function nameOf(logical: LogicalType): string {
  const details = Object.entries(logical)
    .filter(([key, value]) => !HIDDEN.has(key) && value !== null && value !== false)
    .map(([key, value]) => (value === true ? key : String(value)));
  return details.length === 0 ? logical.kind : `${logical.kind}(${details.join(', ')})`;
}

const code = (text: string): string => (text === '' ? '(none)' : `\`${text}\``);

/** What each type of a product is read as. */
const readingRows = (from: TypeMap, names: readonly string[]): readonly (readonly string[])[] =>
  names.map((name) => {
    const read = from.reading(column(name));
    if (!read) return [code(name), 'refused', ''];
    const { logical, note } = read;
    if (logical.kind === 'native') return [code(name), nameOf(logical), BY_TEXT];
    return [code(name), nameOf(logical), note ?? ''];
  });

const BY_TEXT = 'other products take its text by the policy `text`; without it the column is refused';

const cellText = ({ type, exact, why }: MatrixCell): string =>
  `${code(type)}${exact ? '' : ' lossy'}${why === null ? '' : `: ${why}`}`;

const MATRIX = table(
  ['logical type', 'PostgreSQL', 'MySQL and MariaDB', 'Oracle', 'SQLite'],
  TYPE_MATRIX.map((row) => [
    nameOf(row.logical),
    ...MATRIX_PRODUCTS.map((product) => cellText(row[product])),
  ]),
);

/** Into which existing columns a type goes: exactly, or with what loss. What is in neither list is refused. */
function existingRows(from: TypeMap, to: TypeMap, names: Existing): readonly (readonly string[])[] {
  return names.sources.flatMap((name) => {
    const read = from.reading(column(name));
    if (!read) return [];
    const written = names.targets.map((type) => ({
      type,
      how: to.writing(read.logical, { name: 'c', type }),
    }));
    const exact = written.filter(({ how }) => how?.exact).map(({ type }) => code(type));
    const lossy = new Map<string, string[]>();
    for (const { type, how } of written) {
      if (!how || how.exact) continue;
      const note = (how.note ?? '').replace(`that are no ${parseType(type).base} `, 'that are no such ');
      lossy.set(note, [...(lossy.get(note) ?? []), code(type)]);
    }
    const losses = [...lossy].map(([note, types]) => `${types.join(', ')}: ${note}`);
    return [[code(name), exact.join(', '), losses.join('; ')]];
  });
}

const KINDS = table(
  ['logical type', 'canonical text'],
  [
    ['int', 'decimal digits, `-`'],
    ['decimal', 'plain decimal, scale kept, `NaN`, `Infinity`, `-Infinity`'],
    ['float64, float32', 'the shortest text that reads back the same, `NaN`, `Infinity`, `-Infinity`'],
    ['boolean', '`t`, `f`'],
    ['text', 'itself, in UTF-8'],
    ['bytes', '`\\x` and lower-case hex'],
    ['date', '`YYYY-MM-DD`, ` BC` behind years before 1, `infinity`, `-infinity`'],
    ['time', '`HH:MM:SS[.ffffff]`'],
    ['timestamp', '`YYYY-MM-DD HH:MM:SS[.ffffff]`'],
    ['timestamptz', '`YYYY-MM-DD HH:MM:SS[.ffffff]+00`, in UTC'],
    ['interval', 'ISO 8601'],
    ['json, jsonb, xml', "the document's text"],
    ['uuid', 'lower-case with hyphens'],
    ['enum', 'the label'],
    ['bits', '`0101`'],
    ['native', 'the text of that very type of that very product'],
    ['any', "SQLite's value of any class: `i123`, `r1.5`, `tText`, `b\\x00ff`"],
  ],
);

const INTRODUCTION = `# Types

A column has a type at the source, a logical type that says what its values mean, and a type at the target. Between two
products a value travels as the canonical text of its logical type; the databases make it and parse it, JavaScript never
looks at it. Between two databases of one product columns keep their very type: between two PostgreSQL servers rows travel
in COPY's binary form where every type allows it, between two SQLite files every value keeps its storage class.

A value arrives as it was, or \`sluice plan\` says beforehand that its type cannot, or the table is blocked with
\`target.value_rejected\`. Nothing is rounded, cut or turned into NULL in silence: what a policy of the table alters is counted. \`sluice plan NAME\` shows each
column.`;

const READ = ['column', 'logical type', ''] as const;
const POLICIES = [
  [
    '`error`, the default',
    'The table is blocked with `target.value_rejected` or `source.value_rejected` until a person mends it.',
  ],
  [
    '`null`',
    'It becomes NULL. Refused for keys and NOT NULL columns. A fraction, or a scale, that the column would cut makes NULL too.',
  ],
  [
    '`clamp`',
    'The nearest value: numbers and moments to the range, decimals rounded to the scale, texts cut to the length at a character. What has none (NaN, a date of month 0, NUL) is refused. Never for keys.',
  ],
  [
    '`text`',
    'A column whose type the target does not have exactly is created as a text and holds the canonical text of each value.',
  ],
] as const;
const EXISTING = ['source', 'exactly into', 'with loss or refusal of some values into'] as const;

/** docs/reference/types.md */
export function renderTypes(): string {
  return [
    generatedFrom('src/model/type-matrix.ts and the type-map.ts of each database'),
    '',
    INTRODUCTION,
    '',
    '## Logical types',
    '',
    'The canonical text is what PostgreSQL prints with DateStyle ISO, TimeZone UTC, IntervalStyle iso_8601, extra_float_digits 1 and',
    'bytea_output hex. PostgreSQL 11 prints floating-point numbers with up to 17 digits, not with the fewest that are exact: their values',
    'arrive as they were, but checksums of such columns are equal only between servers of version 11. A text that lies halfway between',
    'two doubles is never written, as PostgreSQL has it: `1e23` is `9.999999999999999e+22`.',
    '',
    KINDS,
    '',
    '## What each database makes of a logical type',
    '',
    'The columns that Sluice creates; `columns.types` of a table says others. A type without a word behind it holds every value.',
    'MySQL and MariaDB compare texts by their bytes (`utf8mb4_0900_bin`, `utf8mb4_nopad_bin`); texts and bytes without a length that',
    'are part of the primary key become `varchar` and `varbinary` of the longest length that a key takes, and longer values are refused.',
    'On MariaDB documents become `json`, which keeps their text. PostgreSQL has no NUL in a text and refuses one.',
    '',
    'Oracle was **never run here**: this is what its type map says. VARCHAR2, CHAR and RAW have no empty value there: an empty text becomes',
    "NULL where the column takes it and is refused elsewhere; with `emptyText: 'refuse'` it is always refused. CLOB and BLOB keep it. Texts",
    'and bytes without a length that are part of the primary key become `VARCHAR2(250 CHAR)` and `RAW(1000)`; longer values are refused. Days',
    'from 5 to 14 October 1582, which Oracle does not have, numbers of more than 38 digits or more places than the column has, and letters that',
    'the character set of the database lacks are refused before they are sent.',
    '',
    MATRIX,
    '',
    '## What each database reads',
    '',
    'Between two databases of one product a column keeps its type and its values, zero dates and times over a day included.',
    '',
    '### PostgreSQL',
    '',
    table(READ, readingRows(postgresql, POSTGRESQL)),
    '',
    '### MySQL and MariaDB',
    '',
    "Zero dates and dates without a day or month are refused by PostgreSQL, or NULL where the connection has `zeroDates: 'null'`;",
    'SQLite keeps them as their text. A `tinyint(1)` other than 0 and 1 is refused.',
    '',
    table(READ, readingRows(mysql, MYSQL)),
    '',
    '### SQLite',
    '',
    'SQLite checks no declared type, so each value is checked when it is read: one that is no value of the logical type is refused',
    'with `source.value_rejected`, or becomes NULL by the policy `null`.',
    '',
    table(READ, readingRows(sqliteTypes, SQLITE)),
    '',
    '### Oracle',
    '',
    'Oracle was **never run here**: this is what its type map says. A text with the letter U+FFFD is refused: the driver makes the same of',
    'bytes that are no text. Texts in a CLOB or NCLOB are not cut by the policy `clamp`, for Oracle does not count their letters as others do.',
    '',
    table(READ, readingRows(oracle, ORACLE)),
    '',
    '## Values that a column cannot hold',
    '',
    'What becomes of them is said by `columns.policies`, by column or `"*"` for all others:',
    '',
    table(['policy', 'what becomes of the value'], POLICIES),
    '',
    '## PostgreSQL into existing columns of SQLite',
    '',
    'Columns of types that stand in neither list are refused by the plan.',
    '',
    table(
      EXISTING,
      existingRows(postgresql, sqliteTypes, { sources: POSTGRESQL_EXISTING, targets: SQLITE_EXISTING }),
    ),
    '',
    '## SQLite into existing columns of PostgreSQL',
    '',
    table(
      EXISTING,
      existingRows(sqliteTypes, postgresql, { sources: SQLITE_EXISTING, targets: POSTGRESQL_EXISTING }),
    ),
    '',
  ].join('\n');
}
