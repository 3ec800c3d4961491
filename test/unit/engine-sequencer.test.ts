import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge, type Applied } from '../../src/engine/writing/apply-batch.ts';
import type { Handled } from '../../src/engine/ports/hub.ts';
import { createSequencer, type SequencerOptions } from '../../src/engine/writing/sequencer.ts';
import type { Batch } from '../../src/model/batch.ts';
import { createStandingClock, makeBatch, settled } from '../support/make-batch.ts';

const PATIENCE_MS = 1_000;
const GAP_MS = 10_000;
const GIVE_UP_MS = 30_000;

/** A ledger in memory, applying each batch for as long as the test wants. */
function sequence(options: Partial<SequencerOptions> = {}, attempts: Readonly<Record<number, number>> = {}) {
  const clock = createStandingClock();
  const ledger = new Map<number, { attempt: number; epoch?: string; n: number }>();
  const restored: Batch[] = [];
  const applied: Batch[] = [];
  const gaps: Batch[] = [];
  const running = new Map<number, number>();
  const seen = { most: 0, perLane: 0 };
  const doors: (() => void)[] = [];
  const gate = { held: false };
  const apply = async (batch: Batch): Promise<Applied> => {
    const { lane, attempt, epoch, n } = batch.header;
    running.set(lane, (running.get(lane) ?? 0) + 1);
    seen.perLane = Math.max(seen.perLane, running.get(lane) ?? 0);
    seen.most = Math.max(
      seen.most,
      [...running.values()].reduce((sum, count) => sum + count, 0),
    );
    if (gate.held) await new Promise<void>((resolve) => doors.push(resolve));
    else await Promise.resolve();
    running.set(lane, (running.get(lane) ?? 0) - 1);
    const row = ledger.get(lane) ?? { attempt: attempts[lane] ?? 1, n: 0 };
    ledger.set(lane, row);
    if (row.attempt !== attempt || (row.epoch ?? epoch) !== epoch || row.n !== n - 1) {
      const progress = { table: '', generation: 1, lane, rows: 0, bytes: 0, ended: false, epoch, ...row };
      return { outcome: judge(progress, batch.header), lane: { epoch, ...row } };
    }
    row.n = n;
    applied.push(batch);
    return { outcome: 'applied', lane: { epoch, ...row } };
  };
  const sequencer = createSequencer({
    clock,
    writers: 3,
    patienceMs: PATIENCE_MS,
    gapMs: GAP_MS,
    giveUpMs: GIVE_UP_MS,
    apply,
    onGap: (batch) => gaps.push(batch),
    onRestored: (batch) => restored.push(batch),
    ...options,
  });
  return { sequencer, clock, ledger, applied, gaps, restored, seen, doors, gate };
}

const at = (lane: number, n: number, attempt = 1, changes = {}) =>
  makeBatch({ lane, n, attempt, ...changes });

function watch(answers: readonly Promise<Handled>[]): (Handled | 'open' | 'failed')[] {
  const seen = answers.map((): Handled | 'open' | 'failed' => 'open');
  for (const [index, answer] of answers.entries()) {
    void answer.then(
      (outcome) => (seen[index] = outcome),
      () => (seen[index] = 'failed'),
    );
  }
  return seen;
}

