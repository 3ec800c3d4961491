import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReadBudget, fenceAndCount } from '../../src/engine/reading/read-budget.ts';
import type { Ledger } from '../../src/engine/ports/ledger.ts';

const never = new AbortController().signal;

describe('what the readers of a slice may still read', () => {
  test('is never more together than what was left, whatever each takes and gives back', () => {
    const step = fc.record({ wished: fc.integer({ min: 1, max: 100_000 }), unread: fc.nat(100) });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), fc.array(step), (rows, steps) => {
        const budget = createReadBudget({ rows }, 3);
        let read = 0;
        for (const { wished, unread } of steps) {
          const taken = budget.takeRows(wished);
          expect(taken).toBeLessThanOrEqual(wished);
          const given = Math.min(unread, taken);
          budget.giveRows(given);
          read += taken - given;
          expect(read).toBeLessThanOrEqual(rows);
        }
        for (let taken = budget.takeRows(Infinity); taken > 0; taken = budget.takeRows(Infinity))
          read += taken;
        expect(read).toBe(rows);
        expect(budget.isSpent()).toBe(true);
      }),
    );
  });

  test('is all of the rows where nothing limits them, until the bytes are spent', () => {
    const budget = createReadBudget({ bytes: 100 }, 2);
    expect(budget.takeRows(Infinity)).toBe(Infinity);
    budget.spendBytes(60);
    expect([budget.isSpent(), budget.bytesLeft()]).toEqual([false, 40]);
    budget.spendBytes(60);
    expect([budget.isSpent(), budget.takeRows(5)]).toEqual([true, 0]);
  });

  test('is counted from the ledger, once every lane that somebody had opened and did not end is fenced', async () => {
    const fenced: string[] = [];
    const table = (name: string, rows: number, endedLanes: number) => ({
      table: name,
      generation: 2,
      lanes: 3,
      endedLanes,
      rows,
      bytes: rows * 10,
    });
    const lane = (number: number, epoch: string, ended: boolean) => ({
      generation: 2,
      lane: number,
      epoch,
      ended,
    });
    const ledger = {
      progress: async () => [table('a', 300, 3), table('b', fenced.length > 0 ? 120 : 999, 1)],
      lanes: async () => [lane(1, 'x', true), lane(2, 'x', false), lane(3, '', false)],
      openLane: async (opened: { table: string; lane: number; generation: number }) => {
        fenced.push(`${opened.table} ${opened.generation} ${opened.lane}`);
      },
    } as unknown as Ledger;
    const left = await fenceAndCount(ledger, { transfer: 't', run: 1 }, { rows: 500, bytes: 4_000 }, never);
    expect(fenced).toEqual(['b 2 2']);
    expect(left).toEqual({ rows: 80, bytes: 0 });
  });
});
