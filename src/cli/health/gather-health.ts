import type { CaptureInspector } from '../../engine/ports/capture-inspector.ts';
import { retentionMsOf } from '../../model/capture-spec.ts';
import { COUNTED, type Counted, type MinuteCounts } from '../../model/change-statistics.ts';
import type { Config } from '../../model/config.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { HealthFacts } from '../../workers/local.ts';
import type { OpenCapture } from '../commands/capture/with-capture.ts';
import type { Context } from '../context.ts';
import { askEnds, countParked, type Transfers, troubleOf } from './ask-ends.ts';

const DEADLINE_MS = 30_000;
const HOUR_MS = 3_600_000;

/** Events that were counted of one transfer. */
export type Sums = Readonly<Record<Counted, number>>;

export interface Gathered {
  readonly facts: HealthFacts;
  /** Product and version of the source. */
  readonly source: string;
  /** Tables whose changes are to be recorded, and of these the ones with all triggers as they were deployed. */
  readonly tables: { readonly captured: number; readonly intact: number };
  /** Of the last hour, by transfer: only what goes to topics is counted. */
  readonly lastHour: ReadonlyMap<string, Sums>;
}

const NOTHING: Sums = { success: 0, delayed: 0, final: 0, divisions: 0, retries: 0 };

function sumByTransfer(counts: readonly MinuteCounts[]): ReadonlyMap<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const each of counts) {
    const before = sums.get(each.transfer) ?? NOTHING;
    const after = Object.fromEntries(COUNTED.map((what) => [what, before[what] + each[what]])) as unknown;
    sums.set(each.transfer, after as Sums);
  }
  return sums;
}

async function planOf({ triggers, select, signal }: OpenCapture): Promise<HealthFacts['plan']> {
  try {
    return await triggers.plan(await select([]), signal);
  } catch (error) {
    // A condition that the database refuses, a pattern without a table: the rest is to be told all the same.
    if (!isSluiceError(error) || error.retry === 'auto') throw error;
    return { trouble: troubleOf(error) };
  }
}

const demand = (inspector: CaptureInspector | undefined, connection: string): CaptureInspector => {
  if (inspector) return inspector;
  throw new SluiceError(
    'capture.table_unsupported',
    'nobody looks at a capture of this database as a whole',
    {
      where: `capture of ${connection}`,
      suggestion: `sluice capture status ${connection}`,
    },
  );
};

const takesChanges = (config: Config, connection: string): Transfers =>
  Object.entries(config.transfers).filter(
    ([, { source, mode }]) => source === connection && (mode === 'changes' || mode === 'both'),
  );

/**
 * All facts of a capture that can be had from here. The source must answer; of all others it is told where they do not.
 * @param sourceOnly  nobody else is asked
 * @throws SluiceError capture.not_installed, database.*
 */
export async function gatherHealth(
  context: Context,
  capture: OpenCapture,
  { connection, sourceOnly }: { readonly connection: string; readonly sourceOnly: boolean },
): Promise<Gathered> {
  const config = context.config();
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const nowMs = Date.now();
  const standing = await demand(capture.inspector, connection).inspect(signal);
  const configured = takesChanges(config, connection);
  const names = [
    ...new Set([...configured.map(([name]) => name), ...standing.lanes.map(({ transfer }) => transfer)]),
  ].sort();
  const specs = new Map(configured);
  const atSource = names.filter((name) => specs.get(name)?.topics !== undefined || !specs.has(name));
  const { askTemporal } = await import('./ask-temporal.ts');
  const nothing = { ends: [], parked: new Map(), runs: new Map(), trouble: null };
  const { ends, parked } = sourceOnly ? nothing : await askEnds(config, configured, signal);
  const { runs, trouble } = sourceOnly ? nothing : await askTemporal(context, config, names);
  const own = await countParked(capture.quarantine, atSource, signal);
  const captured = await capture.triggers.captured(signal);
  return {
    tables: { captured: captured.length, intact: captured.filter(({ intact }) => intact).length },
    source: await capture.ping(signal),
    lastHour: sumByTransfer(await capture.statistics.counts({ sinceMs: nowMs - HOUR_MS }, signal)),
    facts: {
      connection,
      nowMs,
      retentionMs: retentionMsOf(capture.spec),
      capture: standing,
      tables: await capture.triggers.captured(signal, { dropped: true }),
      plan: await planOf(capture),
      transfers: names.map((transfer) => ({
        transfer,
        isConfigured: specs.has(transfer),
        parked: own.get(transfer) ?? parked.get(transfer) ?? null,
        run: runs.get(transfer) ?? null,
      })),
      ends,
      temporal: trouble,
    },
  };
}
