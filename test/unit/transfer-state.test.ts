import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { asRefusal, toFailure } from '../../src/activities/failure.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import { packState, unpackState } from '../../src/workflows/carry.ts';
import { createControl, type Queues } from '../../src/workflows/control.ts';
import { freshState, freshTable, happen, type TableRecord } from '../../src/workflows/control-state.ts';
import { tableFailed } from '../../src/workflows/failing.ts';
import type { TableError } from '../../src/workflows/messages.ts';
import { checkInput, checkSettings } from '../../src/workflows/input.ts';

describe('the state that a transfer takes into its next run', () => {
  test('comes back the same, finished tables in a few bytes', () => {
    const state = freshState({ transfer: 'orders' }, 5);
    const comparison = { sourceRows: '7', targetRows: '7', equal: true, drift: false };
    state.tables = [
      {
        ...freshTable('main.b', 1),
        status: 'finished',
        generation: 2,
        lanes: 3,
        endedLanes: 3,
        rows: 7,
        bytes: 70,
        comparison,
      },
      {
        ...freshTable('main.a', 2),
        status: 'copying',
        generation: 1,
        plannedIn: 'snapshot-1',
        begun: 1,
        interruptions: 2,
      },
      { ...freshTable('main.c', 3), status: 'verified', generation: 1, parents: ['main.b'] },
      freshTable('main.d', 4),
    ];
    const packed = JSON.parse(JSON.stringify(packState(state))) as ReturnType<typeof packState>;
    expect(unpackState(packed)).toEqual(state);
  });

  const errorOf = (chars: number): TableError => ({
    code: 'target.structure_differs',
    message: 'm'.repeat(chars),
    column: null,
    vendorCode: null,
    suggestion: 's'.repeat(chars),
  });

  test.each(['copied', 'built', 'verified', 'finished', 'blocked'] as const)(
    'fits into what Temporal takes, with thousands of tables that are %s',
    (status) => {
      const state = freshState({ transfer: 'orders' }, 5);
      const comparison = { sourceRows: '71234', targetRows: '71234', equal: true, drift: false } as const;
      const named = (n: number): string => `public.a_table_with_a_name_of_its_own_${n}`;
      state.tables = Array.from({ length: 5_000 }, (_, n) => ({
        ...freshTable(named(n), n + 1),
        status,
        generation: 1,
        lanes: 3,
        endedLanes: 3,
        rows: 71_234,
        bytes: 7_123_456,
        estimatedRows: 71_234,
        estimatedBytes: 7_123_456,
        parents: [named(n >> 1), named(n >> 2)],
        comparison: { ...comparison, basis: 'checksum' },
        error: status === 'blocked' ? errorOf(4_000) : null,
      }));
      const packed = JSON.stringify(packState(state));
      expect(packed.length).toBeLessThan(1_500_000);
      const [first] = unpackState(JSON.parse(packed) as ReturnType<typeof packState>).tables;
      expect(first).toMatchObject({ id: named(0), status, rows: 71_234 });
    },
  );

  test.each(['ready', 'paused', 'blocked', 'copied', 'finished'] as const)(
    'fits into it with all that a table may have, of thousands that are %s',
    (status) => {
      const state = freshState({ transfer: 'orders' }, 5);
      const named = (n: number): string => `public.a_table_with_a_name_of_its_own_${n}`;
      const column = (n: number): string => `a_column_with_a_long_name_of_its_own_${n}`;
      const isCompared = status === 'copied' || status === 'finished';
      state.tables = Array.from({ length: 5_000 }, (_, n) => ({
        ...freshTable(named(n), n + 1),
        status,
        generation: 3,
        lanes: 312,
        endedLanes: 311,
        rows: 7_123_456,
        bytes: 712_345_678,
        estimatedRows: 7_123_456,
        estimatedBytes: 712_345_678,
        needsSnapshot: true,
        readInOne: true,
        plannedIn: '00000003-0000001B-1',
        begun: 3,
        parents: [named(n >> 1), named(n >> 2)],
        error: isCompared ? null : errorOf(4_000),
        comparison: isCompared
          ? { sourceRows: '7123456', targetRows: '7123455', equal: false, drift: true, basis: 'checksum' }
          : null,
        altered: Array.from({ length: 20 }, (_each, at) => ({
          column: column(at),
          policy: 'null',
          rows: '7',
        })),
        lacking: isCompared ? '1' : null,
        fruitless: 3,
        interruptions: 3,
        notBeforeMs: 1_790_000_000_000,
        readers: 4,
        partsEnded: [1, 2],
      }));
      const packed = JSON.stringify(packState(state));
      expect(Buffer.byteLength(packed)).toBeLessThan(1_900_000);
      const [first] = unpackState(JSON.parse(packed) as ReturnType<typeof packState>).tables;
      expect(first).toMatchObject({ status, plannedIn: '00000003-0000001B-1', interruptions: 3 });
      // Cut short, but never without a word.
      const rows = first?.altered?.reduce((sum, each) => sum + Number(each.rows), 0);
      expect(rows).toBe(140);
    },
  );

  test('comes back from what an older version carried, with whole names', () => {
    const state = freshState({ transfer: 'orders' }, 5);
    const altered = [{ column: 'a', policy: 'null', rows: '7' }] as const;
    const changed = { plannedIn: 'snapshot-1', needsSnapshot: true, fruitless: 2, altered };
    const row = ['main.a', 1, 'ready', 1, 3, 1, 7, 70, null, null, null, null, null, changed] as const;
    const [table] = unpackState({ ...state, tables: [row] }).tables;
    expect(table).toEqual({
      ...freshTable('main.a', 1),
      ...changed,
      status: 'ready',
      generation: 1,
      lanes: 3,
      endedLanes: 1,
      rows: 7,
      bytes: 70,
    });
  });

  test('keeps errors whole where there are few', () => {
    const state = freshState({ transfer: 'orders' }, 5);
    state.tables = [{ ...freshTable('main.a', 1), status: 'blocked', error: errorOf(4_000) }];
    expect(unpackState(packState(state))).toEqual(state);
  });

  test('a table that is copied again forgets what was, and what a person mended is no error any more', () => {
    const error = {
      code: 'internal',
      message: '',
      column: null,
      vendorCode: null,
      suggestion: null,
    } as const;
    const table = {
      ...freshTable('main.a', 1),
      status: 'blocked' as const,
      generation: 3,
      rows: 9,
      lanes: 2,
      error,
    };
    expect(happen(table, 'resnapshot')).toBe(true);
    expect(table).toMatchObject({ status: 'waiting', generation: 4, rows: 0, lanes: 0, error: null });
    expect(happen(table, 'verified')).toBe(false);
  });
});

