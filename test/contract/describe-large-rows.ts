import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { ContractHarness, TestPlace, TestTable } from './harness.ts';
import { createTestTable, planOf, readBlocks, smallBlocks, wholeRange } from './test-tables.ts';

const notes: TestTable = {
  name: 'notes',
  key: ['id'],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'note', type: 'text' },
  ],
};
const LARGE = 'x'.repeat(300_000);
const rows = [
  ['1', 'a'],
  ['2', LARGE],
  ['3', 'c'],
];

/** What a SourceReader promises for rows that are larger than a block, or than anybody takes. */
export function describeLargeRows(harness: ContractHarness): void {
  describe(`${harness.title}: large rows`, () => {
    let place: TestPlace;
    let database: Database;

    beforeEach(async () => {
      place = await harness.place();
      database = await place.open();
      await createTestTable(harness, place, notes, rows);
    });
    afterEach(() => place.drop());

    const read = async (mostRowBytes: number) => {
      const { plan } = await planOf(harness, { source: database, target: database }, notes.name);
      const options = { ...smallBlocks, blockRows: 1, blockBytes: 1_024, mostRowBytes };
      return readBlocks(database, { plan, range: wholeRange }, options);
    };

    test('a row of many times a block is read as it is', async () => {
      const blocks = await read(1_000_000);
      expect(blocks.map((block) => block.rows)).toEqual([1, 1, 1]);
      expect(blocks[1]!.data.includes(LARGE)).toBe(true);
    });

    test('a row beyond the bound is refused with what mends it, and the database can be read on', async () => {
      await expect(read(250_000)).rejects.toMatchObject({
        code: 'source.row_too_large',
        retry: 'manual',
        details: { suggestion: expect.stringContaining('read.creditBytes') },
      });
      expect(await read(1_000_000)).toHaveLength(3);
    });
  });
}
