import { createTargetDrift } from '../../engine/changes/drift/create-drift.ts';
import type { TargetParking } from '../../engine/ports/target-parking.ts';
import type {
  GroupWritten,
  RowGroup,
  TargetTransaction,
  TargetWriter,
} from '../../engine/ports/target-writer.ts';
import { createParking } from '../../engine/quarantine/create-parking.ts';
import { parkingSql } from '../../engine/quarantine/parking-sql.ts';
import { isRefusal } from '../../engine/quarantine/refusals.ts';
import type { Batch } from '../../model/batch.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import { reading, sessionOn, whileBusy, writing } from './connections/session.ts';
import { driftDialect } from './drift.ts';
import { advanceStatement, laneProgress, laneStatement, type LedgerTables } from './ledger-sql.ts';
import type { Lease, Pool } from './connections/pool.ts';
import { parkingDialect, statementsOn } from './quarantine.ts';
import { expectingProgram, insertProgram, quote, removeProgram, targetProgram } from './sql.ts';
import { removeRowsOnce } from './remove-once.ts';
import { prepareTable, previewTable } from './structure/prepare-table.ts';
import type { InsertedRows, InsertProgram, Statement } from './thread/operations.ts';
import type { StoredValue } from './values/stored-value.ts';
import type { Thread } from './connections/start-thread.ts';

const plain = (sql: string): Statement => ({ sql, values: [] });

/** Once over, every further step fails: a connection is never used after its transaction. */
function transactionOn(lease: Lease, tables: LedgerTables, signal: AbortSignal): TargetTransaction {
  let over = false;
  let attempting = false;
  const step = async <T>(work: (thread: Thread) => Promise<T>): Promise<T> => {
    if (over) throw new SluiceError('database.internal', 'the transaction is over');
    try {
      signal.throwIfAborted();
      return await work(lease.thread);
    } catch (error) {
      // What was refused is taken back by the attempt that it is part of.
      if (attempting && isRefusal(error) && !signal.aborted) throw error;
      over = true;
      // Closing rolls back; nothing is assumed about a connection after an error.
      await lease.discard();
      throw error;
    }
  };
  const end = (): void => {
    over = true;
    lease.release();
  };
  const run = (text: string): Promise<number> =>
    step((thread) => thread.call('run', plain(text), { signal }));
  const dialect = parkingDialect(tables);
  const parking: TargetParking = {
    ...createParking(parkingSql(dialect), dialect, (statement) =>
      step((thread) => statementsOn(sessionOn(thread, signal))(statement)),
    ),
    async attempt(work) {
      await run('SAVEPOINT attempt');
      attempting = true;
      try {
        await work();
      } catch (error) {
        attempting = false;
        if (!over && isRefusal(error)) {
          await run('ROLLBACK TO attempt');
          await run('RELEASE attempt');
        }
        throw error;
      }
      attempting = false;
      await run('RELEASE attempt');
    },
  };
  return {
    parking,
    drift: createTargetDrift(driftDialect(tables), (statement) =>
      step((thread) => statementsOn(sessionOn(thread, signal))(statement)),
    ),
    advance: (batch) =>
      step(
        async (thread) =>
          (await thread.call('run', advanceStatement(tables, batch.header), { signal })) === 1,
      ),
    readLane: (lane) =>
      step(async (thread) => {
        const [row] = await thread.call('query', laneStatement(tables, lane), { signal });
        return row === undefined ? null : laneProgress(row);
      }),
    write: (plan, batch) => step((thread) => writeRows(thread, { plan, batch }, signal)),
    writeGroups: (plan, groups) => step((thread) => writeGroups(thread, plan, groups, signal)),
    remove: (plan, { data }) => step((thread) => runFor(thread, removeProgram(plan), data, signal)),
    removeOnce: (plan, { data }) => step((thread) => removeRowsOnce(thread, plan, data, signal)),
    empty: (plan) =>
      step(async (thread) => {
        await thread.call('run', plain(`DELETE FROM ${quote(plan.target.name)}`), { signal });
      }),
    async commit() {
      // Not given up once begun: its outcome is known then.
      await step((thread) => thread.call('run', plain('COMMIT')));
      end();
    },
    async rollback() {
      if (over) return;
      await step((thread) => thread.call('run', plain('ROLLBACK')));
      end();
    },
  };
}

