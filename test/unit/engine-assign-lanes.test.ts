import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignLanes, type Join, type LanesWanted } from '../../src/engine/lanes/assign-lanes.ts';

const assign = (wanted: Partial<LanesWanted>) =>
  assignLanes({ tables: [], joins: [], standing: [], most: 4, ...wanted });

describe('lanes of a transfer', () => {
  test('have tables that refer to each other in one, also by way of others', () => {
    const joins: Join[] = [
      [3, 1],
      [5, 3],
      [4, 2],
    ];
    expect(assign({ tables: [5, 4, 3, 2, 1, 6], joins })).toEqual({
      lanes: [
        { lane: 1, tables: [1, 3, 5] },
        { lane: 2, tables: [2, 4] },
        { lane: 3, tables: [6] },
      ],
      parted: [],
    });
  });

  test('are no more than there may be, and as even as their groups let them', () => {
    const joins: Join[] = [
      [1, 2],
      [2, 3],
    ];
    expect(assign({ tables: [1, 2, 3, 4, 5, 6], joins, most: 2 }).lanes).toEqual([
      { lane: 1, tables: [1, 2, 3] },
      { lane: 2, tables: [4, 5, 6] },
    ]);
    expect(assign({ tables: [1, 2, 3], most: 1 }).lanes).toEqual([{ lane: 1, tables: [1, 2, 3] }]);
  });

  test('stay as they are for ever; what comes later has lanes of its own, and what refers over there is told', () => {
    const standing = [{ lane: 1, tables: [1, 2, 3] }];
    expect(assign({ tables: [1, 2, 3], standing })).toEqual({ lanes: standing, parted: [] });
    const joins: Join[] = [
      [4, 5],
      [4, 1],
      [1, 2],
    ];
    expect(assign({ tables: [1, 2, 3, 4, 5, 6], joins, standing, most: 1 })).toEqual({
      lanes: [...standing, { lane: 2, tables: [4, 5, 6] }],
      parted: [[4, 1]],
    });
    // A foreign key that came later, and one to a table that is not taken.
    const two = [
      { lane: 1, tables: [1] },
      { lane: 3, tables: [2, 9] },
    ];
    const later: Join[] = [
      [1, 2],
      [1, 9],
    ];
    expect(assign({ tables: [1, 2], joins: later, standing: two })).toEqual({ lanes: two, parted: [[1, 2]] });
  });

  test('are made for tables that are to be alone, beyond all others and whatever joins them', () => {
    const joins: Join[] = [
      [1, 2],
      [2, 3],
    ];
    const first = assign({ tables: [1, 2, 3, 4, 5], alone: [2, 4], joins, most: 1 });
    expect(first).toEqual({
      lanes: [
        { lane: 1, tables: [1, 3, 5] },
        { lane: 2, tables: [2] },
        { lane: 3, tables: [4] },
      ],
      parted: joins,
    });
    const tables = [1, 2, 3, 4, 5, 6, 7];
    expect(assign({ tables, alone: [2, 4, 7], joins, standing: first.lanes, most: 1 }).lanes).toEqual([
      ...first.lanes,
      { lane: 4, tables: [6] },
      { lane: 5, tables: [7] },
    ]);
  });

  test('have each table once, whatever refers to what', () => {
    const table = fc.integer({ min: 1, max: 12 });
    const wanted = fc.record({
      tables: fc.uniqueArray(table),
      joins: fc.array(fc.tuple(table, table)),
      most: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(wanted, fc.uniqueArray(table), (request, more) => {
        const first = assign(request).lanes;
        const again = assign({ ...request, standing: first });
        expect(again.lanes).toEqual(first);
        expect(first.length).toBeLessThanOrEqual(request.most);
        const tables = [...new Set([...request.tables, ...more])];
        const { lanes, parted } = assign({ ...request, tables, standing: first });
        expect(lanes.slice(0, first.length)).toEqual(first);
        expect(lanes.flatMap((lane) => lane.tables).toSorted((a, b) => a - b)).toEqual(
          tables.toSorted((a, b) => a - b),
        );
        expect(new Set(lanes.map(({ lane }) => lane)).size).toBe(lanes.length);
        const laneOf = (each: number) => lanes.find((lane) => lane.tables.includes(each))?.lane;
        for (const [one, other] of request.joins) {
          const isParted = parted.some(([a, b]) => a === one && b === other);
          const bothTaken = tables.includes(one) && tables.includes(other);
          expect(isParted).toBe(bothTaken && laneOf(one) !== laneOf(other));
        }
      }),
    );
  });
});
