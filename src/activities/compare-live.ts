import type { TableOfRun } from '../engine/finishing/tables-of-run.ts';
import { tablesOfRun } from '../engine/finishing/tables-of-run.ts';
import { type LiveVerifyDeps, verifyLive } from '../engine/finishing/live/verify-live.ts';
import type { SliceControl } from '../engine/slice.ts';
import type { TransferSpec } from '../model/transfer-spec.ts';
import { captureOfSource } from './capture-of-source.ts';
import type { ActivityDeps, CompareLiveRequest, CompareLiveResult, LiveComparison } from './contract.ts';
import { asRefusal } from './failure.ts';
import { governed } from './governed.ts';
import { readRunSpec } from './run-spec.ts';

/** Null: the slice was told to end. */
async function compareOne(
  deps: LiveVerifyDeps,
  request: CompareLiveRequest & { readonly spec: TransferSpec },
  table: TableOfRun,
  control: SliceControl,
): Promise<LiveComparison | null> {
  try {
    const found = await verifyLive(deps, { ...request, ...table, mode: 'checksum' }, control);
    if (!found) return null;
    const { sourceRows, targetRows, equal, live, untold } = found;
    return {
      table: table.table,
      sourceRows,
      targetRows,
      equal,
      ...(live && { live }),
      ...(untold && { untold }),
    };
  } catch (error) {
    const { code, message } = asRefusal(table.table, error);
    return { table: table.table, sourceRows: '0', targetRows: '0', equal: false, error: { code, message } };
  }
}

/** Compares tables in the order of their ids, each in one go, until the slice's time is over; who dies begins that table again. */
export const createCompareLive =
  (deps: ActivityDeps) =>
  (request: CompareLiveRequest): Promise<CompareLiveResult> => {
    const compared: LiveComparison[] = [];
    const { log, sliceBudgetMs: budgetMs } = deps;
    return governed<CompareLiveResult>(
      { log, budgetMs, partial: () => ({ compared, ended: false }) },
      (control) =>
        deps.connections.useDatabase(request.source, (source) =>
          deps.connections.useDatabase(request.target, async (target) => {
            const spec = await readRunSpec(target, request, control.stop);
            const { changes } = captureOfSource(deps, source, request.source);
            const all = await tablesOfRun(target.ledger, request, control.stop);
            const inOrder = all.toSorted((a, b) => (a.table < b.table ? -1 : 1));
            for (const table of inOrder.filter((each) => each.table > (request.after ?? ''))) {
              if (control.stop.aborted || control.overdue()) return { compared, ended: false };
              const found = await compareOne(
                { source, target, changes },
                { ...request, spec },
                table,
                control,
              );
              if (!found) return { compared, ended: false };
              compared.push(found);
              control.progress();
            }
            return { compared, ended: true };
          }),
        ),
    );
  };
