import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createSuspects,
  type Fate,
  type Moment,
  nameOf,
  type Seen,
} from '../../src/engine/finishing/live/suspects.ts';

const KEY = ['1'];
const DELAY_MS = 60_000;
const rowOf = (key: readonly string[]) => ({ key, range: null });
const at = (time: number): string => String(time).padStart(9, '0');

/** Looks at one row, a second apart; what is asked is answered at once. */
function watch({ most = 10, hasClock = true } = {}) {
  const suspects = createSuspects({ most, delayMs: DELAY_MS });
  let time = 0;
  suspects.add(rowOf(KEY), time);
  const look = (seen: Seen, moment: Partial<Moment> = {}, isParked = false): void => {
    time += 1_000;
    const clock = hasClock ? { readAt: at(time) } : {};
    const told = { atMs: time, ...clock, isQuiet: false, oldestAt: at(time - 1), ...moment };
    suspects.look(told, new Map([[nameOf(KEY), seen]]));
    for (const key of suspects.asked()) suspects.answer(key, isParked);
  };
  const fate = (): Fate | undefined => suspects.settled()[0]?.fate;
  return { suspects, look, fate, isOpen: () => suspects.keys().length > 0 };
}

const DIFFERENT: Seen = { source: 'a', target: 'b' };

test('a row that agrees at any look is forgotten', () => {
  const { look, fate, isOpen } = watch();
  look(DIFFERENT);
  look({ source: 'c', target: 'c' });
  expect([isOpen(), fate()]).toEqual([false, undefined]);
});

test.each([
  [{ source: 'a', target: 'b' }, 'different'],
  [{ source: 'a', target: null }, 'missing'],
  [{ source: null, target: 'b' }, 'extra'],
] as const)('what stays the same while all that was pending is applied is a difference: %o', (seen, kind) => {
  const { look, fate } = watch();
  for (let n = 0; n < 5; n += 1) look(seen);
  expect(fate()).toBeUndefined();
  look(seen);
  expect(fate()).toBe(kind);
});

test('while a change is pending that is as old as the difference nothing is said, until the delay is over', () => {
  const { look, fate } = watch();
  for (let n = 0; n < 59; n += 1) look(DIFFERENT, { oldestAt: at(2_000) });
  expect(fate()).toBeUndefined();
  look(DIFFERENT, { oldestAt: at(2_000) });
  expect(fate()).toBe('waiting');
});

test('a source without a clock proves it where nothing is pending, and only there', () => {
  const { look, fate } = watch({ hasClock: false });
  for (let n = 0; n < 20; n += 1) look(DIFFERENT);
  expect(fate()).toBeUndefined();
  look(DIFFERENT, { isQuiet: true });
  look(DIFFERENT);
  expect(fate()).toBe('different');
});

test('a change of either side begins the proof anew', () => {
  const { look, fate } = watch();
  for (let n = 0; n < 5; n += 1) look(DIFFERENT);
  for (let n = 0; n < 5; n += 1) look({ source: 'a', target: 'c' });
  for (let n = 0; n < 5; n += 1) look({ source: 'd', target: 'c' });
  expect(fate()).toBeUndefined();
});

test('a row whose changes are set apart is told apart', () => {
  const { look, fate } = watch();
  for (let n = 0; n < 6; n += 1) look(DIFFERENT, {}, true);
  expect(fate()).toBe('parked');
});

test('what was set apart and is applied right before it is asked for agrees at the next look', () => {
  const { look, fate, isOpen } = watch();
  for (let n = 0; n < 5; n += 1) look(DIFFERENT);
  look({ source: 'a', target: 'a' });
  expect([isOpen(), fate()]).toEqual([false, undefined]);
});

test('a row that never stands still on either side is followed, and no difference', () => {
  const { look, fate } = watch();
  for (let n = 0; n < 5; n += 1) look({ source: `s${n}`, target: `t${n}` });
  expect(fate()).toBe('moving');
});

test('no more rows are watched, or found, than there is room for', () => {
  const { suspects, look } = watch({ most: 2 });
  expect([suspects.add(rowOf(['2']), 0), suspects.add(rowOf(['3']), 0), suspects.add(rowOf(KEY), 0)]).toEqual(
    [true, false, true],
  );
  for (let n = 0; n < 6; n += 1) look(DIFFERENT);
  expect([suspects.add(rowOf(['3']), 0), suspects.add(rowOf(KEY), 0)]).toEqual([false, true]);
});

/** A source with its log, and a target that follows it in order; one row of the target may be altered behind its back. */
function createModel(rows: number) {
  let time = 1;
  const source = Array.from({ length: rows }, (_, row) => `0 ${row}`);
  const target = [...source];
  const log: { readonly row: number; readonly value: string; readonly at: string }[] = [];
  let applied = 0;
  let confirmed = 0;
  return {
    write(row: number): void {
      time += 1;
      source[row] = `${time}`;
      log.push({ row, value: `${time}`, at: at(time) });
    },
    apply(): void {
      const next = log[applied];
      if (next) target[next.row] = next.value;
      if (next) applied += 1;
    },
    confirm: (): void => void (confirmed = applied),
    alter: (row: number): void => void (target[row] = 'altered'),
    isApplied: () => applied === log.length && confirmed === applied,
    moment(): Moment {
      time += 1;
      const oldest = log[confirmed];
      return { atMs: time, readAt: at(time), isQuiet: !oldest, oldestAt: oldest?.at ?? null };
    },
    source: (row: number) => source[row] ?? null,
    target: (row: number) => target[row] ?? null,
  };
}

const ROWS = 5;
const LOOKS = 200;
const AT_REST = ['apply', 'apply', 'apply', 'apply', 'confirm'].map((kind) => ({ kind, row: 0 }) as Step);

interface Step {
  readonly kind: 'write' | 'apply' | 'confirm';
  readonly row: number;
}
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('write' as const), row: fc.nat({ max: ROWS - 2 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('apply' as const), row: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('confirm' as const), row: fc.constant(0) }) },
);

test('under any interleaving the row that was altered is found and no other one is', () => {
  const run = fc.record({
    steps: fc.array(fc.array(step, { maxLength: 6 }), { minLength: 60 }),
    alters: fc.boolean(),
  });
  fc.assert(
    fc.property(run, ({ steps, alters }) => {
      const model = createModel(ROWS);
      const suspects = createSuspects({ most: 100, delayMs: Infinity });
      const quiet = ROWS - 1; // nobody writes it
      if (alters) model.alter(quiet);
      const act = (of: readonly Step[]): void => {
        for (const { kind, row } of of) model[kind](row);
      };
      for (let look = 0; look < LOOKS; look += 1) {
        const now = steps[look] ?? AT_REST;
        const moment = model.moment();
        act(now.slice(0, 2));
        const source = Array.from({ length: ROWS }, (_, row) => model.source(row));
        act(now.slice(2, 4));
        const target = Array.from({ length: ROWS }, (_, row) => model.target(row));
        for (const [row, value] of source.entries())
          if (value !== target[row]) suspects.add({ key: [`${row}`], range: null }, moment.atMs);
        const seen = source.map(
          (value, row) => [nameOf([`${row}`]), { source: value, target: target[row] ?? null }] as const,
        );
        suspects.look(moment, new Map(seen));
        for (const key of suspects.asked()) suspects.answer(key, false);
        act(now.slice(4));
      }
      const found = suspects.settled().filter(({ fate }) => fate !== 'moving');
      expect(found).toEqual(alters ? [{ key: [`${quiet}`], range: null, fate: 'different' }] : []);
    }),
    { numRuns: 200 },
  );
});
