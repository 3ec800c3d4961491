import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHANGES } from '../../src/model/changes-plan.ts';
import { TABLE_STATUSES } from '../../src/model/table-status.ts';
import { freshTable, isExcluded, type TableRecord } from '../../src/workflows/control-state.ts';
import { decide, type Move, nextDueMs, type RunningSlice, type Scene } from '../../src/workflows/schedule.ts';
import { whetherToLeave } from '../../src/workflows/whether-to-leave.ts';

const table = (id: string, changes: Partial<TableRecord> = {}): TableRecord => ({
  ...freshTable(id, 1),
  ...changes,
});

const slice = (kind: RunningSlice['kind'], changes: Partial<RunningSlice> = {}): RunningSlice => ({
  kind,
  tables: [],
  readers: 1,
  share: null,
  rateShare: 1,
  inOne: false,
  revision: 0,
  key: '[[],0]',
  startedAtMs: 0,
  halted: false,
  ...changes,
});

const scene = (tables: readonly TableRecord[], changes: Partial<Scene> = {}): Scene => ({
  mode: 'run',
  nowMs: 1_000_000,
  tables,
  running: new Set(),
  settings: { readers: 4, writers: 2, blockBytes: 4096, ratePerSecond: 0 },
  revision: 0,
  oneSnapshot: false,
  snapshotReady: false,
  oneReading: false,
  writerNotBeforeMs: 0,
  sliceReaders: Infinity,
  sliceWriters: Infinity,
  ...changes,
});

const told = (moves: readonly Move[]): readonly string[] =>
  moves.map((move) => {
    if (move.move === 'read') return `read ${move.table.id} x${move.readers}`;
    if (move.move === 'read-small') return `read ${move.tables.length} small`;
    if (move.move === 'write') return `write ${move.awaited} without ${move.excluded.join()}`;
    if (move.move === 'load') return `load ${move.table.id}`;
    if (move.move === 'relay') return `relay${move.drain ? ' to the end' : ''}`;
    if (move.move === 'halt') return `halt ${move.slice.kind}`;
    if (move.move === 'check') return move.move;
    return `${move.move} ${move.tables.map(({ id }) => id).join()}`;
  });

