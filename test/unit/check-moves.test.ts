import { describe, expect, test } from 'vitest';
import { changesId } from '../../src/model/changes-plan.ts';
import {
  check,
  countCompared,
  dropVainWishes,
  type LiveCheckState,
  wantCheck,
} from '../../src/workflows/check-moves.ts';
import {
  type ControlState,
  freshState,
  freshTable,
  type TableRecord,
} from '../../src/workflows/control-state.ts';
import type { RunningSlice, Scene } from '../../src/workflows/schedule.ts';

const ASKED = { text: 'verify', by: null, at: '2026-11-30T20:00:00.000Z' };

const running: RunningSlice = {
  kind: 'check',
  tables: [],
  readers: 0,
  share: null,
  rateShare: 1,
  inOne: false,
  revision: 0,
  key: '',
  startedAtMs: 0,
  halted: false,
};

function told(changes: Partial<Scene>, status: TableRecord['status'] = 'copied'): readonly string[] {
  const scene: Scene = {
    mode: 'run',
    nowMs: 1_000,
    tables: [
      { ...freshTable('a', 1), status },
      { ...freshTable(changesId(1), 2), status: 'copying' },
    ],
    running: new Set(),
    settings: { readers: 2, writers: 2, blockBytes: 4096, ratePerSecond: 0 },
    revision: 0,
    oneSnapshot: false,
    snapshotReady: false,
    changes: { caughtUp: true, draining: false },
    check: { notBeforeMs: 0 },
    oneReading: false,
    writerNotBeforeMs: 0,
    sliceReaders: Infinity,
    sliceWriters: Infinity,
    ...changes,
  };
  return check(scene).map(({ move }) => move);
}

describe('a comparison while changes flow', () => {
  test('begins where somebody wants it and all rows are copied, in one slice at a time', () => {
    expect(told({})).toEqual(['check']);
    expect(told({ running: new Set([running]) })).toEqual([]);
    expect(told({ check: { notBeforeMs: 2_000 } })).toEqual([]);
    expect(told({}, 'copying')).toEqual([]);
  });

  test('gives way to the end of the transfer, and to a table that is copied again', () => {
    const slices = new Set([running]);
    expect(told({ running: slices, changes: { caughtUp: true, draining: true } })).toEqual(['halt']);
    expect(told({ running: slices }, 'copying')).toEqual(['halt']);
  });

  const state = (changes?: { untilCaughtUp: boolean; toTopics?: boolean }): ControlState => {
    const prepared = { ...(changes && { changes }) } as ControlState['prepared'];
    return { ...freshState({ transfer: 't' }, 0), prepared };
  };

  test('is wanted once: a second wish waits for what the first one finds, one behind it begins anew', () => {
    const moving = state({ untilCaughtUp: false });
    wantCheck(moving, ASKED);
    const { check: first } = moving;
    expect(first).toMatchObject({ endedAt: null, tables: 0 });
    wantCheck(moving, { ...ASKED, by: 'another' });
    expect(moving.check).toBe(first);
    if (first) first.endedAt = ASKED.at;
    wantCheck(moving, { ...ASKED, by: 'another' });
    expect(moving.check).toMatchObject({ endedAt: null, asked: { by: 'another' } });
  });

  test.each([undefined, { untilCaughtUp: false, toTopics: true }, { untilCaughtUp: true }])(
    'means nothing for a transfer that moves %j',
    (changes) => {
      const other = state(changes);
      wantCheck(other, ASKED);
      expect(other.check).toBeUndefined();
    },
  );

  test('is wanted before it is known what the transfer moves, and dropped in words where that is nothing to compare', () => {
    const early = (): ControlState => {
      const fresh = freshState({ transfer: 't' }, 0);
      wantCheck(fresh, ASKED);
      return fresh;
    };
    const moving = { ...early(), prepared: state({ untilCaughtUp: false }).prepared };
    expect(dropVainWishes(moving)).toEqual([]);
    expect(moving.check).toMatchObject({ asked: ASKED, endedAt: null });
    const copying = { ...early(), cutOver: ASKED, prepared: state().prepared };
    expect(dropVainWishes(copying)).toEqual([
      expect.stringContaining('cut-over'),
      expect.stringContaining('only what moves changes'),
    ]);
    expect(copying).not.toHaveProperty('check');
    expect(copying).not.toHaveProperty('cutOver');
  });

  test('counts tables by what can be said of them, and names some that are not equal', () => {
    const moving = state({ untilCaughtUp: false });
    wantCheck(moving, ASKED);
    const found = moving.check as LiveCheckState;
    const table = (id: number) => ({ table: `t${id}`, sourceRows: '1', targetRows: '1' });
    const live = { different: 0, parked: 0, waiting: 0, moving: 0, complete: true };
    countCompared(found, { ...table(1), equal: true, live });
    countCompared(found, { ...table(2), equal: false, live: { ...live, different: 1 } });
    countCompared(found, { ...table(3), equal: false, live: { ...live, waiting: 1 } });
    countCompared(found, { ...table(4), equal: false, untold: true });
    countCompared(found, { ...table(5), equal: false });
    const error = { code: 'database.permission_denied', message: 'no' } as const;
    countCompared(found, { ...table(6), equal: false, error });
    expect(found).toMatchObject({ tables: 6, equal: 1, differing: 2, untold: 3, after: 't6' });
    for (let id = 7; id < 300; id += 1) countCompared(found, { ...table(id), equal: false });
    expect(found.named).toHaveLength(100);
  });
});
