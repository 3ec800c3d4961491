import { describe, expect, test } from 'vitest';
import { changesId } from '../../src/model/changes-plan.ts';
import { freshTable, type TableRecord } from '../../src/workflows/control-state.ts';
import { decide, type Move, type RunningSlice, type Scene } from '../../src/workflows/schedule.ts';

const BUSY: RunningSlice = {
  kind: 'relay',
  tables: [],
  readers: 1,
  share: null,
  rateShare: 1,
  inOne: false,
  revision: 0,
  key: '[false,0]',
  startedAtMs: 0,
  halted: false,
};

const relaying = (lanes: readonly number[], changes: Partial<RunningSlice> = {}): RunningSlice => ({
  ...BUSY,
  tables: lanes.map(changesId),
  ...changes,
});

const writing = (excluded: readonly string[] = []): RunningSlice => ({
  ...BUSY,
  kind: 'write',
  key: JSON.stringify([excluded, 0]),
});

const table = (id: string, ordinal: number, changes: Partial<TableRecord> = {}): TableRecord => ({
  ...freshTable(id, ordinal),
  status: 'copied',
  lanes: 1,
  ...changes,
});

const lane = (number: number, status: TableRecord['status']): TableRecord =>
  table(changesId(number), 10 + number, { status });

/** Tables a and b have the first lane, c the second. */
const LANES = [
  { lane: 1, tables: [1, 2] },
  { lane: 2, tables: [3] },
] as const;

interface Given {
  readonly tables: readonly TableRecord[];
  readonly running?: readonly RunningSlice[];
  readonly relays?: number;
  readonly draining?: boolean;
  readonly revision?: number;
}

function told({
  tables,
  running = [],
  relays = 1,
  draining = false,
  revision = 0,
}: Given): readonly string[] {
  const scene: Scene = {
    mode: 'run',
    nowMs: 1_000,
    tables,
    running: new Set(running),
    settings: { readers: 2, writers: 2, blockBytes: 4096, ratePerSecond: 0, relays },
    revision,
    oneSnapshot: false,
    snapshotReady: false,
    changes: { caughtUp: false, draining, lanes: LANES },
    oneReading: false,
    writerNotBeforeMs: 0,
    sliceReaders: Infinity,
    sliceWriters: Infinity,
  };
  const tell = (move: Move): string => {
    if (move.move === 'halt') return `halt ${move.slice.kind} ${move.slice.tables.join(', ')}`;
    if (move.move === 'write') return `write without ${move.excluded.join(', ')}`;
    if (move.move === 'relay')
      return `relay ${move.tables.map(({ id }) => id).join(', ')}${move.drain ? ' to the end' : ''}`;
    return 'tables' in move ? `${move.move} ${move.tables.map(({ id }) => id).join(', ')}` : move.move;
  };
  return decide(scene).map(tell);
}

const copied = [table('a', 1), table('b', 2), table('c', 3)] as const;

