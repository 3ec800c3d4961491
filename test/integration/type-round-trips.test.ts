import { expect, test } from 'vitest';
import { describeWith } from '../support/servers.ts';
import { PRODUCT_PAIRS } from '../support/types/products.ts';
import { type Found, roundTrip } from '../support/types/round-trip.ts';

const isRefused = ({ fate }: Found): boolean => fate.includes('_rejected') || fate.includes('_violated');

/** The plan said of the column what became of the value. */
const isAnnounced = ({ note, text }: Found): boolean =>
  note?.includes('minus zero becomes zero') === true && text === '-0';

/** What must not be: a value that became another, or one of the usual values of an exact column that is refused. */
const isFault = (found: Found): boolean => {
  if (isRefused(found)) return found.exact && !found.isEdge;
  return !isAnnounced(found);
};

const shown = ({ type, targetType, text, fate }: Found): string =>
  `${type} -> ${targetType}: ${JSON.stringify(text.slice(0, 80))} is ${fate}`;

describeWith(['postgres', 'mariadb'], 'values of every type arrive as they were, or are refused:', () => {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

  test.each(PRODUCT_PAIRS)('%s', async (_, { from, to }) => {
    const { found } = await roundTrip({ from, to, encoding: 'text-rows', seed });
    expect(found.filter(isFault).map(shown), `with SLUICE_TEST_SEED=${seed}`).toEqual([]);
  });
});
