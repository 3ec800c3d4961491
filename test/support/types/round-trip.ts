import fc from 'fast-check';
import { computeTablePlan } from '../../../src/engine/planning/compute-table-plan.ts';
import type { Database } from '../../../src/engine/ports/dialect.ts';
import { isSluiceError } from '../../../src/model/sluice-error.ts';
import type { ColumnPlan, TablePlan } from '../../../src/model/table-plan.ts';
import type { TransferSpec } from '../../../src/model/transfer-spec.ts';
import type { TestPlace } from '../../contract/harness.ts';
import { never, smallBlocks, wholeRange } from '../../contract/test-tables.ts';
import { batchOf } from '../../contract/test-transfer.ts';
import type { TypeSamples } from './samples.ts';

/** A product with what it can hold. */
export interface SampledProduct {
  readonly title: string;
  readonly samples: readonly TypeSamples[];
  readonly place: () => Promise<TestPlace>;
  readonly quote: (name: string) => string;
  /** Statements before the table. */
  readonly before: string;
}

/** One row: one value in one column, NULL in all others. */
export interface Sample {
  readonly id: number;
  readonly column: string;
  readonly type: string;
  readonly text: string;
  /** One of the edges of its type, where a side may refuse what is none of its values. */
  readonly isEdge: boolean;
}

const RANDOM_PER_TYPE = 12;

const nameOf = (at: number): string => `c${at}`;

/** The rows of a product: edges, and values drawn by the seed. */
export function drawSamples({ samples }: SampledProduct, seed: number): readonly Sample[] {
  const drawn = samples.flatMap(({ type, edges, any }, at) => {
    const more = any === undefined ? [] : fc.sample(any, { numRuns: RANDOM_PER_TYPE, seed: seed + at });
    return [...new Set([...edges, ...more])].map((text) => ({
      column: nameOf(at),
      type,
      text,
      isEdge: edges.includes(text),
    }));
  });
  return drawn.map((sample, at) => ({ ...sample, id: at + 1 }));
}

const declared = ({ samples, quote }: SampledProduct): string =>
  ['id bigint PRIMARY KEY', ...samples.map(({ type }, at) => `${quote(nameOf(at))} ${type}`)].join(', ');

export const createTable = (product: SampledProduct): string =>
  `${product.before};\nCREATE TABLE t (${declared(product)})`;

/** One INSERT a value. */
export function insertSamples(product: SampledProduct, samples: readonly Sample[]): string {
  const rows = samples.map(({ id, column, type, text }) => {
    const { literal } = product.samples[Number(column.slice(1))] ?? {};
    const value = literal ? literal(text) : `'${text.replaceAll("'", "''")}'`;
    const cast = literal === undefined && product.title === 'PostgreSQL' ? `::${type}` : '';
    return `INSERT INTO t (id, ${product.quote(column)}) VALUES (${id}, ${value}${cast})`;
  });
  return ['BEGIN', ...rows, 'COMMIT'].join(';\n');
}

export async function planOf(
  ends: Ends,
  options: Partial<TransferSpec> & {
    readonly texts: readonly string[];
    readonly exclude?: readonly string[];
  },
): Promise<TablePlan> {
  const { source, target } = ends;
  const name = (database: Database) => ({
    schema: database.defaultSchema ?? (database.dialect.capabilities.schemas ? 'public' : 'main'),
    name: 't',
  });
  const [table] = await source.introspector.describeTables([name(source)], never());
  const [existing] = await target.introspector.describeTables([name(target)], never());
  if (!table) throw new Error('the test made no table');
  const { texts, exclude = [], ...spec } = options;
  const policies = Object.fromEntries(
    texts.filter((each) => !exclude.includes(each)).map((each) => [each, 'text' as const]),
  );
  const plan = computeTablePlan({
    // Nothing is made here after the rows: the key is there before.
    spec: { source: 'a', hub: 'h', target: 'b', tables: {}, structure: { policy: 'verify' }, ...spec },
    selection: { columns: { policies, exclude: [...exclude] } },
    ordinal: 1,
    source: { dialect: source.dialect, table },
    target: { dialect: target.dialect, name: name(target), table: existing ?? null },
  });
  await target.ledger.install(never());
  await target.writer.prepare({ plan, source: table, policy: 'create-missing' }, never());
  return plan;
}