async function writeRows(
  thread: Thread,
  { plan, batch }: { readonly plan: TablePlan; readonly batch: Batch },
  signal: AbortSignal,
): Promise<number> {
  if (batch.header.encoding !== 'text-rows') {
    throw new SluiceError('internal', 'SQLite takes text-rows only', { table: plan.id });
  }
  return runFor(thread, insertProgram(plan), batch.data, signal);
}

/** What was tried first of each row says whether it was there. */
async function writeGroups(
  thread: Thread,
  plan: TablePlan,
  groups: readonly RowGroup[],
  signal: AbortSignal,
): Promise<readonly GroupWritten[]> {
  const written: GroupWritten[] = [];
  for (const { expected, block } of groups) {
    if (expected === null) {
      // Nobody asks what was there.
      written.push({ rows: await runFor(thread, insertProgram(plan), block.data, signal), there: 0 });
      continue;
    }
    const program = expectingProgram(plan, expected);
    const { rows, first } = await runBoth(thread, program, block.data, signal);
    written.push({ rows, there: program.first?.meets === 'there' ? first : rows - first });
  }
  return written;
}

/** The program's statements for each row of the block. */
function runBoth(
  thread: Thread,
  program: InsertProgram,
  block: Buffer,
  signal: AbortSignal,
): Promise<InsertedRows> {
  // The caller keeps its buffer, which may be part of a larger one: what is transferred is a copy.
  const data = new Uint8Array(block);
  return thread.call('insert', { program, data }, { signal, transfer: [data.buffer] });
}

const runFor = async (...of: Parameters<typeof runBoth>): Promise<number> => (await runBoth(...of)).rows;

export function createWriter(pool: Pool, tables: LedgerTables): TargetWriter {
  const first = async (sql: string, signal: AbortSignal): Promise<StoredValue> => {
    const lease = await pool.scan(signal);
    try {
      return (await lease.thread.call('query', plain(sql), { signal }))[0]?.[0] ?? null;
    } finally {
      lease.release();
    }
  };
  return {
    preview: (request, signal) =>
      request.exists
        ? reading(pool, signal, (session) => previewTable(session, request))
        : previewTable(null, request),
    prepare: (request, signal) => writing(pool, signal, (session) => prepareTable(session, request)),
    hasRows: async (plan, signal) =>
      (await first(`SELECT EXISTS (SELECT 1 FROM ${quote(plan.target.name)})`, signal)) === 1n,
    async begin(signal) {
      const lease = await pool.write(signal);
      try {
        // The lock of the file is taken here, not at the first write: no other process can come between.
        await whileBusy(() => lease.thread.call('run', plain('BEGIN IMMEDIATE'), { signal }), signal);
        return transactionOn(lease, tables, signal);
      } catch (error) {
        await lease.discard();
        throw error;
      }
    },
    finish: (plan, signal) =>
      writing(pool, signal, async (session) => {
        // The rowid of the next row follows from the highest by itself, with AUTOINCREMENT too.
        await session.run('PRAGMA analysis_limit = 1000');
        await session.run(`ANALYZE ${quote(plan.target.name)}`);
      }),
    countRows: async (plan, signal) =>
      (await first(`SELECT count(*) FROM ${quote(plan.target.name)}`, signal)) as bigint,
    async checksum(plan, range, signal) {
      const lease = await pool.scan(signal);
      try {
        return await lease.thread.call('checksum', targetProgram(plan, range), { signal });
      } finally {
        lease.release();
      }
    },
  };
}
