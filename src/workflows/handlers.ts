import { condition, log, patched, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { CHANGES, laneOfChanges } from '../model/changes-plan.ts';
import { nextTableStatus, type TableEvent } from '../model/table-status.ts';
import type { Control } from './control.ts';
import { happen, type TableRecord } from './control-state.ts';
import { checkSettings, invalidInput } from './input.ts';
import { wantCheck, whyNoCheck } from './check-moves.ts';
import * as messages from './messages.ts';
import type { StandingReason, TableWish, Wish } from './messages.ts';
import { isChanges } from './relay-moves.ts';
import { statusOf, tablesOf } from './view.ts';

/** Reasons and names of people are shown whole up to so many characters. */
const MAX_TEXT = 500;

/** Signals are not validated: anything may have been typed, and an error in a handler stops the workflow for ever. */
const textOf = (value: unknown): string | null =>
  typeof value === 'string' ? value.slice(0, MAX_TEXT) : null;

const reasonOf = (wish: Wish | undefined, otherwise: string): StandingReason => ({
  text: textOf(wish?.reason) ?? otherwise,
  by: textOf(wish?.by),
  at: new Date().toISOString(),
});

/** Older histories know nothing of what was wanted before the transfer was prepared. */
const KEEPS_EARLY_WISHES = 'keeps-early-wishes';

/** What a person can do to the whole transfer; each says what shall be, so a second time changes nothing. */
function wishesOf(control: Control) {
  const { state } = control;
  /** Nobody knows yet what the transfer moves. */
  const isEarly = (): boolean => state.prepared === null && patched(KEEPS_EARLY_WISHES);
  return {
    pause: (wish?: Wish): void => {
      state.paused ??= reasonOf(wish, 'paused');
      control.touch();
    },
    resume: (_wish?: Wish): void => {
      state.paused = null;
      state.pauseError = null;
      state.writerNotBeforeMs = 0;
      control.touch();
    },
    cutOver: (wish?: Wish): void => {
      if (state.prepared?.changes || isEarly()) state.cutOver ??= reasonOf(wish, 'cut over');
      control.touch();
    },
    verify: (wish?: Wish): void => {
      if (state.prepared || isEarly()) wantCheck(state, reasonOf(wish, 'verify'));
      control.touch();
    },
    stop: (wish?: Wish): void => {
      state.stopping ??= reasonOf(wish, 'stopped');
      state.paused = null;
      control.touch();
    },
  };
}

const VERIFY = 'Compare both sides while changes flow; the status says what was found';

const TABLE_WISHES = [
  ['pause', messages.tablePauseSignal, messages.tablePauseUpdate, 'Pause one table; the others go on'],
  ['resume', messages.tableResumeSignal, messages.tableResumeUpdate, 'Resume a paused table'],
  [
    'retry',
    messages.tableRetrySignal,
    messages.tableRetryUpdate,
    'Try a blocked, failed or skipped table again',
  ],
  ['skip', messages.tableSkipSignal, messages.tableSkipUpdate, 'Leave a table out of this run'],
  [
    'resnapshot',
    messages.tableResnapshotSignal,
    messages.tableResnapshotUpdate,
    'Copy a table again from its first row; of (changes): copy all tables again, and begin with what changes from then on',
  ],
] as const satisfies readonly (readonly [TableEvent, unknown, unknown, string])[];

/** The table of this id; what is said of `(changes)` is said of all of their lanes. */
function meantBy(control: Control, id: string): readonly TableRecord[] {
  if (id === CHANGES) return control.state.tables.filter(isChanges);
  const table = control.table(id);
  return table ? [table] : [];
}

/** Changes that begin anew need rows that are copied from then on. Null: of one of them nobody knows yet what the target has. */
function copiedBehind(control: Control, lane: TableRecord): readonly TableRecord[] | null {
  const { tables, prepared } = control.state;
  const ordinals = prepared?.changes?.lanes?.find(
    ({ lane: number }) => number === laneOfChanges(lane.id),
  )?.tables;
  const rows = tables.filter(
    (table) => !isChanges(table) && table.status !== 'skipped' && ordinals?.includes(table.ordinal) !== false,
  );
  return rows.some(({ generation }) => generation === 0) ? null : rows;
}

function wantAnew(control: Control, table: TableRecord): void {
  const rows = isChanges(table) ? copiedBehind(control, table) : [];
  if (!rows || !happen(table, 'resnapshot')) return;
  // A person wants it anew, and not the transfer after another interruption.
  table.interruptions = 0;
  if (!isChanges(table)) Object.assign(control.state, { caughtUp: false, copiedAtMs: null });
  for (const each of rows) wantAnew(control, each);
}

function tableHandlers(control: Control): void {
  const apply = (event: TableEvent, wish: TableWish): void => {
    const tables = meantBy(control, textOf(wish?.table) ?? '');
    if (tables.length === 0)
      log.warn('a signal names a table that this transfer does not have', { signal: event });
    for (const table of tables) {
      if (event === 'resnapshot') wantAnew(control, table);
      else happen(table, event);
    }
    control.touch();
  };
  for (const [event, signal, update, description] of TABLE_WISHES) {
    setHandler(signal, (wish) => apply(event, wish), { description });
    setHandler(
      update,
      (wish) => {
        apply(event, wish);
        const status = control.table(wish.table)?.status ?? 'skipped';
        return { phase: control.phase(), table: wish.table, status };
      },
      {
        description,
        validator: (wish) => {
          const tables = typeof wish?.table === 'string' ? meantBy(control, wish.table) : [];
          const [table] = tables;
          if (!table) throw invalidInput('the transfer has no such table; the query "tables" names them');
          if (event === 'resnapshot' && isChanges(table) && !copiedBehind(control, table))
            throw invalidInput('not all of its tables are planned yet; try again in a moment');
          if (tables.every(({ status }) => nextTableStatus(status, event) === status)) {
            throw invalidInput(`${event} means nothing for a table that is ${table.status}`);
          }
        },
      },
    );
  }
}

function settingsHandler(control: Control): void {
  const { state } = control;
  setHandler(
    messages.settingsUpdate,
    (change) => {
      state.settings = { ...control.settings(), ...checkSettings(change) };
      state.revision += 1;
      // What was owed at the rate of before is owed no more.
      for (const table of state.tables) if (table.error === null) table.notBeforeMs = 0;
      control.touch();
      return state.settings;
    },
    {
      description:
        'Change readers, writers, blockBytes, ratePerSecond, bytesPerSecond, relays, claimEvents or claimBytes while it runs',
      validator: (change) => {
        if (!state.settings) throw invalidInput('the transfer is not prepared yet; try again in a moment');
        checkSettings(change);
      },
    },
  );
}

/** Registers every signal, update and query of a transfer. */
export function registerHandlers(control: Control): void {
  const wishes = wishesOf(control);
  const answer = (): messages.Answer => ({ phase: control.phase() });
  const both = [
    [
      messages.pauseSignal,
      messages.pauseUpdate,
      wishes.pause,
      'Pause at the next batch; resume goes on from there',
    ],
    [messages.resumeSignal, messages.resumeUpdate, wishes.resume, 'Go on after a pause'],
    [
      messages.stopSignal,
      messages.stopUpdate,
      wishes.stop,
      'Apply what is read already, then end; a new start goes on',
    ],
    [
      messages.cutOverSignal,
      messages.cutOverUpdate,
      wishes.cutOver,
      'Apply all changes that are pending, then verify and end: nobody writes at the source any more',
    ],
  ] as const;
  for (const [signal, update, wish, description] of both) {
    setHandler(signal, wish, { description });
    setHandler(
      update,
      (said) => {
        wish(said);
        return answer();
      },
      { description },
    );
  }
  setHandler(messages.verifySignal, wishes.verify, { description: VERIFY });
  setHandler(
    messages.verifyUpdate,
    (said) => {
      wishes.verify(said);
      return answer();
    },
    {
      description: VERIFY,
      validator: (_said?: Wish) => {
        const why = whyNoCheck(control.state);
        if (why !== null) throw invalidInput(why);
      },
    },
  );
  setHandler(
    messages.pauseAndWaitUpdate,
    async (said) => {
      wishes.pause(said);
      await condition(() => control.isIdle() || control.state.paused === null);
      return answer();
    },
    { description: 'Pause, and answer when nothing runs any more' },
  );
  setHandler(
    messages.snapshotReadySignal,
    (said) => {
      if (typeof said?.ref === 'string')
        control.snapshotReady(said.ref, typeof said.taskQueue === 'string' ? said.taskQueue : null);
    },
    { description: "Sent by the transfer's own activity that holds the snapshot" },
  );
  tableHandlers(control);
  settingsHandler(control);
  setHandler(messages.statusQuery, () => statusOf(control, Date.now()), {
    description: 'State, counts and health',
  });
  setHandler(messages.tablesQuery, (request) => tablesOf(control, request), {
    description: 'Tables, page by page',
  });
  setDefaultSignalHandler((name) =>
    log.warn('a signal of a name that a transfer does not know', { signal: name }),
  );
}