const REFUSALS = new Set(['target.value_rejected', 'source.value_rejected', 'target.constraint_violated']);

/** @returns the code where the error says that a value was refused */
function refusalOf(error: unknown): string {
  if (isSluiceError(error) && REFUSALS.has(error.code)) return error.code;
  throw error;
}

type Refused = Map<number, string>;
type Lines = ReadonlyMap<number, Buffer>;
interface Ends {
  readonly source: Database;
  readonly target: Database;
}

async function readAfter(
  source: Database,
  plan: TablePlan,
  from: { readonly after: number; readonly rows: number },
) {
  const letter = plan.columns[0]?.logical.kind === 'any' ? 'i' : '';
  const after = from.after === 0 ? null : [`${letter}${from.after}`];
  const options = { ...smallBlocks, blockBytes: 8_000_000, blockRows: from.rows, snapshot: null };
  for await (const block of source.reader.readRange({ plan, range: wholeRange, after }, options, never()))
    return block;
  return null;
}

/** Between two files of SQLite a number has the letter of its storage class before it. */
const idOf = (text: string): number => Number(text.replace(/^i/, ''));

/** A row of text-rows is a line: nothing else in it is a line feed. */
function* linesOf(data: Buffer): Generator<readonly [number, Buffer]> {
  for (let at = 0; at < data.length; ) {
    const end = data.indexOf(0x0a, at) + 1;
    const line = data.subarray(at, end);
    yield [idOf(line.subarray(0, line.indexOf(0x09)).toString()), line];
    at = end;
  }
}

const BLOCK_ROWS = 40;

/** In ever smaller blocks where one is refused. */
export async function readLines(
  source: Database,
  plan: TablePlan,
  last: number,
  refused: Refused,
): Promise<Lines> {
  const lines = new Map<number, Buffer>();
  let rows = BLOCK_ROWS;
  for (let after = 0; after < last; ) {
    try {
      const block = await readAfter(source, plan, { after, rows });
      for (const [id, line] of linesOf(block?.data ?? Buffer.alloc(0))) lines.set(id, Buffer.from(line));
      after = block === null ? last : idOf(block.last[0] ?? '');
      rows = Math.min(BLOCK_ROWS, rows * 2);
    } catch (error) {
      const code = refusalOf(error);
      if (rows === 1) refused.set((after += 1), code);
      else rows = Math.ceil(rows / 4);
    }
  }
  return lines;
}

async function write(
  target: Database,
  plan: TablePlan,
  rows: readonly Buffer[],
  commit: boolean,
): Promise<string | null> {
  const lane = { transfer: 'x', run: 1, table: plan.id, generation: 1, lane: 1 };
  const block = { rows: rows.length, data: Buffer.concat(rows), first: ['0'], last: ['0'] };
  const transaction = await target.writer.begin(never());
  const batch = batchOf(plan, block, { lane, attempt: 1, epoch: 'e', n: 1 });
  try {
    // The ledger has no such lane: this only begins the transaction.
    await transaction.advance(batch);
    await transaction.write(plan, batch);
    await (commit ? transaction.commit() : transaction.rollback());
    return null;
  } catch (error) {
    await transaction.rollback().catch(() => undefined);
    return refusalOf(error);
  }
}

/** Finds the rows of a group that the target refuses, by halving. */
async function probe(target: Database, plan: TablePlan, group: Lines, refused: Refused): Promise<void> {
  const code = await write(target, plan, [...group.values()], false);
  if (code === null) return;
  if (group.size === 1) {
    for (const id of group.keys()) refused.set(id, code);
    return;
  }
  const rows = [...group];
  const half = Math.ceil(rows.length / 2);
  await probe(target, plan, new Map(rows.slice(0, half)), refused);
  await probe(target, plan, new Map(rows.slice(half)), refused);
}

