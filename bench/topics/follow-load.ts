import type { Measurement } from '../measure/measurement.ts';
import type { Arrivals } from './topic.ts';

/** Makes changes while they are captured. Seconds run from the first change to the last event at a consumer. @param load  @returns seconds */
export async function followLoad(
  arrivals: Arrivals,
  changes: number,
  load: () => Promise<number>,
): Promise<Pick<Measurement, 'rows' | 'seconds' | 'extra'>> {
  const beganMs = performance.now();
  const loadSeconds = await load();
  await arrivals.reached(changes);
  const seconds = (arrivals.lastMs() - beganMs) / 1000;
  const lagSeconds = Math.max(0, seconds - loadSeconds);
  return {
    rows: arrivals.count(),
    seconds,
    extra: { loadSeconds, lagSeconds, bytesPerEvent: arrivals.bytes() / changes },
  };
}
