import { expect, test } from 'vitest';
import { quote as quotePostgres } from '../../src/databases/postgresql/sql.ts';
import { quote as quoteMysql } from '../../src/databases/mysql/sql/names.ts';
import { mariadbPlace } from '../support/mariadb-harness.ts';
import { postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';
import { sqlitePlace } from '../support/sqlite-harness.ts';
import { MARIADB_SAMPLES } from '../support/types/mariadb-samples.ts';
import { POSTGRESQL_SAMPLES, POSTGRESQL_TYPES } from '../support/types/postgresql-samples.ts';
import { type Found, roundTrip, type SampledProduct } from '../support/types/round-trip.ts';
import { SQLITE_SAMPLES } from '../support/types/sqlite-samples.ts';

const PRODUCTS: readonly SampledProduct[] = [
  {
    title: 'PostgreSQL',
    samples: POSTGRESQL_SAMPLES,
    place: () => postgresPlace(),
    quote: quotePostgres,
    before: POSTGRESQL_TYPES,
  },
  {
    title: 'MariaDB',
    samples: MARIADB_SAMPLES,
    place: () => mariadbPlace(),
    quote: quoteMysql,
    before: 'SELECT 1',
  },
  {
    title: 'SQLite',
    samples: SQLITE_SAMPLES,
    place: () => sqlitePlace(),
    quote: quotePostgres,
    before: '',
  },
];

const PAIRS = PRODUCTS.flatMap((from) =>
  PRODUCTS.map((to) => [`${from.title} to ${to.title}`, { from, to }] as const),
);

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

  test.each(PAIRS)('%s', async (_, { from, to }) => {
    const { found } = await roundTrip({ from, to, encoding: 'text-rows', seed });
    expect(found.filter(isFault).map(shown), `with SLUICE_TEST_SEED=${seed}`).toEqual([]);
  });
});