/** Copies what neither side refuses. @returns the refused rows with the code */
export async function moveRows(
  { source, target }: Ends,
  plan: TablePlan,
  samples: readonly Sample[],
): Promise<Refused> {
  const refused: Refused = new Map();
  const lines = await readLines(source, plan, samples.length, refused);
  for (const column of new Set(samples.map((sample) => sample.column))) {
    const ids = samples.filter((sample) => sample.column === column && lines.has(sample.id));
    if (ids.length > 0)
      await probe(target, plan, new Map(ids.map(({ id }) => [id, lines.get(id)!])), refused);
  }
  const accepted = [...lines].filter(([id]) => !refused.has(id)).map(([, line]) => line);
  const code = await write(target, plan, accepted, true);
  if (code !== null) throw new Error(`refused together and not alone: ${code}`);
  return refused;
}

async function digests(database: Database, plan: TablePlan, side: 'source' | 'target') {
  const request = { plan, side, range: null, keys: [0], buckets: 1, chosen: [0] };
  const rows = await database.inspector.rowDigests(request, never());
  return new Map(rows.map(({ key, digest }) => [idOf(key[0] ?? ''), digest]));
}

export interface Found extends Sample {
  readonly targetType: string;
  readonly note: string | null;
  readonly exact: boolean;
  /** What became of it: refused by one side, or another text at the target, or after the way back. */
  readonly fate: string;
}

export interface RoundTrip {
  readonly plan: TablePlan;
  /** Values that are not at the target as they were. */
  readonly found: readonly Found[];
}

interface Trip {
  readonly from: SampledProduct;
  readonly to: SampledProduct;
  readonly encoding: 'text-rows' | 'auto';
  readonly seed: number;
}

/**
 * Moves the samples to another database and, into a table like the first, back; and compares the canonical texts of each
 * row, as the databases make them.
 */
export async function roundTrip({ from, to, encoding, seed }: Trip): Promise<RoundTrip> {
  const [first, middle, last] = await Promise.all([from.place(), to.place(), from.place()]);
  try {
    const samples = drawSamples(from, seed);
    await Promise.all([
      first.execute(`${createTable(from)};\n${insertSamples(from, samples)}`),
      last.execute(createTable(from)),
    ]);
    if (from === to) await middle.execute(from.before);
    const [source, target, back] = await Promise.all([first.open(), middle.open(), last.open()]);
    const native = from.samples.flatMap(({ native: own }, at) => (own && from !== to ? [nameOf(at)] : []));
    const plan = await planOf({ source, target }, { read: { encoding }, texts: native });
    const refused = await moveRows({ source, target }, plan, samples);
    const held = {
      ...plan,
      where: refused.size === 0 ? null : `id NOT IN (${[...refused.keys()].join(', ')})`,
    };
    const [before, there] = await Promise.all([
      digests(source, held, 'source'),
      digests(target, plan, 'target'),
    ]);
    const oneWay = from.samples.flatMap(({ oneWay: only }, at) => (only && from !== to ? [nameOf(at)] : []));
    const backPlan = await planOf({ source: target, target: back }, { texts: [], exclude: oneWay });
    const refusedBack = await moveRows({ source: target, target: back }, backPlan, samples);
    const again = await digests(back, plan, 'source');
    const columns = new Map(plan.columns.map((column) => [column.source, column]));
    const found = samples.flatMap((sample): Found[] => {
      const { id, column } = sample;
      const { targetType, note, exact } = columns.get(column) as ColumnPlan;
      const told = (fate: string): Found[] => [{ ...sample, targetType, note, exact, fate }];
      const code = refused.get(id);
      if (code !== undefined) return told(code);
      if (before.get(id) !== there.get(id)) return told(there.has(id) ? 'other at the target' : 'lost');
      if (oneWay.includes(column)) return [];
      if (refusedBack.has(id)) return told(`refused on the way back: ${refusedBack.get(id)}`);
      return before.get(id) === again.get(id) ? [] : told('other after the way back');
    });
    return { plan, found };
  } finally {
    await Promise.all([first.drop(), middle.drop(), last.drop()]);
  }
}
