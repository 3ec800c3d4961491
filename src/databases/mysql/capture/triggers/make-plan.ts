import { findKnown } from '../../../../engine/capture/triggers/known-table.ts';
import type { Introspector } from '../../../../engine/ports/introspector.ts';
import type {
  PlannedTrigger,
  TableToCapture,
  TriggerPlan,
} from '../../../../engine/ports/trigger-manager.ts';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { readFacts, refusalsOf, warningsOf } from '../judge-tables.ts';
import { findCascades, parentsOf, routesFrom, withParents } from './cascades.ts';
import type { KnownTable } from './known-tables.ts';
import { renderCreate, renderTriggers, type TriggerText } from './render-triggers.ts';
import {
  isAsWanted,
  NO_DEFINITIONS,
  ofTable,
  readStanding,
  type StandingTrigger,
} from './standing-triggers.ts';
import { renderMarked } from './replace-beside.ts';
import { makeSubject, type Subject } from './subject.ts';

/** A table as it is to be captured, with its triggers. */
export interface Designed {
  readonly wanted: TableToCapture;
  readonly number: number;
  readonly known: KnownTable | null;
  readonly texts: readonly TriggerText[];
  readonly standing: readonly StandingTrigger[];
  /** Ids of tables whose triggers record what foreign keys do to its rows. */
  readonly parents: readonly string[];
  /** Or it is captured already, and records what happens to one that is asked for. */
  readonly isAsked: boolean;
}

export interface Design {
  /** Parents before their children. */
  readonly tables: readonly Designed[];
  readonly refusals: TriggerPlan['refusals'];
  readonly warnings: TriggerPlan['warnings'];
  /** Of all schemas that captured tables are in. */
  readonly standing: readonly StandingTrigger[];
}

interface DesignRequest {
  /** Tables that are asked for. */
  readonly tables: readonly TableToCapture[];
  readonly known: readonly KnownTable[];
  /** Of others, which are captured already and stay so: keys join them with those that are asked for. */
  readonly others: readonly TableToCapture[];
}

/** Tables that are captured already and not among some. */
export async function describeOthers(
  introspector: Introspector,
  { known, tables }: { readonly known: readonly KnownTable[]; readonly tables: readonly TableName[] },
  signal: AbortSignal,
): Promise<readonly TableToCapture[]> {
  const asked = new Set(tables.map(tableId));
  const others = known.filter(({ table, isCaptured }) => isCaptured && !asked.has(tableId(table)));
  if (others.length === 0) return [];
  const found = await introspector.describeTables(
    others.map(({ table }) => table),
    signal,
  );
  return found.flatMap((table) => {
    const spec = findKnown(others, table.table)?.spec;
    return spec ? [{ table, spec }] : [];
  });
}

/** The number that a table has, or will get where nobody comes between. */
function numbersOf(tables: readonly TableToCapture[], known: readonly KnownTable[]) {
  let next = Math.max(0, ...known.map(({ number }) => number));
  return new Map(
    tables.map(({ table }) => {
      const found = findKnown(known, table.table);
      return [tableId(table.table), { number: found?.number ?? (next += 1), known: found ?? null }];
    }),
  );
}

