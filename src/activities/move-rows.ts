import { Context } from '@temporalio/activity';
import type { Observer } from '../engine/observer.ts';
import type { Database } from '../engine/ports/dialect.ts';
import type { Hub } from '../engine/ports/hub.ts';
import { relayChanges } from '../engine/changes/relay-changes.ts';
import { relayLanes } from '../engine/lanes/relay-lanes.ts';
import { readAndPublish } from '../engine/reading/read-and-publish.ts';
import type { SliceControl } from '../engine/slice.ts';
import { writeBatches } from '../engine/writing/write-batches.ts';
import { retentionMsOf } from '../model/capture-spec.ts';
import { withClaimSettings } from '../model/transfer-settings.ts';
import { DEFAULTS, durationMs, type TransferSpec } from '../model/transfer-spec.ts';
import { captureOfSource } from './capture-of-source.ts';
import type {
  ActivityDeps,
  ReadRequest,
  ReadResult,
  Refusal,
  RelayRequest,
  RelayResult,
  RunKey,
  SmallTablesRequest,
  SmallTablesResult,
  WriteRequest,
  WriteResult,
} from './contract.ts';
import { asRefusal } from './failure.ts';
import { governed } from './governed.ts';
import type { ProgressLines } from './progress-lines.ts';
import { readRunSpec } from './run-spec.ts';
import { waitsForPlace } from './waits-for-place.ts';

/** While one of them waits until it is applied, the next one is read. */
const SMALL_AT_ONCE = 2;

/** What a slice of either side works with. */
interface Opened {
  readonly spec: TransferSpec;
  readonly target: Database;
  readonly hub: Hub;
  readonly observer: Observer;
}

interface Slice<Result> {
  readonly side: 'source' | 'target';
  /** The result of a slice that was told to end before it had one. */
  readonly nothing: Result;
}

/** The activities between which the rows lie: each runs in slices, for as long as the worker's budget says. */
export function createRowMovers(deps: ActivityDeps, lines: ProgressLines) {
  const inSlice = <Result>(
    request: RunKey,
    { side, nothing }: Slice<Result>,
    work: (opened: Opened, control: SliceControl) => Promise<Result>,
  ): Promise<Result> => {
    const { log, sliceBudgetMs, connections } = deps;
    const { transfer } = request;
    const governance = { log, budgetMs: sliceBudgetMs, partial: () => nothing };
    return governed<Result>(governance, (control) =>
      connections.useDatabase(request.target, async (target) => {
        const spec = await readRunSpec(target, request, control.stop);
        const intervalMs = durationMs(spec.reportingInterval ?? DEFAULTS.reportingInterval);
        const line = { transfer, side, intervalMs, observer: deps.observer(transfer) };
        return lines.during(line, (observer) =>
          connections.useHub(request.hub, (hub) => work({ spec, target, hub, observer }, control)),
        );
      }),
    );
  };
  return {
    /** Reads one table and publishes its rows; between the two lie rows, so they share one activity. */
    readAndPublish: (request: ReadRequest): Promise<ReadResult> =>
      inSlice<ReadResult>(
        request,
        { side: 'source', nothing: { why: 'stopped', rows: 0, bytes: 0 } },
        ({ spec, ...ends }, control) =>
          deps.connections.useDatabase(request.source, (source) =>
            readAndPublish({ source, ...ends }, { ...request, spec }, control),
          ),
      ),
    /** Reads small tables one after the other, each to its end in the ledger. One that is refused does not stop the rest. */
    readSmallTables: (request: SmallTablesRequest): Promise<SmallTablesResult> => {
      const result = { ended: [] as string[], refused: [] as Refusal[], rows: 0 };
      return inSlice<SmallTablesResult>(
        request,
        { side: 'source', nothing: result },
        ({ spec, ...ends }, control) =>
          deps.connections.useDatabase(request.source, async (source) => {
            const left = [...request.tables];
            const readOne = async (table: string): Promise<void> => {
              const wanted = { ...request, spec, table, readers: 1, snapshot: null };
              try {
                const read = await readAndPublish({ source, ...ends }, wanted, control);
                if (read.why === 'ended') result.ended.push(table);
                result.rows += read.rows;
              } catch (error) {
                result.refused.push(asRefusal(table, error));
              }
            };
            const readOn = async (): Promise<void> => {
              while (left.length > 0 && !control.stop.aborted && !control.overdue())
                await readOne(left.shift() ?? '');
            };
            const failed = (await Promise.allSettled(Array.from({ length: SMALL_AT_ONCE }, readOn))).find(
              (each) => each.status === 'rejected',
            );
            if (failed) throw failed.reason;
            return result;
          }),
      );
    },
    /** Moves captured changes to the hub, and confirms at the source what the target has. */
    relayChanges: ({ lanes = [1], ...request }: RelayRequest): Promise<RelayResult> =>
      inSlice<RelayResult>(
        request,
        { side: 'source', nothing: { lanes: [] } },
        ({ spec, ...ends }, control) =>
          deps.connections.useDatabase(request.source, (source) => {
            const { changes, triggers } = captureOfSource(deps, source, request.source);
            const retentionMs = retentionMsOf(deps.config.captures[request.source]);
            const claims = withClaimSettings(spec, request.settings);
            return relayLanes(lanes, control, async (lane, ofLane) => {
              const wanted = { lanesOfAll: lanes.length, ...request, spec: claims, retentionMs, lane };
              const { why, rows, bytes } = await relayChanges({ changes, triggers, ...ends }, wanted, ofLane);
              return { ended: why === 'ended', events: rows, bytes, refusal: null };
            });
          }),
      ),
    /** Applies what the hub holds of a transfer; one at a time runs, and it has the transfer's writers. */
    writeBatches: (request: WriteRequest): Promise<WriteResult> =>
      inSlice<WriteResult>(
        request,
        { side: 'target', nothing: { why: 'stopped', refusal: null, batches: 0, rows: 0 } },
        ({ spec, ...ends }, control) => {
          const context = Context.current();
          const isAwaited = () => waitsForPlace(context);
          return writeBatches(ends, { ...request, spec }, { ...control, isAwaited });
        },
      ),
  };
}
