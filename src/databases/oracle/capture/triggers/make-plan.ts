import { askedSql } from '../../../../engine/capture/triggers/asked-sql.ts';
import { findKnown } from '../../../../engine/capture/triggers/known-table.ts';
import type {
  PlannedTrigger,
  TableToCapture,
  TriggerPlan,
} from '../../../../engine/ports/trigger-manager.ts';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-names.ts';
import { ALWAYS, readFacts, refusalsOf, warningsOf } from '../judge-tables.ts';
import { triggerName } from '../trigger-names.ts';
import type { KnownTable } from './known-tables.ts';
import { renderBody, renderCreate, type TriggerText } from './render-trigger.ts';
import {
  isAsWanted,
  NO_DEFINITIONS,
  ofTable,
  readStanding,
  type StandingTrigger,
} from './standing-triggers.ts';
import { makeSubject, type Subject } from './subject.ts';
import { checkUserSql } from './user-sql.ts';

/** A table as it is to be captured, with its trigger. */
export interface Designed {
  readonly wanted: TableToCapture;
  readonly known: KnownTable | null;
  readonly subject: Subject;
  readonly trigger: TriggerText;
  /** The statement that makes it. */
  readonly text: string;
  /** Of ours on the table. */
  readonly standing: readonly StandingTrigger[];
}

export interface Design {
  readonly tables: readonly Designed[];
  readonly refusals: TriggerPlan['refusals'];
  readonly warnings: TriggerPlan['warnings'];
  readonly standing: readonly StandingTrigger[];
}

/** @throws SluiceError capture.condition_invalid, naming table and condition */
export async function designTriggers(
  session: Session,
  names: CaptureNames,
  { tables, known }: { readonly tables: readonly TableToCapture[]; readonly known: readonly KnownTable[] },
): Promise<Design> {
  const asked = tables.map(({ table }) => table.table);
  const facts = await readFacts(session, names, asked);
  const standing = await readStanding(session, names);
  const designed: Designed[] = [];
  const refusals: { table: TableName; text: string }[] = [];
  const warnings: { table: TableName; text: string }[] = [];
  // The number that a table has, or will get where nobody comes between.
  let next = Math.max(0, ...known.map(({ number }) => number));
  for (const wanted of tables) {
    const { table } = wanted.table;
    const of = facts.get(tableId(table));
    const reasons = refusalsOf(wanted, of);
    refusals.push(...reasons.map((text) => ({ table, text })));
    if (!of || reasons.length > 0) continue;
    await checkUserSql(session, wanted.table, askedSql(wanted.spec));
    const found = findKnown(known, table) ?? null;
    const subject = makeSubject(wanted, found?.number ?? (next += 1));
    const name = triggerName(names, subject, session.facts.identifierBytes);
    const trigger = { name, body: renderBody(names, subject) };
    const text = renderCreate(names, subject, trigger);
    designed.push({
      wanted,
      known: found,
      subject,
      trigger,
      text,
      standing: ofTable(standing, table),
    });
    warnings.push(...[...warningsOf(wanted, of, text), ...ALWAYS].map((what) => ({ table, text: what })));
  }
  return { tables: designed, standing, refusals, warnings };
}

/** Whether the trigger is to be made anew, and which ones are to go: of another name, or left from a compilation beside. */
export function stepsOf({ known, trigger, text, standing }: Designed) {
  const found = standing.find(({ name }) => name === trigger.name);
  return {
    found,
    isMade: isAsWanted(known?.definitions ?? NO_DEFINITIONS, text, found),
    gone: standing.filter(({ name }) => name !== trigger.name),
  };
}

const orphanOf = ({ table, name, text }: StandingTrigger): PlannedTrigger => ({
  table,
  name,
  state: 'orphan',
  before: text,
  after: null,
});

function plannedOf(designed: Designed): readonly PlannedTrigger[] {
  const { wanted, trigger, text } = designed;
  const { found, isMade, gone } = stepsOf(designed);
  const state = !found ? 'new' : isMade ? 'unchanged' : found.isEnabled ? 'changed' : 'disabled';
  const before = found ? `CREATE OR REPLACE ${found.text}` : null;
  return [
    { table: wanted.table.table, name: trigger.name, state, before, after: text },
    ...gone.map(orphanOf),
  ];
}

/** See TriggerManager.plan. */
export function planOf({ tables, standing, refusals, warnings }: Design): TriggerPlan {
  const designed = new Set(tables.map(({ wanted }) => tableId(wanted.table.table)));
  const orphans = standing.filter(({ table }) => !designed.has(tableId(table))).map(orphanOf);
  return { triggers: [...tables.flatMap(plannedOf), ...orphans], refusals, warnings };
}
