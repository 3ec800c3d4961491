import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { type VerifyPoint, verifyTable } from '../../src/engine/finishing/verify-table.ts';
import { never } from '../contract/test-tables.ts';
import { entryOf, openRun, TRANSFER } from '../contract/test-transfer.ts';
import { planBetween } from '../support/copy-table.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

const SPEC = { source: 'a', hub: 'h', target: 'b', tables: {} };
const ROWS = `WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 5000) SELECT i, 'row ' || i FROM s`;

describe('a comparison that outlives its slice', () => {
  let places: { readonly source: SqlitePlace; readonly target: SqlitePlace };
  let ends: { readonly source: Database; readonly target: Database };
  beforeEach(async () => {
    places = { source: await sqlitePlace(), target: await sqlitePlace() };
    for (const place of [places.source, places.target])
      await place.execute(`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t ${ROWS}`);
    ends = { source: await places.source.open(), target: await places.target.open() };
  });
  afterEach(() => Promise.all([places.source.drop(), places.target.drop()]));

  const planInRanges = async (execution: string) => {
    await ends.target.ledger.install(never());
    const { run } = await openRun(ends.target, execution, execution);
    const { plan } = await planBetween(ends, 't');
    const ranges = await ends.source.reader.planRanges(
      plan,
      { rowsPerRange: 1_000, snapshot: null },
      never(),
    );
    await ends.target.ledger.planTable(
      { transfer: TRANSFER, run },
      entryOf(plan, { ranges }),
      { replaceBy: null },
      never(),
    );
    return { run, plan, ranges };
  };

  test('goes on where it was and ends as one without a break would, differences of the first slice included', async () => {
    const { run, plan, ranges } = await planInRanges('1');
    expect(ranges.length).toBeGreaterThan(3);
    await places.target.execute(`UPDATE t SET name = 'other' WHERE id = 1`);
    const request = { transfer: TRANSFER, run, table: plan.id, mode: 'checksum' as const, spec: SPEC };
    const whole = await verifyTable(ends, request, {
      stop: never(),
      overdue: () => false,
      progress: () => undefined,
    });
    let point: VerifyPoint | null = null;
    for (let slices = 1; ; slices += 1) {
      let asked = 0;
      // Time is up once a range was compared.
      const control = { stop: never(), overdue: () => (asked += 1) > 1, progress: () => undefined };
      const onReached = (reached: VerifyPoint): void => void (point = reached);
      const found = await verifyTable(ends, { ...request, from: point, onReached }, control);
      if (!found) continue;
      expect(slices).toBe(ranges.length);
      expect(found).toEqual(whole);
      expect(found).toMatchObject({
        equal: false,
        differingRanges: [1],
        sourceRows: '5000',
        targetRows: '5000',
      });
      return;
    }
  });

  test('containment, which has no point to go on from, is compared to its end however long it takes', async () => {
    await ends.target.ledger.install(never());
    const { run } = await openRun(ends.target, '9', '9');
    const made = await planBetween(ends, 't');
    const plan = { ...made.plan, writeMode: 'upsert' as const, targetKey: ['id'] };
    const ranges = await ends.source.reader.planRanges(
      plan,
      { rowsPerRange: 1_000, snapshot: null },
      never(),
    );
    const entry = entryOf(plan, { ranges });
    await ends.target.ledger.planTable({ transfer: TRANSFER, run }, entry, { replaceBy: null }, never());
    await places.target.execute(`INSERT INTO t VALUES (100000, 'of somebody else')`);
    const request = { transfer: TRANSFER, run, table: plan.id, mode: 'checksum' as const, spec: SPEC };
    const late = { stop: never(), overdue: () => true, progress: () => undefined };
    expect(await verifyTable(ends, request, late)).toMatchObject({ equal: true, basis: 'contained' });
  });

  test('begins at the first range again when the table was planned anew', async () => {
    const { run, plan } = await planInRanges('1');
    const request = { transfer: TRANSFER, run, table: plan.id, mode: 'checksum' as const, spec: SPEC };
    const from = { ranges: 3, generation: 7, sourceRows: '1', targetRows: '2', differing: [2] };
    const control = { stop: never(), overdue: () => false, progress: () => undefined };
    expect(await verifyTable(ends, { ...request, from }, control)).toMatchObject({
      equal: true,
      sourceRows: '5000',
    });
  });
});
