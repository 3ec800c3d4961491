import { expect, test } from 'vitest';
import type { HealthFacts, TransferFacts } from '../../src/engine/capture/health/health-facts.ts';
import { HEALTH_WARNINGS } from '../../src/engine/capture/health/health-warnings.ts';
import { judgeCapture } from '../../src/engine/capture/health/judge-capture.ts';
import type { CaptureFacts, StandingLane } from '../../src/engine/ports/capture-inspector.ts';
import type { CapturedTable, PlannedTrigger } from '../../src/engine/ports/trigger-manager.ts';
import { readDoc } from '../support/docs.ts';

const NOW_MS = Date.parse('2026-11-30T12:00:00Z');
/** Canonical timestamptz of so long ago. */
const ago = (seconds: number): string =>
  new Date(NOW_MS - seconds * 1_000).toISOString().replace('T', ' ').replace('.000Z', '+00');

const LANE: StandingLane = {
  transfer: 'orders',
  lane: 1,
  tables: [7],
  owner: 'ab12',
  sealed: 9,
  confirmed: 8,
  movedAt: ago(1),
  backlog: { events: 3, oldestAt: ago(2) },
};
const TABLE: CapturedTable = {
  number: 7,
  table: { schema: 'public', name: 'orders' },
  columns: ['id'],
  primaryKey: ['id'],
  spec: {},
  intact: true,
};
const RUNS = { isRunning: true, phase: 'live', unattended: [], warnings: [] };
const STANDS = { ...RUNS, isRunning: false, phase: null };
const TRANSFER: TransferFacts = { transfer: 'orders', isConfigured: true, parked: {}, run: RUNS };
const CAPTURE: CaptureFacts = {
  layout: { installed: 2, current: 2 },
  lanes: [LANE],
  staging: { events: 3, oldestAt: ago(2), partitions: { inUse: 1, there: 3, canGrow: false } },
  loads: [{ transfer: 'orders', table: 7, generation: 1, rows: 10, isDone: true }],
  longest: { name: 'process 1', openForMs: 1_000, holdsEvents: true },
};
const FACTS: HealthFacts = {
  connection: 'shop',
  nowMs: NOW_MS,
  retentionMs: 0,
  capture: CAPTURE,
  tables: [TABLE],
  plan: { triggers: [], refusals: [] },
  transfers: [TRANSFER],
  ends: [{ name: 'events', is: 'hub', version: 'NATS 2.12', trouble: null, warnings: [] }],
  temporal: null,
};

const trigger = (state: PlannedTrigger['state']): PlannedTrigger => ({
  table: TABLE.table,
  name: 'zzz_sluice_i',
  state,
  before: null,
  after: null,
});
const planned = (state: PlannedTrigger['state']): HealthFacts => ({
  ...FACTS,
  plan: { triggers: [trigger('unchanged'), trigger(state)], refusals: [] },
});
const capture = (of: Partial<CaptureFacts>): HealthFacts => ({ ...FACTS, capture: { ...CAPTURE, ...of } });
const lane = (of: Partial<StandingLane>): HealthFacts => capture({ lanes: [{ ...LANE, ...of }] });
const transfer = (of: Partial<TransferFacts>, facts = FACTS): HealthFacts => ({
  ...facts,
  transfers: [{ ...TRANSFER, ...of }],
});
const staging = (of: Partial<CaptureFacts['staging']>): HealthFacts =>
  capture({ staging: { ...CAPTURE.staging, ...of } });
const TROUBLE = { code: 'hub.unreachable', message: 'it does not answer', suggestion: null };
const NONE_WAITS = { events: 0, oldestAt: null };
const OLD = { events: 5, oldestAt: ago(90) };

