import { writeBatches } from '../engine/write-batches.ts';
import type { ActivityDeps, WriteRequest, WriteResult } from './contract.ts';
import { governed, SLICE_BUDGET_MS } from './governed.ts';

/** A slice of applying what the hub holds of a transfer; one at a time runs, and it has the transfer's writers. */
export const createWriteBatches =
  (deps: ActivityDeps) =>
  (request: WriteRequest): Promise<WriteResult> =>
    governed<WriteResult>(
      {
        log: deps.log,
        budgetMs: SLICE_BUDGET_MS,
        partial: () => ({ why: 'stopped', refusal: null, batches: 0, rows: 0 }),
      },
      async (control) => {
        const spec = deps.config.transfer(request.transfer);
        const observer = deps.observer(request.transfer);
        return deps.connections.useDatabase(spec.target, (target) =>
          deps.connections.useHub(spec.hub, (hub) =>
            writeBatches({ target, hub, observer }, { ...request, spec }, control),
          ),
        );
      },
    );
