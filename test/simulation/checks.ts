import type { BatchHeader } from '../../src/model/batch.ts';
import { lanesOf, placeOf, type TargetState } from './target-state.ts';
import { rowsIn, sourceTable, type SourceState, wireForm } from './source.ts';
import type { World } from './world.ts';

interface States {
  readonly source: SourceState;
  readonly target: TargetState;
}

function countTexts(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function checkRows(world: World, { source, target }: States, id: string): void {
  const wanted = countTexts(sourceTable(source, id).rows.map(({ text }) => text));
  const found = countTexts((target.tables.get(id) ?? []).map(({ text }) => text));
  const differing = [...new Set([...wanted.keys(), ...found.keys()])]
    .filter((text) => wanted.get(text) !== found.get(text))
    .map((text) => `${text.slice(0, 30)} (source ${wanted.get(text) ?? 0}, target ${found.get(text) ?? 0})`);
  if (differing.length > 0)
    world.fail('rows', `${id}: ${differing.length} rows differ: ${differing.slice(0, 5).join(', ')}`);
}

/** Each applied stretch lies behind the one before it in its lane, and none is written twice. */
function checkStretches(world: World, { target }: States, id: string, run: number): void {
  const generation = target.planned.get(target.tableKey(run, id))?.generation;
  const applied = (target.applied.get(id) ?? [])
    .map(({ header }) => header)
    .filter((header) => header.run === run && header.generation === generation);
  const lastOf = new Map<number, BatchHeader>();
  for (const header of applied) {
    const before = lastOf.get(header.lane);
    const follows = header.n === (before?.attempt === header.attempt ? before.n + 1 : 1);
    if (!follows || (before && before.attempt > header.attempt))
      world.fail('order', `${placeOf(header)} was applied after ${before ? placeOf(before) : 'nothing'}`);
    if (before && header.first && Number(before.last?.[0] ?? 0) >= Number(header.first[0]))
      world.fail('twice', `${placeOf(header)} overlaps ${placeOf(before)}`);
    lastOf.set(header.lane, header.last ? header : { ...header, last: before?.last ?? null });
  }
}

function checkLedger(world: World, { source, target }: States, id: string, run: number): void {
  const { rows } = sourceTable(source, id);
  const lanes = lanesOf(target, run, id);
  const total = lanes.reduce((sum, lane) => sum + lane.rows, 0);
  const bytes = lanes.reduce((sum, lane) => sum + lane.bytes, 0);
  if (lanes.length === 0 || !lanes.every(({ ended }) => ended))
    world.fail('ledger', `${id}: not every lane of ${lanes.length} is ended`);
  if (total !== rows.length || bytes !== wireForm(rows).byteLength)
    world.fail('ledger', `${id}: ${total} rows and ${bytes} bytes, the source has ${rows.length}`);
}

/** As many rows as may be, and no more; exactly as many where a slice says that there is nothing left to read. */
export function checkLimit(world: World, { source, target }: States, run: number, until: number): void {
  const held = [...source.tables.keys()]
    .flatMap((id) => lanesOf(target, run, id))
    .reduce((sum, lane) => sum + lane.rows, 0);
  if (held !== until) world.fail('limit', `${held} rows are applied, and ${until} may be`);
}

/** Where nothing was lost no lane is opened twice. */
export function checkWaste(world: World, { source, target }: States, run: number): void {
  for (const id of source.tables.keys()) {
    for (const { ref, attempt } of lanesOf(target, run, id))
      if (attempt > 1) world.fail('waste', `${id}: lane ${ref.lane} was opened ${attempt} times`);
  }
}

/** After a run that says it is finished. */
export function checkFinished(world: World, states: States, run: number): void {
  for (const id of states.source.tables.keys()) {
    checkStretches(world, states, id, run);
    checkRows(world, states, id);
    checkLedger(world, states, id, run);
  }
}

/** At each commit: are these the rows that the source has there? */
export function checkIntegrity(world: World, source: SourceState, header: BatchHeader, data: Buffer): void {
  if (!header.first || !header.last) return;
  const after = [String(Number(header.first[0]) - 1)];
  const rows = rowsIn(sourceTable(source, header.table), after, header.last);
  if (!wireForm(rows).equals(data) || rows.length !== header.rows)
    world.fail('integrity', `${placeOf(header)} has other rows than the source`);
}
