import { silentObserver } from '../../src/engine/observer.ts';
import { closeTransfer } from '../../src/engine/finishing/finish-transfer.ts';
import { planTable } from '../../src/engine/planning/plan-table.ts';
import { prepareTransfer } from '../../src/engine/planning/prepare-transfer.ts';
import { readAndPublish } from '../../src/engine/reading/read-and-publish.ts';
import type { ReadResult } from '../../src/engine/slice.ts';
import { createTurns } from '../../src/engine/reading/turns.ts';
import { writeBatches } from '../../src/engine/writing/write-batches.ts';
import type { Share } from '../../src/model/lane.ts';
import { settingsOf } from '../../src/model/transfer-settings.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import type { Activities, Activity, States } from './activities.ts';
import { checkLimit } from './checks.ts';
import type { Scenario } from './scenario.ts';
import { backUp } from './target-state.ts';
import type { World } from './world.ts';

interface Table {
  readonly id: string;
  readonly ordinal: number;
  generation: number;
  copied: boolean;
  paused: boolean;
  slice: Activity<unknown> | null;
}

export interface Execution {
  readonly world: World;
  readonly states: States;
  readonly scenario: Scenario;
  readonly activities: Activities;
  readonly execution: string;
  readonly spec: TransferSpec;
  readonly terminateAfterMs: number | null;
  readonly disturbances: number;
}

const TRANSFER = 'orders';

/**
 * Stands in for the workflow: prepares, plans each table, reads it slice by slice, applies beside that, pauses, resumes,
 * copies again. Knows nothing of rows, as the real one.
 * @returns the run's number, null when it was terminated, `superseded` when a newer run was opened meanwhile
 */
export async function runTransfer(execution: Execution): Promise<number | 'superseded' | null> {
  const { world, activities, scenario, spec, states } = execution;
  const { random } = world;
  let terminated = false;
  let finished = false;
  const tables: Table[] = [];
  const writers = new Set<Activity<unknown>>();

  const terminate = (): void => {
    // A late step of it may be refused long after: what runs then is another execution's.
    if (finished || terminated) return;
    terminated = true;
    world.trace(() => '— the workflow is terminated');
    activities.abandonAll();
    for (const table of tables) table.slice?.stop();
    for (const writer of writers) writer.stop();
  };
  if (execution.terminateAfterMs !== null) world.at(execution.terminateAfterMs, terminate);
  let superseded = false;
  const supersede = (): void => {
    superseded = true;
    terminate();
  };
  const over = (): boolean => terminated || finished;

  const prepared = await activities.start('prepare', (tools) =>
    prepareTransfer(tools, { transfer: TRANSFER, execution: execution.execution, spec }, tools.control.stop),
  ).result;
  if (!prepared || terminated) return null;
  const { run } = prepared;
  for (const { id, ordinal } of prepared.tables) {
    tables.push({ id, ordinal, generation: 1, copied: false, paused: false, slice: null });
  }

  const settings = () => ({ ...settingsOf(spec), blockBytes: random.int(20, 300) });
  let slotsFree = scenario.tablesAtOnce;
  // As the real one: with a limit one table is read at a time.
  const turns = createTurns(scenario.limitRows === null ? Infinity : 1);
  let until = scenario.limitRows;

  const planOnce = async (table: Table): Promise<boolean> => {
    const { id, ordinal, generation } = table;
    const named = { transfer: TRANSFER, run, execution: execution.execution, table: id };
    const request = { ...named, spec, ordinal, generation, snapshot: null };
    const plan = activities.start(`plan ${id}`, (tools) =>
      planTable(tools, request, tools.control.stop).catch(noteSuperseded(table, generation)),
    );
    table.slice = plan;
    const planned = await plan.result;
    if (!planned || planned.generation < table.generation) return false;
    table.generation = planned.generation;
    return true;
  };

  const readInTurn = async (table: Table): Promise<void> => {
    const endTurn = await turns.take(new AbortController().signal);
    await readOnce(table);
    endTurn?.();
  };

  const readPart = (table: Table, share: Share | null): Activity<ReadResult | null> => {
    const { generation } = table;
    const readers = random.int(1, spec.read?.readers ?? 1);
    const request = {
      transfer: TRANSFER,
      run,
      table: table.id,
      spec,
      settings: settings(),
      readers,
      snapshot: null,
      ...(share && { share }),
      ...(until !== null && { until: { rows: until } }),
    };
    const part = share === null ? '' : ` part ${share.part}`;
    return activities.start(`read ${table.id}${part}`, (tools) => {
      const ofCredit = Math.min(1, readers / request.settings.readers);
      tools.watch.limit(Math.max(1, Math.floor((spec.read?.creditBytes ?? 0) * ofCredit)));
      const observer = { ...silentObserver, reopened: () => tools.watch.reopened() };
      return readAndPublish({ ...tools, observer }, request, tools.control).catch(
        noteSuperseded(table, generation),
      );
    });
  };

  /** By as many slices as share its lanes, until all of them have ended. */
  const readOnce = async (table: Table): Promise<void> => {
    const { generation } = table;
    const of = scenario.readParts;
    const shares = Array.from({ length: of }, (_, at) => (of === 1 ? null : { part: at + 1, of }));
    const parts = shares.map((share) => readPart(table, share));
    table.slice = {
      result: Promise.all(parts.map(({ result }) => result)),
      stop: () => parts.forEach((part) => part.stop()),
      abandon: () => parts.forEach((part) => part.abandon()),
    };
    const results = await Promise.all(parts.map(({ result }) => result));
    if (results.some((result) => result?.why === 'ended') && table.generation === generation)
      table.copied = true;
    if (results[0]?.why !== 'limit' || until === null) return;
    checkLimit(world, states, run, until);
    until += scenario.limitRows ?? 0;
  };

  const noteSuperseded =
    (table: Table, generation: number) =>
    (error: unknown): null => {
      if (!isSluiceError(error) || error.code !== 'transfer.not_running') throw error;
      if (table.generation === generation) supersede();
      return null;
    };

  const tableLife = async (table: Table): Promise<void> => {
    while (!over()) {
      if (table.copied || table.paused || slotsFree === 0) {
        await activities.sleep(100);
        continue;
      }
      slotsFree -= 1;
      const planned = await planOnce(table);
      while (planned && !over() && !table.copied && !table.paused) {
        const { generation } = table;
        await readInTurn(table);
        if (table.generation !== generation) break;
      }
      table.slice = null;
      slotsFree += 1;
    }
  };

  const writerLife = async (): Promise<void> => {
    while (!over()) {
      const excluded = tables.filter(({ paused }) => paused).map(({ id }) => id);
      const request = {
        transfer: TRANSFER,
        run,
        spec,
        settings: settings(),
        excluded,
        awaited: tables.length - excluded.length,
      };
      const writer = activities.start('write', (tools) => {
        for (const id of excluded) tools.actor.excluded.add(id);
        return writeBatches(tools, request, tools.control);
      });
      writers.add(writer);
      const result = await writer.result;
      writers.delete(writer);
      if (result?.refusal)
        world.fail('refused', `${result.refusal.table}: ${result.refusal.code} ${result.refusal.message}`);
      await activities.sleep(random.int(10, 200));
    }
  };

  disturb(execution, { run, tables, over, restartWriters: () => writers.forEach((writer) => writer.stop()) });

  const watching = async (): Promise<void> => {
    while (!over()) {
      await activities.sleep(100);
      if (!terminated && tables.every(({ copied, paused }) => copied && !paused)) finished = true;
    }
    for (const writer of writers) writer.stop();
  };
  await Promise.all([
    watching(),
    ...tables.map(tableLife),
    ...Array.from({ length: scenario.writerSlices }, writerLife),
  ]);
  if (terminated) return superseded ? 'superseded' : null;
  await activities.start('close', (tools) =>
    closeTransfer(tools, { transfer: TRANSFER, run }, tools.control.stop),
  ).result;
  return run;
}