describe('lanes of changes', () => {
  test('are planned together once all rows are copied, and relayed in one slice', () => {
    const copying = [table('a', 1), table('b', 2), table('c', 3, { status: 'copying' })];
    const reading = { ...BUSY, kind: 'read', tables: ['c'] } as const;
    const waiting = [lane(1, 'waiting'), lane(2, 'waiting')];
    const idle = writing(['(changes)', '(changes 2)']);
    expect(told({ tables: [...copying, ...waiting], running: [reading, idle] })).not.toContain(
      'plan (changes), (changes 2)',
    );
    expect(told({ tables: [...copied, ...waiting] })).toContain('plan (changes), (changes 2)');
    expect(told({ tables: [...copied, lane(1, 'ready'), lane(2, 'ready')] })).toContain(
      'relay (changes), (changes 2)',
    );
  });

  test.each(['waiting', 'ready', 'copying', 'paused', 'blocked'] as const)(
    'go on beside the one whose table is %s, which alone is held at the source and dropped on its way',
    (status) => {
      const tables = [table('a', 1, { status }), table('b', 2), table('c', 3)];
      const both = [...tables, lane(1, 'copying'), lane(2, 'copying')];
      expect(told({ tables: both, running: [relaying([1, 2]), writing()] })).toEqual(
        expect.arrayContaining(['halt relay (changes), (changes 2)', 'halt write ']),
      );
      const after = [...tables, lane(1, 'ready'), lane(2, 'ready')];
      const moves = told({ tables: after });
      expect(moves).toContain('relay (changes 2)');
      expect(moves.filter((move) => move.startsWith('relay'))).toHaveLength(1);
      const left = after.filter(({ status: of }) => of === 'paused' || of === 'blocked').map(({ id }) => id);
      expect(moves).toContain(`write without ${[...left, '(changes)'].join(', ')}`);
    },
  );

  test('go on beside one that is blocked', () => {
    const tables = [...copied, lane(1, 'blocked'), lane(2, 'ready')];
    expect(told({ tables, running: [writing(['(changes)'])] })).toEqual(['relay (changes 2)']);
    // The slice that had both ends for the other one's sake, and only that one begins again.
    const relayed = [...copied, lane(1, 'blocked'), lane(2, 'copying')];
    expect(told({ tables: relayed, running: [relaying([1, 2]), writing(['(changes)'])] })).toEqual([
      'halt relay (changes), (changes 2)',
    ]);
  });

  test('are planned again when a person has mended them, whatever is copied for other lanes meanwhile', () => {
    const tables = [table('a', 1, { status: 'copying' }), table('b', 2), table('c', 3)];
    const retried = table('(changes 2)', 12, { status: 'waiting', generation: 1 });
    const reading = { ...BUSY, kind: 'read', tables: ['a'] } as const;
    const given = { tables: [...tables, lane(1, 'ready'), retried], running: [reading] };
    expect(told(given)).toContain('plan (changes 2)');
  });

  test('are shared by as many slices as there are to be, and all begin anew when that number changes', () => {
    const ready = [...copied, ...[1, 2, 3].map((each) => lane(each, 'ready'))];
    const relays = (count: number) =>
      told({ tables: ready, relays: count }).filter((move) => move.startsWith('relay'));
    expect(relays(1)).toEqual(['relay (changes), (changes 2), (changes 3)']);
    expect(relays(2)).toEqual(['relay (changes), (changes 3)', 'relay (changes 2)']);
    expect(relays(3)).toEqual(['relay (changes)', 'relay (changes 2)', 'relay (changes 3)']);
    expect(relays(9)).toHaveLength(3);
    // Settings changed: nothing begins while an old slice still has some of the lanes.
    const half = [...copied, lane(1, 'ready'), lane(2, 'copying'), lane(3, 'ready')];
    const old = relaying([2], { halted: true });
    const moves = told({ tables: half, relays: 3, revision: 1, running: [old] });
    expect(moves.filter((move) => move.includes('relay'))).toEqual([]);
  });

  test('end all at once, and not while one of them waits for a person or a table', () => {
    const both = [...copied, lane(1, 'ready'), lane(2, 'ready')];
    expect(told({ tables: both, draining: true })).toContain('relay (changes), (changes 2) to the end');
    const blocked = [...copied, lane(1, 'blocked'), lane(2, 'ready')];
    expect(told({ tables: blocked, draining: true })).toContain('relay (changes 2)');
    const held = [table('a', 1, { status: 'paused' }), table('c', 3), lane(1, 'ready'), lane(2, 'ready')];
    expect(told({ tables: held, draining: true })).toContain('relay (changes 2)');
    const skipped = [...copied, lane(1, 'skipped'), lane(2, 'ready')];
    expect(told({ tables: skipped, draining: true })).toContain('relay (changes 2) to the end');
  });

  test('are all over before anything is compared', () => {
    const built = [table('a', 1, { status: 'built' })];
    expect(told({ tables: [...built, lane(1, 'finished'), lane(2, 'copying')] })).not.toContain('verify a');
    expect(told({ tables: [...built, lane(1, 'finished'), lane(2, 'finished')] })).toContain('verify a');
  });
});
