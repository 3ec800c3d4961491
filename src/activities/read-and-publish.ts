import { readAndPublish } from '../engine/read-and-publish.ts';
import type { ActivityDeps, ReadRequest, ReadResult } from './contract.ts';
import { governed, SLICE_BUDGET_MS } from './governed.ts';

/** A slice of reading one table and publishing its rows; between the two lie rows, so they share one activity. */
export const createReadAndPublish =
  (deps: ActivityDeps) =>
  (request: ReadRequest): Promise<ReadResult> =>
    governed<ReadResult>(
      { log: deps.log, budgetMs: SLICE_BUDGET_MS, partial: () => ({ why: 'stopped', rows: 0, bytes: 0 }) },
      async (control) => {
        const spec = deps.config.transfer(request.transfer);
        const observer = deps.observer(request.transfer);
        return deps.connections.useDatabase(spec.source, (source) =>
          deps.connections.useDatabase(spec.target, (target) =>
            deps.connections.useHub(spec.hub, (hub) =>
              readAndPublish({ source, target, hub, observer }, { ...request, spec }, control),
            ),
          ),
        );
      },
    );
