import { describe, expect, test } from 'vitest';
import { eventKeys } from '../../src/engine/changes/parking/event-keys.ts';
import { createParkedKeys } from '../../src/engine/changes/parking/parked-keys.ts';
import { payloadCell, payloadText, refusedMark } from '../../src/engine/changes/parking/set-apart.ts';
import { type RawEvent, rawEvents } from '../../src/engine/changes/parse-events.ts';
import { tableReaders } from '../../src/engine/changes/table-reader.ts';
import { retryPolicyOf } from '../../src/engine/quarantine/retry-policy.ts';
import { inText, joined, raw, sql } from '../../src/engine/quarantine/statement.ts';
import type { ChangedTable } from '../../src/model/changes-plan.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import type { ColumnPlan, TablePlan } from '../../src/model/table-plan.ts';
import { eventRows, type TestChange } from '../support/changes.ts';

const column = (name: string, logical: ColumnPlan['logical']): ColumnPlan =>
  ({
    source: name,
    target: name,
    logical,
    nullable: true,
    load: null,
    policy: 'error',
    fit: null,
  }) as unknown as ColumnPlan;

const tableOf = (number: number, id: string, key: ColumnPlan['logical']): ChangedTable => ({
  number,
  parents: [],
  plan: {
    id,
    targetKey: ['id'],
    columns: [column('id', key), column('note', { kind: 'text', maxChars: null })],
  } as unknown as TablePlan,
});

const PLAN = {
  tables: [
    tableOf(1, 'public.a', { kind: 'int', bits: 64 }),
    tableOf(2, 'public.b', { kind: 'decimal', precision: null, scale: null }),
  ],
};
const READERS = tableReaders(PLAN);
const row = (id: string): string => `{"id": ${id}, "note": "x"}`;
const events = (...changes: readonly TestChange[]): readonly RawEvent[] => [...rawEvents(eventRows(changes))];
const insert = (table: number, id: string): TestChange => ({ table, operation: 'I', new: row(id) });
const refused = new SluiceError('target.constraint_violated', 'refused');

describe('keys of events', () => {
  const keyOf = (change: TestChange) => eventKeys(READERS.get(change.table)!, events(change)[0]!);

  test.each([
    ['1.0', '1.00'],
    ['0', '-0.0'],
    ['10', '10.000'],
    ['-0.50', '-0.5'],
  ])('are the same for %s and %s', (one, other) => {
    expect(keyOf(insert(2, one))!.own).toBe(keyOf(insert(2, other))!.own);
  });

  test.each([
    ['1', '10'],
    ['1', '-1'],
    ['0.1', '0.01'],
    ['100', '1'],
  ])('tell %s from %s', (one, other) => {
    expect(keyOf(insert(2, one))!.own).not.toBe(keyOf(insert(2, other))!.own);
  });

  test('tell tables apart, and are told as JSON', () => {
    expect(keyOf(insert(1, '5'))!.own).not.toBe(keyOf(insert(2, '5'))!.own);
    expect(keyOf(insert(1, '5'))!.text).toBe('{"id":"5"}');
  });

  test('are two where an update found its row under another one, and none of a truncation', () => {
    const moved = keyOf({ table: 1, operation: 'U', old: row('1'), new: row('2') })!;
    expect([moved.own, moved.other]).toEqual([keyOf(insert(1, '2'))!.own, keyOf(insert(1, '1'))!.own]);
    expect(keyOf({ table: 1, operation: 'U', old: row('1'), new: row('1') })!.other).toBeNull();
    expect(keyOf({ table: 1, operation: 'T' })).toBeNull();
    expect(keyOf({ table: 1, operation: 'I', new: '{"sluice": "not recorded"}' })).toBeNull();
  });
});

