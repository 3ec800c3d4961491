import type { Introspector } from '../../src/engine/ports/introspector.ts';
import type { ReadOptions, SourceReader } from '../../src/engine/ports/source-reader.ts';
import type { KeyRange } from '../../src/model/lane.ts';
import type { Position, RowBlock } from '../../src/model/row-block.ts';
import { tableId } from '../../src/model/table-name.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import { standInColumn, standInTable } from '../support/stand-in-dialect.ts';
import { lanesOf, type TargetState } from './target-state.ts';
import { type Actor, call, hold, type World } from './world.ts';

export interface SourceRow {
  /** Key or row address. */
  readonly position: number;
  /** The row in wire form without its line end. */
  readonly text: string;
}

export interface SourceTable {
  readonly name: string;
  readonly keyed: boolean;
  rows: readonly SourceRow[];
  version: number;
}

export interface SourceState {
  readonly tables: ReadonlyMap<string, SourceTable>;
}

export const sourceTable = (source: SourceState, id: string): SourceTable => {
  const table = source.tables.get(id);
  if (!table) throw new Error(`no table ${id}`);
  return table;
};

const numberOf = (position: Position | null, open: number): number =>
  position === null ? open : Number(position[0]);
const positionOf = (row: SourceRow | undefined): Position => [String(row?.position)];

export const rowsIn = (table: SourceTable, after: Position | null, upto: Position | null): SourceRow[] =>
  table.rows.filter(
    (row) => row.position > numberOf(after, -Infinity) && row.position <= numberOf(upto, Infinity),
  );

export const wireForm = (rows: readonly SourceRow[]): Buffer =>
  Buffer.from(rows.map((row) => `${row.text}\n`).join(''));

/** Cuts rows at the first row end at or after the limit. */
function cutBlocks(
  rows: readonly SourceRow[],
  options: Pick<ReadOptions, 'blockBytes' | 'blockRows'>,
): SourceRow[][] {
  const blocks: SourceRow[][] = [];
  let bytes = 0;
  let block: SourceRow[] = [];
  for (const row of rows) {
    block.push(row);
    bytes += Buffer.byteLength(row.text) + 1;
    if (bytes < options.blockBytes && block.length < options.blockRows) continue;
    blocks.push(block);
    block = [];
    bytes = 0;
  }
  if (block.length > 0) blocks.push(block);
  return blocks;
}

const toBlock = (rows: readonly SourceRow[]): RowBlock => ({
  rows: rows.length,
  data: wireForm(rows),
  first: positionOf(rows[0]),
  last: positionOf(rows.at(-1)),
});

/** The catalog of a simulated source. */
export function createIntrospector(world: World, source: SourceState, actor: Actor): Introspector {
  const ask = <T>(label: string, signal: AbortSignal, work: () => T): Promise<T> =>
    call(world, actor, {
      label,
      code: 'source.unreachable',
      usualMs: 3,
      signal,
      effect: (done) => done(work()),
    });
  return {
    listTables: (signal) =>
      ask('list tables', signal, () =>
        [...source.tables.values()].map(({ name, rows }) => ({
          table: { schema: 'main', name },
          estimatedRows: rows.length,
        })),
      ),
    describeTables: (names, signal) =>
      ask('describe tables', signal, () =>
        names.flatMap((name) => {
          const table = source.tables.get(tableId(name));
          if (!table) return [];
          const columns = (table.keyed ? ['id', 'payload'] : ['payload']).map((column) =>
            standInColumn(column, 'text'),
          );
          return [standInTable(name.name, columns, table.keyed ? ['id'] : null)];
        }),
      ),
  };
}

/** The reading part of a simulated source. `target` is for a planted bug only. */
export function createSourceReader(
  world: World,
  states: { readonly source: SourceState; readonly target: TargetState },
  actor: Actor,
): SourceReader {
  const { source, target } = states;
  const ask = <T>(label: string, signal: AbortSignal, work: () => T): Promise<T> =>
    call(world, actor, {
      label,
      code: 'source.unreachable',
      usualMs: 5,
      signal,
      effect: (done) => done(work()),
    });

  /** Planted bug: the number of a block decides where reading goes on. */
  const byBlockNumber = (plan: TablePlan, range: KeyRange, options: ReadOptions): SourceRow[][] => {
    const run = Math.max(...target.runs.map((row) => row.run));
    const lane = lanesOf(target, run, plan.id).find((row) => row.ref.lane === range.lane);
    const all = rowsIn(sourceTable(source, plan.id), range.after, range.upto);
    return cutBlocks(all, options).slice(lane?.batches ?? 0);
  };

  return {
    planRanges: (plan, { rowsPerRange }, signal) =>
      ask(`plan ranges ${plan.id}`, signal, () => {
        const { rows } = sourceTable(source, plan.id);
        const cuts = rows.filter((_, index) => (index + 1) % rowsPerRange === 0 && index + 1 < rows.length);
        const ends: (Position | null)[] = [...cuts.map((row) => positionOf(row)), null];
        return ends.map((upto, index) => ({ lane: index + 1, after: ends[index - 1] ?? null, upto }));
      }),
    async *readRange({ plan, range, after }, options, signal) {
      hold(actor, 'cursor', 1);
      try {
        const blocks = await ask(
          `read ${plan.id} after ${JSON.stringify(after ?? range.after)}`,
          signal,
          () =>
            world.plant === 'resume-by-block-number' && after
              ? byBlockNumber(plan, range, options)
              : cutBlocks(
                  rowsIn(sourceTable(source, plan.id), after ?? range.after, range.upto).slice(
                    0,
                    options.mostRows,
                  ),
                  options,
                ),
        );
        for (const block of blocks) {
          yield toBlock(await ask(`fetch ${plan.id}`, signal, () => block));
        }
      } finally {
        hold(actor, 'cursor', -1);
      }
    },
    countRows: (plan, signal) => ask('count', signal, () => BigInt(sourceTable(source, plan.id).rows.length)),
    checksum: () => Promise.resolve({ rows: 0n, sum: 0n }),
    changeMarker: (plan, signal) =>
      ask('change marker', signal, () => String(sourceTable(source, plan.id).version)),
    holdSnapshot: () => Promise.reject(new Error('the simulation has no snapshots')),
  };
}
