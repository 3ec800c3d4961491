import { someNames } from '../../../model/some-names.ts';
import { tableId } from '../../../model/table-name.ts';
import type { PlannedTrigger } from '../../ports/trigger-manager.ts';
import { addBacklogs, lagMsOf } from '../backlogs.ts';
import type { HealthFacts } from './health-facts.ts';
import { type HealthCode, type HealthLimits, type HealthWarning, warn } from './health-warnings.ts';

const NAMED = 5;
const minutes = (ms: number): string => `${Math.floor(ms / 60_000)} min`;

const OF_STATE: Readonly<
  Partial<Record<PlannedTrigger['state'], { readonly code: HealthCode; readonly says: string }>>
> = {
  new: { code: 'trigger.missing', says: 'changes are not recorded: missing' },
  changed: { code: 'trigger.changed', says: 'changes are not recorded as configured: outdated' },
  disabled: { code: 'trigger.disabled', says: 'changes are not recorded: disabled or invalid' },
  orphan: { code: 'trigger.orphan', says: 'nothing in the configuration captures the table: left over' },
};

const mending = (code: HealthCode, connection: string, table: string): string =>
  code === 'trigger.orphan'
    ? `sluice capture drop ${connection} '${table}' --yes`
    : `sluice capture plan ${connection} '${table}', then sluice capture deploy ${connection} '${table}'`;

/** Of each table once for each state, with the names of its triggers. */
function ofPlan({ plan, connection }: HealthFacts): readonly HealthWarning[] {
  if ('trouble' in plan) {
    const { code, message, suggestion } = plan.trouble;
    return [
      warn(
        'plan.failed',
        connection,
        `${message} [${code}]`,
        suggestion ?? `sluice capture plan ${connection}`,
      ),
    ];
  }
  const groups = new Map<string, { code: HealthCode; says: string; about: string; names: string[] }>();
  for (const { table, name, state } of plan.triggers) {
    const found = OF_STATE[state];
    if (!found) continue;
    const about = tableId(table);
    const group = groups.get(`${state} ${about}`) ?? { ...found, about, names: [] };
    groups.set(`${state} ${about}`, group);
    group.names.push(name);
  }
  return [
    ...plan.refusals.map(({ table, text }) =>
      warn(
        'table.refused',
        tableId(table),
        `it cannot be captured as configured: ${text}`,
        `sluice capture plan ${connection}`,
      ),
    ),
    ...[...groups.values()].map(({ code, says, about, names }) =>
      warn(code, about, `${says} ${someNames(names, NAMED)}`, mending(code, connection, about)),
    ),
  ];
}

/** What a lane still waits for and no trigger records: the configuration may not know the table any more. */
function lostTables(
  { tables, capture, connection }: HealthFacts,
  told: readonly HealthWarning[],
): readonly HealthWarning[] {
  const taken = new Set(capture.lanes.flatMap((lane) => lane.tables));
  return tables
    .filter(({ intact, number, table }) => {
      const isTold = told.some(({ code, about }) => code.startsWith('trigger.') && about === tableId(table));
      return !intact && taken.has(number) && !isTold;
    })
    .map(({ table }) =>
      warn(
        'trigger.lost',
        tableId(table),
        'a transfer takes its changes, and they are not recorded: triggers are missing, disabled or altered',
        `sluice capture plan ${connection}`,
      ),
    );
}

function ofPartitions({ capture, connection }: HealthFacts, limits: HealthLimits): readonly HealthWarning[] {
  const { partitions } = capture.staging;
  if (!partitions) return [];
  const { inUse, there, canGrow } = partitions;
  if (canGrow ? inUse <= limits.partitions : inUse < there) return [];
  const text = canGrow
    ? `${inUse} partitions hold events`
    : `all ${there} partitions hold events, and none can be emptied`;
  return [
    warn(
      'staging.crowded',
      connection,
      text,
      'look for a lane that is behind, and for transactions that are open for long',
    ),
  ];
}

function ofOldEvents(
  { capture, nowMs, retentionMs, connection }: HealthFacts,
  limits: HealthLimits,
): readonly HealthWarning[] {
  const ageMs = lagMsOf(capture.staging, nowMs);
  // What a lane waits for is told of the lane.
  const waitingMs = lagMsOf(addBacklogs(capture.lanes.map(({ backlog }) => backlog)), nowMs);
  if (ageMs <= limits.oldEventMs + retentionMs || waitingMs >= limits.oldEventMs) return [];
  return [
    warn(
      'staging.old',
      connection,
      `events of ${minutes(ageMs)} ago are there still, and nobody needs them`,
      'transfers that run free them: start one, or drop the capture of tables that none takes',
    ),
  ];
}

function ofLongest({ capture, connection }: HealthFacts, limits: HealthLimits): readonly HealthWarning[] {
  const { longest } = capture;
  if (!longest || longest.openForMs < limits.openTransactionMs) return [];
  const holds = longest.holdsEvents
    ? 'and may have recorded changes: they, and the space of events beside them, wait for its end'
    : 'and keeps old versions of rows from being cleared away';
  return [
    warn(
      'transaction.long',
      connection,
      `a transaction is open for ${minutes(longest.openForMs)} (${longest.name}) ${holds}`,
      'end it, or the program that forgot it',
    ),
  ];
}

function ofLayout({ capture, connection }: HealthFacts): readonly HealthWarning[] {
  const { installed, current } = capture.layout;
  if (installed >= current) return [];
  const text = `the tables of the capture are of version ${installed}, and this program has ${current}`;
  return [warn('layout.outdated', connection, text, `sluice capture install ${connection}`)];
}

/** What the source itself shows: layout, triggers, staging, transactions. */
export function judgeSource(facts: HealthFacts, limits: HealthLimits): readonly HealthWarning[] {
  const planned = ofPlan(facts);
  return [
    ...ofLayout(facts),
    ...planned,
    ...lostTables(facts, planned),
    ...ofPartitions(facts, limits),
    ...ofOldEvents(facts, limits),
    ...ofLongest(facts, limits),
  ];
}
