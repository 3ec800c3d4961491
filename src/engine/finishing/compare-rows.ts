import type { KeyRange } from '../../model/lane.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { Database } from '../ports/dialect.ts';
import type { BucketRequest, BucketSum, RowDigest } from '../ports/row-inspector.ts';
import type { SliceControl } from '../slice.ts';

/** One row that the two sides do not have alike. The key is data: it is shown to whoever asked, and goes nowhere else. */
export interface RowDifference {
  /** While changes flow also what cannot be told: `parked`, its changes are set apart; `waiting`, some are still to be applied. */
  readonly kind: 'missing' | 'extra' | 'different' | 'parked' | 'waiting';
  /** Canonical texts of the key columns; none where the table has no key. */
  readonly key: readonly string[];
}

export interface RowComparison {
  /** Source columns that name a row; none: the table has no key, its rows are told apart as wholes. */
  readonly keyColumns: readonly string[];
  readonly differences: readonly RowDifference[];
  /** False: the limit was reached, and there may be more. */
  readonly complete: boolean;
}

export interface RowComparisonRequest {
  readonly plan: TablePlan;
  readonly ranges: readonly (KeyRange | null)[];
  /** So many differences are named at most. */
  readonly limit: number;
  /** Rows that only the target has are none of the copy's and make no difference. */
  readonly ignoreExtra: boolean;
}

export interface InspectDeps {
  readonly source: Pick<Database, 'inspector'>;
  readonly target: Pick<Database, 'inspector'>;
}

/** Buckets of about so many rows: the smallest pieces that are compared by checksum. */
const ROWS_PER_BUCKET = 500;
const MOST_BUCKETS = 65_536;
/** Rows of both sides that are held at once, as a key and a digest each. */
const ROWS_AT_ONCE = 400_000;

/** Places of the columns that name a row; none: the table has no key. */
export function namedBy(plan: TablePlan): readonly number[] {
  const place = (name: string): number => plan.columns.findIndex((column) => column.source === name);
  if (plan.position.kind === 'key') return plan.position.columns.map(place);
  return plan.targetKey.map((name) => plan.columns.findIndex((column) => column.target === name));
}

function bucketsFor(rows: bigint): number {
  let buckets = 1;
  while (buckets < MOST_BUCKETS && BigInt(buckets * ROWS_PER_BUCKET) < rows) buckets *= 2;
  return buckets;
}

interface Unequal {
  readonly bucket: number;
  readonly rows: number;
}

/** Buckets whose checksums differ, with the rows of both sides in them. */
function unequalBuckets(left: readonly BucketSum[], right: readonly BucketSum[]): readonly Unequal[] {
  const rights = new Map(right.map((sum) => [sum.bucket, sum]));
  const lefts = new Set(left.map(({ bucket }) => bucket));
  const both = left.flatMap(({ bucket, rows, sum }) => {
    const other = rights.get(bucket);
    if (other?.rows === rows && other.sum === sum) return [];
    return [{ bucket, rows: Number(rows + (other?.rows ?? 0n)) }];
  });
  const onlyRight = right.filter(({ bucket }) => !lefts.has(bucket));
  return [...both, ...onlyRight.map(({ bucket, rows }) => ({ bucket, rows: Number(rows) }))];
}

/** As many buckets as may be looked into at once, in their order; at least one. */
function* portions(unequal: readonly Unequal[]): Generator<readonly number[]> {
  let portion: number[] = [];
  let rows = 0;
  for (const each of unequal) {
    if (portion.length > 0 && rows + each.rows > ROWS_AT_ONCE) {
      yield portion;
      portion = [];
      rows = 0;
    }
    portion.push(each.bucket);
    rows += each.rows;
  }
  if (portion.length > 0) yield portion;
}

const byName = (rows: readonly RowDigest[], named: boolean): Map<string, RowDigest[]> => {
  const found = new Map<string, RowDigest[]>();
  for (const row of rows) {
    const name = named ? JSON.stringify(row.key) : row.digest;
    const same = found.get(name);
    if (same) same.push(row);
    else found.set(name, [row]);
  }
  return found;
};

