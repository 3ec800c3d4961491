/** The table of every source. An update of one of its rows is a message of about 550 bytes. */
export const TABLE = 'changed_orders';
export const TABLE_ROWS = 100_000;
export const PER_TRANSACTION = 100;
/** A step between the rows that are changed one after another. */
export const STRIDE = 7_919;

/** What one session of an application does while the latency is measured. */
export interface Session {
  /** Changes one row, and writes the time of that into it. */
  change(): Promise<void>;
  close(): Promise<void>;
}

/** A database with rows that change. */
export interface TopicSource {
  readonly name: string;
  readonly title: string;
  readonly url: string;
  /** Changes so many rows by statements of one row, 100 a transaction. @returns seconds */
  change(rows: number): Promise<number>;
  /** Absent where sessions cannot write at once. */
  readonly session?: () => Promise<Session>;
  close(): Promise<void>;
}
