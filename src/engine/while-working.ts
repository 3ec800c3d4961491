const TICK_MS = 5_000;

/** A statement over a large table says nothing until it ends: it counts as progress as long as its connection lives. */
export async function whileWorking<T>(progress: () => void, work: Promise<T>): Promise<T> {
  const ticker = setInterval(progress, TICK_MS);
  try {
    return await work;
  } finally {
    clearInterval(ticker);
    progress();
  }
}

/** The same for what a statement gives: until the first of it. */
export async function* workingUntilFirst<T>(
  progress: () => void,
  items: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    let next = await whileWorking(progress, iterator.next());
    while (next.done !== true) {
      yield next.value;
      next = await iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}
