import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { deployCapture } from './deploy-capture.ts';
import { type CaptureEngine, FIRST_INSERTED, STRIDE, TABLE_ROWS, tableOf, type Workload } from './engine.ts';

const SQL = new URL('sqlite.sql', import.meta.url);
const { prefix } = CAPTURE_DEFAULTS;

/** A statement with one number, n: of the row, or of the row before the first one. */
function renderStatement({ operation, perStatement }: Workload, table: string): string {
  const isSingle = perStatement === 1;
  if (operation === 'insert')
    return isSingle
      ? `INSERT INTO ${table} VALUES (@n, @n % 100000, 'paid', @n / 100.0, '2024-01-01 10:00:00', '8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d',
          '{"k": 17, "x": "8f14e45fceea167a5a36dedd4bea2543", "tags": ["a", "b"]}', @n % 100, 1, '8f14e45f-ceea-167a-5a36-dedd4bea2543')`
      : `INSERT INTO ${table} SELECT ${FIRST_INSERTED} + id, customer_id, status, amount, created_at, note, payload, qty, flag, ref
          FROM app_none WHERE id > @n - ${FIRST_INSERTED} AND id <= @n - ${FIRST_INSERTED} + ${perStatement}`;
  const which = isSingle ? 'id = @n' : `id > @n AND id <= @n + ${perStatement}`;
  return operation === 'delete'
    ? `DELETE FROM ${table} WHERE ${which}`
    : `UPDATE ${table} SET amount = amount + 1, qty = @n % 100 WHERE ${which}`;
}

function numberOf({ operation, perStatement }: Workload, i: number, round: number): number {
  const isSingle = perStatement === 1;
  if (operation !== 'update') return FIRST_INSERTED + (isSingle ? i + 1 : i * perStatement);
  return isSingle ? 1 + ((i * STRIDE + round) % TABLE_ROWS) : ((i + round) * perStatement) % TABLE_ROWS;
}

function runAll(database: Database.Database, workload: Workload, table: string, round: number): void {
  const statement = database.prepare(renderStatement(workload, table));
  const [begin, commit] = [database.prepare('BEGIN IMMEDIATE'), database.prepare('COMMIT')];
  const statements = workload.rows / workload.perStatement;
  for (let i = 0; i < statements; i += workload.perTransaction) {
    begin.run();
    for (let n = i; n < Math.min(statements, i + workload.perTransaction); n += 1)
      statement.run({ n: numberOf(workload, n, round) });
    commit.run();
  }
}

/** What the triggers wrote down: of ours the events, and tables of rows as they were. */
function stagesOf(database: Database.Database): readonly string[] {
  const names = database
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '${prefix}event\\_%' ESCAPE '\\'`,
    )
    .pluck()
    .all() as string[];
  return ['plain_stage', ...names];
}

/** Three tables in a file, of which one has our triggers; the application is this process. */
export async function openSqlite(): Promise<CaptureEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const file = join(folder, 'application.db');
  const database = new Database(file, { timeout: 20_000 });
  database.pragma('journal_mode = wal');
  // No waiting for the disk at a commit, as in the other databases.
  database.pragma('synchronous = normal');
  database.exec(await readFile(SQL, 'utf8'));
  const { database: ours } = await deployCapture(`sqlite:${file}`, { app_row: {} });
  await ours.close();
  const stages = stagesOf(database);
  return {
    name: 'sqlite',
    title: 'SQLite',
    variants: ['none', 'plain', 'row'],
    clean: () => {
      for (const stage of stages) database.exec(`DELETE FROM ${stage}`);
      database.pragma('wal_checkpoint(TRUNCATE)');
      return Promise.resolve();
    },
    run: (workload, variant, round) => {
      const cpuBefore = process.cpuUsage();
      const beganMs = performance.now();
      runAll(database, workload, tableOf(variant), round);
      const seconds = (performance.now() - beganMs) / 1000;
      const { user, system } = process.cpuUsage(cpuBefore);
      return Promise.resolve({ seconds, cpuSeconds: (user + system) / 1e6 });
    },
    recorded: (variant) => {
      const stage = variant === 'plain' ? 'plain_stage' : `${prefix}event_logs`;
      const count = variant === 'none' ? 0 : database.prepare(`SELECT count(*) FROM ${stage}`).pluck().get();
      return Promise.resolve(Number(count));
    },
    close: async () => {
      database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
