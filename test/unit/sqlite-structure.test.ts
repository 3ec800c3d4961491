import { describe, expect, test } from 'vitest';
import { parseSqliteUrl } from '../../src/databases/sqlite/config.ts';
import { sqlite } from '../../src/databases/sqlite/dialect.ts';
import { quote, rowidName } from '../../src/databases/sqlite/sql.ts';
import { readCreateTable } from '../../src/databases/sqlite/structure/create-table-text.ts';
import { STYLE as POSTGRESQL } from '../../src/databases/postgresql/structure/found-table.ts';
import { DEFAULTS } from '../../src/databases/sqlite/structure/words.ts';
import { parseExpression } from '../../src/engine/structure/parse-expression.ts';
import { translateDefault } from '../../src/engine/structure/translate-default.ts';
import type { LogicalType } from '../../src/model/logical-type.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';

describe('the URL', () => {
  test.each([
    ['sqlite:data/shop.db', `${process.cwd()}/data/shop.db`],
    ['sqlite:/srv/shop.db', '/srv/shop.db'],
    ['sqlite:///srv/my shop%20.db', '/srv/my shop%20.db'],
    ['SQLITE:../a.db', parseSqliteUrl('sqlite:../a.db', {}).path],
  ])('%s is a path', (url, path) => {
    expect(parseSqliteUrl(url, {}).path).toBe(path);
  });

  test.each([
    'sqlite:',
    'sqlite://',
    'sqlite://host/a.db',
    'sqlite::memory:',
    'sqlite:file:a.db',
    'sqlite:a.db?mode=ro',
    'sqlite:a\0.db',
    'postgres://x',
  ])('%j is refused', (url) => {
    expect(() => parseSqliteUrl(url, {})).toThrow(
      expect.objectContaining({ code: 'connection.invalid_url' }),
    );
  });
});

describe('classifying an error', () => {
  test.each([
    ['SQLITE_CONSTRAINT_UNIQUE', 'target.constraint_violated'],
    ['SQLITE_CONSTRAINT_DATATYPE', 'target.value_rejected'],
    ['SQLITE_BUSY_SNAPSHOT', 'database.transient'],
    ['SQLITE_READONLY_DIRECTORY', 'database.permission_denied'],
    ['SQLITE_IOERR_FSYNC', 'database.internal'],
    ['SQLITE_NEVER_HEARD_OF', 'database.internal'],
    ['SQLITE_NOTADB', 'database.not_found'],
    ['SQLITE_FULL', 'database.disk_full'],
    ['ENOENT', 'database.not_found'],
    ['EACCES', 'database.permission_denied'],
    ['EWHATEVER', 'internal'],
  ])('%s is %s', (code, expected) => {
    expect(sqlite.classify(Object.assign(new Error('x'), { code }))).toBe(expected);
  });

  test('is total', () => {
    for (const error of [null, undefined, 'x', 1, {}, new Error('SQLITE_BUSY')])
      expect(sqlite.classify(error)).toBe('internal');
    expect(sqlite.classify(new SluiceError('hub.full', 'x'))).toBe('hub.full');
  });
});

test('identifiers are quoted whatever is in them', () => {
  expect(quote('a"b; --')).toBe('"a""b; --"');
  expect(rowidName(['ROWID', 'x'])).toBe('_rowid_');
  expect(rowidName(['rowid', 'oid', '_RowId_'])).toBeNull();
});

test('a CREATE TABLE text gives collations, generated expressions and checks', () => {
  const sql = `CREATE TABLE "t, (" ( -- a comment, with (brackets
    "a""b" TEXT COLLATE NOCASE CHECK (length("a""b") > 0), [c d] INT /* , */ DEFAULT (1 + (2)),
    \`e\` TEXT GENERATED ALWAYS AS (upper("a""b") || ')') STORED,
    'f' REAL AS (1.5),
    CONSTRAINT "positive" CHECK ([c d] > 0 AND "a""b" <> 'CHECK (x)'),
    PRIMARY KEY ([c d] COLLATE BINARY)
  ) WITHOUT ROWID`;
  const read = readCreateTable(sql);
  expect([...read.columns.keys()]).toEqual(['a"b', 'c d', 'e', 'f']);
  expect(read.columns.get('a"b')).toEqual({ collation: 'NOCASE', generated: null });
  expect(read.columns.get('c d')).toEqual({ collation: null, generated: null });
  expect(read.columns.get('e')?.generated).toBe(`(upper("a""b") || ')')`);
  expect(read.columns.get('f')?.generated).toBe('(1.5)');
  expect(read.checks).toEqual([
    { name: null, definition: 'CHECK (length("a""b") > 0)' },
    { name: 'positive', definition: `CHECK ([c d] > 0 AND "a""b" <> 'CHECK (x)')` },
  ]);
});

const defaultFrom = (expression: string, logical: LogicalType): string | null =>
  translateDefault(parseExpression(expression, POSTGRESQL, []) ?? undefined, logical, DEFAULTS);

describe('a default', () => {
  const text = { kind: 'text', maxChars: null } as const;
  test.each([
    ["'new'::character varying", text, "'new'"],
    ["'it''s'", text, "'it''s'"],
    ['0', { kind: 'int', bits: 32 }, '0'],
    ['0.50', { kind: 'decimal', precision: 5, scale: 2 }, "'0.50'"],
    ['true', { kind: 'boolean' }, '1'],
    ['NULL::text', text, 'NULL'],
    ["'{}'::jsonb", { kind: 'jsonb' }, "'{}'"],
    ['now()', { kind: 'timestamp', precision: 6 }, 'CURRENT_TIMESTAMP'],
    ['now()', { kind: 'timestamptz', precision: 6 }, "(strftime('%Y-%m-%d %H:%M:%S+00', 'now'))"],
    [`'sad'::shop."Mood"`, { kind: 'enum', labels: ['sad'] }, "'sad'"],
  ] as const)('%s is translated', (expression, logical, expected) => {
    expect(defaultFrom(expression, logical)).toBe(expected);
  });

  test.each([
    ["nextval('t_id_seq'::regclass)", { kind: 'int', bits: 64 }],
    ['now()', { kind: 'time', precision: 6 }],
    ["'\\x00'::bytea", { kind: 'bytes', maxBytes: null }],
    ["'a' || 'b'", text],
    ['gen_random_uuid()', { kind: 'uuid' }],
  ] as const)('%s is left out', (expression, logical) => {
    expect(defaultFrom(expression, logical)).toBeNull();
  });
});