/** @throws SluiceError capture.condition_invalid, naming table and condition */
export async function designTriggers(
  session: Session,
  names: CaptureNames,
  { tables, known, others }: DesignRequest,
): Promise<Design> {
  const all = [...tables, ...others];
  const facts = await readFacts(
    session,
    all.map(({ table }) => table.table),
  );
  const schemas = [...all.map(({ table }) => table.table), ...known.map(({ table }) => table)].map(
    ({ schema }) => schema,
  );
  const standing = await readStanding(session, names, schemas);
  const reasonsOf = new Map<string, readonly string[]>();
  for (const wanted of all) {
    const id = tableId(wanted.table.table);
    const reasons = refusalsOf(names, wanted, { facts: facts.get(id), standing });
    if (reasons.length > 0) reasonsOf.set(id, reasons);
  }
  const possible = all.filter(({ table }) => !reasonsOf.has(tableId(table.table)));
  const { edges, refused } = findCascades(possible);
  for (const [id, reasons] of refused) reasonsOf.set(id, reasons);
  const numbers = numbersOf(all, known);
  const subjects = new Map<string, Subject>();
  for (const wanted of possible) {
    const id = tableId(wanted.table.table);
    if (refused.has(id)) continue;
    const made = makeSubject(session, wanted, numbers.get(id)?.number ?? 0);
    // What one that is not asked for has in its conditions is said when it is.
    const subject = await (tables.includes(wanted) ? made : made.catch(() => null));
    if (subject) subjects.set(id, subject);
  }
  const isMysql = session.facts.flavour === 'mysql';
  const { rows: cascades } = await session.query("SHOW VARIABLES LIKE 'enable_cascade_triggers'");
  const firesForCascades = cascades.length > 0;
  const askedIds = tables.map(({ table }) => tableId(table.table));
  const designed = withParents(askedIds, edges).flatMap((id): Designed[] => {
    const subject = subjects.get(id);
    const number = numbers.get(id);
    const wanted = all.find(({ table }) => tableId(table.table) === id);
    if (!subject || !number || !wanted) return [];
    const routes = routesFrom(id, edges);
    const texts = renderTriggers(names, subject, { routes, subjects, firesForCascades });
    return [
      {
        wanted,
        ...number,
        texts: isMysql ? texts.map((text) => renderMarked(wanted.table.table, text)) : texts,
        standing: ofTable(standing, wanted.table.table),
        parents: parentsOf(id, edges),
        isAsked: askedIds.includes(id),
      },
    ];
  });
  const asked = tables.map(({ table }) => table.table);
  return {
    tables: designed,
    standing,
    refusals: asked.flatMap((table) =>
      (reasonsOf.get(tableId(table)) ?? []).map((text) => ({ table, text })),
    ),
    warnings: designed
      .filter(({ isAsked }) => isAsked)
      .flatMap(({ wanted }) =>
        warningsOf(wanted, edges).map((text) => ({ table: wanted.table.table, text })),
      ),
  };
}

/** There is something to be done. */
export const isTouched = (designed: Designed): boolean => {
  const { make, gone } = stepsOf(designed);
  return make.length + gone.length > 0;
};

/** What of a table's triggers is to be made anew, and what is to go. */
export function stepsOf({ wanted, known, texts, standing }: Designed) {
  const definitions = known?.definitions ?? NO_DEFINITIONS;
  const make = texts.filter((text) => {
    const found = standing.find(({ name }) => name === text.name);
    return !found || !isAsWanted(definitions, renderCreate(wanted.table.table, text), found);
  });
  return { make, gone: standing.filter(({ name }) => texts.every((text) => text.name !== name)) };
}

function plannedOf(designed: Designed): readonly PlannedTrigger[] {
  const { table } = designed.wanted.table;
  const { make, gone } = stepsOf(designed);
  const planned = designed.texts.map((text): PlannedTrigger => {
    const found = designed.standing.find(({ name }) => name === text.name);
    const state = !found ? 'new' : make.includes(text) ? 'changed' : 'unchanged';
    return { table, name: text.name, state, before: found?.text ?? null, after: renderCreate(table, text) };
  });
  const orphans = gone.map(
    ({ name, text }): PlannedTrigger => ({ table, name, state: 'orphan', before: text, after: null }),
  );
  return [...planned, ...orphans];
}

/** See TriggerManager.plan. */
export function planOf({ tables: all, standing, refusals, warnings }: Design): TriggerPlan {
  const tables = all.filter((each) => each.isAsked || isTouched(each));
  const designed = new Set(tables.map(({ wanted }) => tableId(wanted.table.table)));
  const orphans = standing
    .filter(({ table, isOurs }) => isOurs && !designed.has(tableId(table)))
    .map(
      ({ table, name, text }): PlannedTrigger => ({
        table,
        name,
        state: 'orphan',
        before: text,
        after: null,
      }),
    );
  return { triggers: [...tables.flatMap(plannedOf), ...orphans], refusals, warnings };
}
