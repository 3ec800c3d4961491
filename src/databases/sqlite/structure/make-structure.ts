import type { Introspector } from '../../../engine/ports/introspector.ts';
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
  missing,
} from '../../../engine/structure/compare-structure.ts';
import { markedName } from '../../../engine/structure/fit-name.ts';
import { joined, lackingOf, noLack } from '../../../engine/structure/lacking.ts';
import { wantedChecks } from '../../../engine/structure/wanted-checks.ts';
import { type WantedIndex, wantedIndexes, withReason } from '../../../engine/structure/wanted-indexes.ts';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import { tableId } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { ForeignKeySchema, TableSchema } from '../../../model/table-schema.ts';
import type { Pool } from '../connections/pool.ts';
import { reading, type Session, writing } from '../connections/session.ts';
import { literal, quote } from '../sql.ts';
import { renderForeignKey } from './render-table.ts';
import { RULES } from './words.ts';

const ALTERED = 'a table of SQLite gets it when it is created, and this one is there';

/** Names of indexes are the file's: of a product where they are a table's they get the table's before them. */
const ownName = (plan: TablePlan, name: string): string =>
  plan.structure?.product === 'mysql' && !name.startsWith(`${plan.target.name}_`)
    ? `${plan.target.name}_${name}`
    : name;

/** Names in lower case that something else of the file has. */
async function takenNames(pool: Pool, plan: TablePlan, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const rows = await reading(pool, signal, (session) =>
    session.rows('SELECT name FROM sqlite_schema WHERE tbl_name <> ? COLLATE NOCASE', [plan.target.name]),
  );
  return new Set(rows.map(([name]) => String(name).toLowerCase()));
}

interface Named {
  readonly name: string;
  readonly wanted: WantedIndex;
}

function indexStep(plan: TablePlan, { index, body }: WantedIndex, name: string): StructureStep {
  const table = quote(plan.target.name);
  const keys = index.parts.map(({ column, expression }) =>
    column === null ? (expression?.sql ?? '') : quote(column),
  );
  return {
    kind: 'index',
    name,
    sql: `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quote(name)} ON ${table} ${body}`,
    finds: index.unique
      ? `SELECT ${keys.join(', ')}, count(*) FROM ${table} GROUP BY ${keys.join(', ')} HAVING count(*) > 1`
      : null,
  };
}

function lackingIndexes(
  plan: TablePlan,
  found: TableSchema | undefined,
  taken: ReadonlySet<string>,
): StructureLack {
  const { indexes, leftOut } = wantedIndexes(plan, RULES);
  const nameOf = ({ name }: Named): string =>
    taken.has(name.toLowerCase()) ? markedName(name, tableId(plan.target), {}) : name;
  const lack = lackingOf<Named>(plan, RULES.product, {
    wanted: indexes.map((wanted) => ({ name: ownName(plan, wanted.index.name), wanted })),
    found: (found?.indexes ?? []).map((index) => ({ name: index.name, wanted: { index, body: '' } })),
    nameOf,
    meaning: ({ wanted }) => indexMeaning(wanted.index),
    foldsNames: true,
    step: ({ wanted }, name) => indexStep(plan, wanted, name),
  });
  return { ...lack, leftOut };
}

/** Checks are made with the table. */
function lackingChecks(plan: TablePlan, found: TableSchema | undefined): StructureLack {
  const { checks, leftOut } = wantedChecks(plan, RULES);
  if (!found) return { ...noLack, leftOut };
  const { lacking, differing } = missing(checks, found.checks, {
    nameOf: ({ name }) => name,
    meaning: checkMeaning,
    foldsNames: true,
  });
  const late = [...lacking, ...differing].map(({ name, definition }) =>
    withReason(`CONSTRAINT ${quote(name)} ${definition}`, ALTERED),
  );
  return { ...noLack, leftOut: [...leftOut, ...late] };
}

