import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createCredit } from '../../src/engine/reading/credit.ts';
import { publishLane, type LaneRequest, type OpenLane } from '../../src/engine/reading/lane-publisher.ts';
import { silentObserver } from '../../src/engine/observer.ts';
import type { HubMessage } from '../../src/engine/ports/hub.ts';
import type { ReadOptions, SourceReader } from '../../src/engine/ports/source-reader.ts';
import { createReadBudget, type ReadUntil } from '../../src/engine/reading/read-budget.ts';
import { decodePart, joinParts } from '../../src/engine/wire/wire-format.ts';
import type { Position, RowBlock } from '../../src/model/row-block.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import { settled } from '../support/make-batch.ts';

const block = (from: number, rows: number, bytesEach = 10): RowBlock => ({
  rows,
  data: Buffer.alloc(rows * bytesEach, 'x'),
  first: [String(from)],
  last: [String(from + rows - 1)],
});

/** As a source gives them that is asked for so many rows behind a key. */
function* rowsBehind(blocks: readonly RowBlock[], after: number, most: number): Generator<RowBlock> {
  let left = most;
  for (const each of blocks) {
    const from = Math.max(Number(each.first[0]), after + 1);
    const rows = Math.min(left, Number(each.last[0]) - from + 1);
    if (rows <= 0) continue;
    left -= rows;
    yield block(from, rows);
  }
}

interface Scene {
  readonly blocks: readonly RowBlock[];
  readonly window?: number;
  readonly maxMessageBytes?: number;
  readonly creditBytes?: number;
  readonly mostRowBytes?: number;
  readonly answer?: (message: HubMessage) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly mostRows?: number;
  readonly left?: ReadUntil;
  /** Rows of a query that have the key behind which reading goes on. */
  readonly rowsAtKey?: bigint;
  /** Time for which the source works before its first row. */
  readonly firstRowMs?: number;
}

/** Publishes given blocks of one lane, opened the second time with 5 rows and 50 bytes in the ledger. */
function publish(scene: Scene) {
  const sent: HubMessage[] = [];
  const seen = { progressed: 0, unanswered: 0, most: 0, readerClosed: false, asked: [] as unknown[] };
  const lane: OpenLane = {
    range: { lane: 3, after: null, upto: null },
    epoch: '',
    attempt: 2,
    n: 0,
    rows: 5,
    bytes: 50,
    unapplied: new Map(),
    unanswered: 0,
    done: false,
  };
  const reader = {
    async *readRange(asked: { readonly after: Position | null }, options: ReadOptions) {
      if (scene.firstRowMs) await new Promise((resolve) => setTimeout(resolve, scene.firstRowMs));
      seen.asked.push([asked.after?.[0], options.mostRows]);
      try {
        if (options.mostRows === undefined) yield* scene.blocks;
        else yield* rowsBehind(scene.blocks, Number(asked.after?.[0]), options.mostRows);
      } finally {
        seen.readerClosed = true;
      }
    },
    rowsAt: () => Promise.resolve(scene.rowsAtKey),
  } as unknown as SourceReader;
  const credit = createCredit(scene.creditBytes ?? 1_000_000);
  const plan = {
    id: 'public.orders',
    ordinal: 4,
    encoding: 'text-rows',
    position: { kind: 'key' },
    ...(scene.mostRows !== undefined && { mostRows: scene.mostRows }),
    ...(scene.rowsAtKey !== undefined && { query: 'SELECT 1' }),
  } as TablePlan;
  const budget = createReadBudget(scene.left ?? {}, 2);
  const request: LaneRequest = {
    ref: { transfer: 'orders', run: 7, table: 'public.orders', generation: 1, lane: 3 },
    plan,
    range: lane.range,
    opening: {
      attempt: 2,
      epoch: '00c0ffee00c0ffee',
      range: lane.range,
      plan: '0123456789abcdef',
      position: ['5'],
      rows: 5,
      bytes: 50,
      ended: false,
    },
    options: {
      blockBytes: 100,
      blockRows: 10,
      mostRowBytes: scene.mostRowBytes ?? 1_000_000,
      snapshot: null,
    },
    maxMessageBytes: scene.maxMessageBytes ?? 1_000,
    window: scene.window ?? 4,
    lane,
  };
  const result = publishLane(
    {
      reader,
      credit,
      observer: silentObserver,
      pass: () => Promise.resolve(),
      budget,
      overdue: () => false,
      progress: () => void (seen.progressed += 1),
      publisher: {
        close: () => Promise.resolve(),
        storedBytes: ({ data }) => data.byteLength + 10,
        publish: async (message) => {
          sent.push(message);
          seen.unanswered += 1;
          seen.most = Math.max(seen.most, seen.unanswered);
          try {
            await (scene.answer?.(message) ?? Promise.resolve());
          } finally {
            seen.unanswered -= 1;
          }
        },
      },
    },
    request,
    scene.signal ?? new AbortController().signal,
  );
  return { result, sent, seen, lane, credit, budget };
}

