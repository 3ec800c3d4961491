import { applyChanges, applyOrPark } from '../../src/engine/changes/apply-changes.ts';
import { createParkingMemory } from '../../src/engine/changes/parking/parking-memory.ts';
import type { ParkingOptions } from '../../src/engine/changes/parking/parking-options.ts';
import { type Retried, retryParked } from '../../src/engine/changes/parking/retry-parked.ts';
import { capturedTypes } from '../../src/engine/changes/captured-types.ts';
import { computeTablePlan } from '../../src/engine/planning/compute-table-plan.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { Batch } from '../../src/model/batch.ts';
import type { ChangeLetter } from '../../src/model/change-event.ts';
import type { ChangedTable } from '../../src/model/changes-plan.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import { changesBatch, changesPlanOf, payloadOf, type TestChange } from '../support/changes.ts';
import { type ContractHarness, nameOf, type TestRow } from './harness.ts';
import { never, wholeRange } from './test-tables.ts';
import { openRun, TRANSFER } from './test-transfer.ts';

/** A table of the target, of which all columns are captured unless it is said which; followed without a key where it has none. */
export interface CapturedTestTable {
  readonly name: string;
  readonly columns?: readonly string[];
  readonly parents?: readonly string[];
}

/** The changes of some tables as they are applied to a target in which these stand. */
export interface ChangesOf {
  readonly tables: readonly ChangedTable[];
  /** An event of a table; rows are canonical texts in the order of the table's columns. */
  event(table: string, operation: ChangeLetter, row?: TestRow, before?: TestRow): TestChange;
  /** The next batch of the lane, or the one with a number. */
  batch(changes: readonly TestChange[], n?: number): Batch;
  apply(batch: Batch): Promise<string>;
  /** Applies the events as the next batch; what it comes to, or the code of its error. */
  next(...changes: readonly TestChange[]): Promise<string>;
  /** The same, and sets apart what is refused. */
  park(...changes: readonly TestChange[]): Promise<string>;
  parkBatch(batch: Batch): Promise<string>;
  /** Tries again what is due. @param now  all that waits */
  retry(now?: boolean): Promise<Retried>;
  /** By whose clock, and how, events are set apart; `nowMs` may be set. */
  readonly parking: ParkingOptions & { nowMs: number };
}

async function changedTable(
  harness: ContractHarness,
  target: Database,
  { name, columns, parents = [] }: CapturedTestTable,
  number: number,
): Promise<ChangedTable> {
  const [schema] = await target.introspector.describeTables([nameOf(harness, name, target)], never());
  if (!schema) throw new Error(`the test made no table ${name}`);
  const { dialect } = harness;
  const keyless = schema.primaryKey === null;
  const computed = computeTablePlan({
    spec: {
      source: 'a',
      hub: 'h',
      target: 'b',
      tables: {},
      write: { mode: keyless ? 'append' : 'upsert' },
      read: { encoding: 'text-rows' },
    },
    selection: columns ? { columns: { include: [...columns] } } : {},
    ordinal: 1,
    source: { dialect, table: schema },
    target: { dialect, name: schema.table, table: schema },
  });
  const plan = keyless ? { ...computed, targetKey: [] } : computed;
  const ids = parents.map((parent) => plan.id.replace(/[^.]*$/, parent));
  return { number, plan, ...(keyless && { keyless }), parents: ids, ...capturedTypes(dialect, schema, plan) };
}

export async function changesOf(
  harness: ContractHarness,
  target: Database,
  captured: readonly CapturedTestTable[],
): Promise<ChangesOf> {
  const tables: ChangedTable[] = [];
  for (const each of captured) tables.push(await changedTable(harness, target, each, tables.length + 1));
  const plan = changesPlanOf(tables);
  await target.ledger.install(never());
  const { run } = await openRun(target);
  await target.ledger.planTable(
    { transfer: TRANSFER, run },
    { plan, generation: 1, ranges: [wholeRange], incarnation: 'capture-1', changeMarker: '' },
    { replaceBy: null },
    never(),
  );
  const lane = { transfer: TRANSFER, run, table: plan.id, generation: 1, lane: 1 };
  const { attempt, epoch } = await target.ledger.openLane(lane, never());
  let last = 0;
  let events = 0;
  const parking = {
    nowMs: Date.now(),
    now: (): number => parking.nowMs,
    memory: createParkingMemory(),
    progress: (): void => undefined,
    retryAfterMs: 20_000,
    tries: 5,
    holdForMs: 240 * 3_600_000,
  };
  const outcomeOf = (applied: Promise<{ readonly outcome: string }>): Promise<string> =>
    applied.then(
      ({ outcome }) => outcome,
      (error: unknown) => {
        if (isSluiceError(error)) return `${error.code} ${error.details.table ?? ''}`;
        throw error;
      },
    );

  const payload = ({ plan: { columns }, captured: types }: ChangedTable, row: TestRow): string =>
    payloadOf(
      columns.map(({ source, logical }, at) => ({ name: source, logical: types?.[at] ?? logical })),
      row,
    );
  const made: ChangesOf = {
    tables,
    event(name, operation, row, before) {
      const table = tables[captured.findIndex((each) => each.name === name)] as ChangedTable;
      const known = { table: table.number, operation };
      if (row === undefined) return known;
      if (operation === 'D') return { ...known, old: payload(table, row) };
      const old = operation === 'U' ? { old: payload(table, before ?? row) } : {};
      return { ...known, ...old, new: payload(table, row) };
    },
    batch(changes, n = (last += 1)) {
      const first = events + 1;
      events += changes.length;
      const of = { ...lane, attempt, epoch, n, last: [String(n), ''] };
      return changesBatch(plan, changes, of, first);
    },
    apply: (batch) => outcomeOf(applyChanges(target, { plan: plan.changes, batch }, never())),
    next: (...changes) => made.apply(made.batch(changes)),
    parkBatch: (batch) => outcomeOf(applyOrPark(target, { plan: plan.changes, batch }, parking, never())),
    park: (...changes) => made.parkBatch(made.batch(changes)),
    retry: (now = false) => retryParked(target, { lane, plan: plan.changes, now }, parking, never()),
    parking,
  };
  return made;
}
