/** Ids from one to another, both among them. */
export interface Run {
  readonly from: bigint;
  readonly to: bigint;
}

/** In ascending order, without overlap. */
export type Runs = readonly Run[];

/** No id is larger: what a bigint column holds. */
export const LAST_ID = 9_223_372_036_854_775_807n;

/** `1-5,7,9-12` */
export const encodeRuns = (runs: Runs): string =>
  runs.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(',');

export function decodeRuns(text: string): Runs {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const [from = '', to = from] = part.split('-');
    return { from: BigInt(from), to: BigInt(to) };
  });
}

/** What is in any of them; runs that touch become one. */
export function unite(...lists: readonly Runs[]): Runs {
  const found: { from: bigint; to: bigint }[] = [];
  const all = lists.flat().sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  for (const { from, to } of all) {
    const last = found.at(-1);
    if (last && from <= last.to + 1n) {
      if (to > last.to) last.to = to;
    } else found.push({ from, to });
  }
  return found;
}

/** What is in the first and not in the second. */
export function without(runs: Runs, taken: Runs): Runs {
  const left: Run[] = [];
  let at = 0;
  for (const run of runs) {
    let { from } = run;
    while (at < taken.length && taken[at]!.to < from) at += 1;
    for (let each = at; each < taken.length && taken[each]!.from <= run.to; each += 1) {
      const { from: start, to: end } = taken[each]!;
      if (start > from) left.push({ from, to: start - 1n });
      if (end >= from) from = end + 1n;
    }
    if (from <= run.to) left.push({ from, to: run.to });
  }
  return left;
}

export const between = (runs: Runs, from: bigint, to: bigint): Runs =>
  runs.flatMap((run) => {
    const cut = { from: run.from < from ? from : run.from, to: run.to > to ? to : run.to };
    return cut.from <= cut.to ? [cut] : [];
  });

export function contains(runs: Runs, id: bigint): boolean {
  let [low, high] = [0, runs.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { from, to } = runs[middle]!;
    if (id < from) high = middle - 1;
    else if (id > to) low = middle + 1;
    else return true;
  }
  return false;
}

/** Ids that come in ascending order, as runs of those that follow each other without a gap. */
export function runsOf(ids: Iterable<bigint>): Runs {
  const runs: { from: bigint; to: bigint }[] = [];
  for (const id of ids) {
    const last = runs.at(-1);
    if (last && id === last.to + 1n) last.to = id;
    else runs.push({ from: id, to: id });
  }
  return runs;
}

/** Runs that lie close to each other, with so many ids between two of them and from first to last at most; a longer one stands alone. */
export function groupsOf(
  runs: Runs,
  { apart, most }: { readonly apart: bigint; readonly most: bigint },
): readonly Runs[] {
  const groups: Run[][] = [];
  for (const run of runs) {
    const last = groups.at(-1);
    const [first, before] = [last?.[0], last?.at(-1)];
    const isNear =
      first !== undefined &&
      before !== undefined &&
      run.from - before.to <= apart &&
      run.to - first.from < most;
    if (isNear) last?.push(run);
    else groups.push([run]);
  }
  return groups;
}
