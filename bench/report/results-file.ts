import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';

const FOLDER = new URL('../out/', import.meta.url);

/** What one call of the benchmark measured, and where. */
export interface Results {
  readonly machine: Machine;
  readonly command: string;
  readonly measurements: readonly Measurement[];
}

interface ResultsFile {
  readonly path: string;
  add(measurement: Measurement): Promise<void>;
}

/** A new file in bench/out: the machine in the first line, then a line a measurement. */
export async function createResultsFile(machine: Machine, command: string): Promise<ResultsFile> {
  await mkdir(FOLDER, { recursive: true });
  const name = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const path = fileURLToPath(new URL(`${name}.jsonl`, FOLDER));
  const add = (line: unknown) => appendFile(path, `${JSON.stringify(line)}\n`);
  await add({ machine, command });
  return { path, add };
}

export async function readResults(path: string): Promise<Results> {
  const [head = '{}', ...lines] = (await readFile(path, 'utf8')).trim().split('\n');
  const { machine, command } = JSON.parse(head) as Pick<Results, 'machine' | 'command'>;
  return { machine, command, measurements: lines.map((line) => JSON.parse(line) as Measurement) };
}