/** Rows of one name: as many as both have are equal or different, the rest is missing or too many. */
function differencesOf(left: readonly RowDigest[], right: readonly RowDigest[]): readonly RowDifference[] {
  const unmatched = [...right];
  const unlike = left.filter(({ digest }) => {
    const at = unmatched.findIndex((row) => row.digest === digest);
    if (at >= 0) unmatched.splice(at, 1);
    return at < 0;
  });
  const changed = Math.min(unlike.length, unmatched.length);
  return [
    ...unlike.map(({ key }, at): RowDifference => ({ kind: at < changed ? 'different' : 'missing', key })),
    ...unmatched.slice(changed).map(({ key }): RowDifference => ({ kind: 'extra', key })),
  ];
}

/** Every name that either side has, source first; the memory of one portion. */
export function compareDigests(
  source: readonly RowDigest[],
  target: readonly RowDigest[],
  named: boolean,
): readonly RowDifference[] {
  const lefts = byName(source, named);
  const rights = byName(target, named);
  const found = [...lefts].flatMap(([name, rows]) => differencesOf(rows, rights.get(name) ?? []));
  const extra = [...rights].flatMap(([name, rows]) => (lefts.has(name) ? [] : differencesOf([], rows)));
  return [...found, ...extra];
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** For people: in the order of the keys, and values of SQLite without the letter of their storage class. */
export function shown(plan: TablePlan, differences: readonly RowDifference[]): readonly RowDifference[] {
  const tagged = namedBy(plan).map((at) => plan.columns[at]?.logical.kind === 'any');
  return differences
    .map(({ kind, key }) => ({ kind, key: key.map((text, at) => (tagged[at] ? text.slice(1) : text)) }))
    .toSorted((a, b) => {
      const at = a.key.findIndex((text, place) => text !== b.key[place]);
      return at < 0 ? 0 : COLLATOR.compare(a.key[at] ?? '', b.key[at] ?? '');
    });
}

/** Both sides of one question. */
const ask = <T>(work: (side: BucketRequest['side']) => Promise<T>): Promise<readonly [T, T]> =>
  Promise.all([work('source'), work('target')]);

/** Rows that the two sides do not have alike, with what names them as it is compared. */
export async function* differencesIn(
  deps: InspectDeps,
  piece: { readonly plan: TablePlan; readonly range: KeyRange | null; readonly rows: bigint },
  control: SliceControl,
): AsyncGenerator<RowDifference> {
  const { plan, range } = piece;
  const keys = namedBy(plan);
  const buckets = bucketsFor(piece.rows);
  const request = (side: BucketRequest['side']): BucketRequest => ({ plan, side, range, keys, buckets });
  const sums = await ask((side) => deps[side].inspector.bucketSums(request(side), control.stop));
  control.progress();
  for (const chosen of portions(unequalBuckets(...sums))) {
    const rows = await ask((side) =>
      deps[side].inspector.rowDigests({ ...request(side), chosen }, control.stop),
    );
    control.progress();
    yield* compareDigests(...rows, keys.length > 0);
  }
}

/**
 * Names the rows that differ between the two sides.
 *
 * Each range is dealt into buckets by the hash of the rows' names, which needs no order of keys that both databases
 * share; only buckets whose checksums differ are looked into.
 * @param rows  of each range, about: decides how finely it is dealt
 * @returns null when the slice had to end before the comparison did
 */
export async function compareRows(
  deps: InspectDeps,
  request: RowComparisonRequest & { readonly rows: readonly bigint[] },
  control: SliceControl,
): Promise<RowComparison | null> {
  const { plan, ranges, limit, ignoreExtra } = request;
  const keyColumns = namedBy(plan).map((at) => plan.columns[at]?.source ?? '');
  const differences: RowDifference[] = [];
  for (const [at, range] of ranges.entries()) {
    if (control.stop.aborted || control.overdue()) return null;
    const piece = { plan, range, rows: request.rows[at] ?? 0n };
    for await (const difference of differencesIn(deps, piece, control)) {
      if (ignoreExtra && difference.kind === 'extra') continue;
      if (differences.length === limit)
        return { keyColumns, differences: shown(plan, differences), complete: false };
      differences.push(difference);
    }
  }
  return { keyColumns, differences: shown(plan, differences), complete: true };
}
