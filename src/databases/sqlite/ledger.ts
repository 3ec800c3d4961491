import { randomUUID } from 'node:crypto';
import { planHashOf } from '../../engine/wire/fingerprint.ts';
import type { Ledger, OwnedRun, PlannedTable, Run, RunRequest } from '../../engine/ports/ledger.ts';
import { staleTables } from '../../engine/quarantine/stale-tables.ts';
import { refuseNotRunning } from '../../engine/driver/refuse-not-running.ts';
import { refuseSecondAppend } from '../../engine/driver/refuse-second-append.ts';
import type { LaneRef, LaneToOpen, Opening } from '../../model/lane.ts';
import { decodePosition, encodePosition, type Position } from '../../model/row-block.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import { reading, type Session, whileBusy, writing } from './connections/session.ts';
import {
  installStatements,
  epochColumn,
  laneProgress,
  type LedgerTables,
  lanesStatement,
  openLaneStatements,
  driftStatement,
  parkedStatements,
  progressStatement,
  upgradeStatement,
} from './ledger-sql.ts';
import type { Pool } from './connections/pool.ts';
import { quote } from './sql.ts';
import { unquoted } from './structure/create-table-text.ts';
import { replaceTable } from './structure/prepare-table.ts';
import type { Statement } from './thread/operations.ts';
import type { StoredValue } from './values/stored-value.ts';
import type { Thread } from './connections/start-thread.ts';

type Row = readonly StoredValue[];

/** What is to be planned, and where. */
interface Planning {
  readonly key: readonly [transfer: string, run: bigint, table: string];
  /** Whose run it is. */
  readonly execution: OwnedRun['execution'];
  readonly planned: PlannedTable;
  readonly replaceBy: TableSchema | null;
}

const damaged = (what: string, table?: string): SluiceError =>
  new SluiceError('target.ledger_damaged', what, table === undefined ? {} : { table });

const parsePosition = (value: StoredValue, table: string): Position | null => {
  if (value === null || value === undefined) return null;
  try {
    return decodePosition(String(value));
  } catch {
    throw damaged('a position in the ledger is none', table);
  }
};

const now = (): string => new Date().toISOString();

