import type { PrepareRequest, TableOutcome, TablePreview } from '../../../engine/ports/target-writer.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { TableSchema } from '../../../model/table-schema.ts';
import type { Session } from '../connections/session.ts';
import { describeTables } from '../introspector.ts';
import { literal, qualified, quote } from '../sql/names.ts';
import { CAPACITY, parseType, sameType } from '../types/type-text.ts';
import { withGrant } from './clear-table.ts';
import { createTable, keyLengths, makingOf, primaryKeyOf } from './create-table.ts';
import { writingNotes } from './writing-notes.ts';

/** What is never made here, as statements for a person: made after the load by somebody who knows the target. */
export function renderLeftOut(plan: TablePlan, source: TableSchema): readonly string[] {
  const table = qualified(plan.target);
  const lostKey =
    source.primaryKey && !primaryKeyOf(plan, source)
      ? [`-- PRIMARY KEY (${source.primaryKey.columns.map(quote).join(', ')}): not all of it is copied`]
      : [];
  const generated = source.columns.flatMap(({ name, type, generated: expression }) =>
    expression === null || source.product === 'mysql'
      ? []
      : [`ALTER TABLE ${table} ADD COLUMN ${quote(name)} ${type} GENERATED ALWAYS AS (${expression}) STORED`],
  );
  return [
    ...(source.kind === 'partitioned' ? [`-- ${plan.id} is partitioned at the source`] : []),
    ...lostKey,
    ...generated,
  ];
}

/** A text or bytes may be declared in another way that holds as much. */
function holds(plan: TablePlan, wanted: string, found: string, column: string): boolean {
  if (sameType(wanted, found)) return true;
  if (keyLengths(plan, plan.targetKey).get(column) === found) return true;
  const [left, right] = [parseType(wanted), parseType(found)];
  const capacity = (base: string, length: number | undefined): number =>
    CAPACITY[base] ?? (base.startsWith('var') ? (length ?? 0) : 0);
  const family = (base: string): string =>
    /text$|^varchar$/.test(base) ? 'text' : /blob$|^varbinary$/.test(base) ? 'bytes' : base;
  return (
    ['text', 'bytes'].includes(family(left.base)) &&
    family(left.base) === family(right.base) &&
    capacity(right.base, right.args[0]) >= capacity(left.base, left.args[0])
  );
}

/** What must be altered before the plan's rows fit, as statements; empty: it fits. */
function renderDifferences(plan: TablePlan, target: TableSchema): readonly string[] {
  const alter = `ALTER TABLE ${qualified(plan.target)}`;
  const columns = plan.columns.flatMap((column) => {
    const name = quote(column.target);
    const found = target.columns.find((each) => each.name === column.target);
    if (!found) return [`${alter} ADD COLUMN ${name} ${column.targetType}`];
    const fits = found.generated === null && holds(plan, column.targetType, found.type, column.target);
    if (fits && (!column.nullable || found.nullable)) return [];
    return [`${alter} MODIFY COLUMN ${name} ${column.targetType}${column.nullable ? ' NULL' : ' NOT NULL'}`];
  });
  const planned = new Set(plan.columns.map((column) => column.target));
  const unfed = target.columns.filter(
    (column) =>
      !planned.has(column.name) &&
      !column.nullable &&
      column.default === null &&
      column.identity === null &&
      column.generated === null,
  );
  const keys = [target.primaryKey, ...target.uniqueKeys].filter((key) => key !== null);
  const sameKey = (names: readonly string[]): boolean =>
    [...names].sort().join('\n') === [...plan.targetKey].sort().join('\n');
  const lacksKey = plan.targetKey.length > 0 && !keys.some((key) => sameKey(key.columns));
  return [
    ...columns,
    ...unfed.map((column) => `${alter} ALTER COLUMN ${quote(column.name)} SET DEFAULT …`),
    ...(lacksKey ? [`${alter} ADD UNIQUE (${plan.targetKey.map(quote).join(', ')})`] : []),
  ];
}

/** A table whose engine knows no transactions would keep half of a batch: such a one is refused (invariant 2). */
async function engineDifferences(session: Session, plan: TablePlan): Promise<readonly string[]> {
  const transactions = await session.cell(
    `SELECT e.TRANSACTIONS FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_SCHEMA = ${literal(plan.target.schema)} AND t.TABLE_NAME = ${literal(plan.target.name)}`,
  );
  return transactions === 'YES' ? [] : [`ALTER TABLE ${qualified(plan.target)} ENGINE=InnoDB`];
}

const differencesOf = async (session: Session, plan: TablePlan, target: TableSchema) => [
  ...(await engineDifferences(session, plan)),
  ...renderDifferences(plan, target),
];

function refuse(plan: TablePlan, differences: readonly string[]): void {
  if (differences.length === 0) return;
  throw new SluiceError(
    'target.structure_differs',
    `the target table of ${plan.id} differs in ${differences.length} places`,
    { table: plan.id, suggestion: `${differences.join('; ')};` },
  );
}

async function previewStructure(
  session: Session,
  { plan, source, policy }: PrepareRequest,
): Promise<TablePreview> {
  const [target] = await describeTables(session, [plan.target]);
  if (target && policy !== 'replace')
    return { statements: [], leftOut: [], refusals: await differencesOf(session, plan, target) };
  const making = await makingOf(session, plan, source);
  if (!target && policy === 'verify') return { statements: [], leftOut: [], refusals: making.needed };
  const drop = target ? [`DROP TABLE IF EXISTS ${qualified(plan.target)}`] : [];
  return {
    statements: [...drop, ...making.needed, ...making.tried],
    leftOut: [...making.untranslated, ...renderLeftOut(plan, source)],
    refusals: [],
  };
}

/** What prepareTable and, under `replace`, replaceTable would do; changes nothing. */
export async function previewTable(
  session: Session,
  request: PrepareRequest,
  loadData: boolean,
): Promise<TablePreview> {
  const notes = writingNotes(request.plan, session.facts, loadData);
  return { ...(await previewStructure(session, request)), notes };
}

/** Under a lock that all who prepare tables take: a table is looked for and made by one at a time. */
export function prepareTable(session: Session, request: PrepareRequest): Promise<TableOutcome> {
  const { plan, source, policy } = request;
  return withGrant(session, plan, async () => {
    const [target] = await describeTables(session, [plan.target]);
    const leftOut = renderLeftOut(plan, source);
    if (!target) {
      if (policy === 'verify') {
        const { needed } = await makingOf(session, plan, source);
        throw new SluiceError('target.table_missing', `the target has no table for ${plan.id}`, {
          table: plan.id,
          suggestion: `${needed.join('; ')};`,
        });
      }
      const refused = await createTable(session, plan, source);
      return { table: plan.id, done: 'created', leftOut: [...refused, ...leftOut] };
    }
    if (policy === 'replace') return { table: plan.id, done: 'to-be-replaced', leftOut };
    refuse(plan, await differencesOf(session, plan, target));
    return { table: plan.id, done: 'verified', leftOut: [] };
  });
}
