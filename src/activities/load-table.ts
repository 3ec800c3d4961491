import { loadOfTable } from '../engine/planning/prepare-topics.ts';
import { loadTable } from '../engine/topics/initial/load-table.ts';
import { loadsOf } from '../engine/topics/initial/wanted-loads.ts';
import { capturePlaceOf } from '../model/capture-spec.ts';
import { captureOfSource } from './capture-of-source.ts';
import type { ActivityDeps, LoadRequest, LoadResult } from './contract.ts';
import { governed } from './governed.ts';

const NOTHING: LoadResult = { why: 'stopped', rows: 0, rowsOfAll: 0 };

/** Makes existing rows of a table events of its topic, in slices; see engine/topics/initial/load-table.ts. */
export const createLoadTable =
  (deps: ActivityDeps) =>
  ({ transfer, source: name, table, generation, settings }: LoadRequest): Promise<LoadResult> =>
    governed<LoadResult>({ log: deps.log, budgetMs: deps.sliceBudgetMs, partial: () => NOTHING }, (control) =>
      deps.connections.useDatabase(name, async (source) => {
        const place = capturePlaceOf(deps.config.captures[name]);
        const spec = deps.config.transfer(transfer);
        const request = { transfer, spec, table, generation };
        const wanted = await loadOfTable({ source, place }, request, control.stop);
        const capture = captureOfSource(deps, source, name);
        const loads = loadsOf(capture, source);
        // Each of those that run at once has its part.
        const rowsPerSecond = Math.ceil(settings.ratePerSecond / settings.readers);
        const { why, rows } = await loadTable(
          { loads, changes: capture.changes },
          { wanted, rowsPerSecond },
          control,
        );
        const { number } = wanted.captured;
        const progress = await loads.progress(transfer, new AbortController().signal);
        return { why, rows, rowsOfAll: progress.find((each) => each.table === number)?.rows ?? rows };
      }),
    );
