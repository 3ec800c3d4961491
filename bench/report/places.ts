/** Sections of a page that one kind of measurement writes alone, by the option of scripts/bench that makes it. */
const TITLES = {
  capture: 'What capture costs the application',
  apply: 'Changes into databases',
  topics: 'Changes into topics',
  debezium: 'Beside Debezium',
  scale: 'Several workers',
} as const;

export type PlaceName = keyof typeof TITLES;
const NAMES = Object.keys(TITLES) as readonly PlaceName[];

const beginOf = (name: PlaceName): string => `<!-- ${name}: written by scripts/bench --${name} --publish -->`;
const endOf = (name: PlaceName): string => `<!-- /${name} -->`;

function boundsOf(page: string, name: PlaceName): readonly [number, number] | null {
  const [from, to] = [page.indexOf(beginOf(name)), page.indexOf(endOf(name))];
  return from < 0 || to < from ? null : [from + beginOf(name).length, to];
}

/** The page with the text in its place between two marks, which the page has. */
export function fillPlace(page: string, name: PlaceName, text: string): string {
  const bounds = boundsOf(page, name);
  if (!bounds) throw new Error(`the page has no place for it: ${beginOf(name)}`);
  return `${page.slice(0, bounds[0])}\n\n${text}\n\n${page.slice(bounds[1])}`;
}

/** Places that have something in an earlier page, for a page that is written anew. @param also  places that it shall have, be they empty */
export const keepPlaces = (page: string, also: readonly PlaceName[]): string =>
  `${NAMES.flatMap((name) => {
    const bounds = boundsOf(page, name);
    const kept = bounds ? page.slice(...bounds).trim() : '';
    return kept === '' && !also.includes(name)
      ? []
      : [`## ${TITLES[name]}\n\n${beginOf(name)}\n\n${kept}\n\n${endOf(name)}`];
  }).join('\n\n')}\n`;

/** The page with these places, what stands before all places untouched. */
export function withPlaces(page: string, also: readonly PlaceName[]): string {
  const starts = NAMES.map((name) => page.indexOf(`## ${TITLES[name]}\n\n${beginOf(name)}`));
  const first = Math.min(...starts.map((start) => (start < 0 ? page.length : start)));
  return `${page.slice(0, first).trimEnd()}\n\n${keepPlaces(page, also)}`;
}
