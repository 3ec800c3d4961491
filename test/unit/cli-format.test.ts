import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatError } from '../../src/cli/format-error.ts';
import { formatColumns } from '../../src/cli/show/columns.ts';
import {
  formatBytes,
  formatCount,
  formatDone,
  formatDuration,
  formatRate,
} from '../../src/cli/show/quantities.ts';
import { isClean, showReport } from '../../src/cli/show/show-report.ts';
import { showProgressLine, showStatus } from '../../src/cli/show/show-status.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import type { TableState, TransferReport, TransferStatus } from '../../src/workflows/messages.ts';

const table = (over: Partial<TableState>): TableState => ({
  table: 'public.orders',
  status: 'copying',
  generation: 1,
  lanes: 10,
  endedLanes: 8,
  rows: 1_234_567,
  bytes: 474 * 1024 * 1024,
  estimatedRows: 2_000_000,
  estimatedBytes: null,
  error: null,
  comparison: null,
  ...over,
});

const STATUS: TransferStatus = {
  transfer: 'orders',
  phase: 'copying',
  run: 3,
  continued: true,
  source: 'shop',
  hub: 'events',
  target: 'warehouse',
  reason: { text: 'backup', by: 'ann', at: '2026-11-21T09:31:50.123Z' },
  startedAt: '2026-11-21T09:00:00.000Z',
  elapsedMs: 185_000,
  sampledAt: null,
  totals: {
    rowsRead: 1_300_000,
    rowsApplied: 1_234_567,
    bytesRead: 500 * 1024 * 1024,
    bytesApplied: 474 * 1024 * 1024,
    estimatedRows: 2_000_000,
    estimatedBytes: null,
    rowsPerSecond: 245_000,
    bytesPerSecond: 58 * 1024 * 1024,
  },
  taskQueues: { control: 'sluice', source: 'sluice-source', target: 'sluice-target' },
  health: {
    health: 'warning',
    difference: 65_433,
    windowUsed: 0.42,
    hubUsed: 0.05,
    writersUsed: 1,
    warnings: ['the hub does not sync its writes'],
  },
  settings: { readers: 2, writers: 4, blockBytes: 4 * 1024 * 1024, ratePerSecond: 0 },
  tables: { total: 3, byStatus: { copying: 1, blocked: 1, finished: 1 } },
};

describe('the status of a transfer', () => {
  test('shows phase, counts, health, tables and what mends a blocked one', () => {
    const error = {
      code: 'target.not_empty' as const,
      message: 'the target table holds rows already',
      column: null,
      vendorCode: null,
      suggestion: 'set write.mode to append',
    };
    const tables = [
      table({}),
      table({
        table: 'public.notes',
        status: 'blocked',
        rows: 0,
        bytes: 0,
        endedLanes: 0,
        lanes: 0,
        estimatedRows: null,
        error,
      }),
    ];
    expect(showStatus(STATUS, tables)).toBe(
      `orders · copying · run 3 (continued) · shop → events → warehouse
copying: backup, by ann, 2026-11-21 09:31:50Z
tables     3: 1 copying, 1 blocked, 1 finished
source     1,300,000 rows, 500 MiB
processed  1,234,567 rows, 474 MiB of about 2,000,000 (61 %)
rate       245,000/s rows, 58.0 MiB/s · elapsed 3 min 05 s
settings   2 readers, 4 writers, blocks of 4.0 MiB
health     warning · difference 65,433 rows · window 42 % · hub 5 % · writers 100 %
  ! the hub does not sync its writes

TABLE          STATUS        ROWS  ESTIMATED  DONE    BYTES  RANGES
public.orders  copying  1,234,567  2,000,000  61 %  474 MiB    8/10
public.notes   blocked          0          -     -      0 B     0/0

✗ public.notes: target.not_empty the target table holds rows already
    → set write.mode to append
… and 1 more: sluice status orders --all`,
    );
  });

  test('has the changes of all lanes in one line, and the number of slices that share them', () => {
    const settings = { readers: 2, writers: 4, blockBytes: 4 * 1024 * 1024, ratePerSecond: 0, relays: 2 };
    const shown = showStatus(
      {
        ...STATUS,
        settings,
        changes: { lanes: 3, moved: 12_000 },
        pending: { events: 57, lagMs: 3_000 },
      },
      [],
    );
    expect(shown).toContain(
      'changes    12,000 moved in 3 lanes, 57 pending at the source, the oldest of 3.0 s ago',
    );
    expect(shown).toContain('4 writers, 2 relays, blocks');
  });

  test('is one line while it is waited for', () => {
    expect(showProgressLine(STATUS)).toBe(
      'orders copying · 1/3 tables · 1,234,567 rows 61 % · 474 MiB · 245,000/s rows · 3 min 05 s · warning',
    );
  });
});

