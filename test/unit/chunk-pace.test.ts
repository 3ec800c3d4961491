import { describe, expect, test } from 'vitest';
import { createPace } from '../../src/engine/topics/initial/chunk-pace.ts';

describe('the pace of a load', () => {
  test('has chunks grow until they take as long as the application may wait, and no further', () => {
    const pace = createPace(null);
    for (let time = 0; time < 40; time += 1) pace.took(pace.rows() / 100);
    expect(pace.rows() / 100).toBeGreaterThan(10);
    expect(pace.rows() / 100).toBeLessThanOrEqual(16);
    for (let time = 0; time < 10; time += 1) pace.took(150);
    expect(pace.rows()).toBe(50);
  });

  test('never asks for more bytes than fit, however fast they come', () => {
    const pace = createPace(1024 * 1024);
    for (let time = 0; time < 10; time += 1) pace.took(0.1);
    expect(pace.rows()).toBe(2);
    expect(createPace(1e9).rows()).toBe(1);
  });

  test('comes down to single rows where others hold them, waits longer each time, and grows slowly from there', () => {
    const pace = createPace(null);
    const waits = Array.from({ length: 12 }, () => pace.held());
    expect(pace.rows()).toBe(1);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_500);
    expect(waits.at(-1)).toBeGreaterThan(waits[0]!);
    pace.took(1);
    pace.took(1);
    expect(pace.rows()).toBeLessThanOrEqual(4);
    for (let time = 0; time < 60; time += 1) pace.took(1);
    expect(pace.rows()).toBeGreaterThan(100);
  });
});
