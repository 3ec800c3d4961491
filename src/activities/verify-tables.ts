import { finishTable } from '../engine/finish-transfer.ts';
import { type TableVerification, verifyTable } from '../engine/verify-table.ts';
import type { ActivityDeps, Comparison, Refusal, VerifyRequest, VerifyResult } from './contract.ts';
import { governed, SLICE_BUDGET_MS } from './governed.ts';
import { asRefusal } from './failure.ts';

const comparison = (found: TableVerification): Comparison => ({
  table: found.table,
  sourceRows: found.sourceRows,
  targetRows: found.targetRows,
  ledgerRows: found.ledgerRows,
  equal: found.equal,
  drift: found.drift,
});

/**
 * Finishes copied tables at the target (sequences, statistics) and compares them as the mode says. Ends early at a
 * table's end; tables without a result are asked for again.
 */
export const createVerifyTables =
  (deps: ActivityDeps) =>
  (request: VerifyRequest): Promise<VerifyResult> => {
    const compared: Comparison[] = [];
    const refused: Refusal[] = [];
    return governed<VerifyResult>(
      { log: deps.log, budgetMs: SLICE_BUDGET_MS, partial: () => ({ compared, refused }) },
      async (control) => {
        const spec = deps.config.transfer(request.transfer);
        await deps.connections.useDatabase(spec.source, (source) =>
          deps.connections.useDatabase(spec.target, async (target) => {
            for (const table of request.tables) {
              if (control.stop.aborted || control.overdue()) return;
              const wanted = { ...request, spec, table };
              try {
                await finishTable({ target }, wanted, control.stop);
                const result = await verifyTable({ source, target }, wanted, control);
                if (result) compared.push(comparison(result));
              } catch (error) {
                refused.push(asRefusal(table, error));
              }
              control.progress();
            }
          }),
        );
        return { compared, refused };
      },
    );
  };
