import { computeTablePlan } from '../../src/engine/planning/compute-table-plan.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TableOutcome } from '../../src/engine/ports/target-writer.ts';
import type { TableName } from '../../src/model/table-name.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TableSelection, TransferSpec } from '../../src/model/transfer-spec.ts';
import { never, wholeRange } from '../contract/test-tables.ts';
import { copyLane, entryOf, openRun, type Planned, TRANSFER } from '../contract/test-transfer.ts';

export interface CopyOptions {
  readonly spec?: Partial<TransferSpec>;
  readonly selection?: TableSelection;
  /** Another one than before is a run of its own. */
  readonly execution?: string;
  readonly blockRows?: number;
}

export interface Prepared extends Planned {
  readonly outcome: TableOutcome;
}

const schemaOf = (database: Database): string =>
  database.defaultSchema ?? (database.dialect.capabilities.schemas ? 'public' : 'main');

const named = (database: Database, name: string): TableName => ({ schema: schemaOf(database), name });

/** The plan of a table between two databases of whatever products, as the engine makes it. */
export async function planBetween(
  databases: { readonly source: Database; readonly target: Database },
  table: string,
  options: CopyOptions = {},
) {
  const { source, target } = databases;
  const [schema] = await source.introspector.describeTables([named(source, table)], never());
  const [existing] = await target.introspector.describeTables([named(target, table)], never());
  if (!schema) throw new Error(`the test made no table ${table}`);
  const plan: TablePlan = computeTablePlan({
    spec: { source: 'a', hub: 'h', target: 'b', tables: {}, ...options.spec },
    selection: options.selection ?? {},
    ordinal: 1,
    source: { dialect: source.dialect, table: schema },
    target: { dialect: target.dialect, name: named(target, table), table: existing ?? null },
  });
  return { plan, schema };
}

/** Ledger, run, target table and plan: everything before the first row. */
export async function prepareCopy(
  databases: { readonly source: Database; readonly target: Database },
  table: string,
  options: CopyOptions = {},
): Promise<Prepared> {
  const { target } = databases;
  await target.ledger.install(never());
  const { run } = await openRun(target, options.execution, options.execution);
  const { plan, schema } = await planBetween(databases, table, options);
  const outcome = await target.writer.prepare({ plan, source: schema, policy: 'create-missing' }, never());
  const entry = entryOf(plan, { ranges: [wholeRange] });
  const planned = await target.ledger.planTable(
    { transfer: TRANSFER, run },
    entry,
    { replaceBy: null },
    never(),
  );
  return { run, plan, schema, planned, outcome };
}

/** Copies a table, in one lane. */
export async function copyTable(
  databases: { readonly source: Database; readonly target: Database },
  table: string,
  options: CopyOptions = {},
): Promise<Prepared> {
  const prepared = await prepareCopy(databases, table, options);
  await copyLane(databases, prepared, { blockRows: options.blockRows ?? 1_000 });
  return prepared;
}
