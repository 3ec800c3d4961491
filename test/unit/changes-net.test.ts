import { describe, expect, test } from 'vitest';
import {
  changeSteps,
  leftByChildren,
  NO_CHOICE,
  parentsFirst,
} from '../../src/engine/changes/change-steps.ts';
import { netChanges, type TableChange } from '../../src/engine/changes/net-change.ts';
import { rawEvents } from '../../src/engine/changes/parse-events.ts';
import type { ChangedTable, ChangesPlan } from '../../src/model/changes-plan.ts';
import type { ColumnPlan, TablePlan } from '../../src/model/table-plan.ts';
import { eventRows, type TestChange } from '../support/changes.ts';

const column = (name: string): ColumnPlan =>
  ({
    source: name,
    target: `${name}_there`,
    logical: { kind: 'text', maxChars: null },
    load: null,
  }) as ColumnPlan;

/** A table with the key `k`, and two more columns. */
const table = (number: number, id: string, parents: readonly string[] = []): ChangedTable => ({
  number,
  plan: {
    id,
    columns: ['a', 'k', 'b'].map(column),
    targetKey: ['k_there'],
  } as unknown as TablePlan,
  parents,
});

const PLAN: ChangesPlan = { tables: [table(1, 'child', ['parent']), table(2, 'parent')] };

/** `k=a,b`; `k=a` lacks b; `k` is a key alone. */
function payload(row: string | undefined): string | null {
  if (row === undefined) return null;
  const [key = '', cells] = row.split('=');
  const [a, b] = cells?.split(',') ?? [];
  return JSON.stringify({ k: key, ...(a !== undefined && { a }), ...(b !== undefined && { b }) });
}

/** `I x=1,2`, `U x=1,2 y=1,2` (old, new), `D x`, `T`, each of table 1 unless a number stands before. */
function changeOf(text: string): TestChange {
  const [, number, operation, first, second] = /^(?:(\d) )?(\w)(?: (\S+))?(?: (\S+))?$/.exec(text) ?? [];
  const known = { table: Number(number ?? 1), operation: operation as TestChange['operation'] };
  if (operation === 'D') return { ...known, old: payload(first) };
  if (operation === 'U') return { ...known, old: payload(first), new: payload(second ?? first) };
  return { ...known, new: payload(first) };
}

const netOf = async (texts: readonly string[], plan = PLAN): Promise<readonly TableChange[]> =>
  (await netChanges(plan, rawEvents(eventRows(texts.map(changeOf))))).changes;

const lines = ({ data }: { readonly data: Buffer }): string[] =>
  data.toString().trimEnd().split('\n').filter(Boolean);

async function shown(texts: readonly string[]) {
  const [change] = await netOf(texts);
  return {
    emptied: change?.emptied ?? false,
    removed: lines(change!.removed),
    written: change!.written.flatMap(({ block }) => lines(block).map((line) => line.replaceAll('\t', ' '))),
    updates: change!.updates,
  };
}

