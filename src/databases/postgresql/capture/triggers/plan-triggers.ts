import type {
  PlannedTrigger,
  TableToCapture,
  TriggerPlan,
} from '../../../../engine/ports/trigger-manager.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import type { Session } from '../../pool.ts';
import { type KnownTable, readKnown } from './captured-tables.ts';
import { isInstalled } from './installation.ts';
import { ALWAYS, refusalsOf, warningsOf } from './judge-table.ts';
import { makeSubject } from './make-subject.ts';
import { renderTriggers, type TriggerText } from './texts/render-triggers.ts';
import { ofTable, readStanding, type StandingTrigger, statements, wantedOf } from './standing-triggers.ts';
import { readFacts, type TableFacts } from './table-facts.ts';

/** What stands, as it was deployed where nobody altered it: the server prints conditions in a form of its own. */
function beforeOf(standing: StandingTrigger, known: KnownTable | undefined): string {
  const printed = statements(standing.functionSql, standing.triggerSql);
  const { definitions } = known ?? {};
  return definitions?.printed[standing.name] === printed
    ? (definitions.wanted[standing.name] ?? printed)
    : printed;
}

function stateOf(
  standing: StandingTrigger | undefined,
  known: KnownTable | undefined,
  after: string,
): PlannedTrigger['state'] {
  if (!standing) return 'new';
  if (!standing.isEnabled) return 'disabled';
  return beforeOf(standing, known) === after ? 'unchanged' : 'changed';
}

/** What is to become of the triggers of one table; those that are wanted no more are taken away. */
export function compareTriggers(
  table: TableName,
  texts: readonly TriggerText[],
  standing: readonly StandingTrigger[],
  known: KnownTable | undefined,
): readonly PlannedTrigger[] {
  const wanted = wantedOf(texts);
  const planned = texts.map(({ name }): PlannedTrigger => {
    const found = standing.find((each) => each.name === name);
    const after = wanted[name] ?? '';
    const before = found ? beforeOf(found, known) : null;
    return { table, name, state: stateOf(found, known, after), before, after };
  });
  const others = standing
    .filter(({ name }) => wanted[name] === undefined)
    .map((each): PlannedTrigger => {
      const before = beforeOf(each, known);
      return { table, name: each.name, state: 'changed', before, after: null };
    });
  return [...planned, ...others];
}

interface Judged {
  readonly wanted: TableToCapture;
  readonly facts: TableFacts | null;
}

async function planTable(
  session: Session,
  place: CapturePlace,
  { wanted, facts }: Judged & { readonly facts: TableFacts },
  found: {
    readonly standing: readonly StandingTrigger[];
    readonly known: readonly KnownTable[];
    readonly next: number;
  },
): Promise<readonly PlannedTrigger[]> {
  const known = found.known.findLast(({ oid }) => oid === facts.oid);
  const number = known?.number ?? found.next;
  const subject = await makeSubject(session, wanted, { facts, place, number });
  const standing = ofTable(found.standing, facts.oid);
  return compareTriggers(wanted.table.table, renderTriggers(subject), standing, known);
}

/** Changes nothing; numbers of tables that are new are those that they would get now. */
export async function planTriggers(
  session: Session,
  place: CapturePlace,
  tables: readonly TableToCapture[],
): Promise<TriggerPlan> {
  const installed = await isInstalled(session, place);
  const standing = installed ? await readStanding(session, place) : [];
  const known = installed ? await readKnown(session, place) : [];
  const triggers: PlannedTrigger[] = [];
  const warnings: { table: TableName; text: string }[] = [];
  const refusals: { table: TableName; text: string }[] = [];
  let next = (known.at(-1)?.number ?? 0) + 1;
  for (const wanted of tables) {
    const { table } = wanted.table;
    const facts = await readFacts(session, table, place.schema);
    const refused = refusalsOf(wanted, facts);
    refusals.push(...refused.map((text) => ({ table, text })));
    if (facts === null || refused.length > 0) continue;
    triggers.push(...(await planTable(session, place, { wanted, facts }, { standing, known, next })));
    if (!known.some(({ oid }) => oid === facts.oid)) next += 1;
    warnings.push(...[...warningsOf(wanted, facts), ...ALWAYS].map((text) => ({ table, text })));
  }
  const planned = new Set(tables.map(({ table }) => tableId(table.table)));
  const orphans = standing
    .filter(({ table }) => !planned.has(tableId(table)))
    .map(
      (each): PlannedTrigger => ({
        table: each.table,
        name: each.name,
        state: 'orphan',
        before: statements(each.functionSql, each.triggerSql),
        after: null,
      }),
    );
  return { triggers: [...triggers, ...orphans], warnings, refusals };
}
