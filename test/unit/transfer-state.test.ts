import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { toFailure } from '../../src/activities/failure.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import { freshState, freshTable, happen, packState, unpackState } from '../../src/workflows/control-state.ts';
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
      { ...freshTable('main.a', 2), status: 'copying', generation: 1, plannedIn: 'snapshot-1' },
      { ...freshTable('main.c', 3), status: 'finished', generation: 1, parents: ['main.b'] },
    ];
    const packed = JSON.parse(JSON.stringify(packState(state))) as ReturnType<typeof packState>;
    expect(packed.tables.map(({ id }) => id)).toEqual(['main.a']);
    expect(unpackState(packed)).toEqual(state);
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
