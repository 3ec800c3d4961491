import { createHash } from 'node:crypto';
import { computeTablePlan } from '../../src/engine/planning/compute-table-plan.ts';
import { withStructure } from '../../src/engine/structure/planned-structure.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { ReadOptions, RangeChecksum } from '../../src/engine/ports/source-reader.ts';
import type { KeyRange } from '../../src/model/lane.ts';
import type { Position, RowBlock } from '../../src/model/row-block.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TableSchema } from '../../src/model/table-schema.ts';
import type { TableSelection, TransferSpec } from '../../src/model/transfer-spec.ts';
import { type ContractHarness, nameOf, type TestPlace, type TestRow, type TestTable } from './harness.ts';

export const never = (): AbortSignal => new AbortController().signal;

/** Spells an identifier as the product does. */
export const quoteOf =
  (harness: ContractHarness) =>
  (identifier: string): string =>
    harness.dialect.quote(identifier);

/** CREATE TABLE of a described table. */
export function renderTestTable(harness: ContractHarness, table: TestTable): string {
  const quote = quoteOf(harness);
  const columns = table.columns.map(({ name, type, nullable = true }) => {
    const isKey = table.key?.includes(name) ?? false;
    const declared = (isKey ? harness.keyTypes?.[type] : undefined) ?? harness.types[type];
    return `${quote(name)} ${declared}${nullable && !isKey ? '' : ' NOT NULL'}`;
  });
  const key = table.key ? [`PRIMARY KEY (${table.key.map(quote).join(', ')})`] : [];
  return `CREATE TABLE ${quote(table.name)} (${[...columns, ...key].join(', ')})`;
}

/** INSERT of rows given as canonical texts. */
export function renderTestRows(harness: ContractHarness, table: TestTable, rows: readonly TestRow[]): string {
  const quote = quoteOf(harness);
  const values = rows.map((row) => {
    const cells = row.map((text, index) =>
      text === null ? 'NULL' : harness.literal(table.columns[index]!.type, text),
    );
    return `(${cells.join(', ')})`;
  });
  return `INSERT INTO ${quote(table.name)} VALUES ${values.join(', ')}`;
}

export async function createTestTable(
  harness: ContractHarness,
  place: TestPlace,
  table: TestTable,
  rows: readonly TestRow[] = [],
): Promise<void> {
  await place.execute(renderTestTable(harness, table));
  for (let at = 0; at < rows.length; at += 500) {
    await place.execute(renderTestRows(harness, table, rows.slice(at, at + 500)));
  }
}

export interface PlanOptions {
  readonly spec?: Partial<TransferSpec>;
  readonly selection?: TableSelection;
}

/** The source's schema and the plan that the engine would make of it. */
export async function planOf(
  harness: ContractHarness,
  databases: { readonly source: Database; readonly target: Database },
  table: string,
  options: PlanOptions = {},
): Promise<{ readonly plan: TablePlan; readonly schema: TableSchema }> {
  const { dialect } = harness;
  const { source, target } = databases;
  const [schema] = await source.introspector.describeTables([nameOf(harness, table, source)], never());
  const [existing] = await target.introspector.describeTables([nameOf(harness, table, target)], never());
  if (!schema) throw new Error(`the test made no table ${table}`);
  const plan = computeTablePlan({
    spec: { source: 'a', hub: 'h', target: 'b', tables: {}, ...options.spec },
    selection: options.selection ?? {},
    ordinal: 1,
    source: { dialect, table: schema },
    target: { dialect, name: nameOf(harness, table, target), table: existing ?? null },
  });
  const naming = {
    table: (name: { readonly name: string }) => nameOf(harness, name.name, target),
    column: (_: unknown, column: string) => column,
  };
  return { plan: withStructure(plan, schema, naming), schema };
}

const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Cells of text-rows, by the definition in src/model/row-block.ts. */
export function cellsOf(data: Buffer): TestRow[] {
  const lines = data.toString('utf8').split('\n');
  return lines
    .slice(0, -1)
    .map((line) =>
      line
        .split('\t')
        .map((cell) =>
          cell === '\\N'
            ? null
            : cell.replaceAll(/\\(.)/gs, (_, letter: string) => UNESCAPED[letter] ?? letter),
        ),
    );
}

/** A small block, so that a table of some hundred rows has many. */
export const smallBlocks: ReadOptions = {
  blockBytes: 1024 * 1024,
  blockRows: 7,
  mostRowBytes: 256 * 1024 * 1024,
  snapshot: null,
};

export interface ReadRequest {
  readonly plan: TablePlan;
  readonly range: KeyRange;
  readonly after?: Position | null;
}

export async function readBlocks(
  database: Database,
  request: ReadRequest,
  options: ReadOptions = smallBlocks,
): Promise<RowBlock[]> {
  const blocks: RowBlock[] = [];
  for await (const block of database.reader.readRange({ after: null, ...request }, options, never()))
    blocks.push(block);
  return blocks;
}

export const wholeRange: KeyRange = { lane: 1, after: null, upto: null };

/** Rows of all ranges, in the order of ranges and positions. */
export async function readRanges(
  database: Database,
  plan: TablePlan,
  ranges: readonly KeyRange[],
  options: ReadOptions = smallBlocks,
): Promise<TestRow[]> {
  const rows: TestRow[] = [];
  for (const range of ranges) {
    for (const block of await readBlocks(database, { plan, range }, options))
      rows.push(...cellsOf(block.data));
  }
  return rows;
}

/** The checksum by its definition (docs/reference/checksum.md): what every database must arrive at. */
export function checksumByDefinition(rows: readonly TestRow[]): RangeChecksum {
  let sum = 0n;
  for (const row of rows) {
    const text = row.map((cell) => (cell === null ? '-;' : `${Buffer.byteLength(cell)}:${cell};`)).join('');
    sum += createHash('md5').update(text).digest().readBigUInt64BE(0);
  }
  return { rows: BigInt(rows.length), sum: BigInt.asUintN(64, sum) };
}

/** Order-independent form of rows, to compare. */
export const sorted = (rows: readonly TestRow[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

/** A deterministic sequence of numbers in [0, 1): tests repeat themselves. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
