import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAssembler, type AssemblerOptions } from '../../src/engine/writing/assemble-batch.ts';
import type { Handled } from '../../src/engine/ports/hub.ts';
import { encodeBatch } from '../../src/engine/wire/wire-format.ts';
import type { Batch } from '../../src/model/batch.ts';
import { createStandingClock, makeBatch, makeDelivery, settled } from '../support/make-batch.ts';

function assemble(options: Partial<AssemblerOptions> = {}) {
  const whole: Batch[] = [];
  const clock = createStandingClock();
  const assembler = createAssembler(
    (batch) => {
      whole.push(batch);
      return Promise.resolve('applied');
    },
    { maxBytes: 1_000_000, wanted: () => true, clock, patienceMs: 1_000, ...options },
  );
  return { assembler, whole, clock };
}

const large = (n: number, attempt = 1, lane = 1) =>
  makeBatch({ n, attempt, lane }, Buffer.from(`${'x'.repeat(90)}${lane}.${attempt}.${n}`));
const PART_BYTES = 20;
const partsOf = (batch: Batch) => encodeBatch(batch, PART_BYTES).map((message) => makeDelivery(message));

/** What each receive answered so far. */
function watch(answers: readonly Promise<Handled>[]): (Handled | 'open')[] {
  const seen = answers.map((): Handled | 'open' => 'open');
  for (const [index, answer] of answers.entries()) void answer.then((outcome) => (seen[index] = outcome));
  return seen;
}

describe('fragments', () => {
  test('of several batches in any order, some twice, become each batch once, and are settled together', async () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        numbers,
        fc.infiniteStream(fc.nat()),
        fc.array(fc.nat(), { maxLength: 5 }),
        async (ns, order, again) => {
          const batches = ns.map((n) => large(n));
          const all = batches.flatMap((batch) => partsOf(batch));
          const shuffled = [
            ...all,
            ...again.map(
              (which) => all[which % all.length] ?? makeDelivery(encodeBatch(makeBatch(), 99)[0]!),
            ),
          ]
            .map((delivery) => ({ delivery, at: order.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ delivery }) => delivery);
          const { assembler, whole } = assemble();
          const answers = shuffled.map((delivery) => assembler.receive({ ...delivery }));
          const seen = watch(answers);
          await settled();
          const found = new Set(whole.map(({ header }) => header.n));
          expect(found).toEqual(new Set(ns));
          for (const { header, data } of whole) {
            expect(data.equals(large(header.n).data)).toBe(true);
          }
          // A part that comes after its batch went on waits for the others of a repeat, and is not lost.
          const open = seen.filter((outcome) => outcome === 'open').length;
          assembler.release();
          await settled();
          expect(seen.filter((outcome) => outcome === 'later')).toHaveLength(open);
        },
      ),
    );
  });

  test('of a batch wait, take no place in the window while they do, and are answered as the batch is', async () => {
    const { assembler, whole } = assemble();
    const parts = partsOf(large(1));
    const answers = watch(parts.slice(1).map((part) => assembler.receive(part)));
    await settled();
    expect(new Set(answers)).toEqual(new Set(['open']));
    expect(parts.slice(1).every(({ held }) => held === 1)).toBe(true);
    expect(await assembler.receive(parts[0]!)).toBe('applied');
    await settled();
    expect(new Set(answers)).toEqual(new Set(['applied']));
    expect(whole).toHaveLength(1);
  });

  test('of different attempts are never joined, and a newer attempt drops the older one', async () => {
    const { assembler, whole } = assemble();
    const older = partsOf(large(1, 1));
    const newer = partsOf(large(1, 2));
    const first = watch(older.slice(0, 2).map((part) => assembler.receive(part)));
    const second = watch(newer.slice(0, -1).map((part) => assembler.receive(part)));
    await settled();
    expect(first).toEqual(['dropped', 'dropped']);
    expect(await assembler.receive(older.at(-1)!)).toBe('dropped');
    expect(whole).toHaveLength(0);
    expect(await assembler.receive(newer.at(-1)!)).toBe('applied');
    await settled();
    expect(new Set(second)).toEqual(new Set(['applied']));
    expect(whole.map(({ header }) => header.attempt)).toEqual([2]);
  });

  test('of an older attempt are dropped when a whole batch of a newer one was seen', async () => {
    const { assembler } = assemble();
    const [waiting] = partsOf(large(1, 1));
    const answer = watch([assembler.receive(waiting!)]);
    const [whole] = encodeBatch(makeBatch({ n: 1, attempt: 2 }), 1_000);
    expect(await assembler.receive(makeDelivery(whole!))).toBe('applied');
    expect(answer).toEqual(['dropped']);
  });

  test('beyond the budget are sent back, but those of the oldest unfinished batch always go on', async () => {
    const { assembler, whole } = assemble({ maxBytes: 3 * PART_BYTES });
    const [one, two] = [partsOf(large(1)), partsOf(large(2))];
    const held = watch([one[0]!, two[0]!, two[1]!].map((part) => assembler.receive(part)));
    expect(await assembler.receive(two[2]!)).toBe('later');
    const others = one.slice(1, -1).map((part) => assembler.receive(part));
    await settled();
    expect(held).toEqual(['open', 'open', 'open']);
    expect(await assembler.receive(one.at(-1)!)).toBe('applied');
    expect(new Set(await Promise.all(others))).toEqual(new Set(['applied']));
    expect(whole).toHaveLength(1);
  });

  test('never hold more than the budget and the oldest unfinished batch', async () => {
    const arrivals = fc.array(fc.record({ lane: fc.integer({ min: 1, max: 6 }), part: fc.nat(3) }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, async (sequence) => {
        const maxBytes = 4 * PART_BYTES;
        const { assembler } = assemble({ maxBytes });
        const kept = new Map<string, number>();
        for (const { lane, part } of sequence) {
          const delivery = partsOf(large(1, 1, lane))[part]!;
          const answer = watch([assembler.receive(delivery)]);
          await settled();
          if (answer[0] === 'open') kept.set(`${lane} ${part}`, delivery.data.byteLength);
        }
        const oldest = [...kept.keys()][0]?.split(' ')[0];
        const others = [...kept].filter(([key]) => key.split(' ')[0] !== oldest);
        expect(others.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeLessThanOrEqual(maxBytes);
      }),
    );
  });

  test('that no other reaches for long are dropped, so that the hub can forget them', async () => {
    const { assembler, clock } = assemble();
    const [one, two, three] = partsOf(large(1));
    const answers = watch([assembler.receive(one!)]);
    await clock.advance(900);
    const second = watch([assembler.receive(two!)]);
    await clock.advance(900);
    assembler.tick();
    await settled();
    expect([...answers, ...second]).toEqual(['open', 'open']);
    await clock.advance(100);
    assembler.tick();
    await settled();
    expect([...answers, ...second]).toEqual(['dropped', 'dropped']);
    const late = watch([assembler.receive(three!)]);
    await settled();
    expect(late).toEqual(['open']);
  });

  test('of a table that is left out are dropped without waiting for the rest', async () => {
    const { assembler } = assemble({ wanted: ({ table }) => table !== 'public.orders' });
    expect(await assembler.receive(partsOf(large(1))[0]!)).toBe('dropped');
  });

  test('that wait are sent back on release', async () => {
    const { assembler } = assemble();
    const answers = watch(
      partsOf(large(1))
        .slice(1)
        .map((part) => assembler.receive(part)),
    );
    assembler.release();
    await settled();
    expect(new Set(answers)).toEqual(new Set(['later']));
  });
});

