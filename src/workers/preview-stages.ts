import { withoutParents } from '../engine/finishing/finish-table.ts';
import type { Database } from '../engine/ports/dialect.ts';
import type { StructureLack } from '../engine/ports/target-structure.ts';
import type { TablePreview } from '../engine/ports/target-writer.ts';
import { keysInTheWay, type TransferTables } from '../engine/structure/keys-in-the-way.ts';
import { leftOutByWish } from '../engine/structure/planned-structure.ts';
import { tableId } from '../model/table-name.ts';
import type { TablePlan } from '../model/table-plan.ts';
import type { TableSchema } from '../model/table-schema.ts';
import type { TransferSpec } from '../model/transfer-spec.ts';

/** What is done at the target before the rows (`statements`), after them, and when the parents are copied too. */
export interface StagedPreview extends TablePreview {
  readonly afterRows: readonly string[];
  readonly foreignKeys: readonly string[];
}

interface TableAtTarget {
  readonly spec: TransferSpec;
  readonly plan: TablePlan;
  /** Without what is left out by wish. */
  readonly source: TableSchema;
  readonly exists: boolean;
  readonly tables: TransferTables;
}

const nothing: StructureLack = { steps: [], leftOut: [], differs: [] };

/** What keeps the transfer from copying into the table as it is. */
async function refusalsOf(
  target: Database,
  { spec, plan, exists }: TableAtTarget,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const policy = spec.structure?.policy ?? 'create-missing';
  if (exists && policy === 'fail') return ['the table is there, and structure.policy is fail'];
  const mustBeEmpty = exists && policy !== 'replace' && plan.writeMode === 'fail-if-not-empty';
  const isFull = mustBeEmpty && (await target.writer.hasRows(plan, signal));
  return [
    ...(isFull ? ['the target table holds rows already: set write.mode to append, truncate or upsert'] : []),
    ...(plan.writeMode === 'upsert' && plan.targetKey.length === 0
      ? ['upsert needs a key that both sides have']
      : []),
  ];
}

/** What the table lacks after its rows. Under `verify` nothing of it is made: it is named as left out. */
async function lacks(
  target: Database,
  { spec, plan, exists }: TableAtTarget,
  signal: AbortSignal,
): Promise<{ readonly table: StructureLack; readonly keys: StructureLack }> {
  if (!target.structure) return { table: nothing, keys: nothing };
  const request = { plan, exists: exists && spec.structure?.policy !== 'replace' };
  const foreignKeys = plan.foreignKeys ?? [];
  return {
    table: await target.structure.lacking(request, signal),
    keys:
      foreignKeys.length === 0
        ? nothing
        : await target.structure.lackingForeignKeys({ ...request, foreignKeys }, signal),
  };
}

/** The target's own preview of all stages, and what the engine would refuse once the transfer runs. Changes nothing. */
export async function previewStages(
  { source: database, target }: { readonly source: Database; readonly target: Database },
  table: TableAtTarget,
  signal: AbortSignal,
): Promise<StagedPreview> {
  const { spec, plan, source, exists } = table;
  const policy = spec.structure?.policy ?? 'create-missing';
  const preview = (await target.writer.preview?.({ plan, source, policy, exists }, signal)) ?? {
    statements: [],
    leftOut: [],
    refusals: [],
  };
  const found = await lacks(target, table, signal);
  const isMade = policy !== 'verify';
  const sqlOf = (lack: StructureLack): readonly string[] => lack.steps.map(({ sql }) => sql);
  const unmade = isMade ? [] : [...sqlOf(found.table), ...sqlOf(found.keys)];
  const wishes = leftOutByWish(spec);
  const inTheWay = exists ? await keysInTheWay({ source: database, target }, table, signal) : [];
  return {
    ...preview,
    notes: [
      ...(preview.notes ?? []),
      ...inTheWay.map(
        ({ table: child, key }) =>
          `the foreign key ${key.name} of ${tableId(child)} is dropped before the rows come, and made again when all are there`,
      ),
    ],
    afterRows: isMade ? sqlOf(found.table) : [],
    foreignKeys: isMade ? sqlOf(found.keys) : [],
    leftOut: [
      ...preview.leftOut,
      ...[found.table, found.keys].flatMap(({ leftOut, differs }) => [...leftOut, ...differs]),
      ...withoutParents(plan),
      ...unmade.map((sql) => `${sql} -- missing at the target, and structure.policy is verify`),
      ...(wishes.length > 0 && plan.ordinal === 1 ? [`-- by wish, of all tables: ${wishes.join(', ')}`] : []),
    ],
    refusals: [...preview.refusals, ...(await refusalsOf(target, table, signal))],
  };
}
