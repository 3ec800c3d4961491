import type { CapturePlace } from '../../model/capture-spec.ts';
import { tableId } from '../../model/table-name.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { Database } from '../ports/dialect.ts';
import type { Hub } from '../ports/hub.ts';
import type { TopicSink } from '../ports/topic-sink.ts';
import { changesId } from '../../model/changes-plan.ts';
import { registerLanes } from '../lanes/register-lanes.ts';
import type { WantedLoad } from '../ports/initial-load.ts';
import { loadsOf, type TableToLoad, wantedLoads } from '../topics/initial/wanted-loads.ts';
import { type Capture, captureOf, capturedTables, movesRows } from './changes-of-transfer.ts';
import type { PreparedTransfer } from './prepare-transfer.ts';
import { selectAtSource, type SelectedTable, selectTables } from './select-tables.ts';

export interface TopicsEnds {
  readonly source: Database;
  readonly hub: Hub;
  readonly place: CapturePlace;
}

interface TopicsTransfer {
  readonly transfer: string;
  readonly spec: TransferSpec;
}

/** @throws SluiceError config.invalid */
function checkSpec({ transfer, spec }: TopicsTransfer): void {
  const wrong = (message: string): SluiceError =>
    new SluiceError('config.invalid', message, { where: `transfers.${transfer}` });
  if (spec.mode !== 'changes' && spec.mode !== 'both')
    throw wrong('topics get changes: mode must be changes, or both for existing rows before them');
  if (spec.target !== spec.hub)
    throw wrong('with topics the target is the hub: both name the same connection');
}

/** @throws SluiceError config.invalid where the hub has no topics for changes */
export function sinkOf(hub: Hub): TopicSink {
  if (hub.topicSink) return hub.topicSink;
  throw new SluiceError('config.invalid', `${hub.kind} has no topics for changes`);
}

/**
 * Numbers of the captured tables whose changes the transfer moves, by their lanes. Those whose triggers are gone by now are among them, and
 * tables that are: what was recorded of them goes out all the same. The status of the transfer tells of them.
 * @throws SluiceError capture.table_unsupported, database.*
 */
export async function tablesOfTopics(
  { source, place }: Pick<TopicsEnds, 'source' | 'place'>,
  { transfer, spec }: TopicsTransfer,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const { triggers, changes } = captureOf(source, place);
  const recorded = await triggers.captured(signal, { dropped: true });
  const standing = (await source.introspector.listTables(signal)).map(({ table }) => table);
  const names = new Map(
    [...standing, ...recorded.map(({ table }) => table)].map((table) => [tableId(table), table]),
  );
  const selected = new Set(
    selectTables(spec, [...names.values()], source).map(({ table }) => tableId(table)),
  );
  const wanted = new Set(
    recorded.filter(({ table }) => selected.has(tableId(table))).map(({ number }) => number),
  );
  const lanes = await changes.lanes(transfer, signal);
  return new Map(lanes.map(({ lane, tables }) => [lane, tables.filter((number) => wanted.has(number))]));
}

async function tablesToLoad(
  capture: Capture,
  spec: TransferSpec,
  selected: readonly SelectedTable[],
  signal: AbortSignal,
): Promise<readonly TableToLoad[]> {
  const captured = await capturedTables(capture, spec, selected, signal);
  return captured.map((each, at) => ({ selected: selected[at]!, captured: each }));
}

/**
 * Tables whose existing rows a transfer sends, and how far that is. Whatever cannot be loaded is told, before anything begins.
 * @throws SluiceError as InitialLoad.check
 */
async function loadsOfTopics(
  { source, place }: Pick<TopicsEnds, 'source' | 'place'>,
  { transfer, spec }: TopicsTransfer,
  selected: readonly SelectedTable[],
  signal: AbortSignal,
): Promise<PreparedTransfer['tables']> {
  if (!movesRows(spec)) return [];
  const capture = captureOf(source, place);
  const loads = loadsOf(capture, source);
  const tables = await tablesToLoad(capture, spec, selected, signal);
  const progress = await loads.progress(transfer, signal);
  const wanted = await wantedLoads(source, { transfer, tables, progress }, signal);
  for (const each of wanted) await loads.check(each, signal);
  return wanted.map(({ captured: { number }, table, generation }, index) => {
    const { rows = 0, isDone = false } = progress.find((each) => each.table === number) ?? {};
    return { id: tableId(table.table), ordinal: index + 1, load: { generation, rows, isDone } };
  });
}

/**
 * The load of one table of a transfer, in a generation.
 * @throws SluiceError source.table_not_found, capture.*
 */
export async function loadOfTable(
  { source, place }: Pick<TopicsEnds, 'source' | 'place'>,
  {
    transfer,
    spec,
    table,
    generation,
  }: TopicsTransfer & { readonly table: string; readonly generation: number },
  signal: AbortSignal,
): Promise<WantedLoad> {
  const selected = (await selectAtSource(source, spec, signal)).filter(
    (each) => tableId(each.table) === table,
  );
  const tables = await tablesToLoad(captureOf(source, place), spec, selected, signal);
  const [wanted] = await wantedLoads(source, { transfer, tables, progress: [] }, signal);
  if (wanted) return { ...wanted, generation };
  throw new SluiceError('source.table_not_found', `the transfer has no table ${table}`, { table });
}

/**
 * Makes a transfer of changes to topics known at the source, and what of existing rows is to go before them. There is no ledger: what is in the topics is known by the hub, and what is
 * confirmed by the source, so that every start goes on where the one before ended. Idempotent.
 * @throws SluiceError capture.*, config.invalid, hub.*
 */
export async function prepareTopics(
  { source, hub, place }: TopicsEnds,
  { transfer, spec }: TopicsTransfer,
  signal: AbortSignal,
): Promise<PreparedTransfer> {
  checkSpec({ transfer, spec });
  sinkOf(hub);
  const selected = await selectAtSource(source, spec, signal);
  const tables = await loadsOfTopics({ source, place }, { transfer, spec }, selected, signal);
  const request = { transfer, spec, isNew: false, joins: [] };
  const { lanes, warnings } = await registerLanes(captureOf(source, place), request, selected, signal);
  return {
    run: 1,
    continued: false,
    spec,
    tables: [
      ...tables,
      ...lanes.map(({ lane }, index) => ({ id: changesId(lane), ordinal: tables.length + index + 1 })),
    ],
    // Rows and changes go the same way: none of its tables holds a lane back.
    lanes: lanes.map(({ lane }) => ({ lane, tables: [] })),
    until: null,
    warnings: [...(await hub.warnings(signal)), ...warnings],
  };
}
