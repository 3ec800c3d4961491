/** Edit distance with neighbouring letters swapped as one step; enough for the short words of a configuration. */
function distance(left: string, right: string): number {
  let before: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let steps = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        steps = Math.min(steps, (before[j - 2] ?? 0) + 1);
      }
      row.push(steps);
    }
    before = last;
    last = row;
  }
  return last[right.length] ?? 0;
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_. ]/g, '');

/** The known word that was most likely meant; undefined when none is near. The first of several equals wins. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = plain(word);
  let best: { readonly name: string; readonly steps: number } | undefined;
  for (const name of known) {
    const steps = distance(wanted, plain(name));
    if (!best || steps < best.steps) best = { name, steps };
  }
  // A third of the letters may be wrong: `hubb` means hub, `table` means tables, `xyz` means nothing.
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  return best && best.steps <= allowed ? best.name : undefined;
}
