import { expect, test } from 'vitest';
import { planFingerprint } from '../../src/engine/wire/fingerprint.ts';
import { createPlanCache } from '../../src/engine/writing/plan-cache.ts';
import type { Ledger } from '../../src/engine/ports/ledger.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';

const plan = (where: string): TablePlan => ({ id: 'public.orders', ordinal: 1, where }) as TablePlan;
const header = (where: string, generation = 1) => ({
  table: 'public.orders',
  generation,
  plan: planFingerprint(plan(where)),
});

/** A cache over a ledger that has one plan, and counts how often it is asked. */
function cacheOver(where: string) {
  const asked = { times: 0 };
  const ledger = {
    readTable: () => {
      asked.times += 1;
      return Promise.resolve({ plan: plan(where), generation: 1 });
    },
  } as unknown as Ledger;
  return { asked, cache: createPlanCache(ledger, { transfer: 'orders', run: 1 }) };
}

test('a plan is asked of the ledger once, and not at all when it was announced', async () => {
  const { asked, cache } = cacheOver('a < 1');
  expect(await cache.get(header('a < 1'))).toEqual(plan('a < 1'));
  expect(await cache.get(header('a < 1'))).toEqual(plan('a < 1'));
  expect(asked.times).toBe(1);
  cache.put('public.orders', 2, JSON.stringify(plan('a < 2')));
  expect(await cache.get(header('a < 2', 2))).toEqual(plan('a < 2'));
  expect(asked.times).toBe(1);
});

test('rows are never loaded by a plan that was announced before the target was restored and planned anew', async () => {
  const { cache } = cacheOver('a < 1');
  cache.put('public.orders', 1, JSON.stringify(plan('a < 2')));
  expect(await cache.get(header('a < 1'))).toEqual(plan('a < 1'));
});

test('a batch of a plan or generation that the ledger does not have has none', async () => {
  const { cache } = cacheOver('a < 1');
  expect(await cache.get(header('a < 2'))).toBeNull();
  expect(await cache.get(header('a < 1', 2))).toBeNull();
});