test.each<readonly [string, HealthFacts, readonly string[]]>([
  ['all is well', FACTS, []],
  ['nobody but the source was asked', transfer({ run: null, parked: null }), []],
  [
    'an older version made the tables',
    capture({ layout: { installed: 1, current: 2 } }),
    ['layout.outdated'],
  ],
  ['the plan fails', { ...FACTS, plan: { trouble: TROUBLE } }, ['plan.failed']],
  [
    'a table is refused',
    { ...FACTS, plan: { triggers: [], refusals: [{ table: TABLE.table, text: 'a view' }] } },
    ['table.refused'],
  ],
  ['a trigger is missing', planned('new'), ['trigger.missing']],
  ['a trigger is of an earlier configuration', planned('changed'), ['trigger.changed']],
  ['a trigger is disabled', planned('disabled'), ['trigger.disabled']],
  ['a trigger is on a table that is captured no more', planned('orphan'), ['trigger.orphan']],
  [
    'triggers were taken away under a lane',
    { ...FACTS, tables: [{ ...TABLE, intact: false }] },
    ['trigger.lost'],
  ],
  [
    'triggers are missing, and the plan tells it',
    { ...planned('new'), tables: [{ ...TABLE, intact: false }] },
    ['trigger.missing'],
  ],
  [
    'triggers of a table that no lane takes were taken away',
    { ...FACTS, tables: [{ ...TABLE, number: 8, intact: false }] },
    [],
  ],
  [
    'all partitions of a fixed number hold events',
    staging({ partitions: { inUse: 3, there: 3, canGrow: false } }),
    ['staging.crowded'],
  ],
  [
    'some partitions, of which more are made',
    staging({ partitions: { inUse: 15, there: 15, canGrow: true } }),
    [],
  ],
  ['many partitions', staging({ partitions: { inUse: 16, there: 20, canGrow: true } }), ['staging.crowded']],
  ['no partitions', staging({ partitions: null }), []],
  ['old events that nobody needs', staging({ oldestAt: ago(3_700) }), ['staging.old']],
  ['old events that are retained', { ...staging({ oldestAt: ago(3_700) }), retentionMs: 3_600_000 }, []],
  [
    'old events that a lane needs',
    capture({
      staging: { ...CAPTURE.staging, oldestAt: ago(4_000) },
      lanes: [{ ...LANE, backlog: { events: 5, oldestAt: ago(4_000) } }],
    }),
    ['lane.behind'],
  ],
  [
    'a transaction is open for long',
    capture({ longest: { name: 'process 1', openForMs: 901_000, holdsEvents: false } }),
    ['transaction.long'],
  ],
  ['nobody takes the lane', lane({ owner: null, movedAt: null, backlog: OLD }), ['lane.stalled']],
  ['no claim for a while, and something waits', lane({ movedAt: ago(61), backlog: OLD }), ['lane.stalled']],
  ['no claim is kept, and something waits', lane({ movedAt: null, backlog: OLD }), ['lane.stalled']],
  ['no claim for a while, and nothing waits', lane({ movedAt: ago(9_000), backlog: NONE_WAITS }), []],
  ['it moves, a little behind', lane({ backlog: OLD }), []],
  ['it moves, far behind', lane({ backlog: { events: 5, oldestAt: ago(301) } }), ['lane.behind']],
  [
    'the transfer stands, and something waits: told once',
    transfer({ run: STANDS }, lane({ movedAt: null, backlog: OLD })),
    ['transfer.not_running'],
  ],
  ['the transfer stands, and nothing waits', transfer({ run: STANDS }, lane({ backlog: NONE_WAITS })), []],
  [
    'the transfer stands within its load',
    transfer(
      { run: STANDS },
      capture({
        lanes: [{ ...LANE, backlog: NONE_WAITS }],
        loads: [{ ...CAPTURE.loads[0]!, isDone: false }],
      }),
    ),
    ['load.waiting'],
  ],
  [
    'a transfer that the configuration has no more',
    transfer({ isConfigured: false, run: null }, lane({ backlog: OLD, movedAt: null })),
    ['transfer.abandoned'],
  ],
  ['one that another configuration has, and that runs', transfer({ isConfigured: false }), []],
  [
    'a configured transfer that never began',
    transfer({ run: STANDS }, capture({ lanes: [], loads: [] })),
    [],
  ],
  ['the transfer warns', transfer({ run: { ...RUNS, warnings: ['stalled'] } }), ['transfer.warning']],
  ['no worker polls', transfer({ run: { ...RUNS, unattended: ['sluice-source'] } }), ['worker.missing']],
  ['a change is refused for good', transfer({ parked: { final: 1 } }), ['changes.final']],
  ['changes are set apart', transfer({ parked: { waiting: 1, behind: 2 } }), ['changes.parked']],
  ['Temporal is away', { ...FACTS, temporal: TROUBLE }, ['temporal.unreachable']],
  [
    'the hub is away',
    { ...FACTS, ends: [{ ...FACTS.ends[0]!, version: null, trouble: TROUBLE }] },
    ['hub.unreachable'],
  ],
  [
    'the hub warns, and the transfer says the same',
    {
      ...transfer({ run: { ...RUNS, warnings: ['full'] } }),
      ends: [{ ...FACTS.ends[0]!, warnings: ['full'] }],
    },
    ['hub.warning'],
  ],
  ['the hub warns', { ...FACTS, ends: [{ ...FACTS.ends[0]!, warnings: ['full'] }] }, ['hub.warning']],
  [
    'the target is away',
    { ...FACTS, ends: [{ ...FACTS.ends[0]!, is: 'target', trouble: TROUBLE }] },
    ['target.unreachable'],
  ],
])('a capture is judged: %s', (_, facts, codes) => {
  expect(judgeCapture(facts).map(({ code }) => code)).toEqual(codes);
});

test('a warning says what it is about, what is found and what to do', () => {
  expect(judgeCapture(planned('disabled'))).toEqual([
    {
      code: 'trigger.disabled',
      about: 'public.orders',
      message: 'changes are not recorded: disabled or invalid zzz_sluice_i',
      suggestion: "sluice capture plan shop 'public.orders', then sluice capture deploy shop 'public.orders'",
    },
  ]);
});

test('the page has every code, and no other', () => {
  const page = readDoc('how-to/capture-changes.md');
  const told = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` \|/gm)].map(([, code]) => code);
  expect(told).toEqual([...HEALTH_WARNINGS]);
});
