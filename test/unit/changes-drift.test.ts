import { expect, test } from 'vitest';
import { isJudged, type JudgedSince } from '../../src/engine/changes/drift/judging.ts';
import { netChanges } from '../../src/engine/changes/net-change.ts';
import { rawEvents } from '../../src/engine/changes/parse-events.ts';
import type { RowGroup } from '../../src/engine/ports/target-writer.ts';
import type { ChangesPlan } from '../../src/model/changes-plan.ts';
import { driftOf } from '../../src/model/drift.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import { eventRows, type TestChange } from '../support/changes.ts';

const PLAN = {
  tables: [
    {
      number: 1,
      plan: {
        id: 't',
        columns: ['k', 'v'].map((name) => ({
          source: name,
          target: name,
          logical: { kind: 'text', maxChars: null },
          load: null,
        })),
        targetKey: ['k'],
      } as unknown as TablePlan,
      parents: [],
    },
  ],
} as ChangesPlan;

/** `I x`, `U x`, `U x y` (old, new), `D x`, `T`. */
function changeOf(text: string): TestChange {
  const [operation = '', first, second = first] = text.split(' ');
  const row = (key: string | undefined): string => JSON.stringify({ k: key, v: 'v' });
  if (operation === 'D') return { table: 1, operation, old: row(first) };
  if (operation === 'U') return { table: 1, operation, old: row(first), new: row(second) };
  return { table: 1, operation: operation as TestChange['operation'], new: row(first) };
}

const shown = (groups: readonly RowGroup[] | undefined): readonly string[] =>
  (groups ?? []).map(({ expected, block }) => {
    const keys = block.data
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')[0]);
    return `${expected ?? 'unknown'}: ${keys.join(' ')}`;
  });

/** Written, removed, and all that anything happened to, by what is expected; the first event has this number. */
async function groupsOf(since: JudgedSince, first: number, ...events: readonly string[]) {
  const rows = eventRows(events.map(changeOf), first);
  const [change] = (await netChanges(PLAN, rawEvents(rows), since)).changes;
  return [
    shown(change?.written[0]?.groups),
    shown(change?.judged?.removed),
    shown(change?.judged?.touched()),
  ];
}

test('of a key is expected what its first event takes for granted', async () => {
  const events = ['U a', 'I b', 'D c', 'D d', 'I d', 'I e', 'D e', 'U f', 'D f', 'I b', 'i g'];
  expect(await groupsOf(null, 1, ...events)).toEqual([
    ['unknown: g', 'there: a d', 'absent: b'],
    ['absent: e', 'there: c f'],
    ['absent: b e', 'unknown: g', 'there: a c d f'],
  ]);
});

test('nothing is expected behind a truncation, nor of another text of a key', async () => {
  expect(await groupsOf(null, 1, 'U a', 'T', 'I a', 'I b')).toEqual([['unknown: a b'], [], []]);
  expect(await groupsOf(null, 1, 'U a', 'U a A', 'U A a')).toEqual([
    ['unknown: a'],
    ['unknown: A'],
    ['unknown: A a'],
  ]);
});

test('nothing is expected of keys whose first event the copy may have seen', async () => {
  const since = new Map([['t', '11']]);
  expect((await groupsOf(since, 10, 'U a', 'U b', 'U c', 'D a', 'D b'))[1]).toEqual(['unknown: a b']);
  expect((await groupsOf(since, 10, 'U a', 'U b', 'U c', 'D a'))[0]).toEqual(['unknown: b', 'there: c']);
  expect((await groupsOf(new Map(), 10, 'U a'))[0]).toEqual(['unknown: a']);
});

test('where nobody judges there are no groups', async () => {
  const [change] = (await netChanges(PLAN, rawEvents(eventRows([changeOf('U a')])))).changes;
  expect([change?.written[0]?.groups, change?.judged]).toEqual([undefined, undefined]);
});

test.each([
  ['9007199254740993', '9007199254740992', true],
  ['9007199254740992', '9007199254740993', false],
  ['100', '99', true],
  ['99', '100', false],
  ['7', '7', false],
])('event %s is behind a copy up to %s: %s', (event, upto, isBehind) => {
  expect(isJudged(new Map([['t', upto]]), 't', event)).toBe(isBehind);
});

test('a status has the tables with the most, and all of it', () => {
  const tables = Array.from({ length: 30 }, (_, at) => ({
    table: `t${at}`,
    update: at,
    insert: 1,
    delete: 0,
  }));
  const drift = driftOf(tables);
  expect(drift).toMatchObject({ update: 435, insert: 30, delete: 0 });
  expect(drift?.tables.map(({ table }) => table).slice(0, 2)).toEqual(['t29', 't28']);
  expect(drift?.tables.length).toBeLessThan(30);
  expect(driftOf([])).toBeNull();
});
