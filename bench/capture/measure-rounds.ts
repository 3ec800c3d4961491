import { loadNow } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';
import type { CaptureEngine, Variant, Workload } from './engine.ts';

/** Another variant begins each time, so that none always has the caches of the one before it. */
const rotated = (variants: readonly Variant[], by: number): readonly Variant[] =>
  variants.map((_, at) => variants[(at + by) % variants.length] ?? 'none');

async function measureOne(
  engine: CaptureEngine,
  workload: Workload,
  { variant, round }: { readonly variant: Variant; readonly round: number },
): Promise<Measurement> {
  await engine.clean(variant);
  const before = loadNow();
  const { seconds, cpuSeconds } = await engine.run(workload, variant, round);
  const recorded = await engine.recorded(variant);
  const ok = recorded === (variant === 'none' ? 0 : workload.rows);
  return {
    case: `capture/${engine.name}/${workload.name}/${variant}`,
    run: round,
    ok,
    rows: workload.rows,
    seconds,
    cpuSeconds,
    peakBytes: 0,
    load: [before, loadNow()],
    tableBytes: 0,
    extra: {},
    ...(ok ? {} : { error: `${recorded} changes were recorded of ${workload.rows}` }),
  };
}

/** Each round does all workloads, each on one table after the other: what the machine does besides hits all alike. */
export async function* measureRounds(
  engine: CaptureEngine,
  workloads: readonly Workload[],
  rounds: number,
): AsyncGenerator<Measurement> {
  for (let round = 1; round <= rounds; round += 1) {
    for (const workload of workloads)
      for (const variant of rotated(engine.variants, round))
        yield await measureOne(engine, workload, { variant, round });
  }
}
