import type { ReadOptions, SourceReader } from '../../engine/ports/source-reader.ts';
import type { KeyRange } from '../../model/lane.ts';
import type { Position, RowBlock } from '../../model/row-block.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { readChangeMarker } from './connections/change-marker.ts';
import type { SqliteConfig } from './config.ts';
import type { Lease, Pool } from './connections/pool.ts';
import { holdSnapshot, scanSnapshot } from './connections/snapshot.ts';
import { countStatement, rowidName, sourceProgram } from './sql.ts';
import type { ThreadBlock } from './thread/operations.ts';
import { rowsAtStatement } from './thread/read-statement.ts';
import type { Thread } from './connections/start-thread.ts';

type Range = Pick<KeyRange, 'after' | 'upto'>;

/** @throws SluiceError source.table_not_found, source.changed_structure */
export async function programOf(
  thread: Thread,
  read: {
    readonly plan: TablePlan;
    readonly range: Range | null;
    readonly after?: Position | null;
    readonly mostRows?: number | undefined;
  },
  signal: AbortSignal,
) {
  const { plan, range, after, mostRows } = read;
  const options = { ...(after && { after }), mostRows };
  if (plan.query !== undefined) return sourceProgram(plan, range, { ...options, rowid: '' });
  const sql = 'SELECT name FROM pragma_table_xinfo(?)';
  const rows = await thread.call('query', { sql, values: [plan.source.name] }, { signal });
  const columns = rows.map((row) => String(row[0]));
  if (columns.length === 0) {
    throw new SluiceError('source.table_not_found', `the source has no table ${plan.id} any more`, {
      table: plan.id,
    });
  }
  // SQLite takes the name of a column that is gone for something else at times; it is looked for here.
  const lost = plan.columns.find((column) => !columns.includes(column.source));
  if (lost) {
    throw new SluiceError('source.changed_structure', `${plan.id} has no column ${lost.source} any more`, {
      table: plan.id,
      column: lost.source,
    });
  }
  const rowid = rowidName(columns);
  if (rowid === null && plan.position.kind === 'row-address') {
    throw new SluiceError(
      'type.unsupported',
      `${plan.id} has no key and its columns hide every name of the rowid`,
      {
        table: plan.id,
      },
    );
  }
  return sourceProgram(plan, range, { ...options, rowid: rowid ?? 'rowid' });
}

const rowBlock = (block: ThreadBlock): RowBlock => ({
  rows: block.rows,
  data: Buffer.from(block.data.buffer, block.data.byteOffset, block.data.byteLength),
  first: block.first,
  last: block.last,
});

async function* readBlocks(
  thread: Thread,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<RowBlock, void, undefined> {
  const { blockBytes, blockRows, mostRowBytes } = options;
  const ask = (): Promise<ThreadBlock | null> => {
    const asked = thread.call('nextBlock', { blockBytes, blockRows, mostRowBytes }, { signal });
    // Whoever leaves the loop early never looks at the block that was asked for ahead.
    asked.catch(() => undefined);
    return asked;
  };
  // One block ahead: the thread encodes it while the consumer has the one before (invariant 12).
  for (let next = ask(); ; ) {
    signal.throwIfAborted();
    const block = await next;
    if (block === null) return;
    next = ask();
    yield rowBlock(block);
  }
}

export function createReader(pool: Pool, config: SqliteConfig): SourceReader {
  const leaseFor = (snapshot: string | null, signal: AbortSignal): Promise<Lease> =>
    snapshot === null ? pool.scan(signal) : scanSnapshot(pool, snapshot, signal);
  const withThread = async <T>(
    snapshot: string | null,
    signal: AbortSignal,
    work: (thread: Thread) => Promise<T>,
  ): Promise<T> => {
    const lease = await leaseFor(snapshot, signal);
    try {
      return await work(lease.thread);
    } finally {
      lease.release();
    }
  };
  return {
    planRanges: (plan, { rowsPerRange, snapshot }, signal) =>
      withThread(snapshot, signal, async (thread) => {
        const program = await programOf(thread, { plan, range: null }, signal);
        const cuts = await thread.call('cutRanges', { program, rowsPerRange }, { signal });
        const ends: readonly (Position | null)[] = [...cuts, null];
        return ends.map((upto, at) => ({ lane: at + 1, after: cuts[at - 1] ?? null, upto }));
      }),
    async *readRange({ plan, range, after }, options, signal) {
      const lease = await leaseFor(options.snapshot, signal);
      try {
        const program = await programOf(
          lease.thread,
          { plan, range, after, mostRows: options.mostRows },
          signal,
        );
        await lease.thread.call('openCursor', program, { signal });
        yield* readBlocks(lease.thread, options, signal);
      } finally {
        lease.thread.call('closeCursor', null).catch(() => undefined);
        lease.release();
      }
    },
    rowsAt: (plan, { position, snapshot }, signal) =>
      withThread(snapshot, signal, async (thread) => {
        const program = await programOf(thread, { plan, range: null }, signal);
        const [row] = await thread.call('query', rowsAtStatement(program, position), { signal });
        return row?.[0] as bigint;
      }),
    countRows: (plan, signal) =>
      withThread(null, signal, async (thread) => {
        const rows = await thread.call('query', { sql: countStatement(plan), values: [] }, { signal });
        return rows[0]?.[0] as bigint;
      }),
    checksum: (plan, range, signal) =>
      withThread(null, signal, async (thread) =>
        thread.call('checksum', await programOf(thread, { plan, range, mostRows: plan.mostRows }, signal), {
          signal,
        }),
      ),
    countAltered: (plan, signal) =>
      withThread(null, signal, async (thread) =>
        thread.call(
          'countAltered',
          await programOf(thread, { plan, range: null, mostRows: plan.mostRows }, signal),
          { signal },
        ),
      ),
    changeMarker: (_plan, signal) => readChangeMarker(config.path, signal),
    holdSnapshot: (signal) => holdSnapshot(pool, config.snapshotDirectory, signal),
  };
}
