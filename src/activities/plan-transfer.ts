import { lookUpTables } from '../engine/planning/look-up-tables.ts';
import { movesChanges } from '../engine/planning/changes-of-transfer.ts';
import { planChanges } from '../engine/planning/plan-changes.ts';
import { planFollowedTable } from '../engine/planning/plan-followed-table.ts';
import { planTable } from '../engine/planning/plan-table.ts';
import { prepareTopics } from '../engine/planning/prepare-topics.ts';
import {
  prepareTransfer,
  type PreparedTransfer,
  type TransferDeps,
} from '../engine/planning/prepare-transfer.ts';
import type { ReadUntil } from '../engine/reading/read-budget.ts';
import { whileWorking } from '../engine/while-working.ts';
import { capturePlaceOf } from '../model/capture-spec.ts';
import { laneOfChanges } from '../model/changes-plan.ts';
import { settingsOf } from '../model/transfer-settings.ts';
import { DEFAULTS, durationMs, type TransferSpec } from '../model/transfer-spec.ts';
import type {
  ActivityDeps,
  LaneOfRun,
  PlanRequest,
  PlanResult,
  PlannedSummary,
  Prepared,
  PrepareRequest,
  Refusal,
  StartLimits,
} from './contract.ts';
import { governed } from './governed.ts';
import { asRefusal } from './failure.ts';
import { tellLeftOut } from './left-out.ts';
import { readRunSpec } from './run-spec.ts';

/** With more readers or writers than that there are several slices, which the worker processes share. */
const SLICE_READERS = 2;
const SLICE_WRITERS = 4;

/** Tables of each lane by their ordinals in the run, where they have any. */
function lanesOf({ lanes = [], tables }: Pick<PreparedTransfer, 'lanes' | 'tables'>): readonly LaneOfRun[] {
  const ordinals = new Map(tables.map(({ id, ordinal }) => [id, ordinal]));
  return lanes.map((each) => ({
    lane: each.lane,
    tables: each.tables.flatMap((id) => ordinals.get(id) ?? []),
  }));
}

/** What the workflow needs of the spec, defaults filled in. */
const outline = ({ spec, ...prepared }: PreparedTransfer) => ({
  source: spec.source,
  hub: spec.hub,
  target: spec.target,
  settings: settingsOf(spec),
  verify: spec.topics ? 'none' : (spec.completion?.verify ?? 'count'),
  gracePeriodMs: durationMs(spec.completion?.gracePeriod ?? DEFAULTS.gracePeriod),
  reportingIntervalMs: durationMs(spec.reportingInterval ?? DEFAULTS.reportingInterval),
  heartbeatTimeoutMs: durationMs(spec.recovery?.heartbeatTimeout ?? DEFAULTS.heartbeatTimeout),
  oneSnapshot: spec.consistency === 'snapshot',
  ...(movesChanges(spec) && {
    changes: {
      untilCaughtUp: spec.changes?.until === 'caught-up',
      ...(spec.topics && { toTopics: true }),
      lanes: lanesOf(prepared),
    },
  }),
});

const counted = (count: number | undefined, unit: string): readonly string[] =>
  count === undefined ? [] : [`${count.toLocaleString('en-US')} ${unit}`];

/** What ends the start, where something does. */
function limitsOf({ limits = {} }: TransferSpec, until: ReadUntil | null): { readonly limits?: StartLimits } {
  const { rows, bytes, time } = limits;
  if (until === null && time === undefined) return {};
  return {
    limits: {
      until,
      timeMs: time === undefined ? null : durationMs(time),
      amount: [...counted(rows, 'rows'), ...counted(bytes, 'bytes')].join(' or '),
      time: time ?? '',
    },
  };
}

/** Runs work with both databases and the hub of a transfer. */
const withEnds = <T>(
  deps: ActivityDeps,
  names: Pick<TransferSpec, 'source' | 'hub' | 'target'>,
  work: (ends: TransferDeps) => Promise<T>,
): Promise<T> =>
  deps.connections.useDatabase(names.source, (source) =>
    deps.connections.useDatabase(names.target, (target) =>
      deps.connections.useHub(names.hub, (hub) => work({ source, target, hub })),
    ),
  );

