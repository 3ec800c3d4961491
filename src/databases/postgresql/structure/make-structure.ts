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
import { toSluiceError, vendorCode } from '../error-codes.ts';
import { describeTables } from '../introspector.ts';
import type { Pool, Session } from '../pool.ts';
import { literal, qualified, quote } from '../sql.ts';
import { primaryKeyOf } from './prepare-table.ts';
import { renderForeignKey, renderOrphans } from './render-foreign-key.ts';
import { standingForeignKeys } from './standing-keys.ts';
import { RULES } from './words.ts';

const LIMIT = { bytes: 63 } as const;
const list = (names: readonly string[]): string => names.map(quote).join(', ');

/** Names of indexes are a schema's: of a product where they are a table's they get the table's before them. */
function ownName(plan: TablePlan, name: string): string {
  const isTables = plan.structure?.product !== RULES.product && !name.startsWith(`${plan.target.name}_`);
  return fitName(isTables ? `${plan.target.name}_${name}` : name, tableId(plan.target), LIMIT);
}

/** Of names those that another table of the schema has for something of its own. */
async function takenNames(
  session: Session,
  plan: TablePlan,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await session.query(
    `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
     WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND t.relname IS DISTINCT FROM $3`,
    [plan.target.schema, names, plan.target.name],
  );
  return new Set(rows.map(([name]) => name ?? ''));
}

function indexStep(plan: TablePlan, { index, body }: WantedIndex, name: string): StructureStep {
  const table = qualified(plan.target);
  const isSame = plan.structure?.product === RULES.product;
  const unique = index.constraint ?? `UNIQUE (${list(index.columns)})`;
  const keys = index.parts.map(({ column, expression }) =>
    column === null ? expression?.sql : quote(column),
  );
  return {
    kind: 'index',
    name,
    sql:
      index.constraint === null
        ? `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quote(name)} ON ${table} ${isSame ? 'USING ' : ''}${body}`
        : `ALTER TABLE ${table} ADD CONSTRAINT ${quote(name)} ${isSame ? unique : `UNIQUE (${list(index.columns)})`}`,
    finds: index.unique
      ? `SELECT ${keys.join(', ')}, count(*) FROM ${table} GROUP BY ${keys.map((_, at) => at + 1).join(', ')} HAVING count(*) > 1`
      : null,
  };
}

interface Named {
  readonly name: string;
  readonly wanted: WantedIndex;
}

async function lackingIndexes(session: Session, plan: TablePlan, found: TableSchema | undefined) {
  const { indexes, leftOut } = wantedIndexes(plan, RULES);
  const names = indexes.map(({ index }) => ownName(plan, index.name));
  const taken = await takenNames(session, plan, names);
  const nameOf = ({ name }: Named): string =>
    taken.has(name) ? markedName(name, tableId(plan.target), LIMIT) : name;
  const broken = (found?.indexes ?? []).filter(({ valid }) => !valid);
  const lack = lackingOf<Named>(plan, RULES.product, {
    wanted: indexes.map((wanted, at) => ({ name: names[at] ?? '', wanted })),
    found: (found?.indexes ?? []).map((index) => ({ name: index.name, wanted: { index, body: '' } })),
    nameOf,
    meaning: ({ wanted }) => indexMeaning(wanted.index),
    step: ({ wanted }, name) => indexStep(plan, wanted, name),
  });
  const meanings = new Set(indexes.map(({ index }) => indexMeaning(index)));
  const rebuilt = broken
    .filter((index) => meanings.has(indexMeaning(index)))
    .map(({ name }) => ({ schema: plan.target.schema, name }))
    .map(
      (index): StructureStep => ({
        kind: 'index',
        name: index.name,
        sql: `REINDEX INDEX ${qualified(index)}`,
        finds: null,
      }),
    );
  return { ...lack, steps: [...rebuilt, ...lack.steps], leftOut };
}

/** First of all: foreign keys of others need it, and nothing else of a table takes as long. */
async function lackingKey(
  session: Session,
  plan: TablePlan,
  found: TableSchema | undefined,
): Promise<Partial<StructureLack>> {
  const key = plan.keyAfterRows && plan.structure ? primaryKeyOf(plan, plan.structure) : null;
  if (!key || found?.primaryKey) return {};
  const table = qualified(plan.target);
  const own = fitName(`${plan.target.name}_pkey`, tableId(plan.target), LIMIT);
  const isTaken = (await takenNames(session, plan, [own])).has(own);
  const name = isTaken ? markedName(own, tableId(plan.target), LIMIT) : own;
  return {
    steps: [
      {
        kind: 'index',
        name,
        sql: `ALTER TABLE ${table} ADD CONSTRAINT ${quote(name)} PRIMARY KEY (${list(key)})`,
        finds: `SELECT ${list(key)}, count(*) FROM ${table} GROUP BY ${list(key)} HAVING count(*) > 1`,
      },
    ],
  };
}

