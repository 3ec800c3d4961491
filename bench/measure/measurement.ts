/** One run of one case: a line of bench/out/*.jsonl. */
export interface Measurement {
  readonly case: string;
  readonly run: number;
  /** The target held what the source holds, and the program ended well. */
  readonly ok: boolean;
  /** Rows counted in the target afterwards. */
  readonly rows: number;
  readonly seconds: number;
  /** Of the client processes: the servers' are not counted. */
  readonly cpuSeconds: number;
  /** Of all servers together; absent where they were not started for this benchmark. */
  readonly serverCpuSeconds?: number;
  readonly peakBytes: number;
  /** One-minute load average before and after. */
  readonly load: readonly [number, number];
  /** Of the source's table, without its indexes. */
  readonly tableBytes: number;
  /** What only some cases measure, by name with its unit. */
  readonly extra: Readonly<Record<string, number>>;
  readonly error?: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
}