/** Of a transfer to topics: there is no target, and nothing to write. */
const prepareWithTopics = (
  deps: ActivityDeps,
  { transfer }: PrepareRequest,
  signal: AbortSignal,
): Promise<{ readonly prepared: PreparedTransfer; readonly isAlone: boolean }> => {
  const spec = deps.config.transfer(transfer);
  const place = capturePlaceOf(deps.config.captures[spec.source]);
  return deps.connections.useDatabase(spec.source, (source) =>
    deps.connections.useHub(spec.hub, async (hub) => ({
      prepared: await prepareTopics({ source, hub, place }, { transfer, spec }, signal),
      isAlone: true,
    })),
  );
};

/** Opens the run in the ledger, makes the hub's topics and names the tables. Idempotent by the execution. */
export const createPrepareTransfer =
  (deps: ActivityDeps) =>
  (request: PrepareRequest): Promise<Prepared> =>
    governed<Prepared>({ log: deps.log }, async (control) => {
      const spec = deps.config.transfer(request.transfer);
      const { prepared, isAlone } = await (spec.topics
        ? prepareWithTopics(deps, request, control.stop)
        : withEnds(deps, spec, async (ends) => ({
            prepared: await prepareTransfer(
              ends,
              { ...request, spec, place: capturePlaceOf(deps.config.captures[spec.source]) },
              control.stop,
            ),
            isAlone: !ends.target.dialect.capabilities.concurrentWriters,
          })));
      const sourceSite = deps.config.siteOf(prepared.spec.source);
      const targetSite = deps.config.siteOf(prepared.spec.target);
      return {
        ...outline(prepared),
        sliceReaders: SLICE_READERS,
        // Where one writes at a time, a second slice would only wait.
        ...(!isAlone && { sliceWriters: SLICE_WRITERS }),
        ...(sourceSite !== null && { sourceSite }),
        ...(targetSite !== null && { targetSite }),
        run: prepared.run,
        continued: prepared.continued,
        ...limitsOf(prepared.spec, prepared.until),
        tables: prepared.tables.map(({ id, ordinal, load }) => ({ id, ordinal, ...(load && { load }) })),
        warnings: prepared.warnings,
        searchAttributes: await deps.knowsSearchAttributes(),
      };
    });

/** Plans a few tables: ranges into the ledger, the target's table made. One that is refused does not stop the rest. */
export const createPlanTables =
  (deps: ActivityDeps) =>
  (request: PlanRequest): Promise<PlanResult> => {
    const planned: PlannedSummary[] = [];
    const refused: Refusal[] = [];
    return governed<PlanResult>({ log: deps.log, partial: () => ({ planned, refused }) }, async (control) => {
      await withEnds(deps, request, async (ends) => {
        const spec = await readRunSpec(ends.target, request, control.stop);
        const ids = request.tables.map(({ id }) => id);
        const found = await whileWorking(
          () => control.progress(),
          lookUpTables(ends, spec, ids, control.stop),
        );
        for (const { id, ordinal, generation } of request.tables) {
          if (control.stop.aborted) return;
          const wanted = { ...request, spec, table: id, ordinal, generation, found: found.get(id) };
          const place = capturePlaceOf(deps.config.captures[request.source]);
          const lane = laneOfChanges(id);
          const absent = request.absent ?? [];
          const planOne = (): ReturnType<typeof planTable> =>
            lane === null
              ? movesChanges(spec)
                ? planFollowedTable({ ...ends, place }, wanted, control.stop)
                : planTable(ends, wanted, control.stop)
              : planChanges({ ...ends, place }, { ...wanted, lane, absent }, control.stop);
          try {
            const { leftOut, ...summary } = await whileWorking(() => control.progress(), planOne());
            if (leftOut.length > 0)
              deps.log.info({ table: id, leftOut }, 'not made at the target: indexes, keys, checks');
            planned.push({ ...summary, ...tellLeftOut(leftOut) });
          } catch (error) {
            refused.push(asRefusal(id, error));
          }
        }
      });
      return { planned, refused };
    });
  };
