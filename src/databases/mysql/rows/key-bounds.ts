import { badKey } from '../../../engine/planning/source-query.ts';
import type { Position } from '../../../model/row-block.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { keyColumns, renderNextBound } from '../sql/keys.ts';
import { list, qualified, quote } from '../sql/names.ts';
import { renderKeyPass } from '../sql/source-sql.ts';
import { INT_BITS, parseType } from '../types/type-text.ts';

/** A table with fewer rows is walked through, which takes a tenth of a second and gives ranges of the same size. */
const WALKED_ROWS = 500_000;
/** The server's estimates of ranges are right to a factor of two. */
const TOLERANCE = 3;
/** A key is spread too oddly for estimates where these do not suffice. */
const MOST_QUESTIONS = 5_000;

/** @throws SluiceError source.value_rejected when its key is none */
async function queryBounds(
  session: Session,
  plan: TablePlan,
  rowsPerRange: number,
): Promise<readonly Position[]> {
  const { rows } = await session.query(renderKeyPass(plan, rowsPerRange));
  return rows.map(([bad, ...key]) => {
    if (bad !== '0') throw badKey(plan.id, bad === '1' ? 'null' : 'double');
    return key.map((cell) => cell ?? '');
  });
}

async function walkedBounds(
  session: Session,
  plan: TablePlan,
  rowsPerRange: number,
): Promise<readonly Position[]> {
  const from = qualified(plan.source);
  const bounds: Position[] = [];
  for (;;) {
    const { rows } = await session.query(renderNextBound(plan, from, bounds.at(-1) ?? null, rowsPerRange));
    const [found] = rows;
    if (!found) return bounds;
    bounds.push(found.map((cell) => cell ?? ''));
  }
}

/** Whole numbers above `after`, up to `upto`. */
interface Piece {
  readonly after: bigint;
  readonly upto: bigint;
}

/** How many rows the server takes a piece to have: it looks at the two ends of it in the index, and reads no rows. */
async function estimateRows(session: Session, plan: TablePlan, { after, upto }: Piece): Promise<number> {
  const key = quote(plan.position.columns[0] ?? '');
  // All columns, so that no other index has what is asked for.
  const columns = list(plan.columns.map(({ source }) => quote(source)));
  const { rows } = await session.query(
    `EXPLAIN FORMAT=TRADITIONAL SELECT ${columns} FROM ${qualified(plan.source)} WHERE ${key} > ${after} AND ${key} <= ${upto}`,
  );
  // `rows` comes before `Extra`, with `filtered` between them in one of the products.
  return Number(rows[0]?.at(session.facts.flavour === 'mariadb' ? -2 : -3) ?? 0);
}

function cutEvenly({ after, upto }: Piece, wanted: number): readonly Piece[] {
  const width = upto - after;
  const parts = BigInt(wanted) < width ? BigInt(wanted) : width;
  const edge = (part: bigint): bigint => after + (width * part) / parts;
  return Array.from({ length: Number(parts) }, (_, part) => ({
    after: edge(BigInt(part)),
    upto: edge(BigInt(part) + 1n),
  }));
}

/** Ends of ranges of about as many rows, in order; the last one has none. */
function joinSmall(
  pieces: readonly (Piece & { readonly rows: number })[],
  rowsPerRange: number,
): readonly Position[] {
  const bounds: Position[] = [];
  let joined = 0;
  for (const [place, { after, rows }] of pieces.entries()) {
    if (place > 0 && joined + rows > rowsPerRange) {
      bounds.push([String(after)]);
      joined = 0;
    }
    joined += rows;
  }
  return bounds;
}

/**
 * The space between the least and the greatest number, cut evenly and again where the server takes a part to have too many rows.
 * Walking through the index reads all rows here, for they are in it; what ranges have of them need not be the same.
 * @returns null where the key is no whole number or the estimates are of no use
 */
async function estimatedBounds(
  session: Session,
  plan: TablePlan,
  rowsPerRange: number,
): Promise<readonly Position[] | null> {
  const known = plan.estimatedRows ?? 0;
  const [column, second] = plan.columns.slice(0, plan.position.columns.length);
  if (!column || second || known < WALKED_ROWS || column.logical.kind !== 'int') return null;
  if (INT_BITS[parseType(column.sourceType).base] === undefined) return null;
  const [key] = keyColumns(plan, 'source').map(({ order }) => order);
  const { rows: ends } = await session.query(
    `SELECT MIN(${key}), MAX(${key}) FROM ${qualified(plan.source)}`,
  );
  const [least, greatest] = ends[0] ?? [];
  if (least == null || greatest == null) return null;
  const open: Piece[] = [{ after: BigInt(least) - 1n, upto: BigInt(greatest) }];
  const pieces: (Piece & { readonly rows: number })[] = [];
  let questions = 0;
  for (let piece = open.pop(); piece; piece = open.pop()) {
    if (++questions > MOST_QUESTIONS) return null;
    const rows = await estimateRows(session, plan, piece);
    const isWhole = questions === 1;
    // An engine that does not look says the same small number of all.
    if (isWhole && rows < known / (2 * TOLERANCE)) return null;
    const parts = Math.ceil((isWhole ? Math.max(rows, known) : rows) / rowsPerRange);
    const isSmall = rows <= (isWhole ? rowsPerRange : TOLERANCE * rowsPerRange);
    if (isSmall || piece.upto - piece.after < 2n) pieces.push({ ...piece, rows });
    else open.push(...cutEvenly(piece, parts).toReversed());
  }
  return joinSmall(pieces, rowsPerRange);
}

/** Where the ranges of a table with a key end that have about so many rows. */
export async function keyBounds(
  session: Session,
  plan: TablePlan,
  rowsPerRange: number,
): Promise<readonly Position[]> {
  if (plan.query !== undefined) return queryBounds(session, plan, rowsPerRange);
  return (
    (await estimatedBounds(session, plan, rowsPerRange)) ?? (await walkedBounds(session, plan, rowsPerRange))
  );
}
