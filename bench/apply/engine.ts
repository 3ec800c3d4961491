/** How the rows of a source are changed: `singles` by statements of one row, 100 a transaction; `bulk` by statements of many rows. */
export interface Changes {
  readonly how: 'singles' | 'bulk';
  /** Changed rows, some of them more than once. */
  readonly rows: number;
  /** Sessions that share them, no row between two. */
  readonly sessions: number;
}

/** Rows of the table that changes, at both sides. */
export const TABLE_ROWS = 200_000;
export const PER_TRANSACTION = 100;
export const PER_STATEMENT = 10_000;
/** A step between the rows that are changed one after another; has no divisor in common with their number. */
export const STRIDE = 7_919;

/** A source and a target of one kind, both with the same rows of `orders`. */
export interface ApplyEngine {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly target: string;
  /** Changes rows there. @returns seconds */
  change(changes: Changes, where: string): Promise<number>;
  /** All that was written is on disk. */
  settle(): Promise<void>;
  /** Why the target is not what the source is; null where they are equal. */
  difference(): Promise<string | null>;
  close(): Promise<void>;
}

/** Runs one text a session at once. @returns seconds */
export async function timed(
  texts: readonly string[],
  run: (sql: string) => Promise<unknown>,
): Promise<number> {
  const beganMs = performance.now();
  await Promise.all(texts.map(run));
  return (performance.now() - beganMs) / 1000;
}

/** One text a session. @param render  what the session at this place does of so many statements */
export const perSession = (
  { how, rows, sessions }: Changes,
  render: (session: { readonly at: number; readonly of: number; readonly statements: number }) => string,
): readonly string[] =>
  Array.from({ length: sessions }, (_, at) =>
    render({ at, of: sessions, statements: rows / sessions / (how === 'bulk' ? PER_STATEMENT : 1) }),
  );
