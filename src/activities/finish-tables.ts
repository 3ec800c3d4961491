import { type FinishedTable, finishTable, linkTable } from '../engine/finishing/finish-table.ts';
import type {
  ActivityDeps,
  FinishedSummary,
  FinishResult,
  FinishTablesRequest,
  Refusal,
} from './contract.ts';
import { asRefusal } from './failure.ts';
import { governed } from './governed.ts';
import { tellLeftOut } from './left-out.ts';
import { readRunSpec } from './run-spec.ts';

/**
 * Makes what tables get after their rows. A statement that runs is waited for beyond the slice's budget, and ended by a pause;
 * what is not reached is asked for again, and what was made is found made.
 */
export const createFinishTables =
  (deps: ActivityDeps) =>
  (request: FinishTablesRequest): Promise<FinishResult> => {
    const finished: FinishedSummary[] = [];
    const refused: Refusal[] = [];
    const tell = ({ table, made, leftOut }: FinishedTable): void => {
      if (leftOut.length > 0) deps.log.info({ table, leftOut }, 'not made at the target');
      finished.push({ table, made, ...tellLeftOut(leftOut) });
    };
    return governed<FinishResult>(
      { log: deps.log, budgetMs: deps.sliceBudgetMs, partial: () => ({ finished, refused }) },
      async (control) => {
        await deps.connections.useDatabase(request.target, async (target) => {
          const { structure } = await readRunSpec(target, request, control.stop);
          const policy = structure?.policy ?? 'create-missing';
          for (const table of request.tables) {
            if (control.stop.aborted || control.overdue()) return;
            const wanted = { ...request, table, policy };
            try {
              const work = request.stage === 'table' ? finishTable : linkTable;
              const done = await work({ target }, wanted, control);
              if (done) tell(done);
            } catch (error) {
              refused.push(asRefusal(table, error));
            }
            control.progress();
          }
        });
        return { finished, refused };
      },
    );
  };
