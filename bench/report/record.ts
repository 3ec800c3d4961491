import { say } from '../environment.ts';
import type { Machine } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';
import { publishPlaces, renderPlaces } from './publish.ts';
import { createResultsFile, readResults } from './results-file.ts';

/** Opens these one after the other and measures each; it is closed before the next one. */
export async function* measureEach<T extends { close(): Promise<void> }>(
  names: readonly string[],
  open: Readonly<Record<string, () => Promise<T>>>,
  measure: (opened: T) => AsyncIterable<Measurement>,
): AsyncGenerator<Measurement, void, undefined> {
  for (const name of names) {
    const opened = await open[name]?.();
    if (!opened) continue;
    try {
      yield* measure(opened);
    } finally {
      await opened.close();
    }
  }
}

export interface Recording {
  readonly machine: Machine;
  readonly publish: boolean;
  /** What is said of one as it comes; null: nothing. */
  readonly tell: (measurement: Measurement) => string | null;
}

/** Measures changes: into a file as they come, then printed and, if wanted, published. @returns the exit code: 1 where one is not good */
export async function record(
  { machine, publish, tell }: Recording,
  measurements: AsyncIterable<Measurement>,
): Promise<number> {
  const file = await createResultsFile(machine, ['npm run bench --', ...process.argv.slice(2)].join(' '));
  let good = true;
  for await (const measurement of measurements) {
    await file.add(measurement);
    good &&= measurement.ok;
    const line = tell(measurement);
    if (line !== null) say(line);
  }
  say(`results are in ${file.path}`);
  const results = [await readResults(file.path)];
  process.stdout.write(`${renderPlaces(results)}\n`);
  if (publish) await publishPlaces(results);
  return good ? 0 : 1;
}
