import type {
  CapturedTable,
  DeployOutcome,
  PlannedTrigger,
  TriggerPlan,
} from '../../engine/ports/trigger-manager.ts';
import { tableId } from '../../model/table-name.ts';
import { formatColumns, safeText } from './columns.ts';
import { lineDiff } from './line-diff.ts';
import { formatCount } from './quantities.ts';

const WORDS = {
  new: 'new',
  changed: 'changed',
  unchanged: 'unchanged',
  orphan: 'ORPHAN: on a table that the configuration does not capture',
  disabled: 'DISABLED: it is there and records nothing',
} as const satisfies Record<PlannedTrigger['state'], string>;

/** Statements of a trigger: the new ones, what is changed of the old ones, or those that go. */
function statementLines({ state, before, after }: PlannedTrigger): readonly string[] {
  if (state === 'unchanged' || state === 'orphan') return [];
  if (before !== null && after !== null) return lineDiff(before, after);
  const sign = after === null ? '-' : '+';
  return (after ?? before ?? '').split('\n').map((line) => `${sign} ${line}`);
}

function showTable(table: string, triggers: readonly PlannedTrigger[]): string {
  const lines = triggers.flatMap((each) => [
    `  ${safeText(each.name)}  ${each.after === null && each.state === 'changed' ? 'goes' : WORDS[each.state]}`,
    ...statementLines(each).map((line) => `    ${safeText(line)}`),
  ]);
  return [safeText(table), ...lines].join('\n');
}

/** One text of many tables is said once. */
function grouped(
  notes: readonly { readonly table: TriggerPlan['triggers'][number]['table']; readonly text: string }[],
): ReadonlyMap<string, readonly string[]> {
  const byText = new Map<string, string[]>();
  for (const { table, text } of notes) byText.set(text, [...(byText.get(text) ?? []), tableId(table)]);
  return byText;
}

/** What deploying would do: every trigger, then what capture does not see, then what cannot be captured. */
export function showTriggerPlan({ triggers, warnings, refusals }: TriggerPlan): string {
  const byTable = new Map<string, PlannedTrigger[]>();
  for (const each of triggers) {
    const id = tableId(each.table);
    byTable.set(id, [...(byTable.get(id) ?? []), each]);
  }
  const count = (state: PlannedTrigger['state']): number =>
    triggers.filter((each) => each.state === state).length;
  const told = (['new', 'changed', 'disabled', 'orphan', 'unchanged'] as const).filter(
    (state) => count(state) > 0,
  );
  const summary = [
    ...told.map((state) => `${formatCount(count(state))} ${state}`),
    ...(refusals.length === 0 ? [] : [`${formatCount(refusals.length)} refusals`]),
  ];
  const notes = [...grouped(warnings)].map(
    ([text, tables]) =>
      `! ${safeText(text)}${tables.length === byTable.size ? '' : ` (${safeText(tables.join(', '))})`}`,
  );
  const refused = refusals.map(({ table, text }) => `✗ ${safeText(tableId(table))}: ${safeText(text)}`);
  return [
    ...[...byTable].map(([table, each]) => showTable(table, each)),
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
    ...(refused.length === 0 ? [] : [refused.join('\n')]),
    `triggers: ${summary.join(', ') || 'none'}`,
  ].join('\n\n');
}

/** Per table what became of it. */
export const showDeployment = (outcomes: readonly DeployOutcome[]): string =>
  outcomes.length === 0
    ? 'no tables'
    : outcomes
        .map(({ table, done, error }) => {
          const name = safeText(tableId(table));
          if (error === null) return `✓ ${name} ${done}`;
          const mend = error.suggestion === null ? '' : `\n    → ${safeText(error.suggestion)}`;
          return `✗ ${name} ${error.code}: ${safeText(error.message)}${mend}`;
        })
        .join('\n');

/** Tables that are captured. */
export const showCaptured = (tables: readonly CapturedTable[]): string =>
  tables.length === 0
    ? 'no table is captured'
    : formatColumns(
        [
          { title: 'TABLE' },
          { title: 'NUMBER', right: true },
          { title: 'KEY' },
          { title: 'COLUMNS', right: true },
          { title: 'TRIGGERS' },
        ],
        tables.map(({ table, number, primaryKey, columns, intact }) => [
          tableId(table),
          String(number),
          primaryKey.join(', ') || 'none',
          String(columns.length),
          intact ? 'as deployed' : 'MISSING, DISABLED OR ALTERED',
        ]),
      );
