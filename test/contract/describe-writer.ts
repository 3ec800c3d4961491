import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import { planFingerprint } from '../../src/engine/wire/fingerprint.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { RowBlock } from '../../src/model/row-block.ts';
import type { ContractHarness, TestPlace, TestRow, TestTable } from './harness.ts';
import {
  checksumByDefinition,
  createTestTable,
  never,
  type PlanOptions,
  readBlocks,
  renderTestRows,
  smallBlocks,
  sorted,
  wholeRange,
  quoteOf,
} from './test-tables.ts';
import { describeStructure } from './describe-structure.ts';
import {
  batchOf,
  copyLane,
  laneOf,
  openRun,
  orderRows,
  orders,
  type Planned,
  startTable,
} from './test-transfer.ts';

/** Texts that loaders are known to stumble over. */
const HOSTILE = [
  '',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\\',
  'ends in \\',
  '\\\\',
  '\\N',
  '\\n',
  '\\.',
  'a\\.\n',
  '\v',
  '\f',
  '\\v',
  '\\\\f',
  '\b',
  "'",
  '"',
  ';',
  '--',
  '$1',
  '$value',
  '$&',
  '%s',
  '{}',
  'NULL',
  'null',
  '\u007f',
  '\u0001',
  'é',
  'é',
  '🙂👩‍👩‍👧',
  '\u{10ffff}',
  '\ufeff',
  '\u2028',
  'x'.repeat(1_048_576),
  '\\'.repeat(70_000),
  '\t\n'.repeat(40_000),
  '🙂'.repeat(20_000),
];