function lackingChecks(plan: TablePlan, found: TableSchema | undefined): StructureLack {
  const { checks, leftOut } = wantedChecks(plan, RULES);
  const table = qualified(plan.target);
  const lack = lackingOf(plan, RULES.product, {
    wanted: checks,
    found: found?.checks ?? [],
    nameOf: ({ name }) => fitName(name, tableId(plan.target), LIMIT),
    meaning: checkMeaning,
    step: ({ definition, expression }, name) => ({
      kind: 'check',
      name,
      sql: `ALTER TABLE ${table} ADD CONSTRAINT ${quote(name)} ${definition}`,
      finds: expression === null ? null : `SELECT * FROM ${table} WHERE NOT (${expression.sql})`,
    }),
  });
  return { ...lack, leftOut };
}

async function tableAt(
  session: Session,
  { plan, exists }: StructureRequest,
): Promise<TableSchema | undefined> {
  return exists ? (await describeTables(session, [plan.target]))[0] : undefined;
}

function lackingForeignKeys(
  plan: TablePlan,
  keys: readonly ForeignKeySchema[],
  found: TableSchema | undefined,
): StructureLack {
  const lack = lackingOf(plan, RULES.product, {
    wanted: keys,
    found: found?.foreignKeys ?? [],
    nameOf: ({ name }) => fitName(name, tableId(plan.target), LIMIT),
    meaning: foreignKeyMeaning,
    step: (key, name) => ({
      kind: 'foreign-key',
      name,
      sql: `ALTER TABLE ${qualified(plan.target)} ADD CONSTRAINT ${quote(name)} ${renderForeignKey(key)}`,
      finds: renderOrphans(plan.target, key),
    }),
  });
  return { ...lack, leftOut: [] };
}

const isThere = (plan: TablePlan, { kind, name }: StructureStep): string => {
  const table = `${literal(qualified(plan.target))}::regclass`;
  const constraint = `SELECT 1 FROM pg_constraint WHERE conrelid = ${table} AND conname = ${literal(name)}`;
  if (kind !== 'index') return constraint;
  return `SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ${table} AND c.relname = ${literal(name)} AND i.indisvalid`;
};

/** What says that the server does not take such a thing at all: syntax and names, a feature, a limit. */
const isRefusal = (code: string): boolean => /^(?:42|0A|54)/.test(code) && code !== '42501';

/** One transaction a step: another attempt that still works at the table is waited for, however long it takes. */
async function makeStep(session: Session, plan: TablePlan, step: StructureStep): Promise<void> {
  await session.query(
    `SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(hashtextextended(${literal(`sluice structure of ${tableId(plan.target)}`)}, 0)); SET LOCAL lock_timeout = '30s'`,
  );
  if ((await session.cell(isThere(plan, step))) === null) await session.query(step.sql);
}

/** What is made of a PostgreSQL table after its rows. */
export function createStructure(pool: Pool): TargetStructure {
  const make = (plan: TablePlan, step: StructureStep, signal: AbortSignal): Promise<StepOutcome> =>
    madeOrRefused<Session>({
      plan,
      step,
      signal,
      lend: (work) => pool.transaction(work, signal, { side: 'target', table: plan.id }),
      make: makeStep,
      vendorCode,
      isRefusal,
      toError: toSluiceError,
    });
  return {
    foreignKeysWhileLoading: 'checked',
    standingForeignKeys: (plan, signal) => pool.use((session) => standingForeignKeys(session, plan), signal),
    lacking: (request, signal) =>
      pool.use(async (session) => {
        const found = await tableAt(session, request);
        const { plan } = request;
        return joined(
          await lackingKey(session, plan, found),
          await lackingIndexes(session, plan, found),
          lackingChecks(plan, found),
        );
      }, signal),
    lackingForeignKeys: (request, signal) =>
      pool.use(
        async (session) =>
          lackingForeignKeys(request.plan, request.foreignKeys, await tableAt(session, request)),
        signal,
      ),
    make,
  };
}
