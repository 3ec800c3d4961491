import { expect, test } from 'vitest';
import { createConfirmer } from '../../src/engine/changes/claim-confirmer.ts';
import type { ChangeCapture, Lease } from '../../src/engine/ports/change-capture.ts';

const SECOND = 1_000;

/** A lane of which nothing is confirmed, at a source that writes down what it is asked for. */
function standing(retentionMs: number) {
  const asked: string[] = [];
  let nowMs = 0;
  const changes = {
    confirm: async (_lease: Lease, claim: number) => void asked.push(`confirm ${claim}`),
    housekeep: async () => asked.push('housekeep'),
  } as unknown as ChangeCapture;
  const clock = { now: () => nowMs, sleep: async () => undefined };
  const confirmer = createConfirmer(changes, { confirmed: 0 } as Lease, { clock, retentionMs });
  return {
    asked,
    /** A second later the relay looks for changes, and has applied so much. */
    look: async (applied: number) => {
      nowMs += SECOND;
      confirmer.note(applied);
      await new Promise(setImmediate);
    },
  };
}

test('what was confirmed last is freed although nothing comes any more, and an idle source is left alone then', async () => {
  const { asked, look } = standing(0);
  for (let second = 0; second < 300; second += 1) await look(1);
  expect(asked).toEqual(['confirm 1', 'housekeep', 'housekeep']);
});

test('what is retained is freed when it is due, and is not looked at all the time until then', async () => {
  const { asked, look } = standing(3_600 * SECOND);
  const looks: number[] = [];
  for (let second = 1; second <= 6_000; second += 1) {
    const before = asked.length;
    await look(1);
    if (asked.length > before && asked.at(-1) === 'housekeep') looks.push(second);
  }
  expect(looks.length).toBeLessThan(60);
  expect(looks.at(-1)).toBeGreaterThan(3_600);
  expect(looks.at(-1)).toBeLessThan(4_600);
});
