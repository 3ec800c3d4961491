import { expect, test } from 'vitest';
import { oracle } from '../../src/databases/oracle/dialect.ts';
import { writeGroups } from '../../src/databases/oracle/rows/write-rows.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { KeyBlock, RowGroup } from '../../src/engine/ports/target-writer.ts';
import { planOf, tableOf } from '../support/oracle/plans.ts';
import { type Answer, pinned, standInSession } from '../support/oracle/stand-in-driver.ts';

const block = (...rows: readonly string[]): KeyBlock => ({
  rows: rows.length,
  data: Buffer.from(rows.map((row) => `${row}\n`).join('')),
});

/** A server whose statements meet so many rows with each row that they are given, one statement after the other. */
async function meeting(columns: readonly string[], ...counts: readonly (readonly number[])[]) {
  const left = [...counts];
  const writes = (text: string): boolean => /^(UPDATE|INSERT|MERGE)/.test(text);
  const answer: Answer = (text, binds) =>
    writes(text) ? (left.shift() ?? []).map((count) => [String(count)]) : pinned()(text, binds);
  const { session, sent } = standInSession(answer);
  await session.pin();
  const table = tableOf(
    columns.map((name) => ({ name, type: 'bigint' })),
    ['k'],
  );
  const plan = planOf({ dialect: postgresql, table }, { dialect: oracle }, { mode: 'upsert' });
  return {
    write: (...groups: readonly RowGroup[]) => writeGroups(session, { plan, emptyText: 'null' }, groups),
    statements: () => sent.filter(writes).map((text) => text.slice(0, 6)),
  };
}

test('rows that an update does not meet are inserted, and told to have been missing', async () => {
  const { write, statements } = await meeting(['k', 'v'], [1, 0], [1], [0, 1], [1]);
  const groups: readonly RowGroup[] = [
    { expected: 'there', block: block('1\t1', '2\t2') },
    { expected: 'absent', block: block('3\t3', '4\t4') },
  ];
  expect(await write(...groups)).toEqual([
    { rows: 2, there: 1 },
    { rows: 2, there: 1 },
  ]);
  expect(statements()).toEqual(['UPDATE', 'INSERT', 'UPDATE', 'INSERT']);
});

test('where all are there nothing is inserted', async () => {
  const { write, statements } = await meeting(['k', 'v'], [1, 1]);
  expect(await write({ expected: 'there', block: block('1\t1', '2\t2') })).toEqual([{ rows: 2, there: 2 }]);
  expect(statements()).toEqual(['UPDATE']);
});

test('of rows that are all key a merge tells', async () => {
  const { write, statements } = await meeting(['k'], [1, 0, 1]);
  expect(await write({ expected: 'absent', block: block('1', '2', '3') })).toEqual([{ rows: 3, there: 1 }]);
  expect(statements()).toEqual(['MERGE ']);
});
