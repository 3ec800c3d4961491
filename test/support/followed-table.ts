import { applyOrPark } from '../../src/engine/changes/apply-changes.ts';
import { capturedTypes } from '../../src/engine/changes/captured-types.ts';
import { createClaimReader } from '../../src/engine/changes/claim-reader.ts';
import { createParkingMemory } from '../../src/engine/changes/parking/parking-memory.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { planFingerprint } from '../../src/engine/wire/fingerprint.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { PlannedTable } from '../../src/engine/ports/ledger.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { never, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { openRun, TRANSFER } from '../contract/test-transfer.ts';
import { changesPlanOf } from './changes.ts';
import { planBetween } from './copy-table.ts';
import { makeBatch } from './make-batch.ts';

const PLACE = { schema: CAPTURE_DEFAULTS.schema, prefix: CAPTURE_DEFAULTS.prefix };

export interface FollowedTable {
  readonly run: number;
  readonly changes: NonNullable<ReturnType<NonNullable<Database['capture']>>>['changes'];
  /** As rows are copied: the target has nothing else. */
  readonly planned: PlannedTable;
  /** From now on changes are applied, and set apart where the target refuses them. */
  start(): void;
  /** They wait at the source from now on. */
  stop(): Promise<void>;
}

/** A table of both databases whose changes are captured, and carried from one to the other as long as a test wants. */
export async function followTable(
  ends: { readonly source: Database; readonly target: Database },
  name: string,
): Promise<FollowedTable> {
  const { source, target } = ends;
  const { plan, schema } = await planBetween(ends, name);
  const { changes, triggers } = source.capture!(PLACE);
  await triggers.install(never());
  const [deployed] = await triggers.deploy([{ table: schema, spec: {} }], never());
  if (deployed?.error) throw new Error(JSON.stringify(deployed.error));
  const { number } = (await triggers.captured(never())).find(({ table }) => table.name === name)!;
  await changes.register(TRANSFER, [{ lane: 1, tables: [number] }], never());
  const upsert = await planBetween(ends, name, {
    spec: { write: { mode: 'upsert' }, read: { encoding: 'text-rows' } },
  });
  const whole = changesPlanOf([
    { number, plan: upsert.plan, parents: [], ...capturedTypes(source.dialect, schema, upsert.plan) },
  ]);
  await target.ledger.install(never());
  const { run } = await openRun(target);
  const entry = { generation: 1, ranges: [wholeRange], incarnation: 'capture-1', changeMarker: '' };
  await target.ledger.planTable(
    { transfer: TRANSFER, run },
    { ...entry, plan: whole },
    { replaceBy: null },
    never(),
  );
  const lane = { transfer: TRANSFER, run, table: whole.id, generation: 1, lane: 1 };
  const parking = {
    now: () => Date.now(),
    memory: createParkingMemory(),
    progress: () => undefined,
    retryAfterMs: 3_600_000,
    tries: 5,
    holdForMs: 3_600_000,
  };
  const follow = async (stop: AbortSignal): Promise<void> => {
    const { attempt, epoch, position } = await target.ledger.openLane(lane, never());
    const control = { overdue: () => stop.aborted, progress: () => undefined };
    const reading = { changes, transfer: TRANSFER, spec: {}, drain: false, retentionMs: 0, control };
    const reader = createClaimReader({ ...reading, clock: systemClock });
    const kind = { operation: 'changes', encoding: 'event-rows', plan: planFingerprint(whole) } as const;
    let n = 0;
    const request = { plan: whole, range: wholeRange, after: position };
    for await (const block of reader.readRange(request, { ...smallBlocks, blockBytes: 1_000_000 }, stop)) {
      n += 1;
      const { rows, first, last, data } = block;
      const header = { ...lane, attempt, epoch, n, ...kind, rows, first, last };
      const batch = makeBatch(header, Buffer.from(data));
      await applyOrPark(target, { plan: whole.changes, batch }, parking, never());
      reader.applied(1, n);
    }
  };
  let stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let failed: unknown = null;
  return {
    run,
    changes,
    planned: { ...entry, plan },
    start() {
      stopping = new AbortController();
      const { signal } = stopping;
      running = follow(signal).catch((error: unknown) => {
        if (!signal.aborted) failed = error;
      });
    },
    async stop() {
      stopping.abort();
      await running;
      if (failed !== null) throw failed;
    },
  };
}
