import {
  type TableVerification,
  type VerifyDeps,
  type VerifyPoint,
  verifyTable,
} from '../engine/finishing/verify-table.ts';
import { pendingChanges } from '../engine/finishing/live/pending-changes.ts';
import { movesChanges } from '../engine/planning/changes-of-transfer.ts';
import type { Database } from '../engine/ports/dialect.ts';
import type { TransferSpec } from '../model/transfer-spec.ts';
import { captureOfSource } from './capture-of-source.ts';
import type { ActivityDeps, Comparison, Refusal, VerifyRequest, VerifyResult } from './contract.ts';
import { governed } from './governed.ts';
import { asRefusal } from './failure.ts';
import { readRunSpec } from './run-spec.ts';

/** Columns named at most: the rest is in `sluice verify`. */
const MOST_ALTERED = 20;

const comparison = (found: TableVerification): Comparison => ({
  table: found.table,
  sourceRows: found.sourceRows,
  targetRows: found.targetRows,
  ledgerRows: found.ledgerRows,
  ledgerBytes: found.ledgerBytes,
  basis: found.basis,
  equal: found.equal,
  drift: found.drift,
  ...(found.altered.length > 0 && { altered: found.altered.slice(0, MOST_ALTERED) }),
});

async function pendingOf(
  deps: ActivityDeps,
  { source: database, target }: { readonly source: Database; readonly target: Database },
  { spec, source, transfer }: VerifyRequest & { readonly spec: TransferSpec },
  { table, signal }: { readonly table: string; readonly signal: AbortSignal },
): Promise<Pick<VerifyDeps, 'hasPendingChanges'>> {
  if (!movesChanges(spec)) return {};
  const { changes } = captureOfSource(deps, database, source);
  const { quarantine } = target;
  return { hasPendingChanges: await pendingChanges({ changes, quarantine, transfer, table }, signal) };
}

/**
 * Compares copied tables as the mode says. Ends early at a range's end; tables without a result are asked for again, from the point that they had reached.
 */
export const createVerifyTables =
  (deps: ActivityDeps) =>
  (request: VerifyRequest): Promise<VerifyResult> => {
    const compared: Comparison[] = [];
    const refused: Refusal[] = [];
    const points: Record<string, VerifyPoint> = {};
    return governed<VerifyResult>(
      { log: deps.log, budgetMs: deps.sliceBudgetMs, partial: () => ({ compared, refused, points }) },
      async (control) => {
        await deps.connections.useDatabase(request.source, (source) =>
          deps.connections.useDatabase(request.target, async (target) => {
            const spec = await readRunSpec(target, request, control.stop);
            for (const table of request.tables) {
              if (control.stop.aborted || control.overdue()) return;
              const wanted = { ...request, spec, table };
              try {
                const asked = { table, signal: control.stop };
                const pending = await pendingOf(deps, { source, target }, wanted, asked);
                const ends = { source, target, ...pending };
                const from = request.points?.[table] ?? null;
                const onReached = (point: VerifyPoint): void => void (points[table] = point);
                const result = await verifyTable(ends, { ...wanted, from, onReached }, control);
                if (result) {
                  compared.push(comparison(result));
                  delete points[table];
                }
              } catch (error) {
                refused.push(asRefusal(table, error));
              }
              control.progress();
            }
          }),
        );
        return { compared, refused, points };
      },
    );
  };
