import { tableId } from '../../model/table-name.ts';
import type { HealthWarning } from '../../workers/local.ts';
import { packageVersion } from '../version.ts';
import type { Gathered, Sums } from './gather-health.ts';

const iso = (time: string | null): string | null =>
  time === null ? null : time.replace(' ', 'T').replace(/\+00$/, 'Z');

const ageSeconds = (time: string | null, nowMs: number): number | null =>
  time === null ? null : Math.max(0, Math.round((nowMs - Date.parse(iso(time) ?? '')) / 100) / 10);

/** A lane as the report has it. */
interface ReportedLane {
  readonly lane: number;
  readonly tables: readonly string[];
  readonly owner: string | null;
  readonly sealed: number;
  readonly confirmed: number;
  /** Claims that are sealed and not confirmed. */
  readonly open: number;
  readonly movedAt: string | null;
  readonly movedSecondsAgo: number | null;
  readonly lag: { readonly events: number; readonly seconds: number };
}

interface ReportedTransfer {
  readonly transfer: string;
  readonly configured: boolean;
  readonly running: boolean | null;
  readonly phase: string | null;
  readonly unattended: readonly string[];
  readonly parked: Readonly<Record<string, number>> | null;
  readonly lanes: readonly ReportedLane[];
  readonly loads: readonly {
    readonly table: string;
    readonly generation: number;
    readonly rows: number;
    readonly done: boolean;
  }[];
  readonly lastHour: Sums | null;
}

/** The report as programs read it: names and meanings stay. */
export interface HealthReport {
  readonly connection: string;
  readonly state: 'healthy' | 'warnings';
  readonly at: string;
  readonly versions: {
    readonly sluice: string;
    readonly source: string;
    readonly layout: { readonly installed: number; readonly current: number };
  };
  readonly tables: Gathered['tables'];
  readonly staging: {
    readonly events: number;
    readonly oldestSeconds: number | null;
    readonly partitions: { readonly inUse: number; readonly there: number } | null;
  };
  readonly longestTransaction: {
    readonly name: string;
    readonly seconds: number;
    readonly holdsEvents: boolean;
  } | null;
  readonly transfers: readonly ReportedTransfer[];
  readonly ends: readonly {
    readonly name: string;
    readonly is: 'hub' | 'target';
    readonly version: string | null;
    readonly reachable: boolean;
  }[];
  /** Null: it was not asked. */
  readonly temporal: { readonly reachable: boolean } | null;
  readonly warnings: readonly HealthWarning[];
}

function transfersOf({ facts, lastHour }: Gathered): readonly ReportedTransfer[] {
  const { capture, nowMs } = facts;
  const nameOf = new Map(facts.tables.map(({ number, table }) => [number, tableId(table)]));
  const named = (number: number): string => nameOf.get(number) ?? String(number);
  return facts.transfers.map(({ transfer, isConfigured, parked, run }) => ({
    transfer,
    configured: isConfigured,
    running: run?.isRunning ?? null,
    phase: run?.phase ?? null,
    unattended: run?.unattended ?? [],
    parked,
    lanes: capture.lanes
      .filter((lane) => lane.transfer === transfer)
      .map(({ lane, tables, owner, sealed, confirmed, movedAt, backlog }) => ({
        lane,
        tables: tables.map(named),
        owner,
        sealed,
        confirmed,
        open: sealed - confirmed,
        movedAt: iso(movedAt),
        movedSecondsAgo: ageSeconds(movedAt, nowMs),
        lag: { events: backlog.events, seconds: ageSeconds(backlog.oldestAt, nowMs) ?? 0 },
      })),
    loads: capture.loads
      .filter((load) => load.transfer === transfer)
      .map(({ table, generation, rows, isDone }) => ({
        table: named(table),
        generation,
        rows,
        done: isDone,
      })),
    lastHour: lastHour.get(transfer) ?? null,
  }));
}

export function healthReport(
  gathered: Gathered,
  warnings: readonly HealthWarning[],
  { sourceOnly }: { readonly sourceOnly: boolean },
): HealthReport {
  const { facts, source, tables } = gathered;
  const { capture, nowMs } = facts;
  const { events, oldestAt, partitions } = capture.staging;
  return {
    connection: facts.connection,
    state: warnings.length === 0 ? 'healthy' : 'warnings',
    at: new Date(nowMs).toISOString(),
    versions: { sluice: packageVersion(), source, layout: capture.layout },
    tables,
    staging: {
      events,
      oldestSeconds: ageSeconds(oldestAt, nowMs),
      partitions: partitions && { inUse: partitions.inUse, there: partitions.there },
    },
    longestTransaction: capture.longest && {
      name: capture.longest.name,
      seconds: Math.round(capture.longest.openForMs / 1_000),
      holdsEvents: capture.longest.holdsEvents,
    },
    transfers: transfersOf(gathered),
    ends: facts.ends.map(({ name, is, version, trouble }) => ({
      name,
      is,
      version,
      reachable: trouble === null,
    })),
    temporal: sourceOnly ? null : { reachable: facts.temporal === null },
    warnings,
  };
}
