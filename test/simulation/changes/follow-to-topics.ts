import { relayToTopics } from '../../../src/engine/topics/relay-to-topics.ts';
import type { Activity } from '../activities.ts';
import { createCapture, type WholeClaims } from './capture.ts';
import { checkTopics } from './checks.ts';
import type { Following } from './simulate-changes.ts';
import { createTopicSink } from './topics.ts';

export const TO_TOPICS = 'feed';

/** Registers, then relays slice by slice until nothing is pending and nobody writes any more. */
export async function followToTopics(following: Following, whole: WholeClaims): Promise<void> {
  const { world, captured, scenario, activities, application, topics } = following;
  const { random } = world;
  const { tables } = scenario.application;
  const lane = { lane: 1, tables };
  await activities.start('prepare topics', ({ actor, control }) =>
    createCapture(world, captured, { actor, whole }).changes.register(TO_TOPICS, [lane], control.stop),
  ).result;

  let relay: Activity<boolean> | null = null;
  let isOver = false;
  application.onEnd(() => relay?.stop());
  for (let count = 0; count < scenario.disturbances + scenario.terminated; count += 1)
    world.at(random.int(20, 6_000), () => {
      if (isOver) return;
      if (random.chance(0.6)) relay?.abandon();
      else relay?.stop();
    });
  /** So long without a message that the hub has forgotten the number, which the source has. */
  const mayForget = (): void => {
    const { last } = topics;
    if (last?.claim === captured.lanes.get(TO_TOPICS)?.confirmed && random.chance(0.1)) topics.last = null;
  };
  while (!isOver) {
    const drain = application.hasEnded();
    const limits = { events: scenario.claimEvents, bytes: 1_000_000 };
    const { retentionMs } = scenario;
    relay = activities.start('read topics', async ({ actor, clock, control }) => {
      const source = createCapture(world, captured, { actor, whole });
      const sink = createTopicSink(world, topics, actor);
      const until = drain ? ('caught-up' as const) : undefined;
      const request = { transfer: TO_TOPICS, ...lane, topics: { name: 'feed' }, until, limits, retentionMs };
      const { why, refusal } = await relayToTopics({ source, sink, clock }, request, control);
      if (refusal) world.fail('refused', refusal.message);
      return why === 'caught-up' && drain;
    });
    isOver = (await relay.result) === true;
    mayForget();
  }
  const registered = captured.lanes.get(TO_TOPICS);
  if (registered) checkTopics(world, captured, registered, topics);
}
