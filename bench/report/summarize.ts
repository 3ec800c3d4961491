import { type Measurement, median } from '../measure/measurement.ts';

/** All runs of one case in one line. Only runs that ended well count. */
export interface Summary {
  readonly case: string;
  readonly runs: number;
  readonly good: number;
  readonly rows: number;
  readonly tableBytes: number;
  readonly seconds: { readonly median: number; readonly least: number; readonly most: number };
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: number;
  /** The highest of all runs: a promise about memory is about the worst. */
  readonly peakBytes: number;
  readonly load: { readonly least: number; readonly most: number };
  readonly extra: Readonly<Record<string, number>>;
  readonly error: string | null;
}

export const perSecond = ({ rows, seconds }: Summary): number => rows / seconds.median;

/** What a case measures besides; NaN where it does not. */
export const extraOf = ({ extra }: Pick<Summary, 'extra'>, key: string): number => extra[key] ?? Number.NaN;

function summarizeCase(name: string, all: readonly Measurement[]): Summary {
  const good = all.filter(({ ok }) => ok);
  const of = (pick: (one: Measurement) => number): number => median(good.map(pick));
  const seconds = good.map((one) => one.seconds);
  const loads = all.flatMap(({ load }) => load);
  const extras = Object.keys(good[0]?.extra ?? {});
  return {
    case: name,
    runs: all.length,
    good: good.length,
    rows: of(({ rows }) => rows),
    tableBytes: of(({ tableBytes }) => tableBytes),
    seconds: { median: median(seconds), least: Math.min(...seconds), most: Math.max(...seconds) },
    cpuSeconds: of(({ cpuSeconds }) => cpuSeconds),
    serverCpuSeconds: of(({ serverCpuSeconds = Number.NaN }) => serverCpuSeconds),
    peakBytes: Math.max(0, ...good.map(({ peakBytes }) => peakBytes)),
    load: { least: Math.min(...loads), most: Math.max(...loads) },
    extra: Object.fromEntries(extras.map((key) => [key, of(({ extra }) => extra[key] ?? Number.NaN)])),
    error: all.find(({ error }) => error !== undefined)?.error ?? null,
  };
}

/** In the order in which the cases first ran. */
export function summarize(measurements: readonly Measurement[]): readonly Summary[] {
  const names = [...new Set(measurements.map((one) => one.case))];
  return names.map((name) =>
    summarizeCase(
      name,
      measurements.filter((one) => one.case === name),
    ),
  );
}
