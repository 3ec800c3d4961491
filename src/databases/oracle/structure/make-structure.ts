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
import { fitName, markedName, type NameLimit } from '../../../engine/structure/fit-name.ts';
import { joined, lackingOf } from '../../../engine/structure/lacking.ts';
import { madeOrRefused } from '../../../engine/structure/made-or-refused.ts';
import { tableId } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { ForeignKeySchema, TableSchema } from '../../../model/table-schema.ts';
import type { Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { isRefusal, toSluiceError, vendorCode } from '../error-codes.ts';
import { describeTables } from '../introspector.ts';
import { renderTaken, THERE } from '../sql/structure-sql.ts';
import { asMade, foreignKeyLosses } from '../sql/foreign-key-sql.ts';
import { standingForeignKeys } from './standing-keys.ts';
import { checkStep, foreignKeyStep, indexStep, type Wanted, wantedOf } from './structure-steps.ts';
import { RULES } from './words.ts';

/** How things are called in a schema: indexes and constraints each have one name in all of it. */
export interface Naming {
  readonly limit: NameLimit;
  readonly taken: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Of a product where names are a table's they get the table's before them; a name that another table has gets a mark. */
export function nameOf(plan: TablePlan, name: string, { limit, taken }: Naming): string {
  const isTables = plan.structure?.product !== RULES.product && !name.startsWith(`${plan.target.name}_`);
  const own = fitName(isTables ? `${plan.target.name}_${name}` : name, tableId(plan.target), limit);
  return taken.has(own) ? markedName(own, tableId(plan.target), limit) : own;
}

async function namingOf(session: Session, plan: TablePlan, names: readonly string[]): Promise<Naming> {
  const limit = { bytes: session.facts.identifierBytes };
  if (names.length === 0) return { limit, taken: NOBODY };
  const wanted = names.map((name) => nameOf(plan, name, { limit, taken: NOBODY }));
  const { rows } = await session.run(renderTaken(plan.target, [...new Set(wanted)]));
  return { limit, taken: new Set(rows.map(([name]) => name ?? '')) };
}

const tableAt = async (
  session: Session,
  { plan, exists }: StructureRequest,
): Promise<TableSchema | undefined> =>
  exists ? (await describeTables(session, [plan.target]))[0] : undefined;

/** What of the wanted a table does not have, as statements. */
export function lackOf(
  plan: TablePlan,
  { indexes, checks, leftOut }: Wanted,
  { found, naming }: { readonly found: TableSchema | undefined; readonly naming: Naming },
): StructureLack {
  const called = ({ name }: { readonly name: string }): string => nameOf(plan, name, naming);
  const ofIndexes = lackingOf(plan, RULES.product, {
    wanted: indexes.map((wanted) => ({ name: wanted.index.name, wanted })),
    found: (found?.indexes ?? []).map((index) => ({ name: index.name, wanted: { index, body: '' } })),
    nameOf: called,
    meaning: ({ wanted }) => indexMeaning(wanted.index),
    step: ({ wanted }, name) => indexStep(plan, wanted, name),
  });
  const ofChecks = lackingOf(plan, RULES.product, {
    wanted: checks,
    found: found?.checks ?? [],
    nameOf: called,
    meaning: checkMeaning,
    step: (check, name) => checkStep(plan, check, name),
  });
  return joined(ofIndexes, ofChecks, { leftOut });
}

export function lackOfKeys(
  plan: TablePlan,
  keys: readonly ForeignKeySchema[],
  { found, naming }: { readonly found: TableSchema | undefined; readonly naming: Naming },
): StructureLack {
  const lack = lackingOf(plan, RULES.product, {
    wanted: keys.map(asMade),
    found: found?.foreignKeys ?? [],
    nameOf: ({ name }) => nameOf(plan, name, naming),
    meaning: foreignKeyMeaning,
    step: (key, name) => foreignKeyStep(plan, key, name),
  });
  return { ...lack, leftOut: keys.flatMap(foreignKeyLosses) };
}

async function isThere(session: Session, { target }: TablePlan, { name }: StructureStep): Promise<boolean> {
  return (await session.cell(THERE, { ...target, own: name })) !== '0';
}

/** Somebody else made a thing of that name. */
const MADE_ALREADY = new Set(['ORA-00955', 'ORA-02264', 'ORA-02275', 'ORA-02261', 'ORA-01408']);

async function makeStep(session: Session, plan: TablePlan, step: StructureStep): Promise<void> {
  if (await isThere(session, plan, step)) return;
  try {
    await session.query(step.sql);
  } catch (error) {
    // Without the right to a lock two attempts may be at it: what the other made is there.
    if (!MADE_ALREADY.has(vendorCode(error)) || !(await isThere(session, plan, step))) throw error;
  }
}

/** What is made of an Oracle table after its rows; under a lock of the server, where the user may take one. */
export function createStructure(pool: Pool): TargetStructure {
  const make = (plan: TablePlan, step: StructureStep, signal: AbortSignal): Promise<StepOutcome> =>
    madeOrRefused<Session>({
      plan,
      step,
      signal,
      lend: (work) =>
        pool.lockedAtLast(`structure of ${tableId(plan.target)}`, work, signal, {
          side: 'target',
          table: plan.id,
        }),
      make: makeStep,
      vendorCode,
      isRefusal,
      toError: toSluiceError,
    });
  return {
    foreignKeysWhileLoading: 'checked',
    foreignKeyAsMade: asMade,
    standingForeignKeys: (plan, signal) => pool.use((session) => standingForeignKeys(session, plan), signal),
    lacking: (request, signal) =>
      pool.use(async (session) => {
        const { plan } = request;
        const wanted = wantedOf(plan);
        const names = [
          ...wanted.indexes.map(({ index }) => index.name),
          ...wanted.checks.map(({ name }) => name),
        ];
        const naming = await namingOf(session, plan, names);
        return lackOf(plan, wanted, { found: await tableAt(session, request), naming });
      }, signal),
    lackingForeignKeys: (request, signal) =>
      pool.use(async (session) => {
        const { plan, foreignKeys } = request;
        const naming = await namingOf(
          session,
          plan,
          foreignKeys.map(({ name }) => name),
        );
        return lackOfKeys(plan, foreignKeys, { found: await tableAt(session, request), naming });
      }, signal),
    make,
  };
}
