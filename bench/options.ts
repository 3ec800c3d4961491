import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly rows: number;
  readonly runs: number;
  /** Names of cases; empty: the default ones. */
  readonly cases: readonly string[];
  /** Twenty times the rows, and rows of a megabyte. */
  readonly large: boolean;
  readonly sqlite: boolean;
  /** Also from PostgreSQL to MariaDB and back. */
  readonly mariadb: boolean;
  /** Also through Kafka, beside NATS. */
  readonly kafka: boolean;
  /** Writes docs/explanation/performance.md from this run. */
  readonly publish: boolean;
  readonly readers: number | null;
  readonly writers: number | null;
  readonly blockBytes: number | null;
  /** Pause before each run, for caches and checkpoints to settle. */
  readonly settleMs: number;
  /** Results to show or publish instead of measuring. */
  readonly from: readonly string[];
  /** What was typed, for the report. */
  readonly command: string;
}

export const HELP = `usage: scripts/bench [options]
  --rows N         rows of the table orders (2000000)
  --runs N         runs of each case; medians are shown (3)
  --cases a,b      some cases; --cases list names them
  --sqlite         also PostgreSQL to SQLite and back
  --mariadb        also PostgreSQL to MariaDB and back
  --kafka          also PostgreSQL to PostgreSQL through Kafka
  --large          also 20 times the rows, and rows of 1 MB: needs 40 GB of disk and an hour
  --readers N, --writers N, --block-bytes N   of our transfers; default: the product's
  --settle-ms N    pause before each run (2000)
  --publish        writes docs/explanation/performance.md
  --from a,b       shows or publishes these results instead of measuring
  --scale          instead: throughput against the number of workers; --scale --help says more
  --tables         instead: what a transfer of 5,000 tables takes
  --capture        instead: what capture costs the statements of an application
  --apply          instead: captured changes into databases
  --topics         instead: captured changes into topics of Kafka
  --debezium       instead: these beside Debezium's
Each of the last six says more with --help.
Results are appended to bench/out/*.jsonl.
`;

const DEFAULT_ROWS = 2_000_000;
const DEFAULT_RUNS = 3;
const DEFAULT_SETTLE_MS = 2_000;

function wholeNumber(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${name} takes a whole number from 1`);
  return value;
}

const listOf = (text: string | undefined): readonly string[] =>
  text?.split(',').filter((name) => name !== '') ?? [];

/** @throws TypeError, RangeError for what it does not know */
export function parseOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: text,
      runs: text,
      cases: text,
      readers: text,
      writers: text,
      'block-bytes': text,
      'settle-ms': text,
      from: text,
      large: flag,
      sqlite: flag,
      kafka: flag,
      mariadb: flag,
      publish: flag,
    },
  });
  return {
    rows: wholeNumber('rows', values.rows) ?? DEFAULT_ROWS,
    runs: wholeNumber('runs', values.runs) ?? DEFAULT_RUNS,
    cases: listOf(values.cases),
    from: listOf(values.from),
    large: values.large,
    sqlite: values.sqlite,
    kafka: values.kafka,
    mariadb: values.mariadb,
    publish: values.publish,
    readers: wholeNumber('readers', values.readers),
    writers: wholeNumber('writers', values.writers),
    blockBytes: wholeNumber('block-bytes', values['block-bytes']),
    settleMs: wholeNumber('settle-ms', values['settle-ms']) ?? DEFAULT_SETTLE_MS,
    command: ['npm run bench --', ...args].join(' ').trim(),
  };
}
