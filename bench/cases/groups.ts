import type { BenchOptions } from '../options.ts';
import type { Group } from './case.ts';

const LARGE_FACTOR = 20;
/** 2 GB in rows of a megabyte. */
const WIDE_ROWS = 2_000;

/** The rows of orders, as often as is asked for. */
const orders = {
  table: 'orders',
  file: 'orders.sql',
  rows: ({ rows }: BenchOptions) => rows,
  runs: ({ runs }: BenchOptions) => runs,
} as const;

export const GROUPS: readonly Group[] = [
  { ...orders, name: 'orders', yardstick: 'psql-text' },
  { ...orders, name: 'to-mariadb', yardstick: 'psql-mariadb' },
  { ...orders, name: 'from-mariadb', yardstick: 'sling-mariadb-pg' },
  { ...orders, name: 'sqlite', yardstick: null },
  {
    ...orders,
    name: 'large',
    yardstick: 'large-psql-text',
    rows: ({ rows }) => rows * LARGE_FACTOR,
    runs: () => 1,
  },
  {
    name: 'wide',
    table: 'wide',
    file: 'wide.sql',
    yardstick: null,
    rows: () => WIDE_ROWS,
    runs: () => 1,
  },
];