describe('the net effect on a key', () => {
  test.each([
    ['an insert', ['I x=1,2'], [], ['1 x 2'], false],
    ['an update', ['U x=1,2'], [], ['1 x 2'], true],
    ['a delete', ['D x'], ['x'], [], false],
    ['the last of several updates', ['I x=1,2', 'U x=3,4', 'U x=5,6'], [], ['5 x 6'], false],
    ['a delete behind an insert', ['I x=1,2', 'D x'], ['x'], [], false],
    ['an insert behind a delete', ['D x', 'I x=3,4'], [], ['3 x 4'], true],
    ['a row as it was found', ['i x=1,2'], [], ['1 x 2'], false],
    ['keys that move on by one', ['D x', 'D y', 'I y=1,1', 'I z=2,2'], ['x'], ['1 y 1', '2 z 2'], true],
    ['another text of the same key', ['U x=1,2 X=1,2'], ['x'], ['1 X 2'], true],
    ['an update of some columns', ['U x=1'], [], ['1 x'], true],
    ['columns that one update has and the next one lacks', ['U x=1,2', 'U x=3'], [], ['3 x 2'], true],
    ['columns that one update lacks and the next one has', ['U x=3', 'U x=1,2'], [], ['1 x 2'], true],
  ] as const)('is that of %s', async (_, events, ...net) => {
    const [removed, written, updates] = net;
    expect(await shown(events)).toEqual({ emptied: false, removed, written, updates });
  });

  test('of a table that was emptied is what came behind', async () => {
    expect(await shown(['D w', 'I x=1,2', 'T', 'I y=1,2', 'I z=3,4', 'D z'])).toEqual({
      emptied: true,
      removed: [],
      written: ['1 y 2'],
      updates: false,
    });
  });

  test('keeps rows with the same columns together, with a plan of these', async () => {
    const [change] = await netOf(['U x=1', 'I y=1,2', 'U z=3']);
    expect(
      change!.written.map(({ plan, block }) => [plan.columns.map(({ source }) => source), lines(block)]),
    ).toEqual([
      [
        ['a', 'k'],
        ['1\tx', '3\tz'],
      ],
      [['a', 'k', 'b'], ['1\ty\t2']],
    ]);
  });

  test('has rows in the order in which they came to be, for a row may refer to one before it', async () => {
    const { written } = await shown(['I x=1,1', 'I y=1,1', 'D x', 'I z=1,1', 'I x=2,2', 'U y=3,3']);
    expect(written).toEqual(['3 y 3', '1 z 1', '2 x 2']);
  });

  test('passes over tables that the transfer does not take', async () => {
    expect(await netOf(['9 I x=1,2'])).toEqual([]);
  });

  test.each([
    ['a row without its key', { table: 1, operation: 'I', new: '{"a": "secret"}' }],
    ['a key that is NULL', { table: 1, operation: 'D', old: '{"k": null, "a": "secret"}' }],
    ['a payload that is none', { table: 1, operation: 'I', new: '{"k": "secret"' }],
    ['a delete without the row', { table: 1, operation: 'D', new: '{"k": "secret"}' }],
  ] as const)('of %s is an error that tells table and code, and nothing of the row', async (_, change) => {
    const failure: unknown = await netChanges(PLAN, rawEvents(eventRows([change]))).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'source.value_rejected', details: { table: 'child' } });
    expect(JSON.stringify(failure) + String(failure)).not.toContain('secret');
  });

  describe('without a key', () => {
    const [child] = PLAN.tables;
    const rows = { tables: [{ ...child!, keyless: true as const, plan: { ...child!.plan, targetKey: [] } }] };
    const told = async (texts: readonly string[]) => {
      const [change] = await netOf(texts, rows);
      return {
        removed: lines(change!.removed),
        written: change!.written.flatMap(({ block }) => lines(block)),
        emptied: change!.emptied,
        steps: changeSteps([change!], NO_CHOICE).map(({ kind }) => kind),
      };
    };

    test('counts rows that are the same, and those that come and go are nothing', async () => {
      expect(
        await told(['I x=1,1', 'I x=1,1', 'D y=1,1', 'D y=1,1', 'I z=1,1', 'D z=1,1', 'D x=1,1']),
      ).toEqual({
        removed: ['1\ty\t1', '1\ty\t1'],
        written: ['1\tx\t1'],
        emptied: false,
        steps: ['remove-once', 'write'],
      });
    });

    test('takes a row that changed for one that went and one that came, in whatever order it is told', async () => {
      expect(await told(['U x=2,2 x=3,3', 'I x=2,2', 'U x=1,1 x=1,2'])).toMatchObject({
        removed: ['1\tx\t1'],
        written: ['3\tx\t3', '1\tx\t2'],
      });
    });

    test('forgets all before a truncation', async () => {
      expect(await told(['I x=1,1', 'D y=1,1', 'T', 'I z=1,1'])).toEqual({
        removed: [],
        written: ['1\tz\t1'],
        emptied: true,
        steps: ['empty', 'write'],
      });
    });

    test('needs every value of a row, and tells nothing of it', async () => {
      const failure: unknown = await netOf(['D secret=1'], rows).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'source.value_rejected', details: { table: 'child' } });
      expect(String(failure)).not.toContain('secret');
    });
  });

  test('needs a key whose columns are recorded', async () => {
    const [child] = PLAN.tables;
    const keyless = { tables: [{ ...child!, plan: { ...child!.plan, targetKey: [] } }] };
    await expect(netOf(['I x=1,2'], keyless)).rejects.toMatchObject({ code: 'capture.key_needed' });
  });
});

