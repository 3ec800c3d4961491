import type {
  StepOutcome,
  StructureLack,
  StructureRequest,
  StructureStep,
  TargetStructure,
} from '../../../engine/ports/target-structure.ts';
import {
  checkMeaning,
  foreignKeyMeaning,
  indexMeaning,
} from '../../../engine/structure/compare-structure.ts';
import { fitName, markedName } from '../../../engine/structure/fit-name.ts';
import { joined, lackingOf } from '../../../engine/structure/lacking.ts';
import { madeOrRefused } from '../../../engine/structure/made-or-refused.ts';
import { wantedChecks } from '../../../engine/structure/wanted-checks.ts';
import { type WantedIndex, wantedIndexes } from '../../../engine/structure/wanted-indexes.ts';
import { tableId } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { ForeignKeySchema, TableSchema } from '../../../model/table-schema.ts';
import type { Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { toSluiceError, vendorCode } from '../error-codes.ts';
import { describeTables } from '../introspector.ts';
import { lockName } from '../sql/lock-name.ts';
import { list, literal, qualified, quote } from '../sql/names.ts';
import { foreignKeyLosses, renderForeignKey, renderOrphans } from './render-foreign-key.ts';
import { standingForeignKeys } from './standing-keys.ts';
import { rulesOf } from './words.ts';

const LIMIT = { chars: 64 } as const;
/** Longer than any index takes; as long as another attempt at the same table. */
const LONG_SECONDS = 86_400;
const SHORT_SECONDS = 30;

/** Names of constraints are a database's: of a product where they are a table's they get the table's before them. */
function constraintName(plan: TablePlan, name: string): string {
  const isTables = plan.structure?.product !== 'mysql' && !name.startsWith(`${plan.target.name}_`);
  return fitName(isTables ? `${plan.target.name}_${name}` : name, tableId(plan.target), LIMIT);
}

/** Of names those that a constraint of another table of the database has. */
async function takenNames(
  session: Session,
  plan: TablePlan,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const { rows } = await session.query(
    `SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ${literal(plan.target.schema)} AND CONSTRAINT_TYPE IN ('FOREIGN KEY', 'CHECK') AND CONSTRAINT_NAME IN (${list(names.map(literal))}) AND TABLE_NAME <> ${literal(plan.target.name)}`,
  );
  return new Set(rows.map(([name]) => (name ?? '').toLowerCase()));
}

const freeName =
  (plan: TablePlan, taken: ReadonlySet<string>) =>
  ({ name }: { readonly name: string }): string => {
    const own = constraintName(plan, name);
    return taken.has(own.toLowerCase()) ? markedName(own, tableId(plan.target), LIMIT) : own;
  };

function indexStep(plan: TablePlan, { index, body }: WantedIndex, name: string): StructureStep {
  const table = qualified(plan.target);
  const keys = index.parts.map(({ column, expression }) =>
    column === null ? (expression?.sql ?? '') : quote(column),
  );
  const kind = index.unique
    ? 'UNIQUE '
    : index.method === 'fulltext' || index.method === 'spatial'
      ? `${index.method.toUpperCase()} `
      : '';
  return {
    kind: 'index',
    name,
    sql: `CREATE ${kind}INDEX ${quote(name)} ON ${table} ${body}`,
    finds: index.unique
      ? `SELECT ${list(keys)}, COUNT(*) FROM ${table} GROUP BY ${list(keys)} HAVING COUNT(*) > 1`
      : null,
  };
}

function lackingIndexes(session: Session, plan: TablePlan, found: TableSchema | undefined): StructureLack {
  const { indexes, leftOut } = wantedIndexes(plan, rulesOf(plan, session.facts));
  const lack = lackingOf(plan, 'mysql', {
    wanted: indexes.map((wanted) => ({ name: wanted.index.name, wanted })),
    found: (found?.indexes ?? []).map((index) => ({ name: index.name, wanted: { index, body: '' } })),
    nameOf: ({ name }) => fitName(name, tableId(plan.target), LIMIT),
    meaning: ({ wanted }) => indexMeaning(wanted.index),
    foldsNames: true,
    step: ({ wanted }, name) => indexStep(plan, wanted, name),
  });
  return { ...lack, leftOut };
}

async function lackingChecks(
  session: Session,
  plan: TablePlan,
  found: TableSchema | undefined,
): Promise<StructureLack> {
  const { checks, leftOut } = wantedChecks(plan, rulesOf(plan, session.facts));
  const taken = await takenNames(
    session,
    plan,
    checks.map(({ name }) => constraintName(plan, name)),
  );
  const table = qualified(plan.target);
  const lack = lackingOf(plan, 'mysql', {
    wanted: checks,
    found: found?.checks ?? [],
    nameOf: freeName(plan, taken),
    meaning: checkMeaning,
    foldsNames: true,
    step: ({ definition, expression }, name) => ({
      kind: 'check',
      name,
      sql: `ALTER TABLE ${table} ADD CONSTRAINT ${quote(name)} ${definition}`,
      finds: expression === null ? null : `SELECT * FROM ${table} WHERE NOT (${expression.sql})`,
    }),
  });
  return { ...lack, leftOut };
}

const tableAt = async (
  session: Session,
  { plan, exists }: StructureRequest,
): Promise<TableSchema | undefined> =>
  exists ? (await describeTables(session, [plan.target]))[0] : undefined;

async function lackingForeignKeys(
  session: Session,
  request: StructureRequest & { readonly foreignKeys: readonly ForeignKeySchema[] },
): Promise<StructureLack> {
  const { plan, foreignKeys } = request;
  const found = await tableAt(session, request);
  const taken = await takenNames(
    session,
    plan,
    foreignKeys.map(({ name }) => constraintName(plan, name)),
  );
  const lack = lackingOf(plan, 'mysql', {
    wanted: foreignKeys,
    found: found?.foreignKeys ?? [],
    nameOf: freeName(plan, taken),
    meaning: foreignKeyMeaning,
    foldsNames: true,
    step: (key, name) => ({
      kind: 'foreign-key',
      name,
      sql: `ALTER TABLE ${qualified(plan.target)} ADD CONSTRAINT ${quote(name)} ${renderForeignKey(key)}`,
      finds: renderOrphans(plan.target, key),
    }),
  });
  return { ...lack, leftOut: foreignKeys.flatMap(foreignKeyLosses) };
}

function isThere(plan: TablePlan, { kind, name }: StructureStep): string {
  const { schema, name: table } = plan.target;
  const at = `TABLE_SCHEMA = ${literal(schema)} AND TABLE_NAME = ${literal(table)}`;
  return kind === 'index'
    ? `SELECT 1 FROM information_schema.STATISTICS WHERE ${at} AND INDEX_NAME = ${literal(name)} LIMIT 1`
    : `SELECT 1 FROM information_schema.TABLE_CONSTRAINTS WHERE ${at} AND CONSTRAINT_NAME = ${literal(name)} LIMIT 1`;
}

/** What says that the server does not take such a thing at all: syntax and names, types that do not go together, limits. */
const REFUSALS = new Set(
  [
    1005, 1054, 1064, 1071, 1072, 1089, 1118, 1146, 1167, 1170, 1215, 1235, 1239, 1821, 1822, 1823, 1824,
    1825, 1826, 1830, 1901, 1903, 3734, 3756, 3757, 3758, 3762, 3780, 3813, 3814, 3815, 3823,
  ].map(String),
);

/** Under a lock of the server that ends with the session: another attempt that still works at the table is waited for. */
async function makeStep(session: Session, plan: TablePlan, step: StructureStep): Promise<void> {
  const lock = lockName(`structure of ${tableId(plan.target)}`);
  await session.query(`SET SESSION lock_wait_timeout = ${LONG_SECONDS}`);
  while ((await session.cell(`SELECT GET_LOCK(${lock}, ${SHORT_SECONDS})`)) !== '1');
  if ((await session.cell(isThere(plan, step))) === null) await session.query(step.sql);
  await session.query(`DO RELEASE_LOCK(${lock})`);
  await session.query(`SET SESSION lock_wait_timeout = ${SHORT_SECONDS}`);
}

/** What is made of a MySQL or MariaDB table after its rows. */
export function createStructure(pool: Pool): TargetStructure {
  const make = (plan: TablePlan, step: StructureStep, signal: AbortSignal): Promise<StepOutcome> =>
    madeOrRefused<Session>({
      plan,
      step,
      signal,
      lend: (work) => pool.use(work, signal, { side: 'target', table: plan.id }),
      make: makeStep,
      vendorCode,
      isRefusal: (code) => REFUSALS.has(code),
      toError: toSluiceError,
    });
  return {
    foreignKeysWhileLoading: 'checked',
    standingForeignKeys: (plan, signal) => pool.use((session) => standingForeignKeys(session, plan), signal),
    lacking: (request, signal) =>
      pool.use(async (session) => {
        const found = await tableAt(session, request);
        return joined(
          lackingIndexes(session, request.plan, found),
          await lackingChecks(session, request.plan, found),
        );
      }, signal),
    lackingForeignKeys: (request, signal) =>
      pool.use((session) => lackingForeignKeys(session, request), signal),
    make,
  };
}