const batchOf = (message: HubMessage | undefined) => joinParts(message ? [decodePart(message)] : []);

describe('publishing a lane', () => {
  test('numbers the batches of the attempt from 1 and puts the totals of the whole range on the last one only', async () => {
    const { result, sent, lane } = publish({ blocks: [block(6, 2), block(8, 3), block(11, 1)] });
    expect(await result).toBe(true);
    const headers = sent.map((message) => batchOf(message).header);
    expect(
      headers.map(({ attempt, n, rows, first, last }) => [attempt, n, rows, first?.[0], last?.[0]]),
    ).toEqual([
      [2, 1, 2, '6', '7'],
      [2, 2, 3, '8', '10'],
      [2, 3, 1, '11', '11'],
    ]);
    expect(headers.map(({ end }) => end)).toEqual([null, null, { rows: 11, bytes: 110 }]);
    expect([lane.n, lane.rows, lane.bytes, lane.done, lane.unanswered]).toEqual([3, 11, 110, true, 0]);
    expect([...lane.unapplied]).toEqual([
      [1, 20],
      [2, 30],
      [3, 10],
    ]);
  });

  test('ends a range in which nothing is left with one empty batch', async () => {
    const { result, sent } = publish({ blocks: [] });
    expect(await result).toBe(true);
    expect(sent).toHaveLength(1);
    expect(batchOf(sent[0]).header).toMatchObject({
      n: 1,
      rows: 0,
      first: null,
      last: null,
      end: { rows: 5, bytes: 50 },
    });
  });

  test('never has more messages unanswered than the window, fragments included', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 5 }), async (rows, window) => {
        const blocks = rows.map((count, index) => block(index * 10 + 1, count));
        const { result, seen } = publish({ blocks, window, maxMessageBytes: 15, answer: () => settled() });
        expect(await result).toBe(true);
        expect(seen.most).toBeLessThanOrEqual(window);
      }),
    );
  });

  test('refuses a block that the stream of the hub never takes, before anything of it is published', async () => {
    const { result, sent } = publish({
      blocks: [block(1, 2), block(3, 1, 20_000), block(4, 1)],
      maxMessageBytes: 1_000,
      mostRowBytes: 20_000,
    });
    await expect(result).rejects.toMatchObject({
      code: 'source.row_too_large',
      details: {
        table: 'public.orders',
        suggestion: expect.stringMatching(/^set read.creditBytes to 1048576 or more/),
      },
    });
    expect(sent.map((message) => batchOf(message).header.n)).toEqual([1]);
  });

  test('refuses a row of more messages than a hub holds back for one another', async () => {
    const { result, sent } = publish({ blocks: [block(1, 1, 4_000)], maxMessageBytes: 1 });
    await expect(result).rejects.toMatchObject({
      code: 'source.row_too_large',
      details: { suggestion: expect.stringContaining('max_payload') },
    });
    expect(sent).toHaveLength(0);
  });

  test('waits for credit before each block, and says false when it is told to end meanwhile', async () => {
    const abort = new AbortController();
    const { result, sent, seen, credit } = publish({
      blocks: [block(1, 5), block(6, 5), block(11, 5)],
      creditBytes: 60,
      signal: abort.signal,
    });
    await settled();
    expect([sent.length, credit.usedBytes()]).toEqual([1, 50]);
    credit.give(50);
    await settled();
    expect([sent.length, credit.usedBytes()]).toEqual([2, 50]);
    abort.abort();
    expect(await result).toBe(false);
    expect(seen.readerClosed).toBe(true);
  });

  test('fails with the first error of the hub once every other publish was answered, and closes the reader', async () => {
    const { result, seen, lane } = publish({
      blocks: [block(1, 1), block(2, 1), block(3, 1), block(4, 1), block(5, 1), block(6, 1)],
      answer: async (message) => {
        if (batchOf(message).header.n === 2) throw new Error('lost');
        await settled();
      },
    });
    await expect(result).rejects.toThrow('lost');
    expect([seen.unanswered, seen.readerClosed, lane.done]).toEqual([0, true, false]);
  });

  test('ends a range of limited rows with the last of them, whatever the source has behind it', async () => {
    const { result, sent, seen } = publish({ blocks: [block(6, 4), block(10, 4)], mostRows: 10 });
    expect(await result).toBe(true);
    const headers = sent.map((message) => batchOf(message).header);
    expect(headers.map(({ rows, end }) => [rows, end?.rows])).toEqual([
      [4, undefined],
      [1, 10],
    ]);
    expect(seen.asked).toEqual([['5', 5]]);
  });

  test('reads nothing more of a range whose limited rows the ledger has, and ends it', async () => {
    const { result, sent, seen } = publish({ blocks: [block(6, 4)], mostRows: 5 });
    expect(await result).toBe(true);
    expect(sent.map((message) => batchOf(message).header.end?.rows)).toEqual([5]);
    expect(seen.asked).toEqual([]);
  });

  test('leaves a range open where the rows that may be read are spent, in the middle of what would be a block', async () => {
    const { result, sent, lane, budget } = publish({
      blocks: [block(6, 4), block(10, 4)],
      left: { rows: 6 },
    });
    expect(await result).toBe(false);
    expect(sent.map((message) => batchOf(message).header.rows)).toEqual([4, 2]);
    expect(sent.every((message) => batchOf(message).header.end === null)).toBe(true);
    expect([lane.rows, lane.done, budget.isSpent()]).toEqual([11, false, true]);
  });

  test('gives the rows back that a range does not have, for another one to read', async () => {
    const { result, budget } = publish({ blocks: [block(6, 4)], left: { rows: 10 } });
    expect(await result).toBe(true);
    expect(budget.takeRows(Infinity)).toBe(6);
  });

  test('reads on behind a key of a query that one row has, and refuses to where two have it by now', async () => {
    const one = publish({ blocks: [block(6, 2)], rowsAtKey: 1n });
    expect(await one.result).toBe(true);
    const two = publish({ blocks: [block(6, 2)], rowsAtKey: 2n });
    await expect(two.result).rejects.toMatchObject({
      code: 'source.value_rejected',
      details: { suggestion: expect.stringContaining('resnapshot') },
    });
    expect(two.sent).toEqual([]);
  });

  test('counts a query that takes long to its first row as work, not as standing still', async () => {
    vi.useFakeTimers();
    try {
      const { result, seen } = publish({ blocks: [block(1, 2)], firstRowMs: 600_000 });
      await vi.advanceTimersByTimeAsync(590_000);
      expect(seen.progressed).toBeGreaterThan(100);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await result).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test('publishes at most one block more than the bytes that may be read', async () => {
    const { result, sent } = publish({
      blocks: [block(6, 2), block(8, 2), block(10, 2)],
      left: { bytes: 25 },
    });
    expect(await result).toBe(false);
    expect(sent.map((message) => batchOf(message).header.rows)).toEqual([2, 2]);
  });
});
