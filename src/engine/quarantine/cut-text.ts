/** Any database keeps so many letters in a column that it can compare. */
const MOST = 1_000;

/** What a person reads: longer ones are cut. */
export const cutText = (text: string): string =>
  text.length <= MOST
    ? text
    : `${Array.from(text)
        .slice(0, MOST - 1)
        .join('')}…`;
