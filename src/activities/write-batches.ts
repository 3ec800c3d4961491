import { writeBatches } from '../engine/write-batches.ts';
import { DEFAULTS, durationMs } from '../model/transfer-spec.ts';
import type { ActivityDeps, WriteRequest, WriteResult } from './contract.ts';
import { governed, SLICE_BUDGET_MS } from './governed.ts';
import type { ProgressLines } from './progress-lines.ts';

/** A slice of applying what the hub holds of a transfer; one at a time runs, and it has the transfer's writers. */
export const createWriteBatches =
  (deps: ActivityDeps, lines: ProgressLines) =>
  (request: WriteRequest): Promise<WriteResult> =>
    governed<WriteResult>(
      {
        log: deps.log,
        budgetMs: SLICE_BUDGET_MS,
        partial: () => ({ why: 'stopped', refusal: null, batches: 0, rows: 0 }),
      },
      async (control) => {
        const spec = deps.config.transfer(request.transfer);
        const intervalMs = durationMs(spec.reportingInterval ?? DEFAULTS.reportingInterval);
        const slice = {
          transfer: request.transfer,
          side: 'target',
          intervalMs,
          observer: deps.observer(request.transfer),
        } as const;
        return lines.during(slice, (observer) =>
          deps.connections.useDatabase(spec.target, (target) =>
            deps.connections.useHub(spec.hub, (hub) =>
              writeBatches({ target, hub, observer }, { ...request, spec }, control),
            ),
          ),
        );
      },
    );