describe('interruptions of a query without a key', () => {
  const errorOf = (code: TableError['code']): TableError => ({
    code,
    message: '',
    column: null,
    vendorCode: null,
    suggestion: null,
  });
  const fail = (table: TableRecord, code: TableError['code']): void => {
    const control = createControl(freshState({ transfer: 'orders' }, 5), {} as Queues);
    table.status = 'ready';
    tableFailed(control, table, errorOf(code));
  };

  test('block it when there are five in a row, whatever else failed and whatever moved meanwhile', () => {
    const table = { ...freshTable('main.a', 1), generation: 1 };
    for (const time of [1, 2, 3, 4]) {
      for (let n = 1; n <= 6; n += 1) fail(table, 'target.unreachable');
      fail(table, 'source.query_interrupted');
      expect(table).toMatchObject({ status: 'waiting', generation: 1 + time });
      table.fruitless = 0; // the next slice moved something
    }
    fail(table, 'source.query_interrupted');
    expect(table).toMatchObject({ status: 'blocked', error: { code: 'source.query_interrupted' } });
    happen(table, 'retry');
    fail(table, 'source.query_interrupted');
    expect(table.status).toBe('waiting');
  });

  test('are lost snapshots too, where it was begun in them', () => {
    const table = { ...freshTable('main.a', 1), needsSnapshot: true, readInOne: true, generation: 1 };
    const state = { ...freshState({ transfer: 'orders' }, 5), tables: [table] };
    const control = createControl(state, {} as Queues);
    const plannedAndLost = (begun: number): void => {
      Object.assign(table, { status: 'ready', plannedIn: 'snapshot', begun });
      control.snapshotLost();
    };
    for (const time of [1, 2, 3, 4]) {
      plannedAndLost(table.begun); // in an earlier one
      expect(table).toMatchObject({ status: 'waiting', interruptions: time - 1, notBeforeMs: 0 });
      plannedAndLost(table.generation);
      expect(table).toMatchObject({ status: 'waiting', generation: 1 + 2 * time, interruptions: time });
      expect(table.notBeforeMs).toBeGreaterThan(Date.now());
    }
    plannedAndLost(table.generation);
    expect(table).toMatchObject({ status: 'blocked', error: { code: 'source.query_interrupted' } });
  });
});

