import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CHANGES } from '../../src/model/changes-plan.ts';
import { createControl, type Queues } from '../../src/workflows/control.ts';
import { freshState, freshTable, happen } from '../../src/workflows/control-state.ts';
import { sampleOnce } from '../../src/workflows/sampling.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

test('changes are the present once all that is pending came after the rows were copied, not while older ones are young', async () => {
  let lagMs = 0;
  const sample = () => ({
    rows: 0,
    bytes: 0,
    backlog: { lost: false, messages: 0, bytes: 0, maxBytes: 0 },
    creditBytes: 0,
    tables: [],
    pending: { events: 3, lagMs },
  });
  const queues = { control: { sampleProgress: () => Promise.resolve(sample()) } } as unknown as Queues;
  const state = freshState({ transfer: 'orders' }, Date.now());
  const [rows, changes] = [freshTable('main.a', 1), freshTable(CHANGES, 2)];
  state.tables = [rows, changes];
  state.prepared = { run: 1, changes: { untilCaughtUp: false } } as unknown as typeof state.prepared;
  const control = createControl(state, queues);
  const isLiveAfter = async (ms: number, lag: number): Promise<boolean> => {
    vi.setSystemTime(Date.now() + ms);
    lagMs = lag;
    await sampleOnce(control, []);
    return state.caughtUp ?? false;
  };

  for (const event of ['planned', 'reading'] as const) happen(rows, event);
  expect(await isLiveAfter(1_000, 500)).toBe(false);
  happen(rows, 'ended');
  for (const event of ['planned', 'reading'] as const) happen(changes, event);
  // Copied now: what is pending is three seconds old, which the rows have already.
  expect(await isLiveAfter(0, 3_000)).toBe(false);
  expect(await isLiveAfter(2_000, 3_000)).toBe(false);
  expect(await isLiveAfter(60_000, 11_000)).toBe(false);
  expect(await isLiveAfter(0, 3_000)).toBe(true);
});
