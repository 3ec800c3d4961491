import { describe, expect, test } from 'vitest';
import { COMMIT } from '../../src/databases/oracle/connections/pool.ts';
import { PIN_STATEMENTS } from '../../src/databases/oracle/connections/pins.ts';
import { ledgerNames } from '../../src/databases/oracle/ledger/ledger-sql.ts';
import { planTable } from '../../src/databases/oracle/ledger/plan-table.ts';
import {
  appliedRows,
  fenceTable,
  forgetSource,
  lockRunRow,
} from '../../src/databases/oracle/ledger/run-sql.ts';
import {
  REFERRING,
  renderDelete,
  renderDropKey,
  renderTruncate,
} from '../../src/databases/oracle/sql/structure-sql.ts';
import { finishTable } from '../../src/databases/oracle/finish-table.ts';
import { makingOf } from '../../src/databases/oracle/structure/create-table.ts';
import { prepareTable } from '../../src/databases/oracle/structure/prepare-table.ts';
import { oracle } from '../../src/databases/oracle/dialect.ts';
import { keyOf, ordersTable, PEOPLE, peoplePlan, structuredPlan } from '../support/oracle/shop.ts';
import { type Answer, oraError, pinned, standInSession } from '../support/oracle/stand-in-driver.ts';

describe('a session', () => {
  test('sets what decides how values are written, and knows what its server said', async () => {
    const { session, sent } = standInSession(pinned());
    await session.pin();
    expect(sent.slice(0, PIN_STATEMENTS.length)).toEqual(PIN_STATEMENTS);
    expect(session.facts).toEqual({
      version: '19.3.0.0.0',
      identifierBytes: 128,
      user: 'APP',
      schema: 'SHOP',
      charset: 'AL32UTF8',
    });
  });

  test.each([
    ['NLS_NUMERIC_CHARACTERS', ',.'],
    ['NLS_CALENDAR', 'Thai Buddha'],
    ['NLS_DATE_FORMAT', 'DD-MON-RR'],
    ['NLS_TIMESTAMP_FORMAT', 'DD-MON-RR'],
    ['NLS_SORT', 'GERMAN'],
    ['NLS_COMP', 'LINGUISTIC'],
    ['NLS_NCHAR_CONV_EXCP', 'FALSE'],
    ['TIME_ZONE', '+02:00'],
  ])('is refused where a log-on trigger has set %s anew', async (name, value) => {
    const { session } = standInSession(pinned({ [name]: value }));
    await expect(session.pin()).rejects.toThrow(`does not keep ${name}`);
  });
});

const names = ledgerNames('SHOP', { schema: 'ignored', prefix: 'sluice_' });
const plan = peoplePlan();
const dropped = [{ table: { schema: 'SHOP', name: 'visits' }, key: keyOf({ name: 'visits_who' }) }];
const [drop, truncate, remove] = [
  renderDropKey(dropped[0]!.table, 'visits_who'),
  renderTruncate(plan.target),
  renderDelete(plan.target),
];
const forget = forgetSource(names);
const NOTABLE = new Set([
  lockRunRow(names),
  fenceTable(names),
  appliedRows(names),
  forget,
  REFERRING,
  drop,
  truncate,
  remove,
  COMMIT,
]);

/** A server with an open run, no plan of the table, and tables that are empty, but for one. */
const emptyServer =
  (changes: Answer = () => [], full = 'no table'): Answer =>
  (text, binds) => {
    const ofSession = pinned()(text, binds);
    if (ofSession instanceof Error || ofSession.length > 0) return ofSession;
    if (text === lockRunRow(names)) return [['1', 'execution-2']];
    if (text.startsWith('SELECT CASE WHEN EXISTS')) return [[text.includes(full) ? '1' : '0']];
    return changes(text, binds);
  };

async function clearing(options: {
  readonly answer?: Answer;
  readonly locked?: boolean;
  readonly drops?: boolean;
  readonly full?: string;
  readonly appends?: boolean;
  readonly execution?: string;
}) {
  const { session, sent } = standInSession(emptyServer(options.answer, options.full));
  await session.pin();
  const planned = {
    plan: options.appends ? { ...plan, writeMode: 'append' as const } : plan,
    generation: options.appends ? 2 : 1,
    ranges: [{ lane: 1, after: null, upto: null }],
    incarnation: 'x',
    changeMarker: '',
  };
  const work = planTable(session, names, {
    ref: { transfer: 'night', run: 1, execution: options.execution },
    planned,
    options: { replaceBy: null, dropKeys: options.drops === false ? [] : dropped },
    locked: options.locked ?? true,
  });
  const failure: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  return { sent: sent.filter((text) => NOTABLE.has(text)), failure };
}

describe('a sequence that stands behind the rows', () => {
  const orders = ordersTable();
  const ordersPlan = structuredPlan(oracle, orders, []);
  const restart = 'ALTER SEQUENCE "SHOP"."NUMBERS" RESTART START WITH 2005';
  const furthest: Answer = (text) => (text.includes('LAST_NUMBER') ? [['2000', '1021']] : []);

  test('goes on behind the highest number', async () => {
    const { session, sent } = standInSession(furthest);
    await finishTable(session, ordersPlan);
    expect(sent).toContain(restart);
  });

  test('is told to a person where the server does not set it', async () => {
    const { session } = standInSession((text, binds) =>
      text === restart ? oraError(2286) : furthest(text, binds),
    );
    await expect(finishTable(session, ordersPlan)).rejects.toMatchObject({
      code: 'target.structure_differs',
      details: {
        vendorCode: 'ORA-02286',
        suggestion: expect.stringMatching(
          /^DROP SEQUENCE "SHOP"."NUMBERS"; CREATE SEQUENCE .* START WITH 2005 .*;$/,
        ) as string,
      },
    });
  });
});