describe('what a person types', () => {
  test('is the name, or the name with settings', () => {
    expect(checkInput('orders')).toEqual({ transfer: 'orders' });
    const request = { transfer: 'orders', override: { writers: 8 } };
    expect(checkInput(request)).toEqual(request);
  });

  test.each([
    [undefined],
    [null],
    [[]],
    [{}],
    ['a b'],
    [{ transfer: 'a', other: 1 }],
    [{ transfer: 'a', override: 3 }],
  ])('is refused when it is %j', (input) => {
    expect(() => checkInput(input)).toThrow(ApplicationFailure);
  });

  test('settings are refused outside their range, with the range in the message', () => {
    expect(() => checkSettings({ writers: 0 })).toThrow('writers must be a whole number from 1 to 40');
    expect(() => checkSettings({ readers: '3' })).toThrow('readers');
    expect(() => checkSettings({ speed: 1 })).toThrow('"speed" is no setting');
  });
});

describe('what Temporal is told of an error', () => {
  const lines: unknown[] = [];
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (fields: unknown) => lines.push(fields),
  };

  test('our own keep code, text and details, and only what mends itself is retried', () => {
    const lost = toFailure(new SluiceError('target.unreachable', 'no answer', { where: 'warehouse' }), log);
    expect(lost).toMatchObject({
      type: 'target.unreachable',
      nonRetryable: false,
      details: [{ where: 'warehouse' }],
    });
    for (const code of ['target.value_rejected', 'config.invalid', 'source.snapshot_lost'] as const) {
      expect(toFailure(new SluiceError(code, ''), log)).toMatchObject({ type: code, nonRetryable: true });
    }
    expect(toFailure(new SluiceError('internal', 'x'.repeat(10_000)), log).message.length).toBe(4096);
    const suggestion = 'DROP x; '.repeat(10_000);
    expect(toFailure(new SluiceError('internal', '', { suggestion }), log)).toMatchObject({
      details: [{ suggestion: expect.stringMatching(/^(DROP x; ){512} … and 75904 characters more$/) }],
    });
    expect(asRefusal('a', new SluiceError('target.structure_differs', '', { suggestion }))).toMatchObject({
      details: { suggestion: expect.stringMatching(/characters more$/) },
    });
  });

  test('any other tells nothing of its text, neither to Temporal nor to the log (invariant 1)', () => {
    const secret = Object.assign(new TypeError('duplicate key (ann@example.org)'), {
      detail: 'ann@example.org',
    });
    const failure = toFailure(secret, log);
    expect(failure).toMatchObject({ type: 'internal', nonRetryable: false });
    expect(failure.cause).toBeUndefined();
    expect(JSON.stringify([failure.message, failure.stack, lines])).not.toContain('ann@example.org');
  });
});