interface Stage {
  readonly run: number;
  readonly tables: readonly Table[];
  readonly over: () => boolean;
  readonly restartWriters: () => void;
}

/** The target goes back to a backup of this run while it is at work, and nobody starts anything anew. */
function restoreMidway(world: World, { target }: States, stage: Stage): void {
  const generations = (): string =>
    stage.tables
      .map(({ id }) => target.planned.get(target.tableKey(stage.run, id))?.generation ?? 'none')
      .join();
  world.at(world.random.int(20, 1_500), () => {
    const restore = backUp(target);
    const backedUp = generations();
    world.trace(() => `— the target is backed up: ${backedUp}`);
    world.at(world.random.int(20, 3_000), () => {
      if (stage.over() || backedUp.includes('none') || backedUp !== generations()) return;
      world.trace(() => '— the target is restored');
      restore();
      for (const table of stage.tables) table.copied = false;
    });
  });
}

/** What people and servers do to a running transfer. */
function disturb(execution: Execution, stage: Stage): void {
  const { world, states, scenario, spec, disturbances, terminateAfterMs } = execution;
  const { random } = world;
  const stream = () => states.hub.stream({ transfer: TRANSFER, run: stage.run });
  const pause = (table: Table): void => {
    if (table.paused) return;
    world.trace(() => `— ${table.id} is paused`);
    table.paused = true;
    table.slice?.stop();
    stage.restartWriters();
    world.at(random.int(500, 8_000), () => {
      world.trace(() => `— ${table.id} is resumed`);
      table.paused = false;
      stage.restartWriters();
    });
  };
  const copyAgain = (table: Table): void => {
    if (spec.write?.mode === 'append') return;
    world.trace(() => `— ${table.id} is copied again`);
    table.generation += 1;
    table.copied = false;
    if (random.chance(0.7)) table.slice?.abandon();
    else table.slice?.stop();
  };
  const all: readonly (() => void)[] = [
    () => pause(random.pick(stage.tables)),
    () => stage.tables.forEach(pause),
    () => copyAgain(random.pick(stage.tables)),
    () => copyAgain(random.pick(stage.tables)),
    () => random.pick(stage.tables).slice?.stop(),
    () => random.pick(stage.tables).slice?.abandon(),
    () => stage.restartWriters(),
    () => stream().loseSome(random.pick([0.1, 0.5, 1])),
    () => stream().loseAll(random.chance(0.4)),
  ];
  if (scenario.restoresMidway) restoreMidway(world, states, stage);
  const kinds = scenario.zombiesOnly ? [() => copyAgain(random.pick(stage.tables))] : all;
  const latestMs = scenario.zombiesOnly ? (terminateAfterMs ?? 500) : random.pick([600, 6_000]);
  for (let count = 0; count < disturbances; count += 1) {
    const kind = random.pick(kinds);
    world.at(random.int(20, latestMs), () => {
      if (!stage.over()) kind();
    });
  }
}
