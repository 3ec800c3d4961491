import { describe, expect, test } from 'vitest';
import {
  isExcluded,
  isSettled,
  nextTableStatus,
  TABLE_EVENTS,
  TABLE_STATUSES,
  type TableEvent,
  type TableStatus,
} from '../../src/model/table-status.ts';

/** What each event does; where a status is not named it stays. */
const EXPECTED: Readonly<Record<TableStatus, Partial<Record<TableEvent, TableStatus>>>> = {
  waiting: { planned: 'ready', refused: 'blocked', pause: 'paused', skip: 'skipped' },
  ready: {
    reading: 'copying',
    ended: 'copied',
    refused: 'blocked',
    pause: 'paused',
    skip: 'skipped',
    resnapshot: 'waiting',
  },
  copying: {
    interrupted: 'ready',
    ended: 'copied',
    refused: 'blocked',
    pause: 'pausing',
    skip: 'skipped',
    resnapshot: 'waiting',
  },
  copied: {
    finish: 'finishing',
    refused: 'blocked',
    pause: 'paused',
    skip: 'skipped',
    resnapshot: 'waiting',
  },
  finishing: {
    built: 'built',
    interrupted: 'copied',
    refused: 'blocked',
    pause: 'pausing',
    skip: 'skipped',
    resnapshot: 'waiting',
  },
  built: {
    verify: 'verifying',
    refused: 'blocked',
    pause: 'paused',
    skip: 'skipped',
    resnapshot: 'waiting',
  },
  verified: {
    link: 'linking',
    linked: 'finished',
    refused: 'blocked',
    pause: 'paused',
    skip: 'skipped',
    resnapshot: 'waiting',
  },
  linking: {
    linked: 'finished',
    unlinked: 'verified',
    interrupted: 'verified',
    refused: 'blocked',
    pause: 'pausing',
    skip: 'skipped',
    resnapshot: 'waiting',
  },
  verifying: {
    verified: 'verified',
    differs: 'failed',
    interrupted: 'built',
    refused: 'blocked',
    skip: 'skipped',
    resnapshot: 'waiting',
  },
  finished: { unlinked: 'verified', resnapshot: 'waiting' },
  pausing: { interrupted: 'paused', ended: 'copied', refused: 'blocked', resume: 'copying', skip: 'skipped' },
  paused: { resume: 'waiting', skip: 'skipped', resnapshot: 'waiting' },
  blocked: { retry: 'waiting', skip: 'skipped', resnapshot: 'waiting' },
  failed: { retry: 'copied', skip: 'skipped', resnapshot: 'waiting' },
  skipped: { retry: 'waiting', resnapshot: 'waiting' },
};

const pairs = TABLE_STATUSES.flatMap((status) => TABLE_EVENTS.map((event) => [status, event] as const));

/** Every status that a table can come to from this one. */
function reachable(from: TableStatus): Set<TableStatus> {
  const found = new Set<TableStatus>([from]);
  for (const status of found) for (const event of TABLE_EVENTS) found.add(nextTableStatus(status, event));
  return found;
}

describe('the status of a table', () => {
  test.each(pairs)('%s, then %s', (status, event) => {
    expect(nextTableStatus(status, event)).toBe(EXPECTED[status][event] ?? status);
  });

  test('can become every other from waiting', () => {
    expect(reachable('waiting')).toEqual(new Set(TABLE_STATUSES));
  });

  test('can become finished from every other', () => {
    for (const status of TABLE_STATUSES) expect(reachable(status), status).toContain('finished');
  });

  test('changes by a person only, once it is settled', () => {
    for (const status of TABLE_STATUSES.filter(isSettled)) {
      const moved = TABLE_EVENTS.filter((event) => nextTableStatus(status, event) !== status);
      expect(['retry', 'resnapshot', 'skip', 'unlinked'], status).toEqual(expect.arrayContaining(moved));
    }
  });

  test('counts as settled when nothing more happens by itself, and as excluded when writers drop its messages', () => {
    expect(TABLE_STATUSES.filter(isSettled)).toEqual(['finished', 'failed', 'skipped']);
    expect(TABLE_STATUSES.filter(isExcluded)).toEqual(['pausing', 'paused', 'blocked', 'skipped']);
  });
});