/** Foreign keys are made with the table and not looked at while rows come; when all are there, the rows are. */
function lackingForeignKeys(
  plan: TablePlan,
  keys: readonly ForeignKeySchema[],
  found: TableSchema | undefined,
): StructureLack {
  const { lacking, differing } = missing(keys, found?.foreignKeys ?? keys, {
    nameOf: ({ name }) => name,
    meaning: foreignKeyMeaning,
    foldsNames: true,
  });
  const late = [...lacking, ...differing];
  const sql = `PRAGMA foreign_key_check(${literal(plan.target.name)})`;
  const step: StructureStep = { kind: 'foreign-key', name: plan.target.name, sql, finds: sql };
  return {
    ...noLack,
    steps: (found?.foreignKeys ?? keys).length > 0 ? [step] : [],
    leftOut: late.map((key) => withReason(renderForeignKey(key), ALTERED)),
  };
}

/** @throws SluiceError target.constraint_violated when rows have no parent */
async function checkForeignKeys(session: Session, plan: TablePlan, step: StructureStep): Promise<void> {
  const orphans = await session.rows(step.sql);
  // Parents that are not copied after all (they were skipped) are told of elsewhere.
  const copied = new Set((plan.foreignKeys ?? []).map(({ references }) => references.name.toLowerCase()));
  const known = new Set(
    (plan.structure?.foreignKeys ?? []).map(({ references }) => references.name.toLowerCase()),
  );
  const counted = orphans.filter(([, , parent]) => {
    const name = String(parent).toLowerCase();
    return copied.has(name) || !known.has(name);
  });
  if (counted.length === 0) return;
  throw new SluiceError(
    'target.constraint_violated',
    `${counted.length} rows refer to a parent that is not there`,
    { table: plan.id, suggestion: `${step.sql};` },
  );
}

/** What is made of a table of SQLite after its rows. One writer a file: nobody else is at it. */
export function createStructure(pool: Pool, introspector: Introspector): TargetStructure {
  const tableAt = async ({ plan, exists }: StructureRequest, signal: AbortSignal) =>
    exists ? (await introspector.describeTables([plan.target], signal))[0] : undefined;
  const makeStep = async (session: Session, plan: TablePlan, step: StructureStep): Promise<void> => {
    if (step.kind === 'foreign-key') return checkForeignKeys(session, plan, step);
    const [there] = await session.rows(
      `SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ? COLLATE NOCASE`,
      [step.name],
    );
    if (!there) await session.run(step.sql);
  };
  const toOutcome = (error: unknown, plan: TablePlan, step: StructureStep): StepOutcome => {
    if (!isSluiceError(error)) throw error;
    const vendorCode = error.details.vendorCode ?? '';
    if (error.code === 'target.constraint_violated' && error.details.suggestion === undefined) {
      const finds = step.finds === null ? {} : { suggestion: `${step.finds};` };
      throw new SluiceError(error.code, error.message, { ...error.details, table: plan.id, ...finds });
    }
    // A statement that it does not take, or a foreign key without a unique key at the parent.
    if (vendorCode === 'SQLITE_ERROR') return { done: 'refused', vendorCode };
    throw error;
  };
  return {
    foreignKeysWhileLoading: 'ignored',
    standingForeignKeys: () => Promise.resolve([]),
    lacking: async (request, signal) => {
      const found = await tableAt(request, signal);
      const taken = request.exists ? await takenNames(pool, request.plan, signal) : new Set<string>();
      return joined(lackingIndexes(request.plan, found, taken), lackingChecks(request.plan, found));
    },
    lackingForeignKeys: async (request, signal) =>
      lackingForeignKeys(request.plan, request.foreignKeys, await tableAt(request, signal)),
    make: async (plan, step, signal) => {
      try {
        await writing(pool, signal, (session) => makeStep(session, plan, step));
        return { done: 'made' };
      } catch (error) {
        if (signal.aborted) throw error;
        return toOutcome(error, plan, step);
      }
    },
  };
}
