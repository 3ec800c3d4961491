import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import { fingerprint, planFingerprint } from '../../src/engine/wire/fingerprint.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { PlannedTable } from '../../src/engine/ports/ledger.ts';
import type { Batch, RangeEnd } from '../../src/model/batch.ts';
import type { LaneRef, Opening } from '../../src/model/lane.ts';
import type { RowBlock } from '../../src/model/row-block.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TableSchema } from '../../src/model/table-schema.ts';
import type { ContractHarness, TestRow, TestTable } from './harness.ts';
import { never, type PlanOptions, planOf, readBlocks, smallBlocks, wholeRange } from './test-tables.ts';

export const TRANSFER = 'night';

/** The table of most suites. */
export const orders: TestTable = {
  name: 'orders',
  key: ['id'],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'note', type: 'text' },
    { name: 'paid', type: 'boolean' },
  ],
};
export const orderRows = (from: number, to: number, note = 'note'): TestRow[] =>
  Array.from({ length: to - from + 1 }, (_, index) => [
    String(from + index),
    `${note} ${from + index}`,
    index % 2 === 0 ? 't' : null,
  ]);

export interface Planned {
  readonly run: number;
  readonly plan: TablePlan;
  readonly schema: TableSchema;
  readonly planned: PlannedTable;
}

/** A ledger entry of a plan; whole range, generation 1, unless the test says otherwise. */
export const entryOf = (plan: TablePlan, changes: Partial<PlannedTable> = {}): PlannedTable => ({
  plan,
  generation: 1,
  ranges: [wholeRange],
  incarnation: 'source-1',
  changeMarker: '0',
  ...changes,
});

export const openRun = (target: Database, execution = 'execution-1', planHash = 'plan-1') =>
  target.ledger.openRun({ transfer: TRANSFER, execution, planHash, spec: '{}' }, never());

/** Ledger, run, target table and plan, as the engine makes them before the first row. */
export async function startTable(
  harness: ContractHarness,
  databases: { readonly source: Database; readonly target: Database },
  table: string,
  options: PlanOptions = {},
): Promise<Planned> {
  const { target } = databases;
  await target.ledger.install(never());
  const { run } = await openRun(target);
  const { plan, schema } = await planOf(harness, databases, table, options);
  await target.writer.prepare(
    { plan, source: schema, policy: options.spec?.structure?.policy ?? 'create-missing' },
    never(),
  );
  const planned = await target.ledger.planTable(
    { transfer: TRANSFER, run },
    entryOf(plan),
    { replaceBy: null },
    never(),
  );
  return { run, plan, schema, planned };
}

export const laneOf = (
  { run, plan }: Pick<Planned, 'run' | 'plan'>,
  changes: Partial<LaneRef> = {},
): LaneRef => ({
  transfer: TRANSFER,
  run,
  table: plan.id,
  generation: 1,
  lane: 1,
  ...changes,
});

export interface BatchFacts {
  readonly lane: LaneRef;
  readonly attempt: number;
  readonly epoch: string;
  readonly n: number;
  readonly end?: RangeEnd | null;
}

/** The batch that carries a block; without one an empty batch, which only ends a range. */
export function batchOf(plan: TablePlan, block: RowBlock | null, facts: BatchFacts): Batch {
  const data = block?.data ?? Buffer.alloc(0);
  const known = {
    ...facts.lane,
    ordinal: plan.ordinal,
    attempt: facts.attempt,
    epoch: facts.epoch,
    plan: planFingerprint(plan),
    n: facts.n,
    operation: 'snapshot',
    encoding: plan.encoding,
    rows: block?.rows ?? 0,
    bytes: data.length,
    first: block?.first ?? null,
    last: block?.last ?? null,
    end: facts.end ?? null,
  } as const;
  return { header: { ...known, fingerprint: fingerprint(known, data) }, data };
}

const pick = ({ attempt, epoch }: Opening) => ({ attempt, epoch });

/** Opens the lane, reads the rest of its range and applies it block by block. */
export async function copyLane(
  databases: { readonly source: Database; readonly target: Database },
  started: Planned,
  options: { readonly blockRows?: number; readonly blockBytes?: number; readonly mostRowBytes?: number } = {},
): Promise<void> {
  const { target, source } = databases;
  const { plan } = started;
  const lane = laneOf(started);
  const held = plan.position.needsSnapshot ? await source.reader.holdSnapshot(never()) : null;
  const opening = await target.ledger.openLane(lane, never());
  const blocks = await readBlocks(
    source,
    { plan, range: wholeRange, after: opening.position },
    { ...smallBlocks, ...options, snapshot: held?.ref ?? null },
  );
  await held?.close();
  let { rows, bytes } = opening;
  let n = 0;
  for (const block of blocks) {
    rows += block.rows;
    bytes += block.data.length;
    n += 1;
    await applyBatch(target.writer, plan, batchOf(plan, block, { lane, ...pick(opening), n }), never());
  }
  const end = batchOf(plan, null, { lane, ...pick(opening), n: n + 1, end: { rows, bytes } });
  await applyBatch(target.writer, plan, end, never());
}
