/**
 * One table's life in a transfer as a total table: status × event → status. Events that mean nothing in a status leave
 * it as it is. The workflow holds one status a table and changes it only through `nextTableStatus`.
 */
export const TABLE_STATUSES = [
  'waiting', // not planned yet
  'ready', // planned; ranges are in the ledger
  'copying', // a reader has it
  'copied', // every range is ended in the ledger
  'finishing', // indexes, checks and sequences are made
  'built', // they are there; it waits to be compared
  'verifying',
  'verified', // compared; it waits for the parents of its foreign keys
  'linking', // its foreign keys are made
  'finished',
  'pausing', // a person paused it; its reader still runs
  'paused',
  'blocked', // waits for a person; reason is shown
  'failed', // compared unequal or fell short
  'skipped', // a person left it out
] as const;
export type TableStatus = (typeof TABLE_STATUSES)[number];

export const TABLE_EVENTS = [
  'planned',
  'reading', // a read slice started
  'interrupted', // a slice ended before the end: budget, shut-down, pause of the transfer
  'ended', // the ledger holds every range to its end
  'finish',
  'built',
  'verify',
  'verified',
  'link',
  'linked',
  'unlinked', // a parent is planned anew: that takes foreign keys to it away
  'differs',
  'refused', // an error that only a person can mend
  'pause',
  'resume',
  'retry',
  'skip',
  'resnapshot',
] as const;
export type TableEvent = (typeof TABLE_EVENTS)[number];

type Row = Readonly<Record<TableEvent, TableStatus>>;

const row = (status: TableStatus, changes: Partial<Row>): Row =>
  Object.fromEntries(TABLE_EVENTS.map((event) => [event, changes[event] ?? status])) as Row;

/** Ways out of what comes after the copying. */
const LEAVING = { refused: 'blocked', skip: 'skipped', resnapshot: 'waiting' } as const;

const TRANSITIONS: Readonly<Record<TableStatus, Row>> = {
  waiting: row('waiting', { planned: 'ready', refused: 'blocked', pause: 'paused', skip: 'skipped' }),
  ready: row('ready', {
    reading: 'copying',
    ended: 'copied',
    refused: 'blocked',
    pause: 'paused',
    skip: 'skipped',
    resnapshot: 'waiting',
  }),
  copying: row('copying', {
    interrupted: 'ready',
    ended: 'copied',
    refused: 'blocked',
    pause: 'pausing',
    skip: 'skipped',
    resnapshot: 'waiting',
  }),
  copied: row('copied', { finish: 'finishing', pause: 'paused', ...LEAVING }),
  finishing: row('finishing', { built: 'built', interrupted: 'copied', pause: 'pausing', ...LEAVING }),
  built: row('built', { verify: 'verifying', pause: 'paused', ...LEAVING }),
  verifying: row('verifying', {
    verified: 'verified',
    differs: 'failed',
    interrupted: 'built',
    ...LEAVING,
  }),
  verified: row('verified', { link: 'linking', linked: 'finished', pause: 'paused', ...LEAVING }),
  linking: row('linking', {
    linked: 'finished',
    unlinked: 'verified',
    interrupted: 'verified',
    pause: 'pausing',
    ...LEAVING,
  }),
  finished: row('finished', { unlinked: 'verified', resnapshot: 'waiting' }),
  pausing: row('pausing', {
    interrupted: 'paused',
    ended: 'copied',
    refused: 'blocked',
    resume: 'copying',
    skip: 'skipped',
  }),
  paused: row('paused', { resume: 'waiting', skip: 'skipped', resnapshot: 'waiting' }),
  blocked: row('blocked', { retry: 'waiting', skip: 'skipped', resnapshot: 'waiting' }),
  failed: row('failed', { retry: 'copied', skip: 'skipped', resnapshot: 'waiting' }),
  skipped: row('skipped', { retry: 'waiting', resnapshot: 'waiting' }),
};

export const nextTableStatus = (status: TableStatus, event: TableEvent): TableStatus =>
  TRANSITIONS[status][event];

/** Nothing more happens to it without a person, who may also have asked for its parent again. */
export const isSettled = (status: TableStatus): boolean =>
  status === 'finished' || status === 'failed' || status === 'skipped';

/** Its messages are acknowledged and dropped by the writers: the record supplies them again. */
export const isExcluded = (status: TableStatus): boolean =>
  status === 'pausing' || status === 'paused' || status === 'blocked' || status === 'skipped';

/** The transfer's own phase, as shown in status, search attribute and current details. */
export const PHASES = [
  'created',
  'preparing',
  'copying',
  'catching-up', // all rows are copied; changes from before are applied
  'live', // changes are applied as they come
  'finishing',
  'verifying',
  'finished',
  'pausing',
  'paused',
  'blocked', // every table that is left waits for a person
  'failed',
  'stopping',
  'stopped',
  'limit-reached', // it read as much as its limits let it; the next start goes on
  'cancelled',
] as const;
export type Phase = (typeof PHASES)[number];
