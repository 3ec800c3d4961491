import { type Activities, createActivities, type States } from '../activities.ts';
import { createHubState } from '../hub.ts';
import type { Verdict } from '../simulate.ts';
import { createTargetState } from '../target-state.ts';
import { createWorld, type World } from '../world.ts';
import { type Application, startApplication } from './application.ts';
import { type CapturedSource, createCapturedSource } from './captured-source.ts';
import { freeEvents } from './capture.ts';
import { checkChanges, versionWatch } from './checks.ts';
import { followToTarget, TO_TARGET, wholeAtTarget } from './follow-to-target.ts';
import { followToTopics } from './follow-to-topics.ts';
import type { ChangePlant } from './plants.ts';
import { type ChangesScenario, createChangesScenario } from './scenario.ts';
import { createTopicLog, type TopicLog } from './topics.ts';

/** What follows the changes of a source. */
export interface Following {
  readonly world: World;
  readonly states: States;
  readonly captured: CapturedSource;
  readonly topics: TopicLog;
  readonly scenario: ChangesScenario;
  readonly activities: Activities;
  readonly application: Application;
}

const BOUND_MS = 30 * 60_000;
const BOUND_EVENTS = 300_000;

/** Any worker keeps house, also one of a transfer that is not ours. */
function keepHouse(following: Following): void {
  const { world, captured, scenario } = following;
  world.at(world.random.int(20, 500), () => {
    if (captured.lanes.size > 0) freeEvents(world, captured, scenario.retentionMs);
    keepHouse(following);
  });
}

async function play(following: Following): Promise<void> {
  const { world, scenario, activities, topics } = following;
  keepHouse(following);
  world.at(scenario.calmAfterMs, () => world.setCalm(true));
  // The application is at work before anybody follows it.
  await activities.sleep(world.random.int(0, 300));
  const whole = (transfer: string): number =>
    transfer === TO_TARGET ? wholeAtTarget(following) : (topics.last?.claim ?? Infinity);
  await Promise.all([
    scenario.toTarget ? followToTarget(following, whole) : null,
    scenario.toTopics ? followToTopics(following, whole) : null,
  ]);
  activities.stopZombies();
}

/** Runs one seed: the engine as it is, between a simulated source with captured changes, hub, topics and target. */
export async function simulateChanges(
  seed: number,
  options: { readonly plant?: ChangePlant; readonly tracing?: boolean } = {},
): Promise<Verdict> {
  const scenario = createChangesScenario(seed);
  const world = createWorld({
    seed: seed + 2_000_000,
    plant: options.plant ?? null,
    tracing: options.tracing ?? false,
    faultRate: scenario.faultRate,
  });
  const captured = createCapturedSource();
  const target = createTargetState(null, seed % 3 === 0);
  const { refusal } = scenario;
  if (refusal) target.refuses = ({ key }) => Number(key) <= refusal.uptoKey && world.now() < refusal.untilMs;
  const states: States = {
    source: { tables: new Map() },
    target,
    checkRow: versionWatch(world, target),
    hub: createHubState(world, scenario.hub),
    check: ({ header, data }) => {
      const lane = captured.lanes.get(TO_TARGET);
      if (lane) checkChanges(world, lane, header, data);
    },
  };
  world.trace(() => JSON.stringify(scenario));
  const following: Following = {
    world,
    states,
    captured,
    topics: createTopicLog(scenario.transactionalTopics),
    scenario,
    activities: createActivities(world, states, scenario.fate),
    application: startApplication(world, captured, scenario.application),
  };
  await world.run(play(following), BOUND_MS, BOUND_EVENTS);
  const failure = world.failure();
  return {
    seed,
    failure: failure ? { check: failure.check, message: failure.message } : null,
    trace: world.lines(),
    virtualMs: world.now(),
    events: world.events(),
  };
}
