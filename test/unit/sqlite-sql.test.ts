import { describe, expect, test } from 'vitest';
import { insertProgram, literal, quote, rowidName, sourceProgram } from '../../src/databases/sqlite/sql.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';

const column = (name: string, type: string) => ({
  source: name,
  target: name,
  sourceType: type,
  targetType: type,
  logical: { kind: 'text' },
  select: quote(name),
});

const plan = {
  id: 'main.odd',
  source: { schema: 'main', name: 'odd "name"' },
  target: { schema: 'main', name: 'odd "name"' },
  columns: [column('id', 'INTEGER'), column('sel"ect', 'TEXT')],
  position: { kind: 'key', columns: ['id'], types: ['INTEGER'], sameOrder: true },
  where: null,
  writeMode: 'append',
  targetKey: ['id'],
} as unknown as TablePlan;

/** The statements letter by letter: a change of one is seen here first. */
describe('the SQL of SQLite', () => {
  test('quotes identifiers and texts', () => {
    expect(quote('a"b')).toBe('"a""b"');
    expect(literal("it's")).toBe("'it''s'");
  });

  test('finds a name of the rowid that no column hides', () => {
    expect(rowidName(['a'])).toBe('rowid');
    expect(rowidName(['RowId', '_rowid_'])).toBe('oid');
    expect(rowidName(['rowid', '_ROWID_', 'oid'])).toBeNull();
  });

  test.each([
    ['append', 'INSERT INTO "odd ""name""" ("id", "sel""ect") VALUES (?, ?)'],
    [
      'upsert',
      'INSERT INTO "odd ""name""" ("id", "sel""ect") VALUES (?, ?) ON CONFLICT ("id") DO UPDATE SET "sel""ect" = excluded."sel""ect"',
    ],
  ] as const)('writes a row (%s)', (writeMode, sql) => {
    expect(insertProgram({ ...plan, writeMode }).sql).toBe(sql);
  });

  test('an upsert of key columns only sets the key, so that rows that are there count', () => {
    const keys = { ...plan, writeMode: 'upsert', columns: plan.columns.slice(0, 1) } as TablePlan;
    expect(insertProgram(keys).sql).toBe(
      'INSERT INTO "odd ""name""" ("id") VALUES (?) ON CONFLICT ("id") DO UPDATE SET "id" = excluded."id"',
    );
  });

  test('reads a range of a key on after a position', () => {
    const read = sourceProgram(plan, { after: ['1'], upto: ['9'] }, { after: ['5'], rowid: 'rowid' });
    expect(read).toMatchObject({
      from: '"odd ""name"""',
      expressions: ['"id"', '"sel""ect"'],
      keyColumns: 1,
      after: ['5'],
      upto: ['9'],
      where: null,
    });
  });
});
