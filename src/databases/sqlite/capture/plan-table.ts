import type { PlannedTrigger, TableToCapture } from '../../../engine/ports/trigger-manager.ts';
import type { CapturedState, StandingTrigger, StoredTable } from './captured-state.ts';
import { judge, type TableFacts } from './captured-shape.ts';
import { renderLayoutTables } from './triggers/render-layout-tables.ts';
import { renderTriggers, type TriggerText } from './triggers/render-triggers.ts';
import { type TriggerSource, triggerSource } from './triggers/trigger-source.ts';

/** Far below what any SQLite takes of one statement, and each application reads all triggers whenever it opens the file. */
const MOST_TEXT = 500_000;

/** How a table is captured, and how it is to be. */
export interface PlannedCapture {
  readonly request: TableToCapture;
  /** Null: it is not captured yet. */
  readonly stored: StoredTable | null;
  readonly source: TriggerSource;
  readonly triggers: readonly TriggerText[];
  /** Statements that make the tables of its layout; none where that stands already. */
  readonly newTables: readonly string[];
  readonly warnings: readonly string[];
  readonly refusals: readonly string[];
}

const isSame = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

/** The layout stays as long as the rows of its events do. */
function standsAsLayout(source: TriggerSource, stored: StoredTable, state: CapturedState): boolean {
  const texts = new Set(state.texts.values());
  return (
    JSON.stringify(source.shape) === JSON.stringify(stored.shape) &&
    renderLayoutTables(source).every((sql) => texts.has(sql))
  );
}

const FACTS: TableFacts = { withoutRowid: false, strict: false };

/** @param number  for a table that has none yet */
export function planCapture(
  request: TableToCapture,
  state: CapturedState,
  options: { readonly prefix: string; readonly number: number },
): PlannedCapture {
  const { prefix } = options;
  const { name } = request.table.table;
  const facts = state.facts.get(name) ?? FACTS;
  const stored = state.tables.find((table) => isSame(table.name, name)) ?? null;
  const at = (number: number, layout: number): TriggerSource =>
    triggerSource(request, facts, { prefix, number, layout });
  const kept = stored === null ? null : at(stored.number, stored.layout);
  const stands = stored !== null && kept !== null && standsAsLayout(kept, stored, state);
  const source =
    stands && kept !== null ? kept : at(stored?.number ?? options.number, (stored?.layout ?? 0) + 1);
  const triggers = renderTriggers(source);
  const { warnings, refusals } = judge(request, facts);
  const large = triggers.some(({ sql }) => sql.length > MOST_TEXT);
  return {
    request,
    stored,
    source,
    triggers,
    newTables: stands ? [] : renderLayoutTables(source),
    warnings,
    refusals: large ? [...refusals, 'it has too many columns for a trigger: record fewer'] : refusals,
  };
}

/** Triggers of ours on the table, by whatever name: SQLite keeps the old name when a table is renamed. */
export const standingOn = (
  { source }: PlannedCapture,
  triggers: readonly StandingTrigger[],
): readonly StandingTrigger[] => triggers.filter(({ table }) => isSame(table, source.table.table.name));

export function plannedTriggers(
  planned: PlannedCapture,
  standing: readonly StandingTrigger[],
): readonly PlannedTrigger[] {
  const { table } = planned.source.table;
  const own = standingOn(planned, standing);
  const wanted = planned.triggers.map(({ name, sql }): PlannedTrigger => {
    const found = own.find((trigger) => trigger.name === name);
    const before = found?.sql ?? null;
    const stands = before === sql && found?.isNewest === true;
    const state = before === null ? 'new' : stands ? 'unchanged' : 'changed';
    return { table, name, state, before, after: sql };
  });
  const surplus = own.filter(({ name }) => !planned.triggers.some((trigger) => trigger.name === name));
  return [
    ...wanted,
    ...surplus.map(
      ({ name, sql }): PlannedTrigger => ({ table, name, state: 'orphan', before: sql, after: null }),
    ),
  ];
}

export const isUnchanged = (planned: PlannedCapture, standing: readonly StandingTrigger[]): boolean =>
  planned.stored !== null &&
  planned.newTables.length === 0 &&
  plannedTriggers(planned, standing).every(({ state }) => state === 'unchanged');
