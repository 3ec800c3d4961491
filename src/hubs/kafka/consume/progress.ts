/** How far the workers of a run are in one partition. */
export interface Progress {
  /** All below it is acknowledged. */
  readonly floor: number;
  /** All below it was given to a worker at least once. */
  readonly given: number;
  /** Acknowledged above the floor: first and count each, in ascending order. */
  readonly done: readonly { readonly first: number; readonly count: number }[];
}

/** Brokers take 4,096 bytes (offset.metadata.max.bytes). What does not fit is delivered again, and the ledger drops it. */
const MOST_CHARS = 4_000;
const BASE = 36;

/**
 * The text that is committed beside an offset, for what one number cannot say:
 *
 *     given - floor | gap.count,gap.count,…        all in base 36, each gap from where the one before ends
 */
export function renderProgress({ floor, given, done }: Progress): string {
  let text = `${Math.max(0, given - floor).toString(BASE)}|`;
  let at = floor;
  for (const { first, count } of done) {
    const run = `${(first - at).toString(BASE)}.${count.toString(BASE)},`;
    if (text.length + run.length > MOST_CHARS) break;
    text += run;
    at = first + count;
  }
  return text;
}

const NUMBER = /^[0-9a-z]{1,10}$/;

/** Total: of what is no text of ours only the offset counts. */
export function parseProgress(floor: number, text: string | null): Progress {
  const [given = '', runs = ''] = (text ?? '').split('|');
  if (!NUMBER.test(given)) return { floor, given: floor, done: [] };
  const done: { first: number; count: number }[] = [];
  let at = floor;
  for (const run of runs.split(',')) {
    const [gap = '', count = ''] = run.split('.');
    if (!NUMBER.test(gap) || !NUMBER.test(count)) break;
    const first = at + Number.parseInt(gap, BASE);
    done.push({ first, count: Number.parseInt(count, BASE) });
    at = first + Number.parseInt(count, BASE);
  }
  return { floor, given: floor + Number.parseInt(given, BASE), done };
}
