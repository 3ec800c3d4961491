import type { BatchHeader } from '../../../src/model/batch.ts';
import { CHANGES } from '../../../src/model/changes-plan.ts';
import type { TargetRow, TargetState } from '../target-state.ts';
import type { World } from '../world.ts';
import {
  type CapturedEvent,
  type CapturedLane,
  type CapturedSource,
  eventsOfLane,
  lineOf,
  rowKey,
} from './captured-source.ts';
import type { TopicLog } from './topics.ts';

/** Events of a sealed claim from one on, as many as a batch says. */
function eventsOf(lane: CapturedLane, { first, rows }: BatchHeader): readonly CapturedEvent[] {
  const events = lane.history.get(Number(first?.[0])) ?? [];
  const from = events.findIndex(({ id }) => String(id) === first?.[1]);
  return from < 0 ? [] : events.slice(from, from + rows);
}

/** At each commit of the target: are these the events that were sealed? */
export function checkChanges(world: World, lane: CapturedLane, header: BatchHeader, data: Buffer): void {
  const wanted = eventsOf(lane, header).map(lineOf).join('');
  if (header.rows > 0 && wanted !== data.toString())
    world.fail('integrity', `claim ${header.first?.join()} has other events than were sealed`);
}

/** The last version of each key that a transfer must have seen, and whether the row is there now. */
type Seen = Map<string, { version: number; isThere: boolean }>;

function seenAt({ begin }: CapturedLane): Seen {
  return new Map(
    [...begin.versions].map(([row, version]) => [row, { version, isThere: begin.rows.has(row) }]),
  );
}

function follow(world: World, seen: Seen, event: CapturedEvent): void {
  if (event.operation === 'T') {
    for (const [row, each] of seen) if (row.startsWith(`${event.table}/`)) each.isThere = false;
    return;
  }
  const row = rowKey(event.table, event.key);
  const before = seen.get(row) ?? { version: 0, isThere: false };
  const found = before.isThere ? before.version : null;
  if (event.old !== found)
    world.fail('order', `event ${event.id} found version ${event.old} of ${row}, and ${found} was left`);
  if (event.new !== null && event.new !== before.version + 1)
    world.fail('order', `event ${event.id} made version ${event.new} of ${row} behind ${before.version}`);
  seen.set(row, { version: event.new ?? before.version, isThere: event.new !== null });
}

/** Each event of the lane once, and what a change found is what the one before it left. */
function checkEvents(world: World, source: CapturedSource, lane: CapturedLane, ids: readonly number[]): void {
  const byId = new Map(eventsOfLane(source, lane).map((event) => [event.id, event]));
  const seen = seenAt(lane);
  const once = new Set<number>();
  for (const id of ids) {
    const event = byId.get(id);
    if (once.has(id) || !event) world.fail('twice', `event ${id} is there twice, or was never captured`);
    else follow(world, seen, event);
    once.add(id);
  }
  const missing = [...byId.keys()].filter((id) => !once.has(id));
  if (missing.length > 0) world.fail('rows', `events are missing: ${missing.slice(0, 10).join()}`);
}

/**
 * Told of each row that changes write: a key gets each version at most once, and never an older one behind it; also where an event was set
 * apart and comes later than those of its batch. A target that was restored begins anew.
 */
export function versionWatch(world: World, target: TargetState): (table: string, row: TargetRow) => void {
  const last = new Map<string, number>();
  let { restores } = target;
  return (table, { key, text }) => {
    if (target.restores !== restores) last.clear();
    ({ restores } = target);
    const row = `${table}/${key}`;
    const version = Number(text.slice(text.indexOf('v') + 1));
    const before = last.get(row) ?? 0;
    if (version <= before) world.fail('order', `version ${version} of ${row} is written behind ${before}`);
    last.set(row, version);
  };
}

/** Rows of the target are those of the source, and each event was applied once. */
export function checkFollowed(
  world: World,
  states: { readonly source: CapturedSource; readonly target: TargetState },
  lane: CapturedLane,
): void {
  const { source, target } = states;
  for (const table of lane.tables) {
    const rows = (target.tables.get(`main.t${table}`) ?? []).map(({ text }) => text).sort();
    const wanted = [...source.rows]
      .filter(([row]) => row.startsWith(`${table}/`))
      .map(([row, version]) => `${row.slice(row.indexOf('/') + 1)}\tv${version}`)
      .sort();
    if (rows.join('|') !== wanted.join('|'))
      world.fail('rows', `table ${table} is ${rows.join(', ')} and must be ${wanted.join(', ')}`);
  }
  const ids = (target.applied.get(CHANGES) ?? []).flatMap(({ header }) =>
    eventsOf(lane, header).map(({ id }) => id),
  );
  checkEvents(world, source, lane, ids);
}

/** A consumer of the topics has seen each event of the lane once, those of a key in their order. */
export function checkTopics(world: World, source: CapturedSource, lane: CapturedLane, log: TopicLog): void {
  checkEvents(
    world,
    source,
    lane,
    log.messages.map(({ eventId }) => Number(eventId)),
  );
}
