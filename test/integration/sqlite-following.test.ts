import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyChanges } from '../../src/engine/changes/apply-changes.ts';
import { capturedTypes } from '../../src/engine/changes/captured-types.ts';
import { createClaimReader } from '../../src/engine/changes/claim-reader.ts';
import { systemClock } from '../../src/engine/clock.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { planFingerprint } from '../../src/engine/wire/fingerprint.ts';
import type { RowBlock } from '../../src/model/row-block.ts';
import { never, random, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { openRun, TRANSFER } from '../contract/test-transfer.ts';
import { changesPlanOf } from '../support/changes.ts';
import { planBetween } from '../support/copy-table.ts';
import { makeBatch } from '../support/make-batch.ts';
import { captureOf, deployTable } from '../support/sqlite-changes.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

const TABLE = 'CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v, d DATE, n NUMERIC)';

let from: SqlitePlace;
let to: SqlitePlace;
let source: Database;
let target: Database;
let application: BetterSqlite.Database;

beforeEach(async () => {
  [from, to] = await Promise.all([sqlitePlace(), sqlitePlace()]);
  await Promise.all([from.execute(TABLE), to.execute(TABLE)]);
  [source, target] = await Promise.all([from.open(), to.open()]);
  application = new BetterSqlite(from.path, { timeout: 20_000 });
});
afterEach(async () => {
  application.close();
  await Promise.all([from.drop(), to.drop()]);
});

/** The run of a transfer of changes: what carries all that is pending to the target. */
async function follow() {
  const { changes } = captureOf(source);
  const number = await deployTable(source, 't');
  await changes.register(TRANSFER, [{ lane: 1, tables: [number] }], never());
  const { plan, schema } = await planBetween({ source, target }, 't', {
    spec: { write: { mode: 'upsert' } },
  });
  const table = { number, plan, parents: [], ...capturedTypes(source.dialect, schema, plan) };
  const whole = changesPlanOf([table]);
  await target.ledger.install(never());
  const { run } = await openRun(target);
  const entry = {
    plan: whole,
    generation: 1,
    ranges: [wholeRange],
    incarnation: 'capture-1',
    changeMarker: '',
  };
  await target.ledger.planTable({ transfer: TRANSFER, run }, entry, { replaceBy: null }, never());
  const lane = { transfer: TRANSFER, run, table: whole.id, generation: 1, lane: 1 };
  const apply = async (block: RowBlock, header: { attempt: number; epoch: string; n: number }) => {
    const { rows, first, last, data } = block;
    const kind = { operation: 'changes', encoding: 'event-rows', plan: planFingerprint(whole) } as const;
    const batch = makeBatch({ ...lane, ...header, ...kind, rows, first, last }, Buffer.from(data));
    return applyChanges(target, { plan: whole.changes, batch }, never());
  };
  return async (): Promise<void> => {
    const { attempt, epoch, position } = await target.ledger.openLane(lane, never());
    const control = { overdue: () => false, progress: () => undefined };
    const reading = { changes, transfer: TRANSFER, spec: {}, drain: true, retentionMs: 0, control };
    const reader = createClaimReader({ ...reading, clock: systemClock });
    let n = 0;
    const request = { plan: whole, range: wholeRange, after: position };
    for await (const block of reader.readRange(request, { ...smallBlocks, blockBytes: 4_000 }, never())) {
      n += 1;
      expect(await apply(block, { attempt, epoch, n })).toMatchObject({ outcome: 'applied' });
      reader.applied(1, n);
    }
    await reader.ended(1);
  };
}

function rowsOf(place: SqlitePlace): unknown[] {
  const database = new BetterSqlite(place.path, { readonly: true });
  const found = database.prepare('SELECT * FROM t ORDER BY id').raw().safeIntegers().all();
  database.close();
  return found;
}

const VALUES = [
  null,
  'tim',
  'i5',
  'r1',
  'b\\x00',
  '',
  'NUL \0 "\\\n\t',
  '🙂',
  '007',
  ' 1e5 ',
  0n,
  2n ** 63n - 1n,
  1,
  0.1,
  5e-324,
  Number.NEGATIVE_INFINITY,
  Buffer.alloc(0),
  Buffer.from([0, 255]),
  'not a date',
  '2024-02-29',
] as const;

test('changes between two files keep every value and its storage class, whatever statements made them', async () => {
  const carry = await follow();
  const next = random(Number(process.env['SLUICE_TEST_SEED'] ?? 7));
  const draw = (below: number): number => Math.floor(next() * below);
  const value = () => VALUES[draw(VALUES.length)] ?? null;
  const key = () => BigInt(draw(30));
  const unique = () => ['a', 'b', 'c', null, 'd'][draw(5)] ?? null;
  const row = () => [key(), unique(), value(), value(), value()];
  for (let round = 0; round < 5; round += 1) {
    for (let time = 0; time < 60; time += 1) {
      const kind = draw(5);
      if (kind < 3) application.prepare('INSERT OR REPLACE INTO t VALUES (?, ?, ?, ?, ?)').run(...row());
      else if (kind === 3)
        application
          .prepare('UPDATE OR REPLACE t SET id = ?, u = ?, v = ? WHERE id = ?')
          .run(key(), unique(), value(), key());
      else application.prepare('DELETE FROM t WHERE id = ?').run(key());
    }
    await carry();
    expect(rowsOf(to)).toStrictEqual(rowsOf(from));
  }
  expect(await captureOf(source).changes.backlog(TRANSFER, never())).toEqual({ events: 0, oldestAt: null });
});
