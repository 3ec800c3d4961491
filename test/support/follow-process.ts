/**
 * A process that follows the changes of a PostgreSQL into another one, as a worker does when Temporal tells it to, and fails at points
 * that it is told. Its orders come as messages (FollowMessage); it says FollowNews.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { relayChanges } from '../../src/engine/changes/relay-changes.ts';
import { closeTransfer } from '../../src/engine/finishing/finish-transfer.ts';
import { relayLanes } from '../../src/engine/lanes/relay-lanes.ts';
import { planChanges } from '../../src/engine/planning/plan-changes.ts';
import { captureOf } from '../../src/engine/planning/changes-of-transfer.ts';
import { prepareTransfer } from '../../src/engine/planning/prepare-transfer.ts';
import type { SliceControl } from '../../src/engine/slice.ts';
import { writeBatches } from '../../src/engine/writing/write-batches.ts';
import { loadHubKind } from '../../src/hubs/index.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { laneOfChanges } from '../../src/model/changes-plan.ts';
import { isSluiceError, SluiceError } from '../../src/model/sluice-error.ts';
import { settingsOf } from '../../src/model/transfer-settings.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { type ArmedFailpoint, createFailpoints } from './failpoints.ts';

export interface FollowOrder {
  readonly source: string;
  readonly target: string;
  readonly hub: string;
  readonly transfer: string;
  readonly execution: string;
  readonly spec: TransferSpec;
  /** `follow`: for as long as it lives; `drain`: to where nothing is pending; `close`: ends the run. */
  readonly phase: 'follow' | 'drain' | 'close';
  /** What Temporal knows already: nothing is planned again. */
  readonly planned?: Planned;
}

export interface Planned {
  readonly run: number;
  readonly lanes: readonly number[];
}

export type FollowMessage = { readonly order: FollowOrder } | { readonly arm: ArmedFailpoint };
export type FollowNews =
  | { readonly planned: Planned }
  | { readonly met: ArmedFailpoint }
  /** Something that only a person can mend: its code. */
  | { readonly refused: string }
  | { readonly ended: true };

const HOUSEKEEP_EVERY_MS = 200;
const TRY_AGAIN_MS = 100;

const never = new AbortController().signal;
const CONTROL: SliceControl = { stop: never, overdue: () => false, progress: () => undefined };

const say = (news: FollowNews): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(news, undefined, undefined, (error) => (error ? reject(error) : resolve()));
  });
const failpoints = createFailpoints((met) => say({ met }));

/** As Temporal does: what may be tried again is. */
async function untilDone<T>(work: () => Promise<T | null>): Promise<T> {
  for (;;) {
    try {
      const result = await work();
      if (result !== null) return result;
    } catch (error) {
      if (!isSluiceError(error) || error.retry !== 'auto') throw error;
    }
    await delay(TRY_AGAIN_MS);
  }
}

async function openEnds(order: FollowOrder) {
  const options = { maxConnections: 6, applicationName: 'follow', ledger: { schema: 'sluice', prefix: '' } };
  const open = (url: string) => postgresql.open(postgresql.parseUrl(url, {}), options);
  const [source, target] = await Promise.all([open(order.source), open(order.target)]);
  const kind = await loadHubKind(new URL(order.hub).protocol.slice(0, -1));
  const hub = await kind.open(kind.parseUrl(order.hub, {}), { applicationName: 'follow' });
  return { source, target, hub: failpoints.inHub(hub), place: CAPTURE_DEFAULTS };
}
type Ends = Awaited<ReturnType<typeof openEnds>>;

async function plan(ends: Ends, { transfer, execution, spec }: FollowOrder): Promise<Planned> {
  const request = { transfer, execution, spec, place: ends.place };
  const { run, tables } = await prepareTransfer(ends, request, never);
  for (const { id, ordinal } of tables) {
    const lane = laneOfChanges(id) ?? 0;
    await planChanges(ends, { transfer, execution, spec, run, ordinal, lane, absent: [] }, never);
  }
  return { run, lanes: tables.map(({ id }) => laneOfChanges(id) ?? 0) };
}

/** Whether all lanes have ended. */
async function relay(ends: Ends, order: FollowOrder, { run, lanes }: Planned): Promise<true | null> {
  const { changes, triggers } = captureOf(ends.source, ends.place);
  const { transfer, spec, phase } = order;
  const request = {
    transfer,
    run,
    spec,
    settings: settingsOf(spec),
    drain: phase === 'drain',
    retentionMs: 0,
  };
  const result = await relayLanes(lanes, CONTROL, async (lane, control) => {
    const wanted = { ...request, lane, lanesOfAll: lanes.length };
    const { why, rows, bytes } = await relayChanges({ ...ends, changes, triggers }, wanted, control);
    return { ended: why === 'ended', events: rows, bytes, refusal: null };
  });
  const refusal = result.lanes.find((lane) => lane.refusal)?.refusal;
  if (refusal) throw new SluiceError(refusal.code, refusal.message, refusal.details);
  return result.lanes.every(({ ended }) => ended) && result.lanes.length === lanes.length ? true : null;
}

async function write(
  ends: Ends,
  { transfer, spec }: FollowOrder,
  { run, lanes }: Planned,
): Promise<true | null> {
  const settings = settingsOf(spec);
  const request = { transfer, run, spec, settings, excluded: [], awaited: lanes.length };
  const { why, refusal } = await writeBatches(ends, request, CONTROL);
  if (refusal) throw new SluiceError(refusal.code, refusal.message, refusal.details);
  return why === 'drained' ? true : null;
}

/** More often than the work itself does it: any process may, at any time. */
async function keepHouse({ source, place }: Ends): Promise<void> {
  const { changes } = captureOf(source, place);
  await untilDone(async () => {
    await changes.housekeep({ retentionMs: 0 }, never);
    await delay(HOUSEKEEP_EVERY_MS);
    return null;
  });
}

async function follow(order: FollowOrder): Promise<void> {
  const ends = await openEnds(order);
  const planned = order.planned ?? (await untilDone(() => plan(ends, order)));
  await say({ planned });
  if (order.phase === 'close') {
    await untilDone(() => closeTransfer(ends, { transfer: order.transfer, run: planned.run }, never));
  } else {
    const work = [relay, write].map((each) => untilDone(() => each(ends, order, planned)));
    await (order.phase === 'drain' ? Promise.all(work) : Promise.all([...work, keepHouse(ends)]));
  }
  await say({ ended: true });
  process.exit(0);
}

process.on('message', (message: FollowMessage) => {
  if ('arm' in message) {
    failpoints.arm(message.arm);
    return;
  }
  follow(message.order).catch(async (error: unknown) => {
    if (!isSluiceError(error)) throw error;
    await say({ refused: error.code });
    process.exit(1);
  });
});
