import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClaimReader } from '../../src/engine/changes/claim-reader.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { CREDITS } from '../../src/engine/reading/largest-row.ts';
import { claimLimitsOf } from '../../src/model/capture-spec.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { eventsOf, TRANSFER } from '../contract/changes-steps.ts';
import { never, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { changesPlanOf } from '../support/changes.ts';
import { type PostgresChanges, postgresChanges, type PostgresWriter } from '../support/postgresql-changes.ts';
import { describeWith } from '../support/servers.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describeWith(['postgres'], 'claims on their way to a target', () => {
  let place: PostgresChanges;
  let writer: PostgresWriter;

  beforeEach(async () => {
    place = await postgresChanges();
    const changes = await place.open();
    const table = await place.captureTable('a');
    await changes.register(TRANSFER, [{ lane: 1, tables: [table] }], never());
    writer = await place.writer();
  });
  afterEach(() => place.drop());

  /** Blocks, each one batch and so one transaction of the target: their numbers of events, and of transactions. */
  const blocksOf = async (changes: TransferSpec['changes'], creditBytes: number) => {
    const capture = await place.open();
    const reader = createClaimReader({
      changes: capture,
      transfer: TRANSFER,
      spec: { ...(changes && { changes }), read: { creditBytes } },
      drain: true,
      retentionMs: 0,
      control: { overdue: () => false, progress: () => undefined },
      clock: systemClock,
    });
    const request = { plan: changesPlanOf([]), range: wholeRange, after: null };
    const options = { ...smallBlocks, blockBytes: 2_000, mostRowBytes: CREDITS * creditBytes };
    const blocks: { readonly events: number; readonly transactions: number }[] = [];
    for await (const { data } of reader.readRange(request, options, never())) {
      const events = eventsOf(data.toString());
      const transactions = new Set(events.map(({ transaction }) => transaction)).size;
      blocks.push({ events: events.length, transactions });
    }
    return blocks;
  };

  test('a claim is one block, however small those of rows are, and cuts no transaction', async () => {
    for (const first of [0, 1, 2, 3])
      await writer.insert(
        'a',
        upTo(300).map((id) => 1_000 * first + id),
      );
    expect(await blocksOf({ claimEvents: 700 }, 1_048_576)).toEqual([
      { events: 600, transactions: 2 },
      { events: 600, transactions: 2 },
    ]);
  });

  test('one that is larger than the credit goes on in other blocks', async () => {
    await writer.insert('a', upTo(300));
    const blocks = await blocksOf({ claimEvents: 700 }, 4_096);
    expect(blocks.length).toBeGreaterThan(3);
    expect(blocks.reduce((sum, { events }) => sum + events, 0)).toBe(300);
  });

  test('with ordering by transactions one is as large as it must be, up to the credit', async () => {
    await writer.insert('a', upTo(900));
    await place.execute('UPDATE a SET n = 1 WHERE id < 10');
    const small = { claimEvents: 50, ordering: 'transaction' } as const;
    expect(await blocksOf(small, 1_048_576)).toEqual([
      { events: 900, transactions: 1 },
      { events: 9, transactions: 1 },
    ]);
  });

  test('topics take claims that are cut anywhere', () => {
    const spec: TransferSpec = { source: 'a', hub: 'h', target: 'h', tables: {} };
    expect(claimLimitsOf({ ...spec, topics: {} })).not.toHaveProperty('whole');
    expect(claimLimitsOf(spec)).toHaveProperty('whole');
  });
});
