import { type TableName, tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { StructurePolicy } from '../ports/target-writer.ts';
import type { Database } from '../ports/dialect.ts';
import type { StructureLack, TargetStructure } from '../ports/target-structure.ts';
import type { SliceControl } from '../slice.ts';
import { withReason } from '../structure/wanted-indexes.ts';
import { whileWorking } from '../while-working.ts';

export interface FinishRequest {
  readonly transfer: string;
  readonly run: number;
  /** tableId of the source table. */
  readonly table: string;
  readonly policy: StructurePolicy;
}

export interface FinishedTable {
  readonly table: string;
  /** Made by this call; what was there before is not counted. */
  readonly made: number;
  /** What the target does not get, as SQL with the reason. */
  readonly leftOut: readonly string[];
}

type Target = Pick<Database, 'ledger' | 'writer' | 'structure' | 'introspector'>;

/** Makes what is lacking, one after the other; null when the slice had to end before the last. */
async function makeAll(
  of: { readonly plan: TablePlan; readonly structure: TargetStructure; readonly lack: StructureLack },
  control: SliceControl,
): Promise<Omit<FinishedTable, 'table'> | null> {
  const { plan, structure, lack } = of;
  const leftOut = [...lack.leftOut, ...lack.differs];
  let made = 0;
  for (const step of lack.steps) {
    if (control.stop.aborted || control.overdue()) return null;
    const outcome = await whileWorking(() => control.progress(), structure.make(plan, step, control.stop));
    if (outcome.done === 'made') made += 1;
    else leftOut.push(withReason(step.sql, `the target refused it with ${outcome.vendorCode}`));
  }
  return { made, leftOut };
}

/** Under `verify` nothing is made; what is lacking is named. */
const named = (lack: StructureLack): Omit<FinishedTable, 'table'> => ({
  made: 0,
  leftOut: [
    ...lack.leftOut,
    ...lack.differs,
    ...lack.steps.map(({ sql }) => withReason(sql, 'missing at the target, and structure.policy is verify')),
  ],
});

async function complete(
  of: { readonly plan: TablePlan; readonly target: Target; readonly request: FinishRequest },
  lackOf: (structure: TargetStructure) => Promise<StructureLack>,
  control: SliceControl,
): Promise<FinishedTable | null> {
  const { plan, target, request } = of;
  const { structure } = target;
  if (!structure) return { table: request.table, made: 0, leftOut: [] };
  const lack = await lackOf(structure);
  const result =
    request.policy === 'verify' ? named(lack) : await makeAll({ plan, structure, lack }, control);
  return result && { table: request.table, ...result };
}

/** An abort ends the running statement: no error of ours or of a driver says anything then. */
async function untilStopped<T>(control: SliceControl, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (control.stop.aborted) return null;
    throw error;
  }
}

/**
 * What a table gets once it is copied: indexes, unique keys and checks that it lacks, sequences past the highest value,
 * statistics renewed. Idempotent: a second call goes on where the first was ended.
 * @returns null when the slice had to end before the table was done
 * @throws SluiceError target.constraint_violated with a query that finds the rows; database.*
 */
export function finishTable(
  deps: { readonly target: Target },
  request: FinishRequest,
  control: SliceControl,
): Promise<FinishedTable | null> {
  const { target } = deps;
  return untilStopped(control, async () => {
    const planned = await target.ledger.readTable(request.transfer, request.run, request.table, control.stop);
    if (!planned) return { table: request.table, made: 0, leftOut: [] };
    const { plan } = planned;
    const lackOf = (structure: TargetStructure): Promise<StructureLack> =>
      structure.lacking({ plan, exists: true }, control.stop);
    const result = await complete({ plan, target, request }, lackOf, control);
    if (result) await whileWorking(() => control.progress(), target.writer.finish(plan, control.stop));
    return result;
  });
}

const idOf = (name: TableName): string => tableId(name);

/** Foreign keys of a plan that are not made because their parent is not there, as SQL with the reason. */
export function withoutParents(plan: TablePlan, absent: ReadonlySet<string> = new Set()): readonly string[] {
  const kept = new Set((plan.foreignKeys ?? []).map(({ name }) => name));
  return (plan.structure?.foreignKeys ?? []).flatMap(({ name, definition, references }) => {
    const sql = `CONSTRAINT "${name}" ${definition}`;
    if (!kept.has(name)) return [withReason(sql, `its parent ${idOf(references)} is not in the transfer`)];
    return absent.has(idOf(references))
      ? [withReason(sql, `its parent ${idOf(references)} was skipped`)]
      : [];
  });
}

/**
 * The foreign keys of a table, once its parents are copied too; a key to itself and keys in a circle are as any other, for all
 * rows are there.
 * @param request.absent  tables of the transfer that were left out
 * @returns null when the slice had to end before the last one
 * @throws SluiceError target.constraint_violated with a query that finds the rows without a parent; database.*
 */
export function linkTable(
  deps: { readonly target: Target },
  request: FinishRequest & { readonly absent: readonly string[] },
  control: SliceControl,
): Promise<FinishedTable | null> {
  const { target } = deps;
  return untilStopped(control, async () => {
    const planned = await target.ledger.readTable(request.transfer, request.run, request.table, control.stop);
    if (!planned) return { table: request.table, made: 0, leftOut: [] };
    const { plan } = planned;
    const absent = new Set(request.absent);
    const away = new Set(
      (plan.structure?.foreignKeys ?? [])
        .filter(({ references }) => absent.has(idOf(references)))
        .map(({ name }) => name),
    );
    const foreignKeys = (plan.foreignKeys ?? []).filter(({ name }) => !away.has(name));
    const lackOf = (structure: TargetStructure): Promise<StructureLack> =>
      structure.lackingForeignKeys({ plan, exists: true, foreignKeys }, control.stop);
    const result = await complete({ plan, target, request }, lackOf, control);
    return result && { ...result, leftOut: [...withoutParents(plan, absent), ...result.leftOut] };
  });
}
