import { finishTable, type FinishedTable, linkTable } from '../../src/engine/finishing/finish-table.ts';
import { computePlan } from '../../src/engine/planning/plan-table.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { keysInTheWay } from '../../src/engine/structure/keys-in-the-way.ts';
import { restoreKeys } from '../../src/engine/structure/restore-keys.ts';
import type { SliceControl } from '../../src/engine/slice.ts';
import { tableId } from '../../src/model/table-name.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { never } from '../contract/test-tables.ts';

export interface Ends {
  readonly source: Database;
  readonly target: Database;
}

export const unhurried: SliceControl = { stop: never(), overdue: () => false, progress: () => undefined };

/** A spec, and whose run it is: another execution begins another one. */
export interface StructureOptions extends Partial<TransferSpec> {
  readonly execution?: string;
}

/** A run whose tables are made at the target as a transfer makes them, without rows: those are the test's. */
export async function planStructures(ends: Ends, options: StructureOptions = {}) {
  const { source, target } = ends;
  const { execution: _, ...wanted } = options;
  const spec: TransferSpec = { source: 'a', hub: 'h', target: 'b', tables: { '*.*': {} }, ...wanted };
  const policy = spec.structure?.policy ?? 'create-missing';
  const names = (await source.introspector.listTables(never())).map(({ table }) => table);
  await target.ledger.install(never());
  const { run } = await target.ledger.openRun(
    {
      transfer: 'night',
      execution: options.execution ?? 'one',
      planHash: options.execution ?? 'one',
      spec: JSON.stringify(spec),
    },
    never(),
  );
  const plans: TablePlan[] = [];
  const leftOut: string[] = [];
  for (const [index, name] of names.entries()) {
    const request = { spec, table: tableId(name), ordinal: index + 1 };
    const computed = await computePlan(ends, request, never());
    const prepared = await target.writer.prepare({ ...computed, policy }, never());
    leftOut.push(...prepared.leftOut);
    plans.push(computed.plan);
    const dropKeys = await keysInTheWay(ends, { ...computed, spec }, never());
    await target.ledger.planTable(
      { transfer: 'night', run },
      {
        plan: { ...computed.plan, droppedKeys: dropKeys },
        generation: 1,
        ranges: [{ lane: 1, after: null, upto: null }],
        incarnation: 'x',
        changeMarker: '',
      },
      {
        replaceBy: policy === 'replace' ? computed.source : null,
        dropKeys,
      },
      never(),
    );
  }
  const each = async (work: typeof finishTable): Promise<readonly FinishedTable[]> => {
    const finished: FinishedTable[] = [];
    for (const { id } of plans) {
      const request = { transfer: 'night', run, table: id, policy, absent: [] };
      const done = await work({ target }, request, unhurried);
      if (done) finished.push(done);
    }
    return finished;
  };
  return {
    plans,
    leftOut,
    run,
    finish: () => each(finishTable),
    /** As at the end of a run in which tables were skipped. */
    restore: () => restoreKeys(target, { transfer: 'night', run }, never()),
    link: () => each((deps, request, control) => linkTable(deps, { ...request, absent: [] }, control)),
  };
}

/** All of what a target does not get, and how much it got. */
export async function makeStructures(ends: Ends, options: StructureOptions = {}) {
  const planned = await planStructures(ends, options);
  const done = [...(await planned.finish()), ...(await planned.link())];
  return {
    ...planned,
    made: done.reduce((sum, { made }) => sum + made, 0),
    leftOut: [...planned.leftOut, ...done.flatMap(({ leftOut }) => leftOut)],
  };
}
