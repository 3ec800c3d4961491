import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCredit } from '../../src/engine/reading/credit.ts';
import { settled } from '../support/make-batch.ts';

const never = new AbortController().signal;

describe('credit', () => {
  test('is never above its limit, except for one block alone, whatever is taken, given back and aborted', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), bytes: fc.nat(150) }),
      fc.record({ kind: fc.constant('give' as const), which: fc.nat() }),
      fc.record({ kind: fc.constant('abort' as const), which: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const credit = createCredit(100);
        const taken: number[] = [];
        const waiting: { readonly abort: AbortController }[] = [];
        for (const each of steps) {
          if (each.kind === 'take') {
            const entry = { abort: new AbortController() };
            waiting.push(entry);
            const take = async (bytes: number): Promise<void> => {
              if (await credit.take(bytes, entry.abort.signal)) taken.push(bytes);
            };
            void take(each.bytes);
          } else if (each.kind === 'give' && taken.length > 0) {
            const [bytes] = taken.splice(each.which % taken.length, 1);
            credit.give(bytes ?? 0);
          } else if (each.kind === 'abort' && waiting.length > 0) {
            waiting[each.which % waiting.length]?.abort.abort();
          }
          await settled();
          const sum = taken.reduce((total, bytes) => total + bytes, 0);
          expect(credit.usedBytes()).toBe(sum);
          expect(sum <= 100 || taken.filter((bytes) => bytes > 0).length === 1).toBe(true);
          // Nobody waits while nothing is taken.
          expect(sum === 0 && credit.hasWaiters()).toBe(false);
        }
      }),
    );
  });

  test('goes to who asked first, also when a later one would fit', async () => {
    const credit = createCredit(100);
    const order: string[] = [];
    await credit.take(80, never);
    void credit.take(50, never).then(() => order.push('large'));
    void credit.take(10, never).then(() => order.push('small'));
    await settled();
    expect(order).toEqual([]);
    credit.give(80);
    await settled();
    expect(order).toEqual(['large', 'small']);
  });

  test('lets a block larger than all of it through alone', async () => {
    const credit = createCredit(100);
    expect(await credit.take(500, never)).toBe(true);
    let second = false;
    void credit.take(1, never).then(() => (second = true));
    await settled();
    expect(second).toBe(false);
    credit.give(500);
    await settled();
    expect(second).toBe(true);
  });

  test('answers false to who aborts while waiting, and goes on to the next', async () => {
    const credit = createCredit(100);
    const abort = new AbortController();
    await credit.take(60, never);
    const first = credit.take(90, abort.signal);
    const second = credit.take(40, never);
    abort.abort();
    expect(await first).toBe(false);
    expect(await second).toBe(true);
    expect(credit.usedBytes()).toBe(100);
    expect(await credit.take(1, AbortSignal.abort())).toBe(false);
  });
});
