import { expect, test } from 'vitest';
import { createBlockPool } from '../../src/engine/driver/block-pool.ts';

const MIB = 1024 * 1024;

test('a buffer given back is lent again, whichever view of it came back', () => {
  const pool = createBlockPool();
  const first = pool.take(2 * MIB);
  pool.give(first.subarray(100, 200));
  expect(pool.take(2 * MIB).buffer).toBe(first.buffer);
});

test('a buffer given back twice is lent once', () => {
  const pool = createBlockPool();
  const first = pool.take(MIB);
  pool.give(first);
  pool.give(first);
  expect(pool.take(MIB).buffer).not.toBe(pool.take(MIB).buffer);
});

test('what the pool did not lend is never lent', () => {
  const pool = createBlockPool();
  const foreign = Buffer.alloc(MIB);
  pool.give(foreign);
  expect(pool.idleBytes).toBe(0);
  expect(pool.take(MIB).buffer).not.toBe(foreign.buffer);
});

test.each([10, 300_000, 2 * MIB, 9 * MIB])('a buffer has room for what was asked: %i bytes', (bytes) => {
  const pool = createBlockPool();
  expect(pool.take(bytes).length).toBeGreaterThanOrEqual(bytes);
});

test('idle buffers take no more than the limit', () => {
  const pool = createBlockPool(4 * MIB);
  const lent = Array.from({ length: 10 }, () => pool.take(MIB));
  for (const buffer of lent) pool.give(buffer);
  expect(pool.idleBytes).toBe(4 * MIB);
});
