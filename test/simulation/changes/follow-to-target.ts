import { relayChanges } from '../../../src/engine/changes/relay-changes.ts';
import { silentObserver } from '../../../src/engine/observer.ts';
import { writeBatches } from '../../../src/engine/writing/write-batches.ts';
import { CHANGES } from '../../../src/model/changes-plan.ts';
import { settingsOf } from '../../../src/model/transfer-settings.ts';
import type { Activity, Tools } from '../activities.ts';
import { backUp } from '../target-state.ts';
import { rowKey } from './captured-source.ts';
import { createCapture, type WholeClaims } from './capture.ts';
import { checkFollowed } from './checks.ts';
import { changesOf, tableOf } from './plans.ts';
import type { Following } from './simulate-changes.ts';

export const TO_TARGET = 'orders';

/** Claims that the ledger has as a whole; nobody knows of a target that was restored. */
export const wholeAtTarget = ({ states: { target } }: Following): number => {
  if (target.restores > 0) return Infinity;
  const lanes = [...target.lanes.values()].filter(({ ref }) => ref.table === CHANGES);
  const [claim = '0', id = ''] = lanes[0]?.position ?? [];
  return id === '' ? Number(claim) : Number(claim) - 1;
};

/** Rows as somebody copies them who reads one after the other while they change. */
async function copyRows({ world, states, captured, scenario, activities }: Following): Promise<void> {
  for (const table of scenario.application.tables) {
    const { id } = tableOf(table);
    states.target.tables.set(id, []);
    for (let key = 1; key <= scenario.application.keys; key += 1) {
      if (scenario.copies) await activities.sleep(world.random.int(0, 40));
      const version = captured.rows.get(rowKey(table, key));
      if (version === undefined) continue;
      const row = { key: String(key), text: `${key}\tv${version}` };
      states.target.tables.set(id, [...(states.target.tables.get(id) ?? []), row]);
    }
  }
}

/** Registers, copies, then relays and applies until nothing is pending and nobody writes any more. */
export async function followToTarget(following: Following, whole: WholeClaims): Promise<void> {
  const { world, states, captured, scenario, activities, application } = following;
  const { random } = world;
  const { spec } = scenario;
  const tables = scenario.application.tables;
  const captureOf = ({ actor }: Tools) => createCapture(world, captured, { actor, whole });
  const plan = changesOf(tables);
  let isOver = false;
  let relay: Activity<unknown> | null = null;
  const writers = new Set<Activity<unknown>>();

  const prepare = (execution: string): Promise<number | null> =>
    activities.start('prepare', async (tools) => {
      const { ledger } = tools.target;
      const { stop } = tools.control;
      const request = { transfer: TO_TARGET, execution, planHash: 'one', spec: '{}' };
      const { run } = await ledger.openRun(request, stop);
      await captureOf(tools).changes.register(TO_TARGET, [{ lane: 1, tables }], stop);
      await tools.hub.topics.ensure({ transfer: TO_TARGET, run }, { maxBytes: 100_000 }, stop);
      return run;
    }).result;
  const planOnce = (run: number, execution: string): Promise<unknown> =>
    activities.start('plan', async (tools) => {
      const { target, control } = tools;
      const { confirmed } = await captureOf(tools).changes.lease(
        { transfer: TO_TARGET, lane: 1 },
        control.stop,
      );
      const ranges = [{ lane: 1, after: [String(confirmed), ''], upto: null }];
      const planned = { plan, generation: 1, ranges, incarnation: 'one', changeMarker: '' };
      const owned = { transfer: TO_TARGET, run, execution };
      return target.ledger.planTable(owned, planned, { replaceBy: null }, control.stop);
    }).result;

  const settings = () => ({ ...settingsOf(spec), blockBytes: random.int(40, 300) });
  const relayOnce = (run: number): Activity<boolean> => {
    const drain = application.hasEnded();
    const request = { transfer: TO_TARGET, run, lane: 1, spec, settings: settings(), drain };
    return activities.start('read changes', async (tools) => {
      tools.watch.limit(spec.read?.creditBytes ?? 0);
      const observer = { ...silentObserver, reopened: () => tools.watch.reopened() };
      const deps = { ...tools, ...captureOf(tools), observer };
      const result = await relayChanges(
        deps,
        { ...request, retentionMs: scenario.retentionMs },
        tools.control,
      );
      return result.why === 'ended';
    });
  };
  const writeOnce = (run: number) => {
    const request = { transfer: TO_TARGET, run, spec, settings: settings(), excluded: [], awaited: 1 };
    return activities.start('write', (tools) =>
      writeBatches({ ...tools, now: () => world.now() }, request, tools.control),
    );
  };
  const writerLife = async (run: number): Promise<void> => {
    while (!isOver) {
      const writer = writeOnce(run);
      writers.add(writer);
      const result = await writer.result;
      writers.delete(writer);
      if (result?.refusal)
        world.fail('refused', `${result.refusal.table}: ${result.refusal.code} ${result.refusal.message}`);
      await activities.sleep(random.int(10, 200));
    }
  };
  // What runs without an end is told that there is one.
  application.onEnd(() => relay?.stop());
  const relayLife = async (run: number): Promise<void> => {
    while (!isOver) {
      const slice = relayOnce(run);
      relay = slice;
      isOver = (await slice.result) === true;
    }
    for (const writer of writers) writer.stop();
  };

  /** Whoever is the last to write tries what is set apart once more, when nothing is refused any longer. */
  const tryTheRest = async (run: number): Promise<void> => {
    await activities.sleep(Math.max(0, (scenario.refusal?.untilMs ?? 0) - world.now()));
    while (states.target.parked.size > 0) await writeOnce(run).result;
  };

  const stream = (run: number) => states.hub.stream({ transfer: TO_TARGET, run });
  const disturb = (run: number): void => {
    const kinds: readonly (() => void)[] = [
      () => relay?.stop(),
      () => relay?.abandon(),
      () => writers.forEach((writer) => writer.stop()),
      () => writers.forEach((writer) => writer.abandon()),
      () => stream(run).loseSome(random.pick([0.1, 0.5, 1])),
      () => stream(run).loseAll(random.chance(0.4)),
    ];
    for (let count = 0; count < scenario.disturbances; count += 1)
      world.at(random.int(20, 6_000), () => {
        if (!isOver) random.pick(kinds)();
      });
    for (let count = 0; count < scenario.restores; count += 1)
      world.at(random.int(200, 5_000), () => {
        const restore = backUp(states.target);
        world.at(random.int(20, 5_000), () => {
          if (isOver) return;
          world.trace(() => '— the target is restored');
          restore();
        });
      });
  };

  let run = await prepare('execution 1');
  if (run === null) return;
  await copyRows(following);
  await planOnce(run, 'execution 1');
  disturb(run);
  for (let again = 1; again <= scenario.terminated; again += 1)
    world.at(random.int(100, 6_000), () => {
      if (isOver) return;
      world.trace(() => '— the workflow is terminated, and another one goes on');
      relay?.abandon();
      for (const writer of writers) writer.abandon();
      void prepare(`execution ${again + 1}`).then((number) => (run = number));
    });
  await Promise.all([
    relayLife(run),
    ...Array.from({ length: scenario.writerSlices }, () => writerLife(run ?? 1)),
  ]);
  await tryTheRest(run);
  const lane = captured.lanes.get(TO_TARGET);
  if (lane) checkFollowed(world, { source: captured, target: states.target }, lane);
}