describe('a block of events', () => {
  test.each([
    ['ends within an event', Buffer.from('1\t1\tI')],
    ['has an event of another width', Buffer.from('1\t1\tI\n')],
    ['has an event of no known operation', Buffer.from(eventRows([{ table: 1, operation: 'X' as 'I' }]))],
    ['has an event of no table', Buffer.from(eventRows([{ table: -1, operation: 'I' }]))],
  ])('that %s is refused', (why, data) => {
    expect(() => [...rawEvents(data)]).toThrow(why);
  });
});

describe('steps', () => {
  const stepsOf = async (
    texts: readonly string[],
    choice: Partial<{ late: string[]; anew: string[] }> = {},
  ): Promise<string[]> => {
    const changes = parentsFirst(await netOf(texts));
    const chosen = {
      late: new Set(choice.late ?? NO_CHOICE.late),
      anew: new Set(choice.anew ?? NO_CHOICE.anew),
    };
    return changeSteps(changes, chosen).map((step) =>
      [step.kind, step.plan.id, ...('block' in step ? lines(step.block) : [])]
        .join(' ')
        .replaceAll('\t', ','),
    );
  };
  const EVENTS = ['D x', 'I y=1,1', '2 D p', '2 I q=1,1'];

  test('take rows away from children first, and write parents first', async () => {
    expect(await stepsOf(EVENTS)).toEqual([
      'remove child x',
      'remove parent p',
      'write parent 1,q,1',
      'write child 1,y,1',
    ]);
  });

  test('take away last what rows that stay may still refer to', async () => {
    expect(await stepsOf(EVENTS, { late: ['parent'] })).toEqual([
      'remove child x',
      'write parent 1,q,1',
      'write child 1,y,1',
      'remove parent p',
    ]);
  });

  test('take all rows away that are written anew', async () => {
    expect(await stepsOf(EVENTS, { late: ['parent'], anew: ['parent', 'child'] })).toEqual([
      'remove child x,y'.replace(',', ' '),
      'remove parent p q',
      'write parent 1,q,1',
      'write child 1,y,1',
    ]);
  });

  test('empty children before parents', async () => {
    expect(await stepsOf(['2 T', 'T', 'I y=1,1'])).toEqual([
      'empty child',
      'empty parent',
      'write child 1,y,1',
    ]);
  });

  test.each([
    ['a child that is updated', ['U y=1,1', '2 D p'], ['parent']],
    ['a child that came again', ['D y', 'I y=1,1', '2 D p'], ['parent']],
    ['children that only came or went', ['I y=1,1', 'D z', '2 D p'], []],
    ['no child', ['2 U q=1,1', '2 D p'], []],
    ['no parent that goes', ['U y=1,1', '2 I p=1,1'], []],
  ])('know of parents that rows may still refer to: %s', async (_, events, left) => {
    expect(leftByChildren(await netOf(events)).map(({ table: { plan } }) => plan.id)).toEqual(left);
  });

  test('of tables that refer to each other come in some order', async () => {
    const circle = { tables: [table(1, 'a', ['b']), table(2, 'b', ['a'])] };
    const changes = parentsFirst(await netOf(['I x=1,1', '2 I y=1,1'], circle));
    expect(changes.map(({ table: { plan } }) => plan.id)).toEqual(['b', 'a']);
  });
});
