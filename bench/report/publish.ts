import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { say } from '../environment.ts';
import { fillPlace, type PlaceName, withPlaces } from './places.ts';
import { renderApply } from './render-apply.ts';
import { renderCapture } from './render-capture.ts';
import { renderDebezium } from './render-debezium.ts';
import { renderTopics } from './render-topics.ts';
import type { Results } from './results-file.ts';

export const PAGE = fileURLToPath(new URL('../../docs/explanation/performance.md', import.meta.url));

const RENDER = {
  capture: renderCapture,
  apply: renderApply,
  topics: renderTopics,
  debezium: renderDebezium,
} as const;
const NAMES = Object.keys(RENDER) as readonly (keyof typeof RENDER)[];

const isOf = ({ measurements }: Results, name: PlaceName): boolean =>
  measurements.some((one) => one.case.startsWith(`${name}/`));

/** Measured of changes and not of a copy. */
export const ofChanges = (results: Results): boolean => NAMES.some((name) => isOf(results, name));

function rendered(all: readonly Results[]): ReadonlyMap<PlaceName, string> {
  const texts = NAMES.map((name) => [name, all.filter((results) => isOf(results, name))] as const);
  return new Map(texts.filter(([, of]) => of.length > 0).map(([name, of]) => [name, RENDER[name](of)]));
}

/** What was measured of changes, as it is printed and published. */
export const renderPlaces = (all: readonly Results[]): string => [...rendered(all).values()].join('\n\n');

/** Writes what was measured of changes into its places of the page, and leaves all else there as it is. */
export async function publishPlaces(all: readonly Results[]): Promise<void> {
  const texts = rendered(all);
  if (texts.size === 0) return;
  let page = withPlaces(await readFile(PAGE, 'utf8'), [...texts.keys()]);
  for (const [name, text] of texts) page = fillPlace(page, name, text);
  await writeFile(PAGE, page);
  say(`wrote ${PAGE}`);
}