describe('the scheduler', () => {
  test('plans a small first group, so that reading begins at once', () => {
    const tables = Array.from({ length: 20 }, (_, n) => table(`t${n}`));
    expect(told(decide(scene(tables)))).toEqual(['plan t0,t1,t2,t3']);
  });

  test('gives the readers to the largest tables and each at least one, never more than it has ranges', () => {
    const tables = [
      table('small', { status: 'ready', lanes: 1, estimatedBytes: 10 }),
      table('large', { status: 'ready', lanes: 9, estimatedBytes: 900 }),
    ];
    expect(told(decide(scene(tables)))).toEqual(['read large x2', 'read small x1', 'write 2 without ']);
  });

  test('runs one writer, for tables that are not left out', () => {
    const tables = [
      table('a', { status: 'copying', lanes: 2 }),
      table('b', { status: 'blocked' }),
      table('c', { status: 'paused' }),
    ];
    const running = new Set([slice('read', { tables: ['a'], readers: 4 })]);
    expect(told(decide(scene(tables, { running })))).toEqual(['write 1 without b,c']);
  });

  test('starts the writer anew when other tables are left out', () => {
    const tables = [table('a', { status: 'copying', lanes: 2 }), table('b', { status: 'blocked' })];
    const read = slice('read', { tables: ['a'], readers: 4 });
    expect(told(decide(scene(tables, { running: new Set([read, slice('write')]) })))).toEqual(['halt write']);
    const halted = slice('write', { halted: true });
    expect(told(decide(scene(tables, { running: new Set([read, halted]) })))).toEqual([]);
  });

  test('ends a reader whose table is paused or whose settings are old, but not that of a copied table', () => {
    const read = slice('read', { tables: ['a'], readers: 4 });
    const running = new Set([read, slice('write', { key: '[["a"],0]' })]);
    const once = (status: TableRecord['status'], changes: Partial<Scene> = {}) =>
      told(decide(scene([table('a', { status, lanes: 2 })], { running, ...changes })));
    expect(once('pausing')).toEqual(['halt read']);
    expect(once('copied')).toEqual(['halt write']);
    expect(once('copying', { revision: 1 })).toEqual(['halt read', 'halt write']);
  });

  test('a table with much left gets the readers that are free, after a while', () => {
    const tables = [table('a', { status: 'copying', lanes: 50, endedLanes: 10 })];
    const running = new Set([slice('read', { tables: ['a'], readers: 1 }), slice('write')]);
    expect(told(decide(scene(tables, { running })))).toEqual(['halt read']);
    expect(told(decide(scene(tables, { running, nowMs: 10_000 })))).toEqual([]);
  });

  describe('with tables that are copied', () => {
    const MIB = 1024 * 1024;

    test('makes the indexes of small ones together, and of each large one for itself', () => {
      const tables = [
        table('a', { status: 'copied', bytes: 1 }),
        table('large', { status: 'copied', estimatedBytes: 100 * MIB }),
        table('b', { status: 'copied' }),
        table('x', { status: 'finishing' }),
        table('y', { status: 'finishing' }),
      ];
      expect(told(decide(scene(tables)))).toEqual(['finish large', 'finish a,b']);
      const running = new Set([slice('finish', { tables: ['x'] }), slice('finish', { tables: ['y'] })]);
      expect(told(decide(scene(tables, { running })))).toEqual([]);
    });

    test('ends the statements of a table that is paused', () => {
      const tables = [table('a', { status: 'finishing' }), table('b', { status: 'pausing' })];
      const running = new Set([slice('finish', { tables: ['a', 'b'] })]);
      expect(told(decide(scene(tables, { running })))).toEqual(['halt finish']);
    });

    test('makes foreign keys as soon as the parents are there, those of a circle together', () => {
      const tables = [
        table('child', { status: 'verified', parents: ['parent'] }),
        table('parent', { status: 'copied' }),
        table('x', { status: 'verified', parents: ['y'] }),
        table('y', { status: 'verified', parents: ['x', 'gone'] }),
        table('gone', { status: 'skipped' }),
      ];
      expect(told(decide(scene(tables)))).toEqual(['finish parent', 'link x,y']);
    });
  });

  describe('with more readers or writers than a slice has', () => {
    const wide = (tables: readonly TableRecord[], changes: Partial<Scene> = {}): Scene =>
      scene(tables, {
        settings: { readers: 5, writers: 6, blockBytes: 4096, ratePerSecond: 0 },
        sliceReaders: 2,
        sliceWriters: 4,
        ...changes,
      });
    const shares = (moves: readonly Move[]): readonly string[] =>
      moves.map((move) => {
        const share = 'share' in move && move.share ? ` ${move.share.part}/${move.share.of}` : '';
        return `${told([move])[0]}${share}`;
      });
    const reading = (part: number, changes: Partial<RunningSlice> = {}): RunningSlice =>
      slice('read', { tables: ['a'], readers: 2, share: { part, of: 3 }, ...changes });
    const writing = (part: number, changes: Partial<RunningSlice> = {}): RunningSlice =>
      slice('write', { share: { part, of: 2 }, ...changes });

    test('a table and the writers are cut into slices that share them evenly', () => {
      const tables = [table('a', { status: 'ready', lanes: 9 })];
      expect(shares(decide(wide(tables)))).toEqual([
        'read a x2 1/3',
        'read a x2 2/3',
        'read a x1 3/3',
        'write 1 without  1/2',
        'write 1 without  2/2',
      ]);
    });

    test('small tables of many are read by the twenty, one reader a slice, and large ones before them', () => {
      const small = Array.from({ length: 60 }, (_, n) =>
        table(`s${n}`, { status: 'ready', lanes: 1, estimatedBytes: 8_192 }),
      );
      const large = table('large', { status: 'ready', lanes: 9, estimatedBytes: 1e9 });
      const moves = shares(decide(wide([...small, large])));
      expect(moves).toEqual([
        'read large x1',
        'read 20 small',
        'read 20 small',
        'read 20 small',
        'write 61 without  1/2',
        'write 61 without  2/2',
      ]);
      const paced = { readers: 5, writers: 6, blockBytes: 4096, ratePerSecond: 10 };
      const slow = decide(wide([...small, large], { settings: paced }));
      expect(slow.some(({ move }) => move === 'read-small')).toBe(false);
    });

    test('a slice of small tables ends when one of them is not to be read any more', () => {
      const tables = ['a', 'b'].map((id) => table(id, { status: 'copying', lanes: 1 }));
      const running = new Set([slice('read', { tables: ['a', 'b'] }), writing(1), writing(2)]);
      expect(decide(wide(tables, { running }))).toEqual([]);
      const paused = [tables[0], { ...tables[1], status: 'pausing' }] as TableRecord[];
      expect(shares(decide(wide(paused, { running })))).toContain('halt read');
    });

    test('a slice that ended before the others begins again, one that found nothing left does not', () => {
      const a = table('a', { status: 'copying', lanes: 90, readers: 5, partsEnded: [3] });
      const running = new Set([reading(1), writing(2)]);
      expect(shares(decide(wide([a], { running })))).toEqual(['read a x2 2/3', 'write 1 without  1/2']);
      const later = wide([{ ...a, notBeforeMs: 1_000_500 }], { running, writerNotBeforeMs: 1_000_500 });
      expect(decide(later)).toEqual([]);
      expect(nextDueMs(later)).toBe(1_000_500);
    });

    test('slices that are to begin anew with other numbers wait for the last of the old ones', () => {
      const a = table('a', { status: 'copying', lanes: 90, readers: 5 });
      const halted = new Set([reading(1, { halted: true }), writing(2, { halted: true })]);
      expect(decide(wide([a], { running: halted, revision: 1 }))).toEqual([]);
      const old = new Set([reading(1), writing(2)]);
      expect(shares(decide(wide([a], { running: old, revision: 1, nowMs: 10_000 })))).toEqual([
        'halt read',
        'halt write',
      ]);
    });

    test('free readers begin a table anew with all of its slices', () => {
      const tables = [table('a', { status: 'copying', lanes: 90, readers: 3, partsEnded: [] })];
      const running = new Set([
        reading(1, { share: { part: 1, of: 2 } }),
        reading(2, { readers: 1, share: { part: 2, of: 2 } }),
        writing(1),
        writing(2),
      ]);
      expect(shares(decide(wide(tables, { running })))).toEqual(['halt read', 'halt read']);
    });
  });

  test('waits for the snapshot, and for the end of a back-off', () => {
    expect(decide(scene([table('a')], { oneSnapshot: true }))).toEqual([]);
    expect(told(decide(scene([table('a')], { oneSnapshot: true, snapshotReady: true })))).toEqual(['plan a']);
    const later = scene([table('a', { notBeforeMs: 1_000_500 })]);
    expect(decide(later)).toEqual([]);
    expect(nextDueMs(later)).toBe(1_000_500);
  });

  test('a pause ends everything, a drain everything but the writer', () => {
    const running = new Set([
      slice('read', { tables: ['a'] }),
      slice('write'),
      slice('verify', { tables: ['b'] }),
    ]);
    const tables = [table('a', { status: 'copying' }), table('b', { status: 'verifying' })];
    expect(told(decide(scene(tables, { running, mode: 'halt' })))).toEqual([
      'halt read',
      'halt write',
      'halt verify',
    ]);
    expect(told(decide(scene(tables, { running, mode: 'drain' })))).toEqual(['halt read', 'halt verify']);
  });

  test('whatever the state: readers are never exceeded, nothing runs twice, nothing left out is touched', () => {
    const anyTable = fc.record({
      status: fc.constantFrom(...TABLE_STATUSES),
      lanes: fc.integer({ min: 1, max: 40 }),
      bytes: fc.integer({ min: 0, max: 10 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyTable, { maxLength: 30 }),
        fc.integer({ min: 1, max: 40 }),
        (drawn, readers) => {
          const tables = drawn.map(({ status, lanes, bytes }, n) =>
            table(`t${n}`, { status, lanes, estimatedBytes: bytes }),
          );
          const copying = tables.filter(({ status }) => status === 'copying').slice(0, readers);
          for (const each of tables)
            if (each.status === 'copying' && !copying.includes(each)) each.status = 'ready';
          const running = new Set(copying.map(({ id }) => slice('read', { tables: [id] })));
          const settings = { readers, writers: 2, blockBytes: 4096, ratePerSecond: 0 };
          const moves = decide(scene(tables, { running, settings }));
          const started = moves.flatMap((move) => (move.move === 'read' ? [move] : []));
          const inUse = copying.length + started.reduce((sum, move) => sum + move.readers, 0);
          expect(inUse).toBeLessThanOrEqual(Math.max(readers, copying.length));
          const touched = moves.flatMap((move) => {
            if (move.move === 'plan' || move.move === 'verify') return move.tables;
            return move.move === 'read' ? [move.table] : [];
          });
          expect(new Set(touched).size).toBe(touched.length);
          expect(touched.filter(({ status }) => isExcluded(status) || status === 'copying')).toEqual([]);
          expect(moves.filter(({ move }) => move === 'write').length).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe('reading under a limit', () => {
  const ready = (id: string, lanes = 9) => table(id, { status: 'ready', lanes });
  const copying = (id: string, lanes = 9) => table(id, { status: 'copying', lanes });
  const reads = (moves: readonly Move[]) =>
    moves.flatMap((move) => {
      if (move.move === 'read') return [`${move.table.id} x${move.readers} ${move.rateShare}`];
      return move.move === 'halt' ? [`halt ${move.slice.tables.join()}`] : [];
    });

  test('one table is read at a time, by all readers, while rows or bytes are counted', () => {
    const tables = [ready('a'), ready('b')];
    expect(reads(decide(scene(tables, { oneReading: true })))).toEqual(['a x4 1']);
    const running = new Set([slice('read', { tables: ['a'], readers: 4 })]);
    expect(reads(decide(scene([copying('a'), ready('b')], { oneReading: true, running })))).toEqual([]);
  });

  const settings = { readers: 4, writers: 2, blockBytes: 4096, ratePerSecond: 0, bytesPerSecond: 100 };

  test('a rate is shared by the readers that may be, while tables wait, and else by those that are', () => {
    const waiting = [ready('a', 1), table('b')];
    expect(reads(decide(scene(waiting, { settings })))).toEqual(['a x1 0.25']);
    expect(reads(decide(scene([ready('a', 1), ready('b')], { settings })))).toEqual([
      'a x1 0.25',
      'b x3 0.75',
    ]);
    expect(reads(decide(scene([ready('a', 1)], { settings })))).toEqual(['a x1 1']);
  });

  test('what has too small a share begins anew, once no other table wants the rest', () => {
    const running = new Set([slice('read', { tables: ['a'], readers: 1, rateShare: 0.25 })]);
    expect(reads(decide(scene([copying('a', 1)], { settings, running })))).toEqual(['halt a']);
    // A part that finds nothing left ends at once: its neighbour would be ended each time before it read a row.
    expect(reads(decide(scene([copying('a', 1)], { settings, running, nowMs: 5_000 })))).toEqual([]);
    expect(reads(decide(scene([copying('a', 1), table('b')], { settings, running })))).toEqual([]);
  });

  test('a query that would begin again is left alone with too small a share, also where another slice ends for a larger one', () => {
    const query = slice('read', { tables: ['q'], readers: 1, rateShare: 0.25, inOne: true });
    const other = slice('read', { tables: ['a'], readers: 1, rateShare: 0.25 });
    const tables = [copying('q', 1), copying('a', 1)];
    const alone = new Set([query]);
    expect(reads(decide(scene([copying('q', 1)], { settings, running: alone })))).toEqual([]);
    expect(reads(decide(scene(tables, { settings, running: new Set([query, other]) })))).toEqual(['halt a']);
    // Its share still fits when the others begin anew, and nothing begins before they have ended.
    const halted = new Set([query, { ...other, halted: true }]);
    expect(reads(decide(scene(tables, { settings, running: halted })))).toEqual([]);
    expect(reads(decide(scene([copying('q', 1), ready('a', 1)], { settings, running: alone })))).toEqual([
      'a x1 0.5',
    ]);
    const greedy = new Set([{ ...query, rateShare: 1 }]);
    expect(reads(decide(scene([copying('q', 1), ready('a', 1)], { settings, running: greedy })))).toEqual([
      'halt q',
    ]);
  });

  test('what has too large a share ends before another table begins, so that together they never have more than all', () => {
    const running = new Set([slice('read', { tables: ['a'], readers: 1, rateShare: 1 })]);
    const tables = [copying('a', 1), ready('b')];
    expect(reads(decide(scene(tables, { settings, running })))).toEqual(['halt a']);
    const halted = new Set([slice('read', { tables: ['a'], readers: 1, rateShare: 1, halted: true })]);
    expect(reads(decide(scene(tables, { settings, running: halted })))).toEqual([]);
  });
});

describe('a history that is due to be left behind', () => {
  const nowMs = 36_000_000;
  const due = { events: 5_000, bytes: 1_000_000, isDue: true, snapshotInUse: false, nowMs };
  const index = (ageMs: number) => slice('finish', { tables: ['a'], startedAtMs: nowMs - ageMs });

  test('is left at once where only what can be cut runs', () => {
    expect(whetherToLeave({ ...due, running: [slice('read')] })).toBe('leave');
    expect(whetherToLeave({ ...due, isDue: false, running: [] })).toBe('stay');
    expect(whetherToLeave({ ...due, snapshotInUse: true, running: [] })).toBe('stay');
  });

  test('waits for one statement and begins no other, but an index of hours holds no other table up while there is room', () => {
    expect(whetherToLeave({ ...due, running: [index(60_000)] })).toBe('settle');
    expect(whetherToLeave({ ...due, running: [index(3_600_000), slice('read')] })).toBe('stay');
    expect(whetherToLeave({ ...due, events: 20_001, running: [index(3_600_000)] })).toBe('settle');
    expect(whetherToLeave({ ...due, bytes: 15_000_001, running: [index(3_600_000)] })).toBe('settle');
    expect(whetherToLeave({ ...due, events: 40_001, running: [index(3_600_000)] })).toBe('leave');
  });
});

describe('the scheduler of a transfer that moves changes too', () => {
  const changes = (status: TableRecord['status'], more: Partial<TableRecord> = {}) =>
    table(CHANGES, { status, lanes: status === 'waiting' ? 0 : 1, ...more });
  const live = { changes: { caughtUp: true, draining: false } } as const;
  const behind = { changes: { caughtUp: false, draining: false } } as const;
  const relaying = (key = '[false,0]') => slice('relay', { tables: [CHANGES], key });
  const writing = (excluded: readonly string[] = []) =>
    slice('write', { key: JSON.stringify([excluded, 0]) });

  test('plans them when all rows are copied, and not before', () => {
    const copying = [table('a', { status: 'copying', lanes: 1 }), changes('waiting')];
    const running = new Set([slice('read', { tables: ['a'] }), writing([CHANGES])]);
    expect(told(decide(scene(copying, { ...behind, running })))).toEqual([]);
    const copied = [table('a', { status: 'copied', lanes: 1 }), changes('waiting')];
    expect(told(decide(scene(copied, behind)))).toEqual([`plan ${CHANGES}`]);
  });

  test('relays and applies them, and makes no index before they have caught up', () => {
    const tables = [table('a', { status: 'copied', lanes: 1 }), changes('ready')];
    expect(told(decide(scene(tables, behind)))).toEqual(['relay', 'write 2 without ']);
    const running = new Set([relaying(), writing()]);
    const copying = [table('a', { status: 'copied', lanes: 1 }), changes('copying')];
    expect(told(decide(scene(copying, { ...behind, running })))).toEqual([]);
    expect(told(decide(scene(copying, { ...live, running })))).toEqual(['finish a']);
  });

  test('compares nothing while they flow, and begins the last slice anew when a person cuts over', () => {
    const tables = [table('a', { status: 'built', lanes: 1 }), changes('copying')];
    const running = new Set([relaying(), writing()]);
    expect(told(decide(scene(tables, { ...live, running })))).toEqual([]);
    const draining = { changes: { caughtUp: true, draining: true } } as const;
    expect(told(decide(scene(tables, { ...draining, running })))).toEqual(['halt relay']);
    const ready = [table('a', { status: 'built', lanes: 1 }), changes('ready')];
    expect(told(decide(scene(ready, { ...draining, running: new Set([writing()]) })))).toEqual([
      'relay to the end',
    ]);
    const ended = [table('a', { status: 'built', lanes: 1 }), changes('finished')];
    expect(told(decide(scene(ended, draining)))).toEqual(['verify a']);
  });

  test('holds them at the source, and drops what is on its way, while a table is copied again or waits for a person', () => {
    for (const status of ['waiting', 'ready', 'copying', 'paused', 'blocked'] as const) {
      const tables = [table('a', { status, lanes: 1 }), table('b', { status: 'built' }), changes('copying')];
      const moves = decide(scene(tables, { ...live, running: new Set([relaying(), writing()]) }));
      expect(told(moves), status).toContain('halt relay');
      expect(told(moves), status).toContain('halt write');
      expect(told(moves), status).not.toContain('relay');
    }
  });

  test('goes on without a table that is left out', () => {
    const tables = [table('a', { status: 'skipped' }), table('b', { status: 'copied' }), changes('waiting')];
    expect(told(decide(scene(tables, behind)))).toEqual([`plan ${CHANGES}`]);
  });
});
