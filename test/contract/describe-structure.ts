import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { type ContractHarness, nameOf, type TestPlace } from './harness.ts';
import {
  createTestTable,
  never,
  type PlanOptions,
  planOf,
  quoteOf,
  sorted,
  wholeRange,
} from './test-tables.ts';
import { copyLane, openRun, orderRows, orders } from './test-transfer.ts';

/** What TargetWriter.prepare and the replacing of a table promise. */
export function describeStructure(harness: ContractHarness): void {
  describe(`${harness.title}: structure of the target`, () => {
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

    const stored = async (place: TestPlace): Promise<string[]> =>
      sorted(await place.query(`SELECT * FROM ${quote(orders.name)}`));

    const prepare = async (policy: 'create-missing' | 'verify' | 'replace', options: PlanOptions = {}) => {
      const { plan, schema } = await planOf(harness, { source, target }, orders.name, options);
      return target.writer.prepare({ plan, source: schema, policy }, never());
    };

    test('a missing table is created with its key and found right when prepared again', async () => {
      await createTestTable(harness, from, orders);
      // Rows are looked up by it: else it may come after them.
      const upsert = { spec: { write: { mode: 'upsert' } } } as const;
      expect(await prepare('create-missing', upsert)).toMatchObject({ done: 'created', leftOut: [] });
      expect(await prepare('create-missing', upsert)).toMatchObject({ done: 'verified' });
      expect(await prepare('verify', upsert)).toMatchObject({ done: 'verified' });
      const [left] = await source.introspector.describeTables(
        [nameOf(harness, orders.name, source)],
        never(),
      );
      const [right] = await target.introspector.describeTables(
        [nameOf(harness, orders.name, target)],
        never(),
      );
      expect(right!.primaryKey?.columns).toEqual(['id']);
      const facts = (table: typeof left) =>
        table!.columns.map(({ name, type, nullable }) => ({ name, type, nullable }));
      expect(facts(right)).toEqual(facts(left));
    });

    test('tables prepared side by side do not get in the way of each other', async () => {
      await createTestTable(harness, from, orders);
      const outcomes = await Promise.all([1, 2, 3].map(() => prepare('create-missing')));
      expect(outcomes.map(({ done }) => done).sort()).toEqual(['created', 'verified', 'verified']);
    });

    test('a missing table is refused where structure is only verified', async () => {
      await createTestTable(harness, from, orders);
      await expect(prepare('verify')).rejects.toMatchObject({ code: 'target.table_missing' });
    });

    test('a target that lacks a column, or takes no NULL where the source has some, is refused with what mends it', async () => {
      await createTestTable(harness, from, orders);
      const { plan, schema } = await planOf(harness, { source, target }, orders.name);
      await createTestTable(harness, to, { ...orders, columns: orders.columns.slice(0, 2) });
      const request = { plan, source: schema, policy: 'verify' } as const;
      await expect(target.writer.prepare(request, never())).rejects.toMatchObject({
        code: 'target.structure_differs',
      });
      await to.execute(`DROP TABLE ${quote(orders.name)}`);
      await createTestTable(harness, to, {
        ...orders,
        columns: orders.columns.map((column) => ({ ...column, nullable: false })),
      });
      const failure = await target.writer.prepare(request, never()).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'target.structure_differs',
        details: { suggestion: expect.stringContaining('note') },
      });
    });

    test('replace leaves the table alone until it is planned', async () => {
      await createTestTable(harness, from, orders, orderRows(1, 3));
      await createTestTable(harness, to, {
        ...orders,
        columns: [...orders.columns, { name: 'extra', type: 'int' }],
      });
      const options = { spec: { structure: { policy: 'replace' } } } as const;
      expect(await prepare('replace', options)).toMatchObject({ done: 'to-be-replaced' });
      const { plan, schema } = await planOf(harness, { source, target }, orders.name, options);
      await target.ledger.install(never());
      const { run } = await openRun(target);
      const entry = { plan, generation: 1, ranges: [wholeRange], incarnation: 'x', changeMarker: '' };
      await target.ledger.planTable({ transfer: 'night', run }, entry, { replaceBy: schema }, never());
      const started = { run, plan, schema, planned: entry };
      await copyLane({ source, target }, started);
      await target.ledger.planTable({ transfer: 'night', run }, entry, { replaceBy: schema }, never());
      expect(await stored(to)).toEqual(await stored(from));
    });
  });
}