/** What a TargetWriter promises together with the ledger, whatever the database. */
export function describeWriter(harness: ContractHarness): void {
  describeStructure(harness);

  describe(`${harness.title}: writer`, () => {
    let from: TestPlace;
    let to: TestPlace;
    let source: Database;
    let target: Database;
    const quote = quoteOf(harness);

    beforeEach(async () => {
      [from, to] = await Promise.all([harness.place(), harness.place()]);
      [source, target] = await Promise.all([from.open(), to.open()]);
    });
    afterEach(async () => {
      await Promise.all([from.drop(), to.drop()]);
    });

    const start = (options: PlanOptions = {}): Promise<Planned> =>
      startTable(harness, { source, target }, orders.name, options);
    const blocksOf = async ({ plan }: Planned, blockRows = 10): Promise<RowBlock[]> =>
      readBlocks(source, { plan, range: wholeRange }, { ...smallBlocks, blockRows });
    const stored = async (place: TestPlace): Promise<string[]> =>
      sorted(await place.query(`SELECT * FROM ${quote(orders.name)}`));

    test.each(['auto', 'text-rows'] as const)(
      'rows with hostile values arrive as they were (%s)',
      async (encoding) => {
        const rows = [
          ...HOSTILE.map((text, index): TestRow => [String(index), text, 't']),
          ['-1', null, null],
        ] as TestRow[];
        await createTestTable(harness, from, orders, rows);
        const started = await start({ spec: { read: { encoding } } });
        await copyLane({ source, target }, started, { blockRows: 9 });
        expect(await stored(to)).toEqual(await stored(from));
        const expected = checksumByDefinition(rows);
        expect(await source.reader.checksum(started.plan, null, never())).toEqual(expected);
        expect(await target.writer.checksum(started.plan, null, never())).toEqual(expected);
        expect(await target.writer.countRows(started.plan, never())).toBe(BigInt(rows.length));
      },
    );

    test('odd names of table and columns are spelled right', async () => {
      const odd: TestTable = {
        name: harness.oddNames?.table ?? 'Mixed "Case" \'x\' 🙂',
        key: ['order', '__proto__'],
        columns: [
          { name: '__proto__', type: 'text' },
          { name: 'order', type: 'int' },
          { name: harness.oddNames?.noQuotes ? "a'b" : 'a"b', type: 'text' },
          { name: harness.oddNames?.column ?? 'semi;colon -- ', type: 'text' },
        ],
      };
      await createTestTable(harness, from, odd, [
        ['k', '1', 'x', 'y'],
        ['k', '2', null, ''],
      ]);
      const started = await startTable(harness, { source, target }, odd.name);
      await copyLane({ source, target }, started);
      expect(await target.writer.checksum(started.plan, null, never())).toEqual(
        await source.reader.checksum(started.plan, null, never()),
      );
    });

    test('a table without a key keeps repeated rows', async () => {
      await createTestTable(harness, from, { ...orders, key: undefined } as unknown as TestTable, [
        ...orderRows(1, 30),
        ...orderRows(1, 30),
      ]);
      const started = await start();
      await copyLane({ source, target }, started);
      expect(await stored(to)).toEqual(await stored(from));
    });

    test('checksums of equally ordered ranges agree on both sides', async () => {
      await createTestTable(harness, from, orders, orderRows(1, 300));
      const started = await start();
      await copyLane({ source, target }, started, { blockRows: 1_000 });
      expect(started.plan.position.sameOrder).toBe(true);
      const ranges = await source.reader.planRanges(
        started.plan,
        { rowsPerRange: 50, snapshot: null },
        never(),
      );
      for (const range of ranges) {
        expect(await target.writer.checksum(started.plan, range, never())).toEqual(
          await source.reader.checksum(started.plan, range, never()),
        );
      }
    });

    describe('the compare-and-set of the ledger', () => {
      let started: Planned;
      let blocks: RowBlock[];
      const apply = (
        block: number | null,
        facts: { attempt: number; epoch: string; n: number; lane?: ReturnType<typeof laneOf> },
      ) =>
        applyBatch(
          target.writer,
          started.plan,
          batchOf(started.plan, block === null ? null : blocks[block]!, { lane: laneOf(started), ...facts }),
          never(),
        );
      const count = () => target.writer.countRows(started.plan, never());

      beforeEach(async () => {
        await createTestTable(harness, from, orders, orderRows(1, 40));
        started = await start();
        blocks = await blocksOf(started);
      });

      test('applies a batch once, however often it comes', async () => {
        const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
        const outcomes = [];
        for (const _ of [1, 2, 3]) outcomes.push((await apply(0, { attempt, epoch, n: 1 })).outcome);
        expect(outcomes).toEqual(['applied', 'dropped', 'dropped']);
        expect(await count()).toBe(10n);
      });

      test('applies a batch once when it comes many times at once', async () => {
        const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
        const outcomes = await Promise.all([1, 2, 3, 4].map(() => apply(0, { attempt, epoch, n: 1 })));
        expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([
          'applied',
          'dropped',
          'dropped',
          'dropped',
        ]);
        expect(await count()).toBe(10n);
      });

      test('lets a batch wait whose predecessor is missing', async () => {
        const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
        expect((await apply(1, { attempt, epoch, n: 2 })).outcome).toBe('later');
        expect((await apply(0, { attempt, epoch, n: 1 })).outcome).toBe('applied');
        expect((await apply(1, { attempt, epoch, n: 2 })).outcome).toBe('applied');
        expect(await count()).toBe(20n);
      });

      test('drops batches of an older attempt, of an older run and of lanes that were never planned', async () => {
        const old = await target.ledger.openLane(laneOf(started), never());
        const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
        expect(attempt).toBeGreaterThan(old.attempt);
        expect((await apply(0, { attempt: old.attempt, epoch, n: 1 })).outcome).toBe('dropped');
        for (const lane of [
          { lane: 7 },
          { generation: 2 },
          { run: 99 },
          { table: 'public.other' },
          { transfer: 'day' },
        ]) {
          expect((await apply(0, { attempt, epoch, n: 1, lane: laneOf(started, lane) })).outcome).toBe(
            'dropped',
          );
        }
        await openRun(target, 'execution-2', 'another plan');
        expect((await apply(0, { attempt, epoch, n: 1 })).outcome).toBe('dropped');
        expect(await count()).toBe(0n);
        expect(await target.ledger.lanes('night', started.run, started.plan.id, never())).toHaveLength(1);
      });

      test('counts rows, bytes, position and end in the same transaction', async () => {
        const lane = laneOf(started);
        const { attempt, epoch } = await target.ledger.openLane(lane, never());
        await apply(0, { attempt, epoch, n: 1 });
        await apply(1, { attempt, epoch, n: 2 });
        const bytes = blocks[0]!.data.length + blocks[1]!.data.length;
        expect(await target.ledger.lanes('night', started.run, started.plan.id, never())).toMatchObject([
          { attempt, epoch, n: 2, rows: 20, bytes, ended: false },
        ]);
        const opening = await target.ledger.openLane(lane, never());
        expect(opening).toEqual({
          attempt: attempt + 1,
          epoch: expect.stringMatching(/^[0-9a-f]{16}$/),
          range: wholeRange,
          plan: planFingerprint(started.plan),
          position: blocks[1]!.last,
          rows: 20,
          bytes,
          ended: false,
        });
        const rest = await readBlocks(
          source,
          { plan: started.plan, range: wholeRange, after: opening.position },
          { ...smallBlocks, blockRows: 100 },
        );
        const facts = {
          lane,
          attempt: opening.attempt,
          epoch: opening.epoch,
          n: 1,
          end: { rows: 40, bytes: bytes + rest[0]!.data.length },
        };
        const applied = await applyBatch(
          target.writer,
          started.plan,
          batchOf(started.plan, rest[0]!, facts),
          never(),
        );
        expect(applied.outcome).toBe('applied');
        expect(await target.ledger.openLane(lane, never())).toMatchObject({ rows: 40, ended: true });
        expect(await stored(to)).toEqual(await stored(from));
      });

      test('leaves nothing behind a rollback', async () => {
        const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
        const transaction = await target.writer.begin(never());
        const batch = batchOf(started.plan, blocks[0]!, { lane: laneOf(started), attempt, epoch, n: 1 });
        expect(await transaction.advance(batch)).toBe(true);
        expect(await transaction.write(started.plan, batch)).toBe(10);
        expect(await transaction.readLane(batch.header)).toMatchObject({ n: 1, rows: 10 });
        await transaction.rollback();
        expect(await count()).toBe(0n);
        expect((await apply(0, { attempt, epoch, n: 1 })).outcome).toBe('applied');
      });

      test('leaves nothing behind rows that the target refuses, and goes on with the same connections', async () => {
        const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
        await to.execute(renderTestRows(harness, orders, orderRows(5, 5, 'secret')));
        // The primary key may come after the rows.
        await to.execute(
          `CREATE UNIQUE INDEX ${quote('refusing')} ON ${quote(orders.name)} (${quote('id')})`,
        );
        for (const _ of Array.from({ length: 8 })) {
          const failure = await apply(0, { attempt, epoch, n: 1 }).catch((error: unknown) => error);
          expect(failure).toMatchObject({
            code: 'target.constraint_violated',
            details: { table: started.plan.id },
          });
          expect(JSON.stringify(failure) + String(failure)).not.toMatch(/note 5|secret/);
        }
        await to.execute(`DELETE FROM ${quote(orders.name)}`);
        expect((await apply(0, { attempt, epoch, n: 1 })).outcome).toBe('applied');
        expect(await count()).toBe(10n);
      });

      test('leaves nothing behind a transaction that is aborted', async () => {
        const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
        const stop = new AbortController();
        const transaction = await target.writer.begin(stop.signal);
        const batch = batchOf(started.plan, blocks[0]!, { lane: laneOf(started), attempt, epoch, n: 1 });
        await transaction.advance(batch);
        await transaction.write(started.plan, batch);
        stop.abort(new Error('enough'));
        await expect(transaction.commit()).rejects.toThrow();
        expect(await count()).toBe(0n);
        expect((await apply(0, { attempt, epoch, n: 1 })).outcome).toBe('applied');
      });
    });

    describe('write modes', () => {
      test('upsert updates rows whose key is there and inserts the others', async () => {
        await createTestTable(harness, from, orders, orderRows(1, 40, 'new'));
        await createTestTable(harness, to, orders, orderRows(30, 60, 'old'));
        await copyLane({ source, target }, await start({ spec: { write: { mode: 'upsert' } } }));
        expect(await stored(to)).toEqual(sorted(await to.query(`SELECT * FROM ${quote(orders.name)}`)));
        const notes = await to.query(
          `SELECT ${quote('note')} FROM ${quote(orders.name)} ORDER BY ${quote('id')}`,
        );
        expect(notes.map(([note]) => note)).toEqual(
          [...orderRows(1, 40, 'new'), ...orderRows(41, 60, 'old')].map(([, note]) => note),
        );
      });

      test('upsert of a table of key columns only leaves the rows that are there', async () => {
        const tags: TestTable = {
          name: 'tags',
          key: ['a', 'b'],
          columns: [
            { name: 'a', type: 'int' },
            { name: 'b', type: 'text' },
          ],
        };
        await createTestTable(harness, from, tags, [
          ['1', 'x'],
          ['2', 'x'],
        ]);
        await createTestTable(harness, to, tags, [
          ['2', 'x'],
          ['3', 'x'],
        ]);
        const started = await startTable(harness, { source, target }, tags.name, {
          spec: { write: { mode: 'upsert' } },
        });
        await copyLane({ source, target }, started);
        expect(await target.writer.countRows(started.plan, never())).toBe(3n);
      });

      test('append leaves what is there', async () => {
        await createTestTable(harness, from, orders, orderRows(1, 10));
        await createTestTable(harness, to, orders, orderRows(11, 15));
        const started = await start({ spec: { write: { mode: 'append' } } });
        await copyLane({ source, target }, started);
        expect(await target.writer.countRows(started.plan, never())).toBe(15n);
      });

      test('truncate empties the table when it is planned', async () => {
        await createTestTable(harness, from, orders, orderRows(1, 10));
        await createTestTable(harness, to, orders, orderRows(5, 50, 'old'));
        const started = await start({ spec: { write: { mode: 'truncate' } } });
        expect(await target.writer.hasRows(started.plan, never())).toBe(false);
        await copyLane({ source, target }, started);
        expect(await stored(to)).toEqual(await stored(from));
        expect(await target.writer.hasRows(started.plan, never())).toBe(true);
      });
    });

    test('finishing twice changes nothing', async () => {
      await createTestTable(harness, from, orders, orderRows(1, 10));
      const started = await start();
      await copyLane({ source, target }, started);
      await target.writer.finish(started.plan, never());
      await target.writer.finish(started.plan, never());
      expect(await stored(to)).toEqual(await stored(from));
    });
  });
}