describe('the sequencer', () => {
  test('applies any shuffle of several lanes in the order of each, one at a time a lane, at most `writers` at once, and leaves nothing unsettled', async () => {
    const lanes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        lanes,
        fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
        async (lengths, order) => {
          const batches = lengths.flatMap((length, lane) =>
            Array.from({ length }, (_, index) =>
              at(lane + 1, index + 1, 1, { end: index + 1 === length ? { rows: 1, bytes: 1 } : null }),
            ),
          );
          const shuffled = batches
            .map((batch, index) => ({ batch, key: order[index] ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ batch }) => batch);
          const { sequencer, applied, seen } = sequence();
          // What is answered `later` is delivered again, as the hub does it.
          const deliver = async (batch: Batch): Promise<void> => {
            while ((await sequencer.submit(batch)) === 'later') await settled();
          };
          await Promise.all(shuffled.map(deliver));
          for (const [lane, length] of lengths.entries()) {
            const ns = applied.filter(({ header }) => header.lane === lane + 1).map(({ header }) => header.n);
            expect(ns).toEqual(Array.from({ length }, (_, index) => index + 1));
          }
          expect(seen.perLane).toBe(1);
          expect(seen.most).toBeLessThanOrEqual(3);
          expect(sequencer.running()).toBe(0);
        },
      ),
    );
  });

  test('runs exactly as many as there are writers when more lanes wait', async () => {
    const { sequencer, doors, gate, seen } = sequence({ writers: 2 });
    gate.held = true;
    const answers = watch([1, 2, 3, 4, 5].map((lane) => sequencer.submit(at(lane, 1))));
    await settled();
    expect([sequencer.running(), doors.length]).toEqual([2, 2]);
    for (let count = 0; count < 5; count += 1) {
      doors.shift()?.();
      await settled();
    }
    expect(answers).toEqual(Array.from({ length: 5 }, () => 'applied'));
    expect([seen.most, sequencer.running()]).toEqual([2, 0]);
  });

  test('drops a batch of an older attempt, and what waits of it when a newer one comes', async () => {
    const { sequencer, applied } = sequence({}, { 1: 2 });
    const waiting = watch([sequencer.submit(at(1, 1)), sequencer.submit(at(1, 5))]);
    await settled();
    expect(waiting).toEqual(['dropped', 'dropped']);
    const newer = watch([sequencer.submit(at(1, 1, 2)), sequencer.submit(at(1, 6, 1))]);
    await settled();
    expect(newer).toEqual(['applied', 'dropped']);
    expect(applied.map(({ header }) => header.attempt)).toEqual([2]);
  });

  test('goes on with the older attempt that a restored ledger stands at, and says so', async () => {
    const { sequencer, applied, restored } = sequence({}, { 1: 3 });
    expect(await sequencer.submit(at(1, 1, 9))).toBe('dropped');
    expect(restored.map(({ header }) => header.attempt)).toEqual([9]);
    expect(await sequencer.submit(at(1, 1, 3))).toBe('applied');
    expect(applied.map(({ header }) => header.attempt)).toEqual([3]);
  });

  test('applies only the opening that the ledger has when two have the same attempt, whichever comes first', async () => {
    for (const order of [
      ['lost', 'own'],
      ['own', 'lost'],
    ]) {
      const { sequencer, ledger, applied } = sequence();
      ledger.set(1, { attempt: 1, epoch: 'own', n: 0 });
      // What is answered `later` is delivered again, as the hub does it.
      const deliver = async (epoch: string, n: number): Promise<Handled> => {
        const answer = await sequencer.submit(at(1, n, 1, { epoch }));
        if (answer !== 'later') return answer;
        await settled();
        return deliver(epoch, n);
      };
      const first = watch(order.map((epoch) => deliver(epoch, 1)));
      await settled();
      const second = watch(order.map((epoch) => deliver(epoch, 2)));
      await settled();
      expect([...first, ...second].filter((answer) => answer === 'applied')).toHaveLength(2);
      expect(applied.map(({ header }) => `${header.epoch} ${header.n}`)).toEqual(['own 1', 'own 2']);
    }
  });

  test('leaves nothing unsettled of a lane that has ended', async () => {
    const { sequencer } = sequence();
    const answers = watch([sequencer.submit(at(1, 3)), sequencer.submit(at(1, 2))]);
    await settled();
    const end = sequencer.submit(at(1, 1, 1, { end: { rows: 1, bytes: 4 } }));
    expect(await end).toBe('applied');
    await settled();
    expect(answers).not.toContain('open');
  });

  test('drops what waits of an attempt that the ledger has left behind', async () => {
    const { sequencer, ledger } = sequence();
    const answers = watch([
      sequencer.submit(at(1, 1)),
      sequencer.submit(at(1, 2)),
      sequencer.submit(at(1, 3)),
    ]);
    ledger.set(1, { attempt: 2, n: 0 });
    await settled();
    expect(answers).toEqual(['dropped', 'dropped', 'dropped']);
  });

  test('tells a gap once an attempt, after it stood for long, and sends back what waits behind it', async () => {
    const { sequencer, clock, gaps } = sequence();
    await sequencer.submit(at(1, 1));
    const outcomes: (Handled | 'open' | 'failed')[] = [];
    for (let second = 0; second < 25; second += 1) {
      const answers = watch([sequencer.submit(at(1, 3)), sequencer.submit(at(1, 4))]);
      await clock.advance(PATIENCE_MS);
      sequencer.tick();
      await settled();
      outcomes.push(...answers);
      expect(gaps.length).toBe(clock.now() < GAP_MS ? 0 : 1);
    }
    expect(new Set(outcomes)).toEqual(new Set(['later']));
    expect(gaps.map(({ header }) => [header.lane, header.attempt])).toEqual([[1, 1]]);
  });

  test('tells no gap while its lane goes on', async () => {
    const { sequencer, clock, gaps } = sequence();
    for (let n = 1; n < 40; n += 1) {
      void sequencer.submit(at(1, n + 2));
      await sequencer.submit(at(1, n));
      await clock.advance(PATIENCE_MS);
      sequencer.tick();
      await settled();
    }
    expect(gaps).toEqual([]);
  });

  test('drops what stands behind a gap for very long, for nobody sends what is missing', async () => {
    const { sequencer, clock } = sequence();
    await sequencer.submit(at(1, 1));
    await clock.advance(GIVE_UP_MS);
    const answers = watch([sequencer.submit(at(1, 3)), sequencer.submit(at(1, 4))]);
    await clock.advance(PATIENCE_MS);
    sequencer.tick();
    await settled();
    expect(answers).toEqual(['dropped', 'dropped']);
  });

  test('tries a late batch against the ledger, which may have come further elsewhere', async () => {
    const { sequencer, clock, ledger } = sequence();
    await sequencer.submit(at(1, 1));
    const answers = watch([sequencer.submit(at(1, 4))]);
    ledger.set(1, { attempt: 1, n: 3 });
    await clock.advance(PATIENCE_MS);
    sequencer.tick();
    await settled();
    expect(answers).toEqual(['applied']);
  });

  test('hands an error of applying on, and applies the batch when it comes again', async () => {
    let broken = true;
    const inner = sequence();
    const { sequencer } = sequence({
      apply: (batch) =>
        broken
          ? Promise.reject(new Error('broken'))
          : Promise.resolve({
              outcome: 'applied',
              lane: { attempt: 1, epoch: batch.header.epoch, n: batch.header.n },
            }),
    });
    await expect(sequencer.submit(at(1, 1))).rejects.toThrow('broken');
    broken = false;
    expect(await sequencer.submit(at(1, 1))).toBe('applied');
    expect(sequencer.running()).toBe(0);
    expect(inner.sequencer.running()).toBe(0);
  });

  test('answers a second delivery of what waits with `later`, and of what is being applied with `dropped`', async () => {
    const { sequencer, gate, doors } = sequence();
    gate.held = true;
    const answers = watch([
      sequencer.submit(at(1, 1)),
      sequencer.submit(at(1, 1)),
      sequencer.submit(at(1, 2)),
      sequencer.submit(at(1, 2)),
    ]);
    for (let count = 0; count < 3; count += 1) {
      await settled();
      doors.shift()?.();
    }
    await settled();
    expect(answers).toEqual(['applied', 'dropped', 'applied', 'later']);
  });

  test('sends back all that waits on release, and lets what runs end', async () => {
    const { sequencer, gate, doors } = sequence();
    gate.held = true;
    const answers = watch([
      sequencer.submit(at(1, 1)),
      sequencer.submit(at(1, 2)),
      sequencer.submit(at(2, 1)),
    ]);
    await settled();
    sequencer.release();
    for (const open of doors) open();
    await settled();
    expect(answers).toEqual(['applied', 'later', 'applied']);
  });
});