describe('the report of a transfer', () => {
  const report: TransferReport = {
    transfer: 'orders',
    run: 3,
    phase: 'finished',
    startedAt: '2026-11-21T09:00:00.000Z',
    endedAt: '2026-11-21T09:00:08.000Z',
    elapsedMs: 8_000,
    rows: 2_000_000,
    bytes: 474 * 1024 * 1024,
    verify: 'checksum',
    compared: 1,
    equal: 1,
    drifted: 0,
    skipped: 0,
    counts: { total: 1, byStatus: { finished: 1 } },
    tables: [table({ status: 'finished', rows: 2_000_000, endedLanes: 10 })],
    warnings: [],
    leftOutCount: 0,
    leftOut: [],
  };

  test('says what was moved and that it is equal', () => {
    expect(showReport(report)).toBe(
      `orders · finished · run 3
from       2026-11-21 09:00:00Z to 2026-11-21 09:00:08Z: 8.0 s
moved      2,000,000 rows, 474 MiB, 250,000/s rows
tables     1
verified   checksum: 1 of 1 tables equal

TABLE          STATUS         ROWS  ESTIMATED   DONE    BYTES  RANGES
public.orders  finished  2,000,000  2,000,000  100 %  474 MiB   10/10`,
    );
  });

  test('says how to compare what the transfer did not: it only followed changes', () => {
    expect(showReport({ ...report, verify: 'count', compared: 0, equal: 0 })).toContain(
      'verified   no table yet: sluice verify orders compares them',
    );
  });

  test.each([
    ['clean', {}, true],
    ['not clean with a skipped table', { skipped: 1 }, false],
    ['not clean with drift', { drifted: 1, equal: 0 }, false],
    ['not clean with a table that is not equal', { equal: 0 }, false],
    ['not clean when it was stopped', { phase: 'stopped' as const }, false],
  ])('is %s', (_, over, clean) => {
    expect(isClean({ ...report, ...over })).toBe(clean);
  });
});

describe('errors', () => {
  const error = new SluiceError(
    'database.permission_denied',
    'the user "app" may not create schema "sluice"',
    {
      where: 'connections.shop (sluice.yaml:4:3)',
      suggestion: 'GRANT CREATE ON DATABASE shop TO app;',
      vendorCode: '42501',
    },
  );

  test('say code, place, cause, what mends it and the page', () => {
    expect(formatError(error, { format: 'text', color: false })).toBe(
      `✗ database.permission_denied   connections.shop (sluice.yaml:4:3)
    the user "app" may not create schema "sluice" [42501]
    → GRANT CREATE ON DATABASE shop TO app;      docs/reference/errors.md#database-permission-denied`,
    );
  });

  test('are JSON with the same fields under -o json', () => {
    const value = JSON.parse(formatError(error, { format: 'json', color: false })) as unknown;
    expect(value).toMatchObject({
      errors: [
        {
          code: 'database.permission_denied',
          vendorCode: '42501',
          retry: 'manual',
          where: error.details.where,
        },
      ],
    });
  });

  test('never show the password of a URL, whoever wrote the message', () => {
    const text = formatError(new Error('cannot connect to postgres://app:secret@db/x'), {
      format: 'text',
      color: false,
    });
    expect(text).toContain('postgres://app:***@db/x');
  });

  test('several problems of one configuration are all shown', () => {
    const other = new SluiceError('config.unknown_key', 'unknown key "x"');
    const both = new SluiceError('config.invalid', 'first', { cause: new AggregateError([error, other]) });
    expect(formatError(both, { format: 'text', color: false }).match(/^✗/gm)).toHaveLength(2);
  });
});

describe('quantities', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [474 * 1024 * 1024, '474 MiB'],
    [2 ** 60, '1024 PiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [0, '0.0 s'],
    [9_949, '9.9 s'],
    [59_400, '59 s'],
    [59_600, '1 min 00 s'],
    [3_600_000, '1 h 00 min'],
    [356_400_000, '4 d 3 h'],
  ])('%d ms are %s', (durationMs, text) => expect(formatDuration(durationMs)).toBe(text));

  test('counts are grouped without changing a digit', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), (count) => {
        expect(formatCount(count).replaceAll(',', '')).toBe(count.toString());
      }),
    );
  });

  test('nothing is 100 % before it is done, however wrong the estimate', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (rows, estimate) => {
        expect(formatDone(rows, estimate, false)).not.toBe('100 %');
      }),
    );
    expect(formatDone(0, 10, true)).toBe('100 %');
  });

  test('slow rates keep a digit', () =>
    expect([formatRate(0.25), formatRate(12.4)]).toEqual(['0.3/s', '12/s']));
});

describe('columns', () => {
  test('line up with wide letters, and control letters cannot move the cursor', () => {
    const rows = [
      ['表', '1'],
      ['x\u001B[2J', '22'],
    ];
    expect(formatColumns([{ title: 'A' }, { title: 'B', right: true }], rows).split('\n')).toEqual([
      'A       B',
      '表      1',
      'x\uFFFD[2J  22',
    ]);
  });
});