async function openRun(session: Session, tables: LedgerTables, request: RunRequest): Promise<Run> {
  const { runs } = tables;
  const { transfer, execution, planHash, spec } = request;
  const found = `SELECT run, created_by, spec FROM ${runs} WHERE transfer = ?`;
  const [own] = await session.rows(`${found} AND execution = ? ORDER BY run DESC LIMIT 1`, [
    transfer,
    execution,
  ]);
  if (own) return { run: Number(own[0]), continued: own[1] !== execution, spec: String(own[2]) };
  const [newest] = await session.rows(`SELECT max(run) FROM ${runs} WHERE transfer = ?`, [transfer]);
  const last = newest?.[0] ?? null;
  const [same] = await session.rows(`${found} AND run = ? AND plan_hash = ? AND finished_at IS NULL`, [
    transfer,
    last,
    planHash,
  ]);
  if (same) {
    await session.run(`UPDATE ${runs} SET execution = ?, spec = ? WHERE transfer = ? AND run = ?`, [
      execution,
      spec,
      transfer,
      last,
    ]);
    return { run: Number(same[0]), continued: true, spec };
  }
  const run = Number(last ?? 0n) + 1;
  await fenceOlder(session, tables, transfer);
  await session.run(
    `INSERT INTO ${runs} (transfer, run, execution, created_by, plan_hash, spec, started_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [transfer, BigInt(run), execution, execution, planHash, spec, now()],
  );
  return { run, continued: false, spec };
}

/** Batches of the unfinished older runs are drops from this commit on. */
async function fenceOlder(session: Session, { runs, lanes }: LedgerTables, transfer: string): Promise<void> {
  const unfinished = `SELECT run FROM ${runs} WHERE transfer = ? AND finished_at IS NULL`;
  await session.run(
    `UPDATE ${lanes} SET attempt = attempt + 1, epoch = '', n = 0 WHERE transfer = ? AND run IN (${unfinished})`,
    [transfer, transfer],
  );
  await session.run(`UPDATE ${runs} SET finished_at = ? WHERE transfer = ? AND finished_at IS NULL`, [
    now(),
    transfer,
  ]);
}

/** What stands in the ledger of a table's newest generation. */
async function readPlanned(
  session: Session,
  tables: LedgerTables,
  [transfer, run, table]: Planning['key'],
): Promise<PlannedTable | null> {
  const [row] = await session.rows(
    `SELECT plan, generation, incarnation, change_marker FROM ${tables.tables}
WHERE transfer = ? AND run = ? AND table_id = ? ORDER BY generation DESC LIMIT 1`,
    [transfer, run, table],
  );
  if (!row) return null;
  const generation = row[1] as bigint;
  const ranges = await session.rows(
    `SELECT lane, range_after, range_upto FROM ${tables.lanes}
WHERE transfer = ? AND run = ? AND table_id = ? AND generation = ? ORDER BY lane`,
    [transfer, run, table, generation],
  );
  return {
    plan: JSON.parse(String(row[0])) as TablePlan,
    generation: Number(generation),
    ranges: ranges.map(([lane, after, upto]) => ({
      lane: Number(lane),
      after: parsePosition(after ?? null, table),
      upto: parsePosition(upto ?? null, table),
    })),
    incarnation: String(row[2]),
    changeMarker: String(row[3]),
  };
}

/** What the write mode clears before a generation's first row. */
const clears = ({ plan, generation }: PlannedTable): boolean =>
  plan.writeMode === 'truncate' || (plan.writeMode === 'fail-if-not-empty' && generation > 1);

/** A start that was superseded must not clear what the next one wrote. @throws SluiceError transfer.not_running */
async function checkRun(session: Session, tables: LedgerTables, planning: Planning): Promise<void> {
  const [transfer, run] = planning.key;
  const [row] = await session.rows(
    `SELECT finished_at, execution FROM ${tables.runs} WHERE transfer = ? AND run = ?`,
    [transfer, run],
  );
  refuseNotRunning(planning, row && { isOpen: row[0] === null, execution: String(row[1]) });
}

async function insertPlanned(session: Session, tables: LedgerTables, planning: Planning): Promise<void> {
  const { key, planned } = planning;
  const generation = BigInt(planned.generation);
  const ofTable = `FROM ${tables.lanes} WHERE transfer = ? AND run = ? AND table_id = ?`;
  if (planning.replaceBy === null)
    await refuseSecondAppend(planned, async () => {
      const [applied] = await session.rows(`SELECT coalesce(sum(rows), 0) ${ofTable}`, key);
      return Number(applied?.[0]);
    });
  // The rows that are copied now are newer than what was set apart.
  for (const stale of staleTables(planned))
    await session.run(`DELETE FROM ${tables.parked} WHERE transfer = ? AND table_id = ?`, [key[0], stale]);
  // Fence before clearing: batches of older generations find no lane any more and are dropped.
  await session.run(`DELETE ${ofTable}`, key);
  if (planning.replaceBy !== null) await replaceTable(session, planned.plan, planning.replaceBy);
  else if (clears(planned)) await clear(session, planned.plan);
  await session.run(
    `INSERT INTO ${tables.tables} (transfer, run, table_id, generation, plan, incarnation, change_marker) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [...key, generation, JSON.stringify(planned.plan), planned.incarnation, planned.changeMarker],
  );
  const position = (at: Position | null): string | null => (at === null ? null : encodePosition(at));
  for (const range of planned.ranges) {
    await session.run(
      `INSERT INTO ${tables.lanes} (transfer, run, table_id, generation, lane, range_after, range_upto) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [...key, generation, BigInt(range.lane), position(range.after), position(range.upto)],
    );
  }
}

async function clear(session: Session, plan: TablePlan): Promise<void> {
  const sql = `SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name = ? COLLATE NOCASE`;
  const [found] = await session.rows(sql, [plan.target.name]);
  if (!found) {
    throw new SluiceError('target.table_missing', `there is no table ${tableId(plan.target)}`, {
      table: plan.id,
    });
  }
  await session.run(`DELETE FROM ${quote(plan.target.name)}`);
}

async function planTable(session: Session, tables: LedgerTables, planning: Planning): Promise<PlannedTable> {
  await checkRun(session, tables, planning);
  const known = await readPlanned(session, tables, planning.key);
  // A generation that is there was cleared in the transaction that wrote it: it is never cleared again.
  if (known && known.generation >= planning.planned.generation) return known;
  await insertPlanned(session, tables, planning);
  const written = await readPlanned(session, tables, planning.key);
  if (!written) throw damaged('the ledger does not hold the plan it was given', planning.planned.plan.id);
  return written;
}

async function forget(session: Session, tables: LedgerTables, before: Date): Promise<number> {
  const old = `SELECT transfer, run FROM ${tables.runs} AS r WHERE finished_at < ?
AND run < (SELECT max(run) FROM ${tables.runs} AS n WHERE n.transfer = r.transfer)`;
  const at = before.toISOString();
  await session.run(`DELETE FROM ${tables.lanes} WHERE (transfer, run) IN (${old})`, [at]);
  await session.run(`DELETE FROM ${tables.tables} WHERE (transfer, run) IN (${old})`, [at]);
  return session.run(`DELETE FROM ${tables.runs} WHERE (transfer, run) IN (${old})`, [at]);
}

const opening = (row: Row, { table, lane }: LaneRef): Opening => ({
  attempt: Number(row[0]),
  epoch: String(row[1]),
  position: parsePosition(row[2] ?? null, table),
  rows: Number(row[3]),
  bytes: Number(row[4]),
  ended: row[5] === 1n,
  range: { lane, after: parsePosition(row[6] ?? null, table), upto: parsePosition(row[7] ?? null, table) },
  plan: planHashOf(String(row[8])),
});

async function openLane(session: Session, tables: LedgerTables, lane: LaneToOpen): Promise<Opening> {
  const [update, select] = openLaneStatements(tables, lane) as [Statement, Statement];
  const changed = await session.run(update.sql, update.values);
  const [row] = await session.rows(select.sql, select.values);
  if (changed === 1 && row) return opening(row, lane);
  const [open] = await session.rows(
    `SELECT 1 FROM ${tables.runs} WHERE transfer = ? AND run = ? AND finished_at IS NULL`,
    [lane.transfer, BigInt(lane.run)],
  );
  if (open && row && lane.ifAttempt !== undefined && Number(row[0]) !== lane.ifAttempt)
    return opening(row, lane);
  if (!open)
    throw new SluiceError('transfer.not_running', 'the run is closed, or a newer one took its place');
  throw new SluiceError('database.transient', 'the ledger has another generation of the table', {
    table: lane.table,
  });
}

async function install(thread: Thread, tables: LedgerTables): Promise<void> {
  const names = Object.values(tables);
  const known = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN (SELECT value FROM json_each(?))`;
  const [found] = await thread.call('query', { sql: known, values: [JSON.stringify(names.map(unquoted))] });
  const [upgraded] = await thread.call('query', epochColumn(tables));
  // What is there already needs no lock, which a batch may hold for long.
  const count = Number(found?.[0] ?? 0);
  if (count === names.length && upgraded) return;
  const plain = (sql: string): Statement => ({ sql, values: [] });
  const added = [...parkedStatements(tables), driftStatement(tables)].map(plain);
  // Ledgers of older versions had fewer tables, or columns.
  if (count >= names.length - 2) {
    const columns = upgraded ? [] : [plain(upgradeStatement(tables))];
    await thread.call('transaction', [...columns, ...added]);
    return;
  }
  // Where it cannot be had (a network file system) the database stays as it is: only readers wait for writers then.
  await thread.call('query', { sql: 'PRAGMA journal_mode = WAL', values: [] });
  await thread.call('transaction', [
    ...installStatements(tables).map(plain),
    ...added,
    {
      sql: `INSERT INTO ${tables.identity} VALUES (1, ?) ON CONFLICT DO NOTHING`,
      values: [randomUUID()],
    },
  ]);
}

/** The ledger in tables of the target file; every method is one IMMEDIATE transaction (invariants 2 and 4). */
export function createLedger(pool: Pool, tables: LedgerTables): Ledger {
  return {
    async install(signal) {
      await pool.createFile(signal);
      const lease = await pool.write(signal);
      try {
        await whileBusy(() => install(lease.thread, tables), signal);
      } finally {
        lease.release();
      }
    },
    openRun: (request, signal) => writing(pool, signal, (session) => openRun(session, tables, request)),
    newestRun: (transfer, signal) =>
      reading(pool, signal, async (session) => {
        const there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
        if ((await session.rows(there, [unquoted(tables.runs)])).length === 0) return null;
        const [found] = await session.rows(`SELECT max(run) FROM ${tables.runs} WHERE transfer = ?`, [
          transfer,
        ]);
        return found?.[0] == null ? null : Number(found[0]);
      }),
    readSpec: (transfer, run, signal) =>
      reading(pool, signal, async (session) => {
        const [found] = await session.rows(`SELECT spec FROM ${tables.runs} WHERE transfer = ? AND run = ?`, [
          transfer,
          BigInt(run),
        ]);
        return found ? String(found[0]) : null;
      }),
    closeRun: (transfer, run, signal) =>
      writing(pool, signal, async (session) => {
        await session.run(
          `UPDATE ${tables.runs} SET finished_at = ? WHERE transfer = ? AND run = ? AND finished_at IS NULL`,
          [now(), transfer, BigInt(run)],
        );
      }),
    planTable: ({ transfer, run, execution }, planned, { replaceBy }, signal) =>
      writing(pool, signal, (session) =>
        planTable(session, tables, {
          key: [transfer, BigInt(run), planned.plan.id],
          execution,
          planned,
          replaceBy,
        }),
      ),
    readTable: (transfer, run, table, signal) =>
      reading(pool, signal, (session) => readPlanned(session, tables, [transfer, BigInt(run), table])),
    openLane: (lane, signal) => writing(pool, signal, (session) => openLane(session, tables, lane)),
    lanes: (transfer, run, table, signal) =>
      reading(pool, signal, async (session) => {
        const { sql, values } = lanesStatement(tables, [transfer, BigInt(run), table]);
        return (await session.rows(sql, values)).map(laneProgress);
      }),
    progress: (transfer, run, signal) =>
      reading(pool, signal, async (session) => {
        const { sql, values } = progressStatement(tables, [transfer, BigInt(run)]);
        return (await session.rows(sql, values)).map((row) => ({
          table: String(row[0]),
          generation: Number(row[1]),
          lanes: Number(row[2]),
          endedLanes: Number(row[3]),
          rows: Number(row[4]),
          bytes: Number(row[5]),
        }));
      }),
    forget: (before, signal) => writing(pool, signal, (session) => forget(session, tables, before)),
  };
}
