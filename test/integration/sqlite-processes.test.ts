import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never, random, readBlocks, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { batchOf, laneOf, openRun, TRANSFER } from '../contract/test-transfer.ts';
import { copyTable, planBetween, prepareCopy } from '../support/copy-table.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

let from: SqlitePlace;
let to: SqlitePlace;
let source: Database;
let target: Database;
const children: ChildProcess[] = [];

beforeEach(async () => {
  [from, to] = await Promise.all([sqlitePlace(), sqlitePlace()]);
  [source, target] = await Promise.all([from.open(), to.open()]);
  await from.execute(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, w REAL);
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
    INSERT INTO t SELECT n, 'row ' || n, n / 7.0 FROM n`);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all([from.drop(), to.drop()]);
});

function start(mode: 'copy' | 'stop-before-commit'): ChildProcess {
  const script = new URL('../support/sqlite-copy-process.ts', import.meta.url);
  const child = fork(script, [from.path, to.path, mode], { execArgv: ['--import', 'tsx'] });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
  child.kill('SIGKILL');
  await gone;
}

const integrity = async (): Promise<unknown> => to.query('PRAGMA integrity_check');

test('a process killed within a transaction leaves neither rows nor ledger behind', async () => {
  const child = start('stop-before-commit');
  expect(await once(child, 'message')).toContain('written');
  const { plan } = await planBetween({ source, target }, 't');
  expect(await target.writer.countRows(plan, never())).toBe(0n);
  await kill(child);
  expect(await integrity()).toEqual([['ok']]);
  expect(await target.ledger.lanes(TRANSFER, 1, plan.id, never())).toMatchObject([
    { attempt: 1, n: 0, rows: 0 },
  ]);
  expect(await target.writer.countRows(plan, never())).toBe(0n);
  await copyTable({ source, target }, 't');
  expect(await target.writer.checksum(plan, null, never())).toEqual(
    await source.reader.checksum(plan, null, never()),
  );
});

test('a copy whose process is killed again and again ends with every row once', async () => {
  const next = random(Number(process.env['SLUICE_TEST_SEED'] ?? 11));
  for (let kills = 0; kills < 6; kills += 1) {
    const child = start('copy');
    expect(await once(child, 'message')).toContain('started');
    await Promise.race([once(child, 'message'), wait(next() * 400)]);
    await kill(child);
  }
  const last = start('copy');
  expect(await once(last, 'message')).toContain('started');
  expect(await once(last, 'message')).toContain('copied');
  expect(await integrity()).toEqual([['ok']]);
  const { plan } = await planBetween({ source, target }, 't');
  const { run } = await openRun(target);
  expect(await target.ledger.lanes(TRANSFER, run, plan.id, never())).toMatchObject([
    { rows: 20_000, ended: true },
  ]);
  expect(await target.writer.checksum(plan, null, never())).toEqual(
    await source.reader.checksum(plan, null, never()),
  );
});

test('two openings of one file, as two processes have, write in turns and nobody fails', async () => {
  const other = await to.open();
  const started = await prepareCopy({ source, target }, 't');
  const blocks = await readBlocks(
    source,
    { plan: started.plan, range: wholeRange },
    { ...smallBlocks, blockRows: 500 },
  );
  const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
  const outcomes: string[] = [];
  for (const [index, block] of blocks.entries()) {
    const batch = batchOf(started.plan, block, { lane: laneOf(started), attempt, epoch, n: index + 1 });
    const both = await Promise.all(
      [target, other].map(({ writer }) => applyBatch(writer, started.plan, batch, never())),
    );
    outcomes.push(
      both
        .map(({ outcome }) => outcome)
        .sort()
        .join(),
    );
  }
  expect(new Set(outcomes)).toEqual(new Set(['applied,dropped']));
  expect(await target.writer.countRows(started.plan, never())).toBe(20_000n);
});

test('writers of one file take turns in the order in which they came', async () => {
  await target.ledger.install(never());
  const order: number[] = [];
  const first = await target.writer.begin(never());
  const stop = new AbortController();
  const given = target.writer.begin(stop.signal).catch((error: unknown) => error);
  const turns = [1, 2, 3, 4].map(async (n) => {
    const transaction = await target.writer.begin(never());
    order.push(n);
    await transaction.rollback();
  });
  stop.abort(new Error('enough'));
  expect(String(await given)).toContain('enough');
  await first.commit();
  await Promise.all(turns);
  expect(order).toEqual([1, 2, 3, 4]);
});

test('a lock that another program holds is waited for', async () => {
  await target.ledger.install(never());
  const other = await to.open();
  const held = await other.writer.begin(never());
  const waiting = target.writer.begin(never());
  const early = await Promise.race([waiting.then(() => 'begun'), wait(1_500, 'waits')]);
  expect(early).toBe('waits');
  await held.rollback();
  await (await waiting).rollback();
});