describe('the making of a table', () => {
  const request = { plan, source: PEOPLE, policy: 'create-missing' } as const;
  const made = makingOf(plan, PEOPLE);

  test('lists what the server does not take, and makes the rest', async () => {
    const refused = made.tried.at(-1)!;
    const { session, sent } = standInSession((text, binds) =>
      text === refused ? oraError(932) : pinned()(text, binds),
    );
    await session.pin();
    const outcome = await prepareTable(session, request);
    expect(sent).toEqual(expect.arrayContaining([...made.needed, ...made.tried]));
    expect(outcome).toMatchObject({ done: 'created' });
    expect(outcome.leftOut).toEqual([...made.untranslated, refused]);
  });

  test('ends with an error that is no refusal', async () => {
    const { session } = standInSession((text, binds) =>
      text === made.tried[0] ? oraError(3113) : pinned()(text, binds),
    );
    await session.pin();
    await expect(prepareTable(session, request)).rejects.toMatchObject({ code: 'database.unreachable' });
  });

  test('refuses a column that no table of Oracle has, before anything is made', async () => {
    const { session, sent } = standInSession(pinned());
    await session.pin();
    const columns = plan.columns.map((column) =>
      column.target === 'nick' ? { ...column, target: 'ROWID' } : column,
    );
    await expect(prepareTable(session, { ...request, plan: { ...plan, columns } })).rejects.toMatchObject({
      code: 'target.structure_differs',
      details: { suggestion: expect.stringContaining('ROWID') as string },
    });
    expect(sent.filter((text) => text.startsWith('CREATE'))).toEqual([]);
  });
});

describe('the clearing of a table', () => {
  const fence = [lockRunRow(names), fenceTable(names)];
  /** Committed before anything is cleared: whoever dies behind it leaves no plan that says that rows are applied. */
  const begun = [lockRunRow(names), forget, COMMIT];

  test('fences the lanes, drops the keys in the way, empties the table, and fences again before it writes the plan', async () => {
    const { sent } = await clearing({});
    expect(sent).toEqual([...fence, COMMIT, REFERRING, COMMIT, ...begun, drop, truncate, ...fence, COMMIT]);
  });

  test('is refused to an execution that has the run no more', async () => {
    const late = await clearing({ execution: 'execution-1' });
    expect(late.failure).toMatchObject({ code: 'transfer.not_running' });
    expect(late.sent).toEqual([lockRunRow(names)]);
    expect(await clearing({ execution: 'execution-2' })).toMatchObject({ failure: null });
  });

  test('goes on where a key was gone already', async () => {
    const { sent, failure } = await clearing({ answer: (text) => (text === drop ? oraError(2443) : []) });
    expect(failure).toBeNull();
    expect(sent).toContain(truncate);
  });

  test('drops nothing where rows of another table would go along', async () => {
    const answer: Answer = (text) =>
      text === REFERRING ? [['CRM', 'LETTERS', 'LETTERS_FK', 'WHO', 'CASCADE']] : [];
    const { sent, failure } = await clearing({ answer, full: '"CRM"."LETTERS"' });
    expect(failure).toMatchObject({ code: 'target.constraint_violated' });
    expect(sent).toEqual([...fence, COMMIT, REFERRING]);
  });

  test('deletes the rows where TRUNCATE is refused and all who refer to them are known', async () => {
    const answer: Answer = (text) => {
      if (text === truncate) return oraError(2266);
      return text === REFERRING ? [['SHOP', 'NOTES', 'NOTES_FK', 'WHO', 'NO ACTION']] : [];
    };
    const { sent } = await clearing({ answer, drops: false });
    expect(sent).toEqual([
      ...fence,
      COMMIT,
      ...begun,
      truncate,
      REFERRING,
      ...fence,
      REFERRING,
      remove,
      COMMIT,
    ]);
  });

  test('deletes nothing where somebody refers to the rows whom the user may not see', async () => {
    const { sent, failure } = await clearing({
      answer: (text) => (text === truncate ? oraError(2266) : []),
      drops: false,
    });
    expect(failure).toMatchObject({ code: 'target.constraint_violated' });
    expect(sent).not.toContain(remove);
  });

  test('is refused behind the fence where rows of it were appended', async () => {
    const { sent, failure } = await clearing({
      answer: (text) => (text === appliedRows(names) ? [['7']] : []),
      appends: true,
      drops: false,
    });
    expect(failure).toMatchObject({ code: 'target.not_empty' });
    expect(sent).toEqual([...fence, appliedRows(names)]);
  });

  test('commits nothing by itself without the lock: the rows are deleted, and no key is dropped', async () => {
    expect((await clearing({ locked: false, drops: false })).sent).toEqual([
      ...fence,
      COMMIT,
      ...fence,
      REFERRING,
      remove,
      COMMIT,
    ]);
    const { sent, failure } = await clearing({ locked: false });
    expect(failure).toMatchObject({
      code: 'database.permission_denied',
      details: { suggestion: expect.stringContaining('DBMS_LOCK') },
    });
    expect(sent).not.toContain(drop);
  });
});
