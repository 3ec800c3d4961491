import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { createActivities, type States } from './activities.ts';
import { checkFinished, checkWaste } from './checks.ts';
import { createHubState } from './hub.ts';
import type { Plant } from './plants.ts';
import { changeSource, createScenario, type Scenario } from './scenario.ts';
import { backUp, createTargetState } from './target-state.ts';
import { runTransfer } from './workflow.ts';
import { type Check, createWorld, type World } from './world.ts';

export interface Verdict {
  readonly seed: number;
  readonly failure: { readonly check: Check; readonly message: string } | null;
  readonly trace: readonly string[];
  readonly virtualMs: number;
  readonly events: number;
}

const BOUND_MS = 30 * 60_000;
const BOUND_EVENTS = 300_000;

/** Another plan: a run of its own. */
const changePlan = (spec: TransferSpec): TransferSpec => ({
  ...spec,
  ordering: spec.ordering === 'table' ? 'none' : 'table',
});

/** Backs the target up now and then until a phase is terminated. */
function keepBackups(world: World, states: States, forMs: number, backups: (() => void)[]): void {
  for (let count = 0; count < 4; count += 1) {
    world.at(world.random.int(20, forMs), () => {
      world.trace(() => '— the target is backed up');
      backups.push(backUp(states.target));
    });
  }
}

async function play(world: World, scenario: Scenario, states: States): Promise<void> {
  const activities = createActivities(world, states, scenario);
  let { spec } = scenario;
  const { mode } = spec.write ?? {};
  const startsAnew = mode === 'truncate' || mode === 'upsert';
  const phases = [...scenario.phases];
  const backups: (() => void)[] = [];
  for (const [index, phase] of phases.entries()) {
    if (phase.change === 'source') changeSource(world.random, scenario.source, mode !== 'upsert');
    if (phase.change === 'plan') spec = changePlan(spec);
    if (phase.restores && backups.length > 0) {
      world.trace(() => '— the target is restored');
      world.random.pick(backups)();
    }
    const backedUpForMs = phases.some(({ restores }) => restores) ? phase.terminateAfterMs : null;
    if (backedUpForMs !== null) keepBackups(world, states, backedUpForMs, backups);
    world.setCalm(false);
    world.at(scenario.calmAfterMs, () => world.setCalm(true));
    const { terminateAfterMs } = phase;
    const execution = `execution ${index + 1}`;
    world.trace(() => `— ${execution}: ${phase.change}`);
    const run = await runTransfer({
      world,
      states,
      scenario,
      activities,
      execution,
      spec,
      terminateAfterMs,
      disturbances: phase.disturbances ?? scenario.disturbances,
    });
    // A late step of an older execution opened a run: whoever is superseded says so, and is started again.
    if (run === 'superseded') phases.splice(index + 1, 0, { terminateAfterMs, change: 'none' });
    if (run === null && terminateAfterMs === null) world.fail('error', 'the transfer gave up');
    if (run === null || run === 'superseded') continue;
    checkFinished(world, states, run);
    if (scenario.isQuiet) checkWaste(world, states, run);
    if (index < phases.length - 1 && startsAnew) continue;
    // Whoever wakes up after the end must find nothing that it could still do.
    await activities.sleep(40_000);
    activities.stopZombies();
    await activities.sleep(40_000);
    checkFinished(world, states, run);
    return;
  }
}

/** Runs one seed: the engine as it is, between simulated databases and a simulated hub. */
export async function simulate(
  seed: number,
  options: { readonly plant?: Plant; readonly tracing?: boolean } = {},
): Promise<Verdict> {
  const scenario = createScenario(seed);
  const world = createWorld({
    seed: seed + 1_000_000,
    plant: options.plant ?? null,
    tracing: options.tracing ?? false,
    faultRate: scenario.faultRate,
  });
  const states = {
    source: scenario.source,
    target: createTargetState(
      options.plant ?? null,
      seed % 3 === 0 && options.plant !== 'fenced-lane-opens-again',
    ),
    hub: createHubState(world, scenario),
  };
  world.trace(() => JSON.stringify({ ...scenario, source: [...scenario.source.tables.values()] }));
  await world.run(play(world, scenario, states), BOUND_MS, BOUND_EVENTS);
  const failure = world.failure();
  return {
    seed,
    failure: failure ? { check: failure.check, message: failure.message } : null,
    trace: world.lines(),
    virtualMs: world.now(),
    events: world.events(),
  };
}
