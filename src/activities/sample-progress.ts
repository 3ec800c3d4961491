import { DEFAULTS } from '../model/transfer-spec.ts';
import type { ActivityDeps, Sample, SampleRequest } from './contract.ts';
import { governed } from './governed.ts';
import { readRunSpec } from './run-spec.ts';

/** How far the run is: what the target's ledger holds (invariant 4) and what waits in the hub. */
export const createSampleProgress =
  (deps: ActivityDeps) =>
  (request: SampleRequest): Promise<Sample> =>
    governed<Sample>({ log: deps.log }, async (control) => {
      const { tables, spec, ...target } = await deps.connections.useDatabase(
        request.target,
        async (opened) => ({
          tables: await opened.ledger.progress(request.transfer, request.run, control.stop),
          spec: await readRunSpec(opened, request, control.stop),
          warnings: (await opened.warnings?.(control.stop)) ?? [],
        }),
      );
      const { backlog, ...hub } = await deps.connections.useHub(request.hub, async (opened) => ({
        backlog: await opened.topics.backlog(request, control.stop),
        warnings: await opened.warnings(control.stop),
      }));
      const wanted = new Set(request.tables);
      return {
        rows: tables.reduce((sum, table) => sum + table.rows, 0),
        bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
        backlog,
        creditBytes: spec.read?.creditBytes ?? DEFAULTS.creditBytes,
        tables: tables.filter(({ table }) => wanted.has(table)),
        warnings: [...hub.warnings, ...target.warnings],
      };
    });
