/** Places where none of these transactions is cut, by the number of events before them. */
function cleanPlaces(transactions: readonly string[], isAll: boolean): readonly number[] {
  const isClean = (count: number): boolean =>
    count === transactions.length
      ? isAll
      : !transactions.slice(0, count).some((each) => transactions.slice(count).includes(each));
  return transactions.map((_, at) => at + 1).filter(isClean);
}

/**
 * How many of the pending events a claim has, by the rule of ClaimLimits: with as many events as `limit`, and twice as many to be whole. Told
 * by the transactions of the events, in the order of their ids; who has none among the next `limit` is over.
 */
export function wholeEnd(transactions: readonly string[], limit: number): number {
  const isAll = (looked: number): boolean => looked >= transactions.length;
  const within = Math.min(limit, transactions.length);
  const near = cleanPlaces(transactions.slice(0, 2 * limit), isAll(2 * limit));
  const before = near.filter((count) => count <= within && 2 * count >= within).at(-1);
  if (before !== undefined) return before;
  const far = cleanPlaces(transactions.slice(0, 3 * limit), isAll(3 * limit));
  return far.find((count) => count > within && count <= 2 * limit) ?? within;
}