describe('what is set apart', () => {
  const ids = (split: readonly RawEvent[]): readonly string[] => split.map(({ id }) => id);

  test('takes later events of its key out, and no other', () => {
    const keys = createParkedKeys(READERS, []);
    const [first, ...rest] = events(insert(1, '1'), insert(1, '2'), insert(1, '1'), insert(2, '1'));
    keys.refuse(first!, refused, false);
    const split = keys.split(rest);
    expect(ids(split.rest)).toEqual(['2', '4']);
    expect(split.behind.map(({ event }) => event.id)).toEqual(['3']);
    expect(keys.changes().events).toHaveLength(1);
    keys.take(split);
    expect(keys.changes().events.map(({ refusal }) => refusal?.code ?? 'behind')).toEqual([
      'target.constraint_violated',
      'behind',
    ]);
  });

  test('of a whole table takes all of it out, up to its truncation', () => {
    const keys = createParkedKeys(READERS, []);
    const [first, ...rest] = events(
      insert(1, '1'),
      insert(1, '2'),
      { table: 1, operation: 'T' },
      insert(1, '2'),
      insert(2, '2'),
    );
    keys.refuse(first!, refused, true);
    const split = keys.split(rest);
    expect(ids(split.rest)).toEqual(['3', '4', '5']);
    expect(split.emptied).toEqual(['public.a']);
    keys.take(split);
    expect(keys.isFree()).toBe(true);
    expect(keys.changes()).toMatchObject({ events: [], dropped: new Set(['public.a']) });
  });

  test('waits for twenty seconds, and three times as long each time, as far as it is tried', () => {
    const times = { retryAfterMs: 20_000, tries: 3, holdForMs: 1 };
    expect([0, 1, 2].map((before) => refusedMark(refused, before, times, 1_000))).toMatchObject([
      { state: 'waiting', attempts: 1, retryAtMs: 21_000, finalAtMs: null },
      { state: 'waiting', attempts: 2, retryAtMs: 61_000 },
      { state: 'final', attempts: 3, retryAtMs: null, finalAtMs: 1_000 },
    ]);
  });

  test('is only with changes that keep the order of their keys alone, or none', () => {
    expect(retryPolicyOf({})).toEqual({ retryAfterMs: 20_000, tries: 5, holdForMs: 864_000_000 });
    expect(retryPolicyOf({ changes: { quarantine: { tries: 2 } } })).toMatchObject({ tries: 2 });
    expect(retryPolicyOf({ changes: { ordering: 'none' } })).toMatchObject({ tries: 5, ordering: 'none' });
    expect(retryPolicyOf({ changes: { ordering: 'table' } })).toBeNull();
    expect(retryPolicyOf({ changes: { ordering: 'transaction' } })).toBeNull();
  });
});

describe('payloads', () => {
  test.each([
    ['text', '{"note": "ü 🙂 \\\\n \\\\\\\\"}'],
    ['bytes that are none', '{"note": "\u00ff\u00fe"}'],
  ])('of %s come back as they were', (_, cell) => {
    const latin = _ === 'text' ? Buffer.from(cell, 'utf8').toString('latin1') : cell;
    expect(payloadCell(payloadText(latin))).toBe(latin);
  });

  test('are read by a person', () => {
    expect(payloadText(Buffer.from('{"note": "ü"}', 'utf8').toString('latin1'))).toBe('{"note": "ü"}');
    expect(payloadText(null)).toBeNull();
  });
});

test('values never stand in the text of a statement, but where a database takes literals', () => {
  const where = sql` AND key = ${"it's"}`;
  const made = sql`SELECT ${raw('a, b')} FROM t WHERE x = ${1}${where} AND y = ${null}`;
  expect(made).toEqual({
    parts: ['SELECT a, b FROM t WHERE x = ', ' AND key = ', ' AND y = ', ''],
    values: [1, "it's", null],
  });
  expect(inText(made, (text) => `'${text.replaceAll("'", "''")}'`)).toBe(
    "SELECT a, b FROM t WHERE x = 1 AND key = 'it''s' AND y = NULL",
  );
  expect(joined([sql`${1}`, sql`${'a'}`], ', ')).toEqual({ parts: ['', ', ', ''], values: [1, 'a'] });
});