describe('a batch', () => {
  test('of one part goes on at once', async () => {
    const { assembler, whole } = assemble();
    const batch = makeBatch();
    const delivery = makeDelivery(encodeBatch(batch, 1_000)[0]!);
    expect(await assembler.receive(delivery)).toBe('applied');
    expect(whole[0]?.header).toEqual(batch.header);
    expect(delivery.held).toBe(0);
  });

  test('whose fingerprint differs is refused as damaged, whole or in fragments', async () => {
    const { assembler, whole } = assemble();
    for (const maxBytes of [1_000, PART_BYTES]) {
      const messages = encodeBatch(large(maxBytes), maxBytes);
      const answers = messages.map((message, index) => {
        const data = Buffer.from(message.data);
        if (index === 0) data[3] = 0;
        return assembler.receive(makeDelivery({ ...message, data }));
      });
      for (const answer of answers) await expect(answer).rejects.toMatchObject({ code: 'batch.damaged' });
    }
    expect(whole).toHaveLength(0);
  });
});

describe('fragments after the target was restored', () => {
  test('of two openings with the same attempt and n are never joined', async () => {
    const { assembler, whole } = assemble();
    const lost = partsOf(makeBatch({ epoch: 'lost' }, Buffer.alloc(90, 'a')));
    const own = partsOf(makeBatch({ epoch: 'own' }, Buffer.alloc(90, 'b')));
    const answers = watch([...lost.slice(1), ...own].map((delivery) => assembler.receive(delivery)));
    await settled();
    expect(whole.map(({ header }) => header.epoch)).toEqual(['own']);
    expect(answers.slice(0, lost.length - 1)).not.toContain('applied');
    assembler.release();
  });

  test('of an older attempt count again once it is known that the ledger has no newer one', async () => {
    const { assembler, whole } = assemble();
    await assembler.receive(makeDelivery(encodeBatch(makeBatch({ attempt: 9 }), 1_000)[0]!));
    const [older] = encodeBatch(makeBatch({ attempt: 3 }), 1_000).map((message) => makeDelivery(message));
    expect(await assembler.receive(older!)).toBe('dropped');
    assembler.forget({ run: 1, table: 'public.orders', generation: 1, lane: 1 });
    expect(await assembler.receive(older!)).toBe('applied');
    expect(whole.map(({ header }) => header.attempt)).toEqual([9, 3]);
  });

  test('of an older attempt count again once the newer one was given up unfinished', async () => {
    const { assembler, whole, clock } = assemble();
    const lost = watch(
      partsOf(large(1, 9))
        .slice(1)
        .map((delivery) => assembler.receive(delivery)),
    );
    await clock.advance(1_000);
    assembler.tick();
    await settled();
    expect(new Set(lost)).toEqual(new Set(['dropped']));
    await Promise.all(partsOf(large(1, 3)).map((delivery) => assembler.receive(delivery)));
    expect(whole.map(({ header }) => header.attempt)).toEqual([3]);
  });
});
