/** How the changes of a table are recorded: `plain` is the simplest trigger that writes both rows down as JSON, our yardstick. */
export const VARIANTS = ['none', 'plain', 'row', 'statement'] as const;
export type Variant = (typeof VARIANTS)[number];

export const OPERATIONS = ['insert', 'update', 'delete'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What an application does, a run after the other: what it inserts it also deletes. */
export interface Workload {
  readonly name: string;
  readonly operation: Operation;
  readonly rows: number;
  /** Rows that one statement changes. */
  readonly perStatement: number;
  /** Statements of one transaction. */
  readonly perTransaction: number;
}

/** Rows of each table before and after a round; a workload's own are above them. */
export const TABLE_ROWS = 200_000;
export const FIRST_INSERTED = 1_000_000;
/** A step between the rows that single updates take one after another: no two neighbours share a page. */
export const STRIDE = 7_919;

export const tableOf = (variant: Variant): string => `app_${variant}`;

export interface Cost {
  readonly seconds: number;
  /** Of the session alone; NaN where it is not told. */
  readonly cpuSeconds: number;
}

/** A database with the same table once a variant, and the triggers on each. */
export interface CaptureEngine {
  readonly name: string;
  readonly title: string;
  readonly variants: readonly Variant[];
  /** Nothing is recorded any more, and the table has no dead rows: each run begins alike. */
  clean(variant: Variant): Promise<void>;
  /** @param round  moves the rows that are taken */
  run(workload: Workload, variant: Variant, round: number): Promise<Cost>;
  /** Changes that the triggers of the variant wrote down since it was cleaned. */
  recorded(variant: Variant): Promise<number>;
  close(): Promise<void>;
}

export interface WorkloadSizes {
  readonly singles: number;
  readonly bulk: number;
  readonly perStatement: number;
}

const SINGLES_OF_A_TRANSACTION = 100;

/** Single statements in a transaction each, then many in one, then statements that change many rows. */
export function workloads({ singles, bulk, perStatement }: WorkloadSizes): readonly Workload[] {
  const kinds = [
    { name: 'single', rows: singles, perStatement: 1, perTransaction: 1 },
    { name: 'batch', rows: singles, perStatement: 1, perTransaction: SINGLES_OF_A_TRANSACTION },
    { name: 'bulk', rows: bulk - (bulk % perStatement), perStatement, perTransaction: 1 },
  ];
  return kinds.flatMap((kind) =>
    OPERATIONS.map((operation) => ({ ...kind, name: `${operation}-${kind.name}`, operation })),
  );
}
