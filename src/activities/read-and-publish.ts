import { readAndPublish } from '../engine/read-and-publish.ts';
import { DEFAULTS, durationMs } from '../model/transfer-spec.ts';
import type { ActivityDeps, ReadRequest, ReadResult } from './contract.ts';
import { governed, SLICE_BUDGET_MS } from './governed.ts';
import type { ProgressLines } from './progress-lines.ts';

/** A slice of reading one table and publishing its rows; between the two lie rows, so they share one activity. */
export const createReadAndPublish =
  (deps: ActivityDeps, lines: ProgressLines) =>
  (request: ReadRequest): Promise<ReadResult> =>
    governed<ReadResult>(
      { log: deps.log, budgetMs: SLICE_BUDGET_MS, partial: () => ({ why: 'stopped', rows: 0, bytes: 0 }) },
      async (control) => {
        const spec = deps.config.transfer(request.transfer);
        const intervalMs = durationMs(spec.reportingInterval ?? DEFAULTS.reportingInterval);
        const slice = {
          transfer: request.transfer,
          side: 'source',
          intervalMs,
          observer: deps.observer(request.transfer),
        } as const;
        return lines.during(slice, (observer) =>
          deps.connections.useDatabase(spec.source, (source) =>
            deps.connections.useDatabase(spec.target, (target) =>
              deps.connections.useHub(spec.hub, (hub) =>
                readAndPublish({ source, target, hub, observer }, { ...request, spec }, control),
              ),
            ),
          ),
        );
      },
    );
