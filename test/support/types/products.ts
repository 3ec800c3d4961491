import { quote as quotePostgres } from '../../../src/databases/postgresql/sql.ts';
import { quote as quoteMysql } from '../../../src/databases/mysql/sql/names.ts';
import { mariadbPlace } from '../mariadb-harness.ts';
import { postgresPlace } from '../postgresql-harness.ts';
import { sqlitePlace } from '../sqlite-harness.ts';
import { MARIADB_SAMPLES } from './mariadb-samples.ts';
import { POSTGRESQL_SAMPLES, POSTGRESQL_TYPES } from './postgresql-samples.ts';
import type { SampledProduct } from './round-trip.ts';
import { SQLITE_SAMPLES } from './sqlite-samples.ts';

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

/** Every product with every other, and with itself. */
export const PRODUCT_PAIRS = PRODUCTS.flatMap((from) =>
  PRODUCTS.map((to) => [`${from.title} to ${to.title}`, { from, to }] as const),
);
