import { Context } from '@temporalio/activity';
import { lagMsOf } from '../engine/capture/backlogs.ts';
import type { Capture } from '../engine/planning/changes-of-transfer.ts';
import type { Quarantine } from '../engine/ports/quarantine.ts';
import { laneOfChanges } from '../model/changes-plan.ts';
import { driftOf } from '../model/drift.ts';
import { parkedEvents } from '../model/quarantine.ts';
import { someNames } from '../model/some-names.ts';
import { tableId } from '../model/table-name.ts';
import { isSluiceError, type SluiceError } from '../model/sluice-error.ts';
import { DEFAULTS } from '../model/transfer-spec.ts';
import { captureOfSource } from './capture-of-source.ts';
import type { ActivityDeps, PendingChanges, Sample, SampleRequest, TableSample } from './contract.ts';
import { governed } from './governed.ts';
import { relayedNow } from './relayed-now.ts';
import { readRunSpec } from './run-spec.ts';

type HubSample = Pick<Sample, 'backlog'> & { readonly warnings: readonly string[] };

/** Of a hub that does not answer: something may wait in it, so nothing counts as drained. */
const UNKNOWN: Sample['backlog'] = { lost: false, messages: 1, bytes: 0, maxBytes: 0 };

/** A hub that is away must not hide how far the ledger is, nor that it is away. */
async function askHub(deps: ActivityDeps, request: SampleRequest, signal: AbortSignal): Promise<HubSample> {
  const passing = (error: unknown): SluiceError => {
    if (signal.aborted || !isSluiceError(error) || error.retry !== 'auto') throw error;
    return error;
  };
  try {
    return await deps.connections.useHub(request.hub, async (opened) => ({
      backlog: await opened.topics
        .backlog(request, signal)
        .catch((error: unknown) => (passing(error), UNKNOWN)),
      warnings: await opened.warnings(signal),
    }));
  } catch (error) {
    const { message, code } = passing(error);
    return { backlog: UNKNOWN, warnings: [`${message} [${code}]`] };
  }
}

/** What the source says of its changes. */
interface SourceSample extends Pick<Sample, 'parked'> {
  readonly pending?: PendingChanges;
  readonly loads: readonly TableSample[];
  readonly warnings: readonly string[];
}

const NAMED_TABLES = 5;

/** Who drops or disables a trigger, or alters a table under it, must read of it soon: nothing else would tell. */
async function brokenTriggers(
  { triggers, changes }: Capture,
  { source, transfer }: SampleRequest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const taken = new Set((await changes.lanes(transfer, signal)).flatMap(({ tables }) => tables));
  const tables = await triggers.captured(signal, { dropped: true });
  const broken = tables.filter(({ intact, number }) => !intact && taken.has(number));
  if (broken.length === 0) return [];
  const names = broken.map(({ table }) => tableId(table));
  return [
    `changes of ${someNames(names, NAMED_TABLES)} may be lost: triggers are missing, disabled or not as deployed; sluice capture plan ${source}`,
  ];
}

/** Changes that are set apart, where there are any. */
async function parkedOf(
  deps: ActivityDeps,
  quarantine: Quarantine | undefined,
  { transfer }: SampleRequest,
  signal: AbortSignal,
): Promise<Pick<Sample, 'parked'>> {
  const parked = (await quarantine?.count(transfer, signal)) ?? {};
  deps.observer(transfer).parked?.(parked);
  return parkedEvents(parked) === 0 ? {} : { parked };
}

/** How far the loads of existing rows are, of the tables that are asked for. */
async function sampleLoads(
  { loads, triggers }: Capture,
  { transfer, tables }: SampleRequest,
  signal: AbortSignal,
): Promise<readonly TableSample[]> {
  if (!loads || tables.every((id) => laneOfChanges(id) !== null)) return [];
  const idOf = new Map(
    (await triggers.captured(signal)).map(({ number, table }) => [number, tableId(table)]),
  );
  return (await loads.progress(transfer, signal)).flatMap(({ table, generation, rows, isDone }) => {
    const id = idOf.get(table);
    return id !== undefined && tables.includes(id)
      ? [{ table: id, generation, lanes: 1, endedLanes: isDone ? 1 : 0, rows, bytes: 0 }]
      : [];
  });
}

/** Nothing where the source does not say: what is applied is shown all the same. */
async function askSource(
  deps: ActivityDeps,
  request: SampleRequest,
  signal: AbortSignal,
): Promise<SourceSample> {
  const { source, transfer } = request;
  try {
    return await deps.connections.useDatabase(source, async (opened) => {
      const capture = captureOfSource(deps, opened, source);
      const { changes } = capture;
      const backlog = await changes.backlog(transfer, signal);
      return {
        pending: { events: backlog.events, lagMs: lagMsOf(backlog, Date.now()) },
        ...(request.topics === true && (await parkedOf(deps, capture.quarantine, request, signal))),
        loads: request.topics === true ? await sampleLoads(capture, request, signal) : [],
        warnings: await brokenTriggers(capture, request, signal),
      };
    });
  } catch (error) {
    if (signal.aborted || !isSluiceError(error) || error.retry !== 'auto') throw error;
    return { warnings: [`${error.message} [${error.code}]`], loads: [] };
  }
}

/** Of changes that go to topics only the source and the hub can be asked, and how much the slices that run have moved so far. */
async function sampleTopics(
  deps: ActivityDeps,
  request: SampleRequest,
  signal: AbortSignal,
): Promise<Sample> {
  const { warnings, loads, ...source } = await askSource(deps, request, signal);
  const hub = await askHub(deps, request, signal);
  const { events, bytes } = await relayedNow(Context.current());
  return {
    rows: events,
    bytes,
    backlog: { lost: false, messages: 0, bytes: 0, maxBytes: 0 },
    creditBytes: DEFAULTS.creditBytes,
    tables: loads,
    warnings: [...hub.warnings, ...warnings],
    ...source,
  };
}

/** How far the run is: what the target's ledger holds (invariant 4) and what waits in the hub. */
export const createSampleProgress =
  (deps: ActivityDeps) =>
  (request: SampleRequest): Promise<Sample> =>
    governed<Sample>({ log: deps.log }, async (control) => {
      if (request.topics === true) return sampleTopics(deps, request, control.stop);
      const { tables, spec, ...target } = await deps.connections.useDatabase(
        request.target,
        async (opened) => ({
          tables: await opened.ledger.progress(request.transfer, request.run, control.stop),
          spec: await readRunSpec(opened, request, control.stop),
          warnings: (await opened.warnings?.(control.stop)) ?? [],
          parked:
            request.changes === true ? await parkedOf(deps, opened.quarantine, request, control.stop) : {},
          drift:
            request.changes === true
              ? driftOf((await opened.drift?.counts(request.transfer, control.stop)) ?? [])
              : null,
        }),
      );
      const { backlog, ...hub } = await askHub(deps, request, control.stop);
      const { warnings, pending }: Pick<SourceSample, 'pending' | 'warnings'> =
        request.changes === true ? await askSource(deps, request, control.stop) : { warnings: [] };
      const wanted = new Set(request.tables);
      return {
        rows: tables.reduce((sum, table) => sum + table.rows, 0),
        bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
        backlog,
        creditBytes: spec.read?.creditBytes ?? DEFAULTS.creditBytes,
        tables: tables.filter(({ table }) => wanted.has(table)),
        warnings: [...hub.warnings, ...target.warnings, ...warnings],
        ...(pending && { pending }),
        ...target.parked,
        ...(target.drift && { drift: target.drift }),
      };
    });
