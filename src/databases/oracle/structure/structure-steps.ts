import type { StructureStep } from '../../../engine/ports/target-structure.ts';
import { wantedChecks } from '../../../engine/structure/wanted-checks.ts';
import { type WantedIndex, wantedIndexes, withReason } from '../../../engine/structure/wanted-indexes.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { CheckSchema, ForeignKeySchema, IndexSchema } from '../../../model/table-schema.ts';
import { list, qualified, quote } from '../sql/names.ts';
import { isLob, parseType } from '../types/type-text.ts';
import { keyColumnsOf, keyType } from './create-table.ts';
import { renderForeignKey, renderOrphans } from '../sql/foreign-key-sql.ts';
import { namesEmpty, RULES } from './words.ts';

/** What a table is to have after its rows. */
export interface Wanted {
  readonly indexes: readonly WantedIndex[];
  readonly checks: readonly CheckSchema[];
  /** SQL of the source with the reason. */
  readonly leftOut: readonly string[];
}

function isLarge(plan: TablePlan, column: string): boolean {
  const found = plan.columns.find(({ target }) => target === column);
  return found !== undefined && isLob(parseType(keyType(found, keyColumnsOf(plan, plan.targetKey))).base);
}

const isNullable = (plan: TablePlan, column: string): boolean =>
  plan.columns.find(({ target }) => target === column)?.nullable ?? true;

/** Why an index cannot be made here as it is meant; null: it can. */
function hindrance(plan: TablePlan, { index, body }: WantedIndex): string | null {
  if (index.method === 'domain') return 'an index of a domain is made by its own words';
  if (index.columns.some((column) => isLarge(plan, column)))
    return 'Oracle indexes no large object: give the column a VARCHAR2 or RAW by columns.types';
  if (plan.structure?.product === RULES.product) return null;
  if (namesEmpty(body)) return 'the empty text is NULL in Oracle';
  const many = index.parts.length > 1;
  // Oracle takes rows for the same whose other columns are equal and one of which is NULL; nobody else does.
  const differs = many && index.parts.some(({ column }) => column === null || isNullable(plan, column));
  return index.unique && differs ? 'Oracle takes rows with a NULL in one of its columns for the same' : null;
}

const isForeign = ({ structure }: TablePlan): boolean => structure?.product !== RULES.product;

export function wantedOf(plan: TablePlan): Wanted {
  const indexes = wantedIndexes(plan, RULES);
  const checks = wantedChecks(plan, RULES);
  const told = indexes.indexes.map((wanted) => ({ wanted, why: hindrance(plan, wanted) }));
  const empty = checks.checks.filter(({ definition }) => isForeign(plan) && namesEmpty(definition));
  return {
    indexes: told.filter(({ why }) => why === null).map(({ wanted }) => wanted),
    checks: checks.checks.filter((check) => !empty.includes(check)),
    leftOut: [
      ...indexes.leftOut,
      ...told.flatMap(({ wanted: { index }, why }) =>
        why === null ? [] : [withReason(index.definition, why)],
      ),
      ...checks.leftOut,
      ...empty.map(({ name, definition }) =>
        withReason(`${quote(name)} ${definition}`, 'the empty text is NULL in Oracle'),
      ),
    ],
  };
}

/** A foreign key refers to a constraint, and to no mere index: unique columns are one. */
function uniqueConstraint(plan: TablePlan, { parts, constraint }: IndexSchema): string | null {
  if (!isForeign(plan)) return constraint;
  const columns = parts.flatMap(({ column, descending }) => (column === null || descending ? [] : [column]));
  return columns.length === parts.length ? `UNIQUE (${list(columns.map(quote))})` : null;
}

export function indexStep(plan: TablePlan, { index, body }: WantedIndex, name: string): StructureStep {
  const table = qualified(plan.target);
  const keys = index.parts.map(({ column, expression }) =>
    column === null ? (expression?.sql ?? '') : quote(column),
  );
  const unique = index.unique ? uniqueConstraint(plan, index) : null;
  const kind = index.unique ? 'UNIQUE ' : index.method === 'bitmap' ? 'BITMAP ' : '';
  // Without its schema it would lie in that of the connection's user.
  const own = qualified({ schema: plan.target.schema, name });
  return {
    kind: 'index',
    name,
    sql:
      unique === null
        ? `CREATE ${kind}INDEX ${own} ON ${table} ${body}`
        : `ALTER TABLE ${table} ADD CONSTRAINT ${quote(name)} ${unique}`,
    finds: index.unique
      ? `SELECT ${list(keys)}, COUNT(*) FROM ${table} WHERE ${keys.map((key) => `${key} IS NOT NULL`).join(' OR ')} GROUP BY ${list(keys)} HAVING COUNT(*) > 1`
      : null,
  };
}

export function checkStep(
  plan: TablePlan,
  { definition, expression }: CheckSchema,
  name: string,
): StructureStep {
  const table = qualified(plan.target);
  return {
    kind: 'check',
    name,
    sql: `ALTER TABLE ${table} ADD CONSTRAINT ${quote(name)} ${definition}`,
    finds: expression === null ? null : `SELECT * FROM ${table} WHERE NOT (${expression.sql})`,
  };
}

export const foreignKeyStep = (plan: TablePlan, key: ForeignKeySchema, name: string): StructureStep => ({
  kind: 'foreign-key',
  name,
  sql: `ALTER TABLE ${qualified(plan.target)} ADD CONSTRAINT ${quote(name)} ${renderForeignKey(key)}`,
  finds: renderOrphans(plan.target, key),
});
