import type { Client } from '@temporalio/client';
import type { BenchOptions } from '../options.ts';
import type { MariadbDatabases } from '../source/mariadb-databases.ts';
import type { SqlFile } from '../source/scratch-databases.ts';

/** What every case of a group copies; groups run one after another, each from a source of its own. */
export interface Group {
  readonly name: 'orders' | 'to-mariadb' | 'from-mariadb' | 'sqlite' | 'large' | 'wide';
  readonly table: 'orders' | 'wide';
  readonly file: SqlFile;
  /** The case that the others are compared with; null: there is none. */
  readonly yardstick: string | null;
  readonly rows: (options: BenchOptions) => number;
  /** Large ones are not repeated: they show memory and steadiness, not a median. */
  readonly runs: (options: BenchOptions) => number;
}

/** Everything a run of a case needs. */
export interface Surroundings {
  readonly options: BenchOptions;
  readonly client: Client;
  readonly temporalAddress: string;
  readonly hub: string;
  /** The other hub; empty where no chosen case needs it. */
  readonly kafka: string;
  /** Null where the group needs none. */
  readonly mariadb: MariadbDatabases | null;
  readonly source: string;
  readonly target: string;
  /** A folder that is empty at the start of the run and removed after it. */
  readonly scratch: string;
  /** A folder that all runs of the group share. */
  readonly shared: string;
  readonly rows: number;
}

export interface Arrived {
  readonly rows: number;
  /** Null where the contents are those of the source, or not compared. */
  readonly error: string | null;
}

export interface Outcome {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly extra: Readonly<Record<string, number>>;
  readonly error: string | null;
  /** Asked behind what is measured, when the rows are not in the group's own target. */
  readonly arrived?: () => Promise<Arrived>;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly side: 'ours' | 'peer';
  readonly group: Group['name'];
  /** Measured only where it is asked for: its server takes memory and processor time from the others. */
  readonly needs?: 'kafka';
  /** A slow peer is run so often at most: its median is not near enough to ours to need more. */
  readonly mostRuns?: number;
  /** The target's table stands before the clock starts, with its key. */
  readonly tableExists: boolean;
  /** The target must have the same contents and not only as many rows: the tool keeps all types. */
  readonly sameContents: boolean;
  run(surroundings: Surroundings): Promise<Outcome>;
}
