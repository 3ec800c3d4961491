import type { Machine } from '../measure/machine.ts';
import type { SceneResult } from './measure-scene.ts';

/** What one call measured. */
export interface ScaleResults {
  readonly machine: Machine;
  readonly command: string;
  readonly scenes: readonly SceneResult[];
}

const MEGABYTE = 1e6;

function renderLinks({ bytesPerSecond, latencyMs }: SceneResult): string {
  const width = bytesPerSecond === null ? 'not limited' : `${bytesPerSecond / MEGABYTE} MB/s`;
  return latencyMs === 0 ? width : `${width}, ${latencyMs} ms`;
}

/** The tables and what they are of, as they stand in the documentation. */
export function renderScale({ machine, command, scenes }: ScaleResults): string {
  const alone = (scene: SceneResult): SceneResult | undefined =>
    scenes.find(
      (each) => each.workers === 1 && each.latencyMs === 0 && each.bytesPerSecond === scene.bytesPerSecond,
    );
  const lines = scenes.map((scene) => {
    const base = alone(scene);
    const times = base ? (base.seconds / scene.seconds).toFixed(2) : '';
    const rate = (scene.bytes / scene.seconds / MEGABYTE).toFixed(1);
    const good = scene.equal ? '' : ' NOT EQUAL';
    return `| ${scene.workers} | ${renderLinks(scene)} | ${scene.seconds.toFixed(1)}${good} | ${rate} | ${times} | ${scene.cpuSeconds.toFixed(1)} |`;
  });
  const [first] = scenes;
  return [
    `${first?.rows.toLocaleString('en-US') ?? 0} rows of 7.5 kB, ${Math.round((first?.bytes ?? 0) / MEGABYTE)} MB, from PostgreSQL to PostgreSQL through NATS; every
worker behind proxies of its own (toxiproxy) to source, hub and target, which limit each connection; 2 readers and 4 writers for
each worker. Both sides were compared after each run.`,
    [
      '| workers | links of each | seconds | MB/s | times one worker | CPU s of the workers |',
      '| --- | --- | --- | --- | --- | --- |',
      ...lines,
    ].join('\n'),
    `${machine.date} UTC, ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, with all servers on it; \`${command}\`.`,
  ].join('\n\n');
}
