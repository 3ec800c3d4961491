import type { Group } from './case.ts';

const LARGE_FACTOR = 20;
/** 2 GB in rows of a megabyte. */
const WIDE_ROWS = 2_000;

export const GROUPS: readonly Group[] = [
  {
    name: 'orders',
    table: 'orders',
    file: 'orders.sql',
    rows: ({ rows }) => rows,
    runs: ({ runs }) => runs,
  },
  {
    name: 'sqlite',
    table: 'orders',
    file: 'orders.sql',
    rows: ({ rows }) => rows,
    runs: ({ runs }) => runs,
  },
  {
    name: 'large',
    table: 'orders',
    file: 'orders.sql',
    rows: ({ rows }) => rows * LARGE_FACTOR,
    runs: () => 1,
  },
  {
    name: 'wide',
    table: 'wide',
    file: 'wide.sql',
    rows: () => WIDE_ROWS,
    runs: () => 1,
  },
];
