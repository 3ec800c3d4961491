import { DEFAULTS } from '../model/transfer-spec.ts';
import type { ActivityDeps, Sample, SampleRequest } from './contract.ts';
import { governed } from './governed.ts';
import { readRunSpec } from './run-spec.ts';

/** How far the run is: what the target's ledger holds (invariant 4) and what waits in the hub. */
export const createSampleProgress =
  (deps: ActivityDeps) =>
  (request: SampleRequest): Promise<Sample> =>
    governed<Sample>({ log: deps.log }, async (control) => {
      const { tables, spec } = await deps.connections.useDatabase(request.target, async (target) => ({
        tables: await target.ledger.progress(request.transfer, request.run, control.stop),
        spec: await readRunSpec(target, request, control.stop),
      }));
      const { backlog, warnings } = await deps.connections.useHub(request.hub, async (hub) => ({
        backlog: await hub.topics.backlog(request, control.stop),
        warnings: await hub.warnings(control.stop),
      }));
      const wanted = new Set(request.tables);
      return {
        rows: tables.reduce((sum, table) => sum + table.rows, 0),
        bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
        backlog,
        creditBytes: spec.read?.creditBytes ?? DEFAULTS.creditBytes,
        tables: tables.filter(({ table }) => wanted.has(table)),
        warnings,
      };
    });
