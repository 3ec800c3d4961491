import { describe, expect, test } from 'vitest';
import { applyBatch, judge } from '../../src/engine/writing/apply-batch.ts';
import type { TargetTransaction, TargetWriter } from '../../src/engine/ports/target-writer.ts';
import type { LaneProgress } from '../../src/model/lane.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import { makeBatch } from '../support/make-batch.ts';

const plan = { id: 'public.orders' } as TablePlan;
const lane = (changes: Partial<LaneProgress> = {}): LaneProgress => ({
  table: 'public.orders',
  generation: 1,
  lane: 1,
  attempt: 1,
  epoch: '00c0ffee00c0ffee',
  n: 0,
  rows: 0,
  bytes: 0,
  ended: false,
  ...changes,
});

/** A transaction that notes its steps; any of them may be made to fail. */
function transact(
  answers: { advance?: boolean; lane?: LaneProgress | null; rows?: number; fails?: string } = {},
) {
  const steps: string[] = [];
  const step = <T>(name: string, value: T): Promise<T> => {
    steps.push(name);
    return answers.fails === name ? Promise.reject(new Error(name)) : Promise.resolve(value);
  };
  const transaction: TargetTransaction = {
    advance: () => step('advance', answers.advance ?? true),
    readLane: () => step('read', answers.lane === undefined ? lane() : answers.lane),
    write: () => step('write', answers.rows ?? 1),
    commit: () => step('commit', undefined),
    rollback: () => step('rollback', undefined),
  };
  const writer = { begin: () => Promise.resolve(transaction) } as unknown as TargetWriter;
  return {
    steps,
    apply: (batch = makeBatch()) => applyBatch(writer, plan, batch, new AbortController().signal),
  };
}

describe('what a batch means that the ledger did not take', () => {
  test.each([
    ['an unknown lane', null, 'dropped'],
    ['an attempt that was opened since', lane({ attempt: 4, n: 0 }), 'dropped'],
    ['an attempt that the ledger has not', lane({ attempt: 2, n: 0 }), 'dropped'],
    ['a number that is applied', lane({ attempt: 3, n: 5 }), 'dropped'],
    ['a number after it', lane({ attempt: 3, n: 6 }), 'dropped'],
    ['an attempt that a restored ledger has not reached again', lane({ attempt: 2, n: 9 }), 'dropped'],
    ['an attempt of another opening', lane({ attempt: 3, epoch: 'aa', n: 4 }), 'dropped'],
    ['a number of another opening that is ahead', lane({ attempt: 3, epoch: 'aa', n: 1 }), 'dropped'],
    ['a number behind the end of its range', lane({ attempt: 3, n: 3, ended: true }), 'dropped'],
    ['a number before the one before it', lane({ attempt: 3, n: 3 }), 'later'],
  ])('%s', (_, found, outcome) => {
    expect(judge(found, makeBatch({ attempt: 3, n: 5 }).header)).toBe(outcome);
  });
});

describe('applying a batch', () => {
  test('takes its number in the ledger first, then writes, then commits', async () => {
    const { steps, apply } = transact();
    expect(await apply(makeBatch({ attempt: 2, n: 7 }))).toEqual({
      outcome: 'applied',
      lane: { attempt: 2, epoch: '00c0ffee00c0ffee', n: 7 },
    });
    expect(steps).toEqual(['advance', 'write', 'commit']);
  });

  test('writes nothing when the ledger does not take it', async () => {
    const { steps, apply } = transact({ advance: false, lane: lane({ n: 1 }) });
    expect(await apply()).toMatchObject({ outcome: 'dropped' });
    expect(steps).toEqual(['advance', 'read', 'rollback']);
  });

  test('writes no rows of an empty batch that ends a range', async () => {
    const { steps, apply } = transact({ lane: lane({ rows: 9, bytes: 90 }) });
    await apply(
      makeBatch({ rows: 0, first: null, last: null, end: { rows: 9, bytes: 90 } }, Buffer.alloc(0)),
    );
    expect(steps).toEqual(['advance', 'read', 'commit']);
  });

  test('does not commit when the database counted other rows than it was given', async () => {
    const { steps, apply } = transact({ rows: 0 });
    await expect(apply()).rejects.toMatchObject({ code: 'target.value_rejected' });
    expect(steps).toEqual(['advance', 'write', 'rollback']);
  });

  test('does not commit the end of a range of which the ledger holds other totals', async () => {
    const { steps, apply } = transact({ lane: lane({ rows: 8, bytes: 90 }) });
    await expect(apply(makeBatch({ end: { rows: 9, bytes: 90 } }))).rejects.toMatchObject({
      code: 'target.ledger_damaged',
    });
    expect(steps.at(-1)).toBe('rollback');
  });

  test.each(['advance', 'write', 'commit'])(
    'rolls back and hands the error on when %s fails',
    async (fails) => {
      const { steps, apply } = transact({ fails });
      await expect(apply()).rejects.toThrow(fails);
      expect(steps.at(-1)).toBe('rollback');
    },
  );
});
